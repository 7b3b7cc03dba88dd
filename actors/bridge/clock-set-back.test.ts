/** What the bridge does when the clock of its machine is set back. */
import { describe, expect, test } from 'vitest';
import { linkHeartbeatMs } from '../../contracts/defaults.ts';
import { BridgeRig, eventOf } from '../../test/kit/bridge-rig.ts';
import { wakeAt } from './timers.ts';

const minuteMs = 60_000;
const link = 'links/chelsty';

describe('when the clock is set back', () => {
  test('the hub goes on hearing heartbeats, and does not take the link for dead until the clock has caught up', () => {
    const rig = new BridgeRig().connect().pass(10 * minuteMs);
    const before = rig.sentTo(link).length;
    rig.now -= 5 * minuteMs;
    // Whatever comes next tells the time.
    rig.do({ type: 'alive', now: rig.now }).pass(2 * linkHeartbeatMs);
    expect(rig.sentTo(link).length).toBeGreaterThanOrEqual(before + 2);
  });

  test('a link that swallows everything is given up no later for it', () => {
    const rig = new BridgeRig().connect().pass(10 * minuteMs);
    rig.isSilent = true;
    rig.publish('events/chelsty-infra', eventOf(1), false);
    rig.now -= 5 * minuteMs;
    rig.do({ type: 'alive', now: rig.now }).pass(minuteMs);
    expect(rig.state.far.status).toBe('down');
  });

  test('nothing is due before its time', () => {
    const rig = new BridgeRig({ standbyAfterMs: 30_000 }).connect().pass(10 * minuteMs);
    rig.now -= 5 * minuteMs;
    rig.do({ type: 'alive', now: rig.now });
    expect(wakeAt(rig.state) ?? 0).toBeGreaterThan(rig.now);
    expect(rig.state.isStandbyOpen).toBe(false);
  });

  test('figures that tick are no older at the hub for it', () => {
    const health = 'health/chelsty-infra';
    const rig = new BridgeRig().connect();
    const beat = (rev: number) =>
      rig.publish(health, { status: 'online', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1, rev, cpu_pct: rev }).settle();
    beat(1);
    rig.now -= 30 * minuteMs;
    beat(2).pass(60 * minuteMs);
    expect(JSON.parse(rig.far.get(health) ?? '{}')).toMatchObject({ rev: 2 });
  });

  test('what was measured of the clock of the hub moves with it', () => {
    const rig = new BridgeRig().connect();
    rig.state.samples = [{ atMs: rig.now, offsetMs: 200, errorMs: 50 }];
    rig.now -= 5 * minuteMs;
    rig.do({ type: 'alive', now: rig.now }).pass(2 * linkHeartbeatMs);
    expect(JSON.parse(rig.far.get(link) ?? '{}')).toMatchObject({ clock_offset_ms: 5 * minuteMs + 200 });
  });
});
