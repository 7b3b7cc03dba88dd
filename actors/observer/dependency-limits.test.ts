/** What a service that is needed does not explain: what nobody watches, what only does badly, what went wrong long before or long after. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const minute = 60_000;
const graceMs = 20_000;
const both = ['vps', 'piha'];
/** As long as dependents have to notice. */
const followsMs = 15 * minute;

const say = (rig: ObserverRig, service: string, status: 'down' | 'unhealthy' | 'healthy', node = 'vps'): void => {
  rig.health(service, status, { node });
  rig.event({ down: 'containers_not_running', unhealthy: 'service_unhealthy', healthy: 'service_healthy' }[status], { node, service });
};
const about = (rig: ObserverRig, service: string): Record<string, unknown> | undefined => rig.incidents().find((each) => each['service'] === service);

/** So much later than its dependents a cause may be noticed. */
const noticedLateMs = minute;

/** A database, and what needs it on another node. */
function start(db: Record<string, unknown> = {}): ObserverRig {
  const rig = new ObserverRig();
  const services = { vps: [{ name: 'db', ...db }], piha: [{ name: 'app', depends_on: ['vps/db'] }, { name: 'zigbee2mqtt' }] };
  for (const [node, wanted] of Object.entries(services)) {
    rig.desire(wanted, { node });
    for (const { name } of wanted) rig.health(name, 'healthy', { node });
    rig.heartbeat(node);
  }
  rig.say({ type: 'synced' });
  return rig;
}

describe('a needed service', () => {
  test.each([
    ['down', 'down', true],
    ['down', 'unhealthy', true],
    ['unhealthy', 'unhealthy', true],
    ['unhealthy', 'down', false],
  ] as const)('that is %s explains a dependent that is %s: %s', (cause, consequence, isExplained) => {
    const rig = start();
    say(rig, 'db', cause);
    rig.passAlive(minute, both);
    say(rig, 'app', consequence, 'piha');
    rig.passAlive(minute, both);
    expect(about(rig, 'db')).toMatchObject({ consequences_count: isExplained ? 1 : 0 });
    if (isExplained) expect(about(rig, 'app')).toBeUndefined();
    else expect(about(rig, 'app')).toMatchObject({ kind: consequence, suppressed_by: null, related: about(rig, 'db')?.['id'] });
  });

  test('whose Zigbee is offline explains no dependent that ends', () => {
    const rig = start();
    rig.event('zigbee_bridge_offline', { service: 'db', source: 'stability-agent' });
    rig.passAlive(minute, both);
    say(rig, 'app', 'down', 'piha');
    rig.passAlive(minute, both);
    expect(about(rig, 'app')).toMatchObject({ kind: 'down', suppressed_by: null });
  });

  test('that is not well by its health documents alone explains no dependent that ends either', () => {
    const rig = start();
    rig.health('db', 'unhealthy');
    say(rig, 'app', 'down', 'piha');
    rig.passAlive(graceMs, both);
    expect(about(rig, 'app')).toMatchObject({ kind: 'down', suppressed_by: null, related: null });
  });

  test('that only gets worse takes back what it did not explain', () => {
    const rig = start();
    say(rig, 'db', 'unhealthy');
    rig.passAlive(minute, both);
    say(rig, 'app', 'down', 'piha');
    rig.passAlive(minute, both);
    say(rig, 'db', 'down');
    rig.passAlive(minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: rig.incidents().find(({ service, kind }) => service === 'db' && kind === 'down')?.['id'] });
  });

  test('that nobody watches explains nothing, also where it is a broker', () => {
    const rig = start({ monitor: false });
    say(rig, 'db', 'down');
    rig.event('mqtt_unreachable', { service: 'db', source: 'stability-agent' });
    rig.passAlive(minute, both);
    say(rig, 'app', 'unhealthy', 'piha');
    rig.event('zigbee_bridge_offline', { node: 'piha', service: 'zigbee2mqtt', source: 'stability-agent' });
    rig.passAlive(minute, both);
    expect(rig.incidents().filter(({ node }) => node === 'piha')).toMatchObject([
      { service: 'app', kind: 'unhealthy', suppressed_by: null },
      { service: 'zigbee2mqtt', kind: 'zigbee', suppressed_by: null },
    ]);
  });
});

