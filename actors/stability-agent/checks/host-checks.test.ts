/** Disks, memory, processors: each threshold just below, at and above, and how long it takes. */
import { afterEach, describe, expect, it } from 'vitest';
import { data, endWorlds, noPressure, root, StabilityWorld } from '../../../test/kit/stability-world.ts';
import type { HostReading } from '../ports.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const minute = 60_000;
const hour = 60 * minute;

/** One round with each of these in turn, a minute apart. */
async function rounds(world: StabilityWorld, ...hosts: readonly Partial<HostReading>[]): Promise<readonly string[]> {
  for (const host of hosts) {
    world.machine.host = { ...world.machine.host, ...host };
    await world.run(minute);
  }
  return world.news;
}

const space = (usedPct: number | null) => ({ disks: [{ ...root, usedPct }, data] });
const inodes = (inodesUsedPct: number | null) => ({ disks: [{ ...root, inodesUsedPct }, data] });

describe('a disk', () => {
  it.each([
    [89.9, []],
    [90, ['disk_usage_high']],
  ])('of %s %% makes %j', async (pct, news) => {
    expect(await rounds(await StabilityWorld.started(), space(pct))).toEqual(news);
  });

  it('has room again below 85 %, and between 85 and 90 % stays what it was', async () => {
    const world = await StabilityWorld.started();
    expect(await rounds(world, space(86), space(90), space(89), space(85))).toEqual(['disk_usage_high']);
    expect(await rounds(world, space(84.9))).toEqual(['disk_usage_high', 'disk_usage_normal']);
    expect(world.io.events.map(({ severity }) => severity)).toEqual(['warning', 'info']);
    expect(world.io.events[0]).toMatchObject({ message: 'the root disk (/) is 90 % full, 60.0 GB free', payload: { disk: 'root', used_pct: 90 } });
    expect(world.io.events[1]?.payload).toMatchObject({ checks: ['disk-space root'], lasted_s: 180 });
  });

  it('is said once more when it is nearly full to the last byte, and not when it gets better without being well', async () => {
    const world = await StabilityWorld.started();
    expect(await rounds(world, space(91), space(96.9))).toHaveLength(1);
    expect(await rounds(world, space(97))).toHaveLength(2);
    await rounds(world, space(99), space(92), space(97), space(99));
    expect(world.io.events.map(({ type, severity }) => [type, severity])).toEqual([
      ['disk_usage_high', 'warning'],
      ['disk_usage_high', 'error'],
    ]);
  });

  it('goes by the threshold of the operator', async () => {
    const world = await StabilityWorld.started({ checks: { diskThresholdPct: 80 } });
    expect(await rounds(world, space(80), space(75), space(74.9))).toEqual(['disk_usage_high', 'disk_usage_normal']);
  });

  it('that does not answer changes nothing, and is said not to be seen', async () => {
    const world = await StabilityWorld.started();
    expect(await rounds(world, space(95), space(null), space(null))).toEqual(['disk_usage_high']);
    expect(world.detail).toContain('cannot check disk-space, disk-inodes');
    expect(world.life.mode).toBe('alarmed');
    expect(await rounds(world, space(40))).toEqual(['disk_usage_high', 'disk_usage_normal']);
    expect([world.life.mode, world.detail]).toEqual(['watching', null]);
  });

  it('is over only when every disk has room: one incident, one end', async () => {
    const world = await StabilityWorld.started();
    const both = (first: number, second: number) => ({
      disks: [
        { ...root, usedPct: first },
        { ...data, usedPct: second },
      ],
    });
    expect(await rounds(world, both(95, 40), both(95, 93), both(40, 93))).toEqual(['disk_usage_high', 'disk_usage_high']);
    expect(await rounds(world, both(40, 40))).toEqual(['disk_usage_high', 'disk_usage_high', 'disk_usage_normal']);
    expect(world.io.events.at(-1)?.payload).toMatchObject({ checks: ['disk-space root', 'disk-space data'] });
  });

  it.each([
    [89.9, []],
    [90, ['disk_inodes_high']],
  ])('with %s %% of its inodes used makes %j', async (pct, news) => {
    expect(await rounds(await StabilityWorld.started(), inodes(pct))).toEqual(news);
  });

  it('has inodes again below 85 %; one without a fixed number is not looked at', async () => {
    const world = await StabilityWorld.started();
    expect(await rounds(world, inodes(97), inodes(85))).toEqual(['disk_inodes_high']);
    expect(await rounds(world, inodes(84.9), inodes(null))).toEqual(['disk_inodes_high', 'disk_usage_normal']);
    expect(world.io.events[0]?.severity).toBe('error');
    expect(world.life.mode).toBe('watching');
  });
});

