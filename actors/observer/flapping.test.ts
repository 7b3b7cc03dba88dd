/** Flapping as a state of its own, at its edges: when it begins, what it keeps quiet, when it ends. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const minute = 60_000;

const bad = (rig: ObserverRig, service = 'web'): void => {
  rig.health(service, 'down');
  rig.event('containers_not_running', { service });
};
const good = (rig: ObserverRig, service = 'web'): void => {
  rig.health(service, 'healthy');
  rig.event('service_healthy', { service });
};

/** Bad, good, and bad again: the last change comes `ms` after the first. */
function threeChanges(ms: number): ObserverRig {
  const rig = new ObserverRig();
  rig.watch();
  bad(rig);
  rig.passAlive(minute);
  good(rig);
  rig.passAlive(ms - minute);
  bad(rig);
  return rig;
}

const words = (rig: ObserverRig, status = 'active'): unknown[] => {
  const timeline = rig.incidents(status).at(-1)?.['timeline'] as { readonly what: string }[] | undefined;
  return (timeline ?? []).map(({ what }) => what);
};

describe('a verdict that changes again and again', () => {
  test.each([
    ['just within five minutes', 5 * minute - 1, true],
    ['within five minutes', 5 * minute, true],
    ['just outside five minutes', 5 * minute + 1, false],
  ])('three changes %s: flapping, or not', (_, ms, flapping) => {
    const rig = threeChanges(ms);
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ flapping }]);
  });

  test('two changes are none: a restart and its end', () => {
    const rig = new ObserverRig();
    rig.watch();
    bad(rig);
    rig.passAlive(30_000);
    good(rig);
    expect(rig.incidents('resolved')).toMatchObject([{ flapping: false, resolved_by: 'service_healthy' }]);
    expect(rig.types()).not.toContain('incident_flapping');
  });

  test('changes that happened hours apart and arrive together are none', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web', tsMs: rig.now - 3 * 3_600_000 });
    rig.event('service_healthy', { service: 'web', tsMs: rig.now - 2 * 3_600_000 });
    rig.health('web', 'down');
    rig.event('containers_not_running', { service: 'web', tsMs: rig.now - 1_000 });
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ flapping: false }]);
  });

  test('crashes too short for the grace become one incident when they do not stop', () => {
    const rig = new ObserverRig();
    rig.watch();
    for (let turn = 0; turn < 2; turn += 1) {
      bad(rig);
      rig.passAlive(12_000);
      good(rig);
      rig.passAlive(12_000);
    }
    // The second crash was the third change, 24 s after the first; its grace ends 20 s later.
    expect(rig.incidents()).toMatchObject([{ kind: 'down', flapping: true }]);
    expect(rig.types().filter((type) => type === 'incident_opened')).toHaveLength(1);
  });

  test('while it flaps there is one incident, no opening and closing, and only counts change', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    const [before] = rig.incidents();
    const decisions = rig.types().filter((type) => type.startsWith('incident_')).length;
    for (let turn = 0; turn < 50; turn += 1) {
      good(rig);
      rig.passAlive(10_000);
      bad(rig);
      rig.passAlive(10_000);
    }
    expect(rig.types().filter((type) => type.startsWith('incident_'))).toHaveLength(decisions);
    const [after] = rig.incidents();
    expect(rig.incidents()).toHaveLength(1);
    expect(after).toMatchObject({ id: before?.['id'], flapping: true, occurrence_count: 52, timeline: before?.['timeline'] });
    const counts = ['occurrence_count', 'occurrences', 'last_occurrence', 'summary', 'quiet_at'];
    const rest = (doc: Record<string, unknown> | undefined): unknown => Object.entries(doc ?? {}).filter(([name]) => !counts.includes(name));
    expect(rest(after)).toEqual(rest(before));
  });

  test('an incident that flaps and is well at the moment still is an incident', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    good(rig);
    rig.passAlive(minute);
    const [since, quiet] = [rig.now - minute, rig.now + 9 * minute].map((ms) => new Date(ms).toISOString());
    expect(rig.incidents()).toMatchObject([{ flapping: true, well_since: since, quiet_at: quiet }]);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'healthy', incident_id: rig.incidents()[0]?.['id'] });
    expect(rig.site()).toMatchObject({ incidents_active: 1 });
    bad(rig);
    expect(rig.incidents()).toMatchObject([{ flapping: true, well_since: null }]);
  });
});

