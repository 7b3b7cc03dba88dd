/** Trouble that comes back soon after its incident ended is that incident again, at its edges; and what does so again and again flaps, however slowly. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const minute = 60_000;
const graceMs = 20_000;

const bad = (rig: ObserverRig, severity?: 'critical'): void => {
  rig.health('web', 'down');
  rig.event('containers_not_running', { service: 'web', ...(severity === undefined ? {} : { severity }) });
};
const good = (rig: ObserverRig): void => {
  rig.health('web', 'healthy');
  rig.event('service_healthy', { service: 'web' });
};
const words = (doc: Record<string, unknown> | undefined): unknown[] => ((doc?.['timeline'] ?? []) as { readonly what: string }[]).map(({ what }) => what);
const count = (rig: ObserverRig, type: string): number => rig.types().filter((each) => each === type).length;

/** Bad for a minute, well for so long, and bad again until its grace is over. */
function back(wellMs: number, rig = new ObserverRig()): ObserverRig {
  rig.watch();
  bad(rig);
  rig.passAlive(minute);
  good(rig);
  rig.passAlive(wellMs);
  bad(rig);
  rig.passAlive(graceMs);
  return rig;
}

describe('trouble that is back', () => {
  test.each([
    ['just before ten minutes', 10 * minute - 1, true],
    ['at ten minutes', 10 * minute, false],
    ['just after ten minutes', 10 * minute + 1, false],
  ])('%s after its incident ended', (_, ms, isSame) => {
    const rig = back(ms);
    expect([...rig.incidents('active'), ...rig.incidents('resolved')]).toHaveLength(isSame ? 1 : 2);
    expect([count(rig, 'incident_opened'), count(rig, 'incident_reopened')]).toEqual(isSame ? [1, 1] : [2, 0]);
  });

  test('has its incident again: same id, counted, both stretches in its timeline, and its end as always', () => {
    const rig = back(6 * minute);
    const [incident] = rig.incidents();
    expect(incident).toMatchObject({
      id: rig.lines.find(({ type }) => type === 'incident_reopened')?.payload['id'],
      ...{ status: 'active', occurrence_count: 2, flapping: false, resolved_at: null, resolved_by: null, expires_at: null },
      started_at: new Date(rig.now - 7 * minute - graceMs).toISOString(),
      reopened_at: new Date(rig.now - graceMs).toISOString(),
    });
    expect(words(incident)).toEqual(['opened', 'resolved', 'reopened']);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'down', incident_id: incident?.['id'] });
    good(rig);
    expect(rig.incidents()).toEqual([]);
    expect(rig.incidents('resolved')).toMatchObject([{ id: incident?.['id'], resolved_by: 'service_healthy' }]);
  });

  test('is not yet until its grace is over: a hiccup leaves what has ended ended', () => {
    const rig = back(5 * minute - graceMs);
    good(rig);
    rig.passAlive(minute);
    bad(rig);
    rig.passAlive(graceMs - 1);
    expect(rig.incidents()).toEqual([]);
  });

  test('makes it as loud as it is now, and never quieter than it was', () => {
    const rig = back(6 * minute);
    expect(rig.incidents()).toMatchObject([{ severity: 'error' }]);
    good(rig);
    rig.passAlive(9 * minute);
    bad(rig, 'critical');
    rig.passAlive(graceMs);
    good(rig);
    rig.passAlive(9 * minute);
    bad(rig);
    rig.passAlive(graceMs);
    expect(rig.incidents()).toMatchObject([{ severity: 'critical', occurrence_count: 4 }]);
  });

  test('of which only health documents tell is the same incident too', () => {
    const rig = back(6 * minute);
    good(rig);
    rig.passAlive(minute);
    rig.health('web', 'down');
    rig.passAlive(graceMs + 30_000);
    expect(rig.incidents()).toMatchObject([{ occurrence_count: 3 }]);
    expect(count(rig, 'incident_opened')).toBe(1);
  });

  test('by the clock of who tells: hours that arrive together are hours', () => {
    const rig = new ObserverRig();
    rig.watch();
    bad(rig);
    rig.passAlive(180 * minute);
    rig.health('web', 'healthy');
    rig.event('service_healthy', { service: 'web', tsMs: rig.now - 120 * minute });
    rig.health('web', 'down');
    rig.event('containers_not_running', { service: 'web', tsMs: rig.now - 1_000 });
    rig.passAlive(graceMs);
    expect(count(rig, 'incident_opened')).toBe(2);
  });

  test('of another kind is another incident', () => {
    const rig = back(6 * minute);
    good(rig);
    rig.passAlive(minute);
    rig.health('web', 'unhealthy');
    rig.event('service_unhealthy', { service: 'web' });
    rig.passAlive(graceMs);
    expect(rig.incidents()).toMatchObject([{ kind: 'unhealthy', occurrence_count: 1 }]);
  });

  test('keeps its document for seven days from its last end', () => {
    const rig = new ObserverRig({ heartbeatMs: 1e10 });
    rig.desire(['web']);
    rig.health('web', 'healthy');
    rig.heartbeat('vps', { heartbeat_ms: 10_000_000_000 });
    rig.say({ type: 'synced' });
    bad(rig);
    rig.pass(minute);
    good(rig);
    rig.pass(9 * minute);
    bad(rig);
    rig.pass(8 * 24 * 60 * minute);
    expect(rig.incidents()).toHaveLength(1);
    good(rig);
    rig.pass(7 * 24 * 60 * minute - 1);
    expect(rig.incidents('resolved')).toHaveLength(1);
    rig.pass(1);
    expect(rig.incidents('resolved')).toEqual([]);
  });

  test('after a restart of the observer is the same incident', () => {
    const rig = new ObserverRig();
    rig.watch();
    bad(rig);
    rig.passAlive(minute);
    good(rig);
    rig.passAlive(5 * minute);
    const later = new ObserverRig({}, rig.remembered());
    later.now = rig.now;
    // Of the sender the numbers go on.
    for (let n = 0; n < 20; n += 1) later.event('service_stopped', { service: 'other' });
    back(minute, later);
    expect(later.incidents().map(({ id }) => id)).toEqual(rig.incidents('resolved').map(({ id }) => id));
  });

  test('below a cause is a consequence, and reopens nothing', () => {
    const rig = new ObserverRig();
    rig.watch();
    bad(rig);
    rig.passAlive(minute);
    good(rig);
    rig.event('engine_unreachable');
    bad(rig);
    rig.passAlive(2 * minute, ['vps'], { status: 'degraded', engine: 'unreachable' });
    expect(rig.incidents().map(({ kind }) => kind)).toEqual(['engine']);
  });
});

