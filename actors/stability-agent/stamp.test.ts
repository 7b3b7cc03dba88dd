/** A clock that is set back between two events of one agent: the later one still says so. */
import { afterEach, expect, it } from 'vitest';
import { data, endWorlds, root, StabilityWorld } from '../../test/kit/stability-world.ts';
import { StepClock } from '../../test/kit/step-clock.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const minute = 60_000;

/** What was said, and when; the outbox stamps what says nothing of it. */
async function afterSetBack(ms: number, isNewLife: boolean): Promise<readonly number[]> {
  const clock = new StepClock();
  const first = await StabilityWorld.started({ clock });
  first.machine.host = { ...first.machine.host, disks: [{ ...root, usedPct: 95 }, data] };
  await first.run(minute);
  expect(first.news).toEqual(['disk_usage_high']);
  const saidMs = clock.now();
  await first.life.stop();
  const later = new StepClock(saidMs - ms);
  const second = await StabilityWorld.started({ dataDir: first.dataDir, clock: later });
  const times = second.io.events.map(({ ts }) => (ts === undefined ? later.now() : Date.parse(ts)) - saidMs);
  if (!isNewLife) return times;
  await second.life.stop();
  const third = await StabilityWorld.open({ dataDir: first.dataDir, clock: later });
  third.machine.host = { ...third.machine.host, disks: [{ ...root, usedPct: 95 }, data] };
  third.connect();
  await third.run(0);
  return [...times, ...third.io.events.map(({ ts }) => (ts === undefined ? later.now() : Date.parse(ts)) - saidMs)];
}

it('an end is never stamped before its beginning, nor a new beginning before that end', async () => {
  expect(await afterSetBack(3 * minute, true)).toEqual([1, 2]);
});

it('by ten minutes at most: a clock that was further ahead was wrong, and the present counts', async () => {
  expect(await afterSetBack(10 * minute, false)).toEqual([1]);
  expect(await afterSetBack(10 * minute + 1, false)).toEqual([-10 * minute - 1]);
});

it('the end of what was said on a slow disk, by a clock that was set back meanwhile, is not stamped before it', async () => {
  const clock = new StepClock();
  const world = await StabilityWorld.started({ clock });
  world.machine.host = { ...world.machine.host, disks: [{ ...root, usedPct: 95 }, data] };
  await world.run(minute);
  // Whoever stamps it later, when it is on the disk, stamps it too late.
  const [raised] = world.io.events;
  expect(raised).toMatchObject({ type: 'disk_usage_high', ts: new Date(clock.now()).toISOString() });
});
