/** One outage is one incident, with its consequences listed in it: what explains what, when, and what becomes of it afterwards. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const graceMs = 20_000;
/** Of a link that nobody calls wired. */
const quietMs = 15 * 60_000;
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(2, '0')}`);
const needing = (needs: string, services: readonly string[]): Record<string, unknown>[] => services.map((name) => ({ name, depends_on: [needs] }));

const crash = (rig: ObserverRig, service: string, node = 'vps'): void => {
  rig.health(service, 'down', { node });
  rig.event('containers_not_running', { node, service });
};
const sicken = (rig: ObserverRig, service: string, node = 'vps'): void => {
  rig.health(service, 'unhealthy', { node, reason: 'health_check_failed' });
  rig.event('healthcheck_failed', { node, service });
};
const mend = (rig: ObserverRig, service: string, node = 'vps'): void => {
  rig.health(service, 'healthy', { node });
  rig.event('service_healthy', { node, service });
};
const causes = (rig: ObserverRig): unknown[] => rig.incidents().map(({ node, service, kind, suppressed_by }) => [node, service, kind, suppressed_by]);
const opened = (rig: ObserverRig): number => rig.types().filter((type) => type === 'incident_opened').length;

function watchAll(rig: ObserverRig, nodes: Readonly<Record<string, readonly (string | Record<string, unknown>)[]>>): void {
  for (const [node, services] of Object.entries(nodes)) {
    rig.desire(services, { node });
    for (const each of services) rig.health(typeof each === 'string' ? each : String(each['name']), 'healthy', { node });
    rig.heartbeat(node);
  }
  rig.say({ type: 'synced' });
}

describe('a node that is lost with thirty services', () => {
  const services = names('service-', 30);

  test('is one incident that lists them, in a document of less than 1.5 kB', () => {
    const rig = new ObserverRig();
    rig.watch(services);
    rig.passAlive(30_000);
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.pass(10 * 60_000);
    const [incident] = rig.incidents();
    expect(rig.incidents()).toHaveLength(1);
    expect(incident).toMatchObject({ kind: 'node_offline', suppressed_by: null, consequences_count: 30 });
    expect(incident?.['consequences']).toEqual(services.slice(0, 10).map((name) => ({ what: `vps/${name}`, status: 'unknown' })));
    expect(JSON.stringify(incident).length).toBeLessThan(1_500 - 60);
    expect(rig.doc('world/services/vps/service-29')).toMatchObject({ status: 'unknown', incident_id: incident?.['id'] });
    expect(rig.site()).toMatchObject({ incidents_active: 1, worst: 'node vps is offline' });
  });

  test('takes its services back with it, and what is still down after the grace is an incident of its own', () => {
    const rig = new ObserverRig();
    rig.watch(services);
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.pass(60_000);
    rig.heartbeat();
    expect(rig.incidents()).toEqual([]);
    crash(rig, 'service-00');
    rig.passAlive(graceMs - 1);
    expect(rig.incidents()).toEqual([]);
    rig.pass(1);
    expect(causes(rig)).toEqual([['vps', 'service-00', 'down', null]]);
  });

  test('explains what fails elsewhere because it needs one of them', () => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: ['db'], piha: needing('vps/db', ['app']) });
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.pass(1_000);
    sicken(rig, 'app', 'piha');
    rig.passAlive(60_000, ['piha']);
    expect(causes(rig)).toEqual([['vps', null, 'node_offline', null]]);
    expect(rig.incidents()[0]?.['consequences']).toEqual([
      { what: 'piha/app', status: 'unhealthy' },
      { what: 'vps/db', status: 'unknown' },
    ]);
  });
});

describe('a broker that is down with ten dependents', () => {
  const dependents = names('client-', 10);
  const start = (): ObserverRig => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: ['mosquitto', ...needing('vps/mosquitto', dependents)] });
    return rig;
  };

  test('is one incident, for the supervisor to route on; theirs never open', () => {
    const rig = start();
    crash(rig, 'mosquitto');
    for (const each of dependents) {
      rig.passAlive(1_000);
      sicken(rig, each);
    }
    rig.event('mqtt_unreachable', { service: 'mosquitto', source: 'stability-agent' });
    rig.passAlive(5 * 60_000);
    expect(causes(rig)).toEqual([['vps', 'mosquitto', 'down', null]]);
    expect(rig.incidents()[0]).toMatchObject({ trigger_type: 'containers_not_running', consequences_count: 10, flapping: false });
    expect(rig.site()).toMatchObject({ incidents_active: 1, worst: `incident ${String(rig.incidents()[0]?.['id'])}, and 10 consequences` });
    expect(opened(rig)).toBe(1);
    mend(rig, 'mosquitto');
    rig.event('mqtt_reachable', { service: 'mosquitto', source: 'stability-agent' });
    for (const each of dependents) mend(rig, each);
    rig.passAlive(5 * 60_000);
    expect(rig.incidents()).toEqual([]);
    expect([opened(rig), rig.incidents('resolved')]).toMatchObject([1, [{ consequences_count: 0 }]]);
  });

  test('that runs and does not answer explains them as well, and a zigbee bridge whatever is declared', () => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: ['mosquitto'], piha: ['zigbee2mqtt', ...needing('vps/mosquitto', ['app'])] });
    rig.event('mqtt_unreachable', { service: 'mosquitto', source: 'stability-agent' });
    rig.event('zigbee_bridge_offline', { node: 'piha', service: 'zigbee2mqtt', source: 'stability-agent' });
    sicken(rig, 'app', 'piha');
    rig.passAlive(60_000, ['vps', 'piha']);
    expect(causes(rig)).toEqual([['vps', 'mosquitto', 'broker', null]]);
    expect(rig.incidents()[0]?.['consequences']).toEqual([
      { what: 'piha/app', status: 'unhealthy' },
      { what: 'piha/zigbee2mqtt', status: 'zigbee' },
    ]);
  });
});

describe('a database that is down with three dependents on two nodes', () => {
  const start = (): ObserverRig => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: ['db', ...needing('vps/db', ['shop'])], piha: [...needing('vps/db', ['app']), ...needing('piha/app', ['page'])] });
    return rig;
  };
  const both = ['vps', 'piha'];

  test('is one incident; also for what needs it through another service', () => {
    const rig = start();
    crash(rig, 'db');
    sicken(rig, 'shop');
    sicken(rig, 'app', 'piha');
    sicken(rig, 'page', 'piha');
    rig.passAlive(120_000, both);
    expect(causes(rig)).toEqual([['vps', 'db', 'down', null]]);
    expect(rig.incidents()[0]).toMatchObject({ consequences_count: 3 });
    expect(rig.doc('world/services/piha/page')).toMatchObject({ status: 'unhealthy', incident_id: rig.incidents()[0]?.['id'] });
  });

  test('is noticed by its health alone, before any incident of it: its dependents wait', () => {
    const rig = start();
    rig.health('db', 'down');
    sicken(rig, 'app', 'piha');
    rig.passAlive(40_000, both);
    expect(rig.incidents()).toEqual([]);
    rig.passAlive(30_000, both);
    expect(causes(rig)).toEqual([['vps', 'db', 'down', null]]);
    expect(rig.incidents()[0]).toMatchObject({ consequences_count: 1 });
  });

  test.each([
    ['just before its grace is over', graceMs - 1, true],
    ['when its grace is over', graceMs, false],
  ])('a consequence that recovers %s after its cause is spared an incident only before', (_, ms, isSpared) => {
    const rig = start();
    crash(rig, 'db');
    sicken(rig, 'app', 'piha');
    rig.passAlive(60_000, both);
    mend(rig, 'db');
    rig.passAlive(ms, both);
    mend(rig, 'app', 'piha');
    rig.passAlive(60_000, both);
    expect(opened(rig)).toBe(isSpared ? 1 : 2);
    expect(rig.incidents()).toEqual([]);
  });

  test('what does not recover becomes an incident of its own, and says that it was a consequence', () => {
    const rig = start();
    crash(rig, 'db');
    sicken(rig, 'app', 'piha');
    sicken(rig, 'page', 'piha');
    rig.passAlive(60_000, both);
    const cause = rig.incidents()[0]?.['id'];
    mend(rig, 'db');
    rig.passAlive(graceMs, both);
    expect(causes(rig)).toEqual([['piha', 'app', 'unhealthy', null]]);
    const [incident] = rig.incidents();
    expect(incident).toMatchObject({ consequences: [{ what: 'piha/page', status: 'unhealthy' }] });
    expect(incident?.['timeline']).toMatchObject([
      { what: 'suppressed', detail: expect.stringContaining('vps/db down') },
      { what: 'unsuppressed' },
      { what: 'opened' },
    ]);
    expect(cause).toBeTypeOf('string');
  });

  test('an incident that was open before its cause is marked with it, and stays marked for its grace after the cause', () => {
    const rig = start();
    sicken(rig, 'app', 'piha');
    rig.passAlive(30_000, both);
    expect(causes(rig)).toEqual([['piha', 'app', 'unhealthy', null]]);
    crash(rig, 'db');
    rig.passAlive(graceMs - 1, both);
    expect(causes(rig)).toEqual([['piha', 'app', 'unhealthy', null]]);
    rig.pass(1);
    const cause = rig.incidents().find(({ service }) => service === 'db')?.['id'];
    expect(causes(rig)).toEqual([
      ['piha', 'app', 'unhealthy', cause],
      ['vps', 'db', 'down', null],
    ]);
    expect(rig.site()).toMatchObject({ incidents_active: 1 });
    mend(rig, 'db');
    rig.passAlive(graceMs - 1, both);
    expect(causes(rig)).toEqual([['piha', 'app', 'unhealthy', cause]]);
    rig.pass(1);
    expect(causes(rig)).toEqual([['piha', 'app', 'unhealthy', null]]);
    expect(rig.incidents()[0]?.['timeline']).toMatchObject([{ what: 'opened' }, { what: 'suppressed', detail: cause }, { what: 'unsuppressed' }]);
  });

  test('a cause that passes within its grace gives its consequences theirs', () => {
    const rig = start();
    crash(rig, 'db');
    rig.passAlive(10_000, both);
    sicken(rig, 'app', 'piha');
    rig.passAlive(9_000, both);
    mend(rig, 'db');
    rig.passAlive(graceMs - 1, both);
    expect(rig.incidents()).toEqual([]);
    rig.pass(1);
    expect(causes(rig)).toEqual([['piha', 'app', 'unhealthy', null]]);
  });

  test('after a restart of the observer consequences stay what they are', () => {
    const rig = start();
    crash(rig, 'db');
    sicken(rig, 'app', 'piha');
    rig.passAlive(60_000, both);
    const later = new ObserverRig({}, rig.remembered());
    later.now = rig.now;
    watchAll(later, { vps: ['db', ...needing('vps/db', ['shop'])], piha: needing('vps/db', ['app']) });
    later.health('db', 'down');
    later.health('app', 'unhealthy', { node: 'piha' });
    later.passAlive(60_000, both);
    expect(causes(later)).toEqual([['vps', 'db', 'down', null]]);
    expect(opened(later)).toBe(0);
  });
});

describe('services that need each other', () => {
  test('are one incident, of the one that failed first', () => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: [...needing('vps/b', ['a']), ...needing('vps/a', ['b'])] });
    crash(rig, 'b');
    rig.passAlive(1_000);
    sicken(rig, 'a');
    rig.passAlive(120_000);
    expect(causes(rig)).toEqual([['vps', 'b', 'down', null]]);
    expect(rig.incidents()[0]).toMatchObject({ consequences: [{ what: 'vps/a', status: 'unhealthy' }] });
  });

  test('and fail at once are one incident, of the first by name', () => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: [...needing('vps/b', ['a']), ...needing('vps/c', ['b']), ...needing('vps/a', ['c'])] });
    for (const each of ['c', 'a', 'b']) crash(rig, each);
    rig.passAlive(120_000);
    expect(causes(rig)).toEqual([['vps', 'a', 'down', null]]);
  });
});

describe('the link of a site that is down', () => {
  test('explains that its nodes do not reach the broker upstream, each of them', () => {
    const rig = new ObserverRig({ site: 'chelsty' });
    for (const node of ['chelsty-infra', 'chelsty-ha']) {
      rig.desire(['web'], { node, site: 'chelsty' });
      rig.health('web', 'healthy', { node });
      rig.heartbeat(node);
    }
    rig.say({ type: 'synced' });
    rig.link('down');
    rig.passAlive(quietMs, ['chelsty-infra', 'chelsty-ha']);
    for (const node of ['chelsty-infra', 'chelsty-ha']) rig.event('upstream_unreachable', { node, source: 'stability-agent' });
    rig.passAlive(60_000, ['chelsty-infra', 'chelsty-ha']);
    expect(causes(rig)).toEqual([['site-chelsty', null, 'link_down', null]]);
    expect(rig.incidents()[0]?.['consequences']).toEqual([
      { what: 'chelsty-ha', status: 'upstream' },
      { what: 'chelsty-infra', status: 'upstream' },
    ]);
    // Who misses the broker upstream tries again every five minutes: until then, and its grace, it is as it was.
    rig.link('up');
    rig.passAlive(5 * 60_000 + graceMs - 1, ['chelsty-infra', 'chelsty-ha']);
    expect(rig.incidents()).toEqual([]);
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([{ kind: 'upstream' }, { kind: 'upstream' }]);
  });

  test('explains what fails here because it needs something there; without such an incident nothing does', () => {
    const rig = new ObserverRig();
    watchAll(rig, { vps: needing('chelsty-ha/homeassistant', ['dashboard']) });
    rig.desire(['homeassistant'], { node: 'chelsty-ha', site: 'chelsty' });
    rig.event('containers_not_running', { node: 'chelsty-ha', service: 'homeassistant' });
    sicken(rig, 'dashboard');
    rig.passAlive(30_000);
    expect(causes(rig)).toEqual([['vps', 'dashboard', 'unhealthy', null]]);
    rig.link('down');
    rig.passAlive(quietMs);
    const link = rig.incidents().find(({ kind }) => kind === 'link_down');
    expect(link).toBeDefined();
    expect(rig.incidents().find(({ kind }) => kind === 'unhealthy')).toMatchObject({ suppressed_by: link?.['id'] });
  });
});

test('an engine that does not answer explains its services, and not the disk', () => {
  const rig = new ObserverRig();
  rig.watch(['web']);
  rig.event('disk_usage_high', { source: 'stability-agent' });
  rig.event('engine_unreachable');
  crash(rig, 'web');
  rig.passAlive(60_000, ['vps'], { status: 'degraded', engine: 'unreachable' });
  expect(rig.incidents().map(({ kind, suppressed_by }) => [kind, suppressed_by])).toEqual(
    expect.arrayContaining([
      ['disk', null],
      ['engine', null],
    ]),
  );
  expect(rig.incidents()).toHaveLength(2);
  expect(rig.incidents().find(({ kind }) => kind === 'engine')).toMatchObject({ consequences: [{ what: 'vps/web', status: 'unknown' }] });
});