describe('a dependent whose trouble begins', () => {
  test.each([
    ['just before', followsMs - 1, true],
    ['at', followsMs, true],
    ['just after', followsMs + 1, false],
  ])('%s the end of the time in which a dependent notices', (_, ms, isExplained) => {
    const rig = start();
    say(rig, 'db', 'down');
    rig.passAlive(ms, both);
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(graceMs, both);
    if (isExplained) expect(about(rig, 'app')).toBeUndefined();
    else expect(about(rig, 'app')).toMatchObject({ suppressed_by: null, related: about(rig, 'db')?.['id'], started_at: expect.any(String) });
    rig.passAlive(60 * minute, both);
    expect(about(rig, 'app') === undefined).toBe(isExplained);
  });

  test('off and on since then is one consequence, however long it lasts', () => {
    const rig = start();
    say(rig, 'db', 'down');
    for (let turn = 0; turn < 40; turn += 1) {
      say(rig, 'app', 'down', 'piha');
      rig.passAlive(40_000, both);
      say(rig, 'app', 'healthy', 'piha');
      rig.passAlive(15_000, both);
    }
    expect(rig.incidents().map(({ service }) => service)).toEqual(['db']);
    expect(rig.types().filter((type) => type === 'incident_opened')).toHaveLength(1);
  });

  test.each([
    ['just under ten minutes', 10 * minute - 1, true],
    ['ten minutes', 10 * minute, false],
  ])('again after it did well for %s', (_, ms, isExplained) => {
    const rig = start();
    say(rig, 'db', 'down');
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(20 * minute, both);
    say(rig, 'app', 'healthy', 'piha');
    rig.passAlive(ms, both);
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(minute, both);
    expect(about(rig, 'app') === undefined).toBe(isExplained);
  });

  test('long after its cause, but soon after that was down anew, is explained', () => {
    const rig = start();
    say(rig, 'db', 'down');
    rig.passAlive(60 * minute, both);
    say(rig, 'db', 'healthy');
    rig.passAlive(minute, both);
    say(rig, 'db', 'down');
    rig.passAlive(minute, both);
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(minute, both);
    expect(rig.incidents().map(({ service }) => service)).toEqual(['db']);
  });

  test('an hour after its cause began to flap, but soon after that turned bad, is explained', () => {
    const rig = start();
    for (let turn = 0; turn < 30; turn += 1) {
      say(rig, 'db', 'down');
      rig.passAlive(minute, both);
      say(rig, 'db', 'healthy');
      rig.passAlive(minute, both);
    }
    say(rig, 'db', 'down');
    rig.passAlive(minute, both);
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(minute, both);
    expect(rig.incidents()).toMatchObject([{ service: 'db', flapping: true, consequences_count: 1 }]);
  });

  test('long after, told by health documents alone: the time of the documents counts, not that of the decision', () => {
    const rig = start();
    say(rig, 'db', 'down');
    rig.passAlive(followsMs, both);
    rig.health('app', 'unhealthy', { node: 'piha' });
    rig.passAlive(60 * minute, both);
    expect(about(rig, 'app')).toBeUndefined();
    rig.health('app', 'healthy', { node: 'piha' });
    rig.passAlive(11 * minute, both);
    rig.health('app', 'unhealthy', { node: 'piha' });
    rig.passAlive(minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: null });
  });

  test('an hour after its node, its engine or its broker went is still explained', () => {
    const rig = start();
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.passAlive(60 * minute, ['piha']);
    say(rig, 'app', 'down', 'piha');
    rig.passAlive(minute, ['piha']);
    expect(rig.incidents().map(({ kind }) => kind)).toEqual(['node_offline']);
    const other = start();
    other.event('mqtt_unreachable', { service: 'db', source: 'stability-agent' });
    other.passAlive(60 * minute, both);
    say(other, 'app', 'down', 'piha');
    other.event('zigbee_bridge_offline', { node: 'piha', service: 'zigbee2mqtt', source: 'stability-agent' });
    other.passAlive(minute, both);
    expect(other.incidents().map(({ kind }) => kind)).toEqual(['broker']);
  });

  test('before a restart of the observer stays what it was, and a later one is its own', () => {
    const rig = start();
    say(rig, 'db', 'down');
    rig.passAlive(followsMs - minute, both);
    const later = new ObserverRig({}, rig.remembered());
    later.now = rig.now;
    for (const [node, wanted] of Object.entries({ vps: [{ name: 'db' }], piha: [{ name: 'app', depends_on: ['vps/db'] }] })) later.desire(wanted, { node });
    later.health('db', 'down');
    later.health('app', 'healthy', { node: 'piha' });
    for (const node of both) later.heartbeat(node);
    later.say({ type: 'synced' });
    later.passAlive(minute + 1, both);
    say(later, 'app', 'unhealthy', 'piha');
    later.passAlive(minute, both);
    expect(about(later, 'app')).toMatchObject({ suppressed_by: null, related: about(later, 'db')?.['id'] });
  });
});