describe('a disk that fills', () => {
  /** Hour by hour: so many bytes less each. */
  async function fill(world: StabilityWorld, hours: number, fromBytes: number, lessBytes: number, usedPct = 60): Promise<void> {
    for (let at = 0; at < hours; at += 1) {
      world.machine.host = { ...world.machine.host, disks: [{ ...root, usedPct, freeBytes: fromBytes - at * lessBytes }, data] };
      await world.run(hour);
    }
  }

  it('is said when it will be full in three days, and not before a day has been seen', async () => {
    const world = await StabilityWorld.started({ intervalMs: hour });
    await fill(world, 23, 100e9, 1e9);
    expect(world.news).toEqual([]);
    await fill(world, 4, 77e9, 1e9);
    // 73 GB at 1 GB an hour: 3.04 days.
    expect(world.news).toEqual([]);
    await fill(world, 4, 73e9, 1e9);
    expect(world.news).toEqual(['disk_filling']);
    expect(world.io.events[0]?.message).toMatch(/^the root disk \(\/\) is full in (2\.9|3\.0) days$/);
  });

  it('is over when the trend has turned, and is no trend while half of it is free', async () => {
    const world = await StabilityWorld.started({ intervalMs: hour });
    await fill(world, 40, 100e9, 1.5e9, 49.9);
    expect(world.news).toEqual([]);
    await fill(world, 1, 40e9, 1.5e9, 50);
    expect(world.news).toEqual(['disk_filling']);
    await fill(world, 72, 40e9, 0);
    expect([...new Set(world.news)]).toEqual(['disk_filling', 'disk_usage_normal']);
  });

  it('is not misled by one large download or one clean-up', async () => {
    const world = await StabilityWorld.started({ intervalMs: hour });
    await fill(world, 30, 100e9, 0);
    await fill(world, 20, 40e9, 0);
    expect(world.news).toEqual([]);
  });

  it('keeps what it has seen over a restart', async () => {
    const first = await StabilityWorld.started({ intervalMs: hour });
    await fill(first, 28, 100e9, 1e9);
    await first.life.stop();
    const second = await StabilityWorld.started({ intervalMs: hour, dataDir: first.dataDir, clock: first.clock });
    await fill(second, 4, 72e9, 1e9);
    expect(second.news).toEqual(['disk_filling']);
  });
});

describe('memory', () => {
  const waited = (fullAvg60: number) => ({ memoryPressure: { ...noPressure, fullAvg60 } });

  it('is short when programs have waited for it 10 % of a minute for two minutes', async () => {
    const world = await StabilityWorld.started();
    expect(await rounds(world, waited(9.99), waited(10), waited(10))).toEqual([]);
    expect(await rounds(world, waited(10))).toEqual(['high_memory']);
  });

  it('is enough again after five minutes below 5 %', async () => {
    const world = await StabilityWorld.started();
    await rounds(world, waited(50), waited(50), waited(50), waited(5), waited(4.99), waited(0), waited(0), waited(0), waited(0));
    expect(world.news).toEqual(['high_memory']);
    expect(world.io.events[0]?.severity).toBe('error');
    expect(await rounds(world, waited(0))).toEqual(['high_memory', 'memory_normal']);
  });

  it('is judged by what is available where the kernel measures no pressure', async () => {
    const world = await StabilityWorld.started();
    const used = (memoryPct: number | null) => ({ memoryPressure: null, memoryPct });
    expect(await rounds(world, used(94.9), used(94.9), used(94.9), used(95), used(95))).toEqual([]);
    expect(await rounds(world, used(95))).toEqual(['high_memory']);
    await rounds(world, used(90), ...Array.from({ length: 6 }, () => used(89.9)));
    expect(world.news).toEqual(['high_memory', 'memory_normal']);
    await rounds(world, used(null));
    expect([world.life.mode, world.detail]).toEqual(['partly_blind', 'cannot check memory-pressure']);
  });
});

describe('processors and disks that cannot keep up', () => {
  const tenMinutes = <T>(value: T): readonly T[] => Array.from({ length: 11 }, () => value);
  const cases = [
    ['high_cpu', 'cpu_normal', (pct: number) => ({ cpuPressure: { ...noPressure, someAvg300: pct } }), 60, 40],
    ['high_cpu', 'cpu_normal', (pct: number) => ({ cpuPressure: null, cpuPct: pct }), 95, 80],
    ['high_io', 'io_normal', (pct: number) => ({ ioPressure: { ...noPressure, fullAvg300: pct } }), 40, 20],
  ] as const;

  it.each(cases)('%s after ten minutes, %s after five (%#)', async (raised, cleared, at, raisePct, clearPct) => {
    const world = await StabilityWorld.started();
    expect(await rounds(world, ...tenMinutes(at(raisePct - 0.1)))).toEqual([]);
    expect(await rounds(world, ...tenMinutes(at(raisePct)).slice(1))).toEqual([]);
    expect(await rounds(world, at(raisePct))).toEqual([raised]);
    expect(await rounds(world, ...tenMinutes(at(clearPct)))).toEqual([raised]);
    expect(await rounds(world, ...tenMinutes(at(clearPct - 0.1)).slice(0, 5))).toEqual([raised]);
    expect(await rounds(world, at(clearPct - 0.1))).toEqual([raised, cleared]);
  });

  it('are not looked at where nothing measures them, and that is no blindness for disks', async () => {
    const world = await StabilityWorld.started();
    await rounds(world, { ioPressure: null });
    expect(world.life.mode).toBe('watching');
    await rounds(world, { cpuPressure: null, cpuPct: null });
    expect(world.detail).toBe('cannot check cpu-pressure');
  });
});
