/** Clocks that are wrong, or set, while something is: that of the observer, and that of the node. Ends and beginnings travel in different lanes. */
import { expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const from = (nodeMs: number) => ({ source: 'stability-agent', tsMs: nodeMs });

test('a trouble ends when its node says so, though by the clock of the observer that was before it began', () => {
  const rig = new ObserverRig();
  rig.watch();
  const beganMs = rig.now;
  rig.event('disk_usage_high', from(beganMs));
  rig.passAlive(60_000);
  expect(rig.incidents()).toMatchObject([{ kind: 'disk' }]);
  rig.now -= 300_000;
  rig.event('disk_usage_normal', from(beganMs + 120_000));
  expect(rig.incidents()).toEqual([]);
  // Word of the trouble that was held up on its way says nothing of now.
  rig.event('disk_usage_high', from(beganMs - 1_000));
  rig.passAlive(60_000);
  expect(rig.incidents()).toEqual([]);
});

test('outboxes hear at once what is stored, and do not wait until the clock has caught up', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.event('disk_usage_high', from(rig.now));
  rig.pass(1_000);
  const before = rig.cursors.length;
  rig.now -= 300_000;
  rig.event('disk_usage_normal', from(rig.now + 301_000));
  rig.pass(1_000);
  expect(rig.cursors.length).toBeGreaterThan(before);
});

test('a beginning that was held up longer than its end begins nothing, though the clock of its node was ahead', () => {
  const rig = new ObserverRig();
  rig.watch();
  const aheadMs = 133_000;
  rig.event('disk_usage_normal', from(rig.now + aheadMs + 1));
  rig.pass(31_000);
  rig.event('disk_usage_high', from(rig.now - 31_000 + aheadMs));
  rig.passAlive(60_000);
  expect(rig.incidents()).toEqual([]);
});

test.each([
  [10 * 60_000 - 1, true],
  [10 * 60_000, true],
  [10 * 60_000 + 1, false],
])('an end that was said %d ms ahead of our clock outlaws the beginning before it: %s', (aheadMs, isOutlawed) => {
  const rig = new ObserverRig();
  rig.watch();
  const endedMs = rig.now + aheadMs;
  rig.event('disk_usage_normal', from(endedMs));
  rig.pass(1_000);
  rig.event('disk_usage_high', from(endedMs - 1));
  rig.passAlive(60_000);
  expect(rig.incidents()).toHaveLength(isOutlawed ? 0 : 1);
});

test('a clock that is hours ahead outlaws nothing', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.event('disk_usage_normal', from(rig.now + 5 * 3_600_000));
  rig.passAlive(10_000);
  rig.event('disk_usage_high', from(rig.now));
  rig.passAlive(60_000);
  expect(rig.incidents()).toMatchObject([{ kind: 'disk' }]);
});