describe('a dependent that was in trouble before', () => {
  test.each([
    ['just longer than', noticedLateMs + 1, false],
    ['as long as', noticedLateMs, true],
    ['just shorter than', noticedLateMs - 1, true],
  ])('%s a cause may be noticed late keeps or loses its incident', (_, ms, isExplained) => {
    const rig = start();
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(ms, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: null });
    say(rig, 'db', 'down');
    rig.passAlive(60 * minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: isExplained ? about(rig, 'db')?.['id'] : null });
    expect(about(rig, 'db')).toMatchObject({ consequences_count: isExplained ? 1 : 0 });
  });

  test('off and on keeps its incident, though it turns bad again after the cause died', () => {
    const rig = start();
    for (let turn = 0; turn < 4; turn += 1) {
      say(rig, 'app', 'down', 'piha');
      rig.passAlive(45_000, both);
      say(rig, 'app', 'healthy', 'piha');
      rig.passAlive(45_000, both);
    }
    expect(about(rig, 'app')).toMatchObject({ flapping: true, suppressed_by: null });
    say(rig, 'db', 'down');
    rig.passAlive(45_000, both);
    say(rig, 'app', 'down', 'piha');
    rig.passAlive(60 * minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: null });
    expect(rig.types()).not.toContain('incident_suppressed');
  });

  test('and within its own long grace has its incident when that is over', () => {
    const rig = start();
    rig.desire([{ name: 'app', depends_on: ['vps/db'], grace_ms: 5 * minute }, { name: 'zigbee2mqtt' }], { node: 'piha' });
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(2 * minute, both);
    say(rig, 'db', 'down');
    rig.passAlive(3 * minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: null, related: about(rig, 'db')?.['id'] });
  });

  test('for a moment of which nobody heard is explained like any other', () => {
    const rig = start();
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(graceMs - 1, both);
    say(rig, 'app', 'healthy', 'piha');
    rig.passAlive(5 * minute, both);
    say(rig, 'db', 'down');
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(5 * minute, both);
    expect(rig.incidents().map(({ service }) => service)).toEqual(['db']);
  });

  test('as a consequence of its node passes to what did not come back with that', () => {
    const rig = start();
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(5 * minute, ['piha']);
    rig.heartbeat('vps');
    say(rig, 'db', 'down');
    rig.passAlive(5 * minute, both);
    expect(rig.incidents().map(({ service }) => service)).toEqual(['db']);
    expect(about(rig, 'db')).toMatchObject({ consequences_count: 1 });
  });

  test('because of a cause that is off and on is one consequence with it', () => {
    const rig = start();
    say(rig, 'db', 'down');
    rig.passAlive(5_000, both);
    say(rig, 'app', 'unhealthy', 'piha');
    rig.passAlive(minute, both);
    say(rig, 'db', 'healthy');
    rig.passAlive(4 * minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: null });
    say(rig, 'db', 'down');
    rig.passAlive(minute, both);
    expect(about(rig, 'app')).toMatchObject({ suppressed_by: about(rig, 'db')?.['id'] });
  });
});