describe('slow flapping', () => {
  /** So many turns of bad and well; the last turn is bad until its grace is over. */
  function turns(many: number, badMs: number, wellMs: number): ObserverRig {
    const rig = new ObserverRig();
    rig.watch();
    for (let turn = 1; turn < many; turn += 1) {
      bad(rig);
      rig.passAlive(badMs);
      good(rig);
      rig.passAlive(wellMs);
    }
    bad(rig);
    rig.passAlive(graceMs);
    return rig;
  }

  test('each five minutes is one incident, flapping from its third turn, and opened once', () => {
    expect(turns(2, 3 * minute, 5 * minute).incidents()).toMatchObject([{ flapping: false, occurrence_count: 2 }]);
    const rig = turns(3, 3 * minute, 5 * minute);
    expect(rig.incidents()).toMatchObject([{ flapping: true, occurrence_count: 3 }]);
    for (let turn = 0; turn < 20; turn += 1) {
      good(rig);
      rig.passAlive(5 * minute);
      bad(rig);
      rig.passAlive(3 * minute);
    }
    expect(rig.incidents()).toMatchObject([{ flapping: true, occurrence_count: 23 }]);
    expect([count(rig, 'incident_opened'), count(rig, 'incident_reopened'), count(rig, 'incident_flapping')]).toEqual([1, 2, 1]);
    good(rig);
    rig.passAlive(10 * minute);
    expect(rig.incidents()).toEqual([]);
  });

  test.each([
    ['just under a quiet time', 10 * minute - 1, true],
    ['a quiet time', 10 * minute, false],
  ])('bad for %s at a time', (_, badMs, flapping) => {
    expect(turns(3, badMs, 5 * minute).incidents()).toMatchObject([{ flapping, occurrence_count: 3 }]);
  });
});
