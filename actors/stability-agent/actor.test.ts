/** What the agent remembers, repeats and survives, through its wiring. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { data, endWorlds, root, StabilityWorld } from '../../test/kit/stability-world.ts';
import { StepClock } from '../../test/kit/step-clock.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const minute = 60_000;
const full = (world: StabilityWorld, usedPct = 95): void => {
  world.machine.host = { ...world.machine.host, disks: [{ ...root, usedPct }, data] };
};

describe('a life that follows another', () => {
  it('does not repeat what stands, and takes back what does not any more', async () => {
    const first = await StabilityWorld.started();
    full(first);
    await first.run(minute);
    expect(first.news).toEqual(['disk_usage_high']);
    await first.life.stop();

    const second = await StabilityWorld.open({ dataDir: first.dataDir, clock: first.clock });
    full(second);
    second.connect();
    await second.run(10 * minute);
    expect([second.news, second.life.mode]).toEqual([[], 'alarmed']);
    await second.life.stop();

    const third = await StabilityWorld.started({ dataDir: first.dataDir, clock: first.clock });
    expect(third.news).toEqual(['disk_usage_normal']);
    expect(third.io.events[0]?.payload).toMatchObject({ lasted_s: 600 });
    await third.life.stop();

    const fourth = await StabilityWorld.started({ dataDir: first.dataDir, clock: first.clock });
    await fourth.run(10 * minute);
    expect(fourth.news).toEqual([]);
  });

  it('says an escalation that happened while nobody looked', async () => {
    const first = await StabilityWorld.started();
    full(first, 91);
    await first.run(minute);
    await first.life.stop();
    const second = await StabilityWorld.open({ dataDir: first.dataDir, clock: first.clock });
    full(second, 98);
    second.connect();
    await second.run(0);
    expect(second.io.events.map(({ type, severity }) => [type, severity])).toEqual([['disk_usage_high', 'error']]);
  });

  it('with a memory that cannot be read says once more what stands, and nothing else', async () => {
    const first = await StabilityWorld.started();
    full(first);
    await first.run(minute);
    await first.life.stop();
    writeFileSync(join(first.dataDir, 'memory.json'), '{"version": 1, "alarms": [{');
    const second = await StabilityWorld.open({ dataDir: first.dataDir, clock: first.clock });
    full(second);
    second.connect();
    await second.run(10 * minute);
    expect(second.news).toEqual(['disk_usage_high']);
  });

  it('writes its memory when something changes, not each minute', async () => {
    const world = await StabilityWorld.started();
    await world.run(minute);
    const file = join(world.dataDir, 'memory.json');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, '');
    await world.run(30 * minute);
    expect(readFileSync(file, 'utf8')).toBe('');
    full(world);
    await world.run(minute);
    expect(readFileSync(file, 'utf8').length).toBeGreaterThan(before.length);
  });
});

describe('a day in which everything is wrong', () => {
  it('is a handful of events, not one each cycle (regression R38: event bloat)', async () => {
    const world = await StabilityWorld.started({ has: ['tailnet', 'upstream'] });
    const bad = { someAvg60: 90, someAvg300: 90, fullAvg60: 90, fullAvg300: 90 };
    const disks = [{ ...root, usedPct: 99, inodesUsedPct: 99 }];
    world.machine.host = { ...world.machine.host, disks, memoryPressure: bad, cpuPressure: bad, ioPressure: bad };
    world.machine.tailnet = { state: 'silent', detail: 'ECONNREFUSED' };
    world.machine.upstream = { ok: false, detail: 'timeout' };
    await world.run(24 * 60 * minute);
    expect([...world.news].sort()).toEqual([
      'disk_inodes_high',
      'disk_usage_high',
      'high_cpu',
      'high_io',
      'high_memory',
      'tailscale_down',
      'upstream_unreachable',
    ]);
  });
});

describe('an alarm that stands for days', () => {
  it('is said again a day later, so that its incident never expires unheard', async () => {
    const world = await StabilityWorld.started();
    full(world);
    await world.run(24 * 60 * minute);
    expect(world.news).toEqual(['disk_usage_high']);
    await world.run(2 * minute);
    expect(world.news).toEqual(['disk_usage_high', 'disk_usage_high']);
  });
});

describe('an agent in trouble of its own', () => {
  it('whose disk takes no event does not die of it, and says it when it can', async () => {
    let hasRoom = false;
    const world = await StabilityWorld.started({ canEmit: () => hasRoom });
    full(world, 100);
    await world.run(5 * minute);
    expect(world.news).toEqual([]);
    hasRoom = true;
    await world.run(minute);
    expect(world.news).toEqual(['disk_usage_high']);
  });

  it('goes on looking, and emits for later, while there is no broker', async () => {
    const world = await StabilityWorld.open();
    full(world);
    await world.run(2 * minute);
    expect(world.news).toEqual(['disk_usage_high']);
    expect(world.detail).toBe('raised own-broker: error, disk-space root: warning; cannot check desired-services');
  });

  it('is starting until it has seen the machine once', async () => {
    const world = await StabilityWorld.open();
    expect(world.life.mode).toBe('starting');
    world.connect();
    await world.run(0);
    expect(world.life.mode).toBe('watching');
  });

  it('goes on with its rounds when the clock is set back', async () => {
    const clock = new StepClock();
    const world = await StabilityWorld.started({ clock });
    await world.run(minute);
    const { host } = world.machine.asked;
    const now = clock.now.bind(clock);
    Object.assign(clock, { now: () => now() - 3_600_000 });
    full(world);
    await world.run(2 * minute);
    expect(world.machine.asked.host - host).toBeGreaterThanOrEqual(1);
    expect(world.news).toEqual(['disk_usage_high']);
  });

  it('asks nothing a second time while it waits for an answer', async () => {
    const world = await StabilityWorld.open({ hangs: true });
    world.connect();
    await world.run(10 * minute);
    expect([world.machine.asked.host, world.life.mode]).toEqual([1, 'starting']);
  });
});