describe('the end of flapping', () => {
  test('ten quiet minutes after it became well, the incident ends by what made it well', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    good(rig);
    rig.passAlive(10 * minute - 1);
    expect(rig.incidents()).toMatchObject([{ flapping: true }]);
    rig.pass(1);
    expect(rig.incidents()).toEqual([]);
    expect(rig.incidents('resolved').at(-1)).toMatchObject({ flapping: false, resolved_by: 'service_healthy', resolved_at: new Date(rig.now).toISOString() });
    expect(words(rig, 'resolved')).toEqual(['opened', 'resolved', 'flapping', 'reopened', 'quiet', 'resolved']);
  });

  test('a change in the last moment begins the ten minutes anew', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    good(rig);
    rig.passAlive(10 * minute - 1);
    bad(rig);
    rig.passAlive(1_000);
    good(rig);
    rig.passAlive(10 * minute - 1);
    expect(rig.incidents()).toMatchObject([{ flapping: true }]);
    rig.pass(1);
    expect(rig.incidents()).toEqual([]);
  });

  test('one that stays bad for ten minutes is an ordinary incident again, and closes at once when it is well', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(10 * minute - 1);
    expect(rig.incidents()).toMatchObject([{ flapping: true }]);
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([{ flapping: false }]);
    expect(words(rig)).toEqual(['opened', 'resolved', 'flapping', 'reopened', 'quiet']);
    good(rig);
    expect(rig.incidents()).toEqual([]);
  });

  test('a recovery that no event told of counts when health shows it', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    rig.health('web', 'healthy');
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ flapping: true }]);
    rig.passAlive(10 * minute);
    expect(rig.incidents()).toEqual([]);
  });

  test('a service that nobody desires any more does not flap', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    rig.health('web', null);
    rig.desire([]);
    rig.heartbeat();
    expect(rig.incidents()).toEqual([]);
  });

  test('the quiet time survives a restart of the observer', () => {
    const rig = threeChanges(2 * minute);
    rig.passAlive(30_000);
    good(rig);
    rig.passAlive(5 * minute);
    const later = new ObserverRig({}, rig.remembered());
    later.now = rig.now;
    later.watch();
    later.passAlive(5 * minute - 1);
    expect(later.incidents()).toMatchObject([{ flapping: true }]);
    later.pass(1);
    expect(later.incidents()).toEqual([]);
  });
});

test('a node that comes and goes is one incident, and hides nothing of its services while it is there', () => {
  const rig = new ObserverRig();
  rig.watch();
  for (let turn = 0; turn < 4; turn += 1) {
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.pass(25_000);
    rig.heartbeat();
    rig.passAlive(20_000);
  }
  expect(rig.incidents()).toMatchObject([{ kind: 'node_offline', flapping: true }]);
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'online' });
  bad(rig);
  rig.passAlive(30_000);
  expect(rig.incidents().map(({ kind, suppressed_by }) => [kind, suppressed_by])).toEqual([
    ['node_offline', null],
    ['down', null],
  ]);
  rig.passAlive(10 * minute);
  expect(rig.incidents()).toMatchObject([{ kind: 'down' }]);
});

test('without a window nothing ever flaps', () => {
  const rig = new ObserverRig({ flapWindowMs: 0, returnsWithinMs: 0 });
  rig.watch();
  for (let turn = 0; turn < 5; turn += 1) {
    bad(rig);
    rig.passAlive(30_000);
    good(rig);
    rig.passAlive(1_000);
  }
  expect(rig.incidents('resolved')).toHaveLength(5);
});
