import { describe, expect, test } from 'vitest';
import { ObserverRig, rigStartMs } from '../../test/kit/observer-rig.ts';

const graceMs = 20_000;

describe('incidents', () => {
  test('trouble that ends within its grace opens nothing', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web' });
    rig.health('web', 'down', { reason: 'crashed' });
    rig.pass(graceMs - 1_000);
    rig.event('service_healthy', { service: 'web' });
    rig.health('web', 'healthy');
    rig.passAlive(120_000);
    expect([...rig.incidents('active'), ...rig.incidents('resolved')]).toEqual([]);
  });

  test('trouble that outlives its grace opens one incident, named after what opened it', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web', message: 'web exited with 1' });
    rig.health('web', 'down', { reason: 'crashed' });
    rig.pass(graceMs);
    const id = `inc-${rigStartMs / 1000}-vps-web-down`;
    expect(rig.doc(`world/incidents/vps/${id}`)).toMatchObject({
      status: 'active',
      id,
      service: 'web',
      kind: 'down',
      trigger_type: 'containers_not_running',
      severity: 'error',
      message: 'web exited with 1',
      occurrence_count: 1,
    });
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'down', incident_id: id });
    expect(rig.site()).toMatchObject({ status: 'critical', incidents_active: 1, worst: `incident ${id}` });
  });

  test('a service may have a grace of its own', () => {
    const rig = new ObserverRig();
    rig.desire([{ name: 'web', grace_ms: 60_000 }]);
    rig.health('web', 'down');
    rig.heartbeat();
    rig.say({ type: 'synced' });
    rig.event('containers_not_running', { service: 'web' });
    rig.passAlive(50_000);
    expect(rig.incidents()).toEqual([]);
    rig.passAlive(10_000);
    expect(rig.incidents()).toHaveLength(1);
  });

  test('R10: service_healthy closes the incidents of the service', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web' });
    rig.event('service_unhealthy', { service: 'web' });
    rig.health('web', 'down');
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ kind: 'down', consequences: [] }]);
    rig.event('service_healthy', { service: 'web' });
    rig.health('web', 'healthy');
    expect(rig.incidents()).toEqual([]);
    expect(rig.incidents('resolved').map((each) => [each['kind'], each['resolved_by']])).toEqual([['down', 'service_healthy']]);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'healthy', incident_id: null });
    expect(rig.site()).toMatchObject({ status: 'nominal', worst: null });
  });

  test('repeated evidence is counted, and the newest 20 times are kept', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web' });
    rig.health('web', 'down');
    for (let n = 0; n < 30; n += 1) {
      rig.passAlive(5_000);
      rig.event('containers_not_running', { service: 'web' });
    }
    const [incident] = rig.incidents();
    expect(incident).toMatchObject({ occurrence_count: 31, last_occurrence: new Date(rig.now).toISOString() });
    expect(incident?.['occurrences']).toHaveLength(20);
    expect(rig.incidents()).toHaveLength(1);
  });

  test('resolved incidents leave the bus after 7 days and the memory with the next event', () => {
    const rig = new ObserverRig({ graceMs: 0, heartbeatMs: 1e9 });
    rig.watch();
    rig.heartbeat('vps', { heartbeat_ms: 1_000_000_000 });
    rig.event('containers_not_running', { service: 'web' });
    rig.health('web', 'down');
    rig.pass(1_000);
    rig.health('web', 'healthy');
    rig.event('service_healthy', { service: 'web' });
    rig.pass(7 * 24 * 3_600_000 - 1_000);
    expect(rig.incidents('resolved')).toHaveLength(1);
    rig.pass(1_000);
    expect(rig.incidents('resolved')).toEqual([]);
    rig.event('outbox_dropped');
    rig.event('outbox_dropped');
    expect(rig.state.nodes.get('vps')?.world.incidents.size).toBe(0);
  });

  test('a late report of a trouble whose end is known already opens nothing, because the lanes are delivered apart', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('service_healthy', { service: 'web', tsMs: rig.now - 60_000 });
    rig.event('containers_not_running', { service: 'web', tsMs: rig.now - 120_000 });
    rig.passAlive(120_000);
    expect(rig.incidents()).toEqual([]);
  });

  test('a late report of a recovery does not end the trouble that came after it', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web', tsMs: rig.now });
    rig.health('web', 'down');
    rig.passAlive(30_000);
    rig.event('service_healthy', { service: 'web', tsMs: rigStartMs - 60_000 });
    expect(rig.incidents()).toHaveLength(1);
  });

  test('an emitter whose clock runs a year ahead does not outlaw what it says once the clock is right', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('service_healthy', { service: 'web', tsMs: rig.now + 365 * 86_400_000 });
    rig.pass(1_000);
    rig.event('containers_not_running', { service: 'web' });
    rig.health('web', 'down');
    rig.passAlive(30_000);
    expect(rig.incidents()).toHaveLength(1);
  });
});

describe('health and incidents that disagree', () => {
  test('R23: an active incident of a service that is healthy ends after 30 s without an event', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web' });
    rig.health('web', 'down');
    rig.passAlive(30_000);
    rig.health('web', 'healthy');
    rig.passAlive(20_000);
    expect(rig.incidents()).toHaveLength(1);
    rig.passAlive(10_000);
    expect(rig.incidents('resolved')).toMatchObject([{ resolved_by: 'incident_resolved' }]);
  });

  test('a service that is down without any event gets its incident once events had time to arrive', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.health('web', 'down', { reason: 'crashed' });
    rig.passAlive(40_000);
    expect(rig.incidents()).toEqual([]);
    rig.passAlive(10_000);
    expect(rig.incidents()).toMatchObject([{ kind: 'down', trigger_type: 'containers_not_running' }]);
  });

  test('a declared service that a person stopped is trouble after the grace, an adopted one is not', () => {
    const rig = new ObserverRig();
    rig.desire([{ name: 'web' }, { name: 'toy', origin: 'adopted' }]);
    for (const service of ['web', 'toy']) rig.health(service, 'stopped', { reason: 'stopped_by_person' });
    rig.heartbeat();
    rig.say({ type: 'synced' });
    rig.passAlive(20_000);
    expect(rig.incidents()).toMatchObject([{ service: 'web', kind: 'down', trigger_type: 'containers_not_running' }]);
    rig.passAlive(200_000);
    expect(rig.incidents()).toHaveLength(1);
  });

  test('an adopted service that crashed and was then stopped by a person is no trouble any more', () => {
    const rig = new ObserverRig();
    rig.desire([{ name: 'toy', origin: 'adopted' }]);
    rig.heartbeat();
    rig.say({ type: 'synced' });
    rig.event('containers_not_running', { service: 'toy' });
    rig.health('toy', 'down');
    rig.passAlive(10_000);
    rig.health('toy', 'stopped', { reason: 'stopped_by_person' });
    rig.passAlive(200_000);
    expect([...rig.incidents('active'), ...rig.incidents('resolved')]).toEqual([]);
  });

  test('an engine incident whose end was never told ends when the engine answers', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('engine_unreachable');
    rig.passAlive(30_000, ['vps'], { status: 'degraded', engine: 'unreachable' });
    expect(rig.incidents()).toMatchObject([{ kind: 'engine' }]);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'unknown', last_status: 'healthy' });
    rig.passAlive(40_000);
    expect(rig.incidents()).toEqual([]);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'healthy' });
  });

  test('a person or program on the bus cannot resolve incidents with the words of the observer', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('containers_not_running', { service: 'web' });
    rig.health('web', 'down');
    rig.passAlive(30_000);
    rig.event('incident_resolved', { service: 'web', source: 'cli' });
    rig.event('incident_resolved', { service: 'web', source: 'observer-derived', seq: 99 });
    expect(rig.incidents()).toHaveLength(1);
    expect(rig.quarantined).toEqual([]);
  });
});

describe('missing services', () => {
  test('a desired service without a container is missing after the grace, once its node proves to have no such service', () => {
    const rig = new ObserverRig();
    rig.desire(['web', 'db']);
    rig.health('web', 'healthy');
    rig.heartbeat('vps', { services_count: 2 });
    rig.say({ type: 'synced' });
    rig.passAlive(60_000, ['vps'], { services_count: 2 });
    expect(rig.doc('world/services/vps/db')).toMatchObject({ status: 'unknown' });
    expect(rig.incidents()).toEqual([]);
    rig.heartbeat('vps', { services_count: 1 });
    expect(rig.doc('world/services/vps/db')).toMatchObject({ status: 'missing', desired: 'declared' });
    expect(rig.incidents()).toMatchObject([{ kind: 'missing', service: 'db', trigger_type: 'service_missing' }]);
    rig.health('db', 'starting');
    rig.heartbeat();
    expect(rig.incidents()).toEqual([]);
    expect(rig.types()).toContain('service_present');
  });

  test('a container that is recreated within the grace was never missing', () => {
    const rig = new ObserverRig();
    rig.watch(['web', 'db']);
    rig.health('db', null);
    rig.heartbeat();
    rig.pass(15_000);
    rig.health('db', 'healthy');
    rig.passAlive(60_000);
    expect(rig.types()).not.toContain('service_missing');
  });

  test('R21: nothing is missing while only half of the retained documents has been read', () => {
    const rig = new ObserverRig();
    rig.desire(['web', 'db']);
    rig.heartbeat('vps', { services_count: 0 });
    rig.pass(300_000);
    expect(rig.lines).toEqual([]);
    expect([...rig.held.keys()]).toEqual(['world/sites/hub']);
    expect(rig.site()).toMatchObject({ status: 'unknown' });
  });

  test('what is excluded from monitoring is never missing: it may be no container at all', () => {
    const rig = new ObserverRig();
    rig.desire([{ name: 'homeassistant', monitor: false }]);
    rig.heartbeat();
    rig.say({ type: 'synced' });
    rig.passAlive(120_000);
    expect(rig.incidents()).toEqual([]);
    expect(rig.site()).toMatchObject({ status: 'nominal', services: {} });
  });

  test('an experiment that nobody desires may crash: it is shown, and is no incident', () => {
    const rig = new ObserverRig();
    rig.watch(['web']);
    rig.health('experiment', 'down');
    rig.event('containers_not_running', { service: 'experiment' });
    rig.passAlive(120_000);
    expect(rig.doc('world/services/vps/experiment')).toMatchObject({ status: 'down', desired: 'no' });
    expect(rig.incidents()).toEqual([]);
    expect(rig.site()).toMatchObject({ status: 'nominal' });
  });

  test('a service that is not monitored has its incidents, and does not decide over the site', () => {
    const rig = new ObserverRig();
    rig.watch(['web']);
    rig.desire(['web', { name: 'lab', monitor: false }]);
    rig.health('lab', 'down');
    rig.event('containers_not_running', { service: 'lab' });
    rig.passAlive(120_000);
    expect(rig.incidents()).toHaveLength(1);
    expect(rig.site()).toMatchObject({ status: 'nominal', incidents_active: 1 });
  });

  test('a service that leaves the desired state takes its incidents and its document with it', () => {
    const rig = new ObserverRig();
    rig.watch(['web', 'db']);
    rig.health('db', null);
    rig.passAlive(40_000);
    expect(rig.incidents()).toHaveLength(1);
    rig.desire(['web']);
    expect(rig.incidents('resolved')).toMatchObject([{ resolved_by: 'service_undesired' }]);
    expect(rig.doc('world/services/vps/db')).toBeUndefined();
  });
});

describe('what arrives twice, early or not at all', () => {
  test('resent events change nothing, and the cursor is said again so that the sender stops', () => {
    const rig = new ObserverRig();
    rig.watch();
    const event = rig.event('containers_not_running', { service: 'web' });
    rig.pass(1_000);
    const told = rig.cursors.length;
    rig.say({ type: 'event', event });
    rig.pass(1_000);
    expect(rig.lines.filter(({ type }) => type === 'containers_not_running')).toHaveLength(1);
    expect(rig.cursors.length).toBe(told + 1);
    expect(rig.cursors.at(-1)?.positions).toEqual({ 'node-agent': { urgent: 1, info: 0 } });
  });

  test('an event beyond a hole waits for its sender to repeat what is missing', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('outbox_dropped', { seq: 1 });
    rig.event('outbox_dropped', { seq: 3 });
    rig.event('outbox_dropped', { seq: 2 });
    rig.event('outbox_dropped', { seq: 3 });
    expect(rig.lines.filter(({ type }) => type === 'outbox_dropped').map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(rig.state.counts.holes).toBe(1);
  });

  test('the cursor moves only when the disk has the event, and at most every 200 ms', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.isPrompt = false;
    rig.event('outbox_dropped');
    rig.pass(5_000);
    expect(rig.cursors).toEqual([]);
    rig.store();
    rig.event('outbox_dropped');
    rig.store();
    expect(rig.cursors.map(({ positions }) => positions['node-agent']?.urgent)).toEqual([1]);
    rig.pass(200);
    expect(rig.cursors.map(({ positions }) => positions['node-agent']?.urgent)).toEqual([1, 2]);
  });

  test('events of a node of another site are stored, acknowledged and not judged', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.desire(['zigbee2mqtt'], { node: 'chelsty-infra', site: 'chelsty' });
    rig.event('containers_not_running', { node: 'chelsty-infra', service: 'zigbee2mqtt' });
    rig.passAlive(300_000);
    expect(rig.incidents()).toEqual([]);
    expect(rig.cursors.at(-1)?.node).toBe('chelsty-infra');
    expect([...rig.held.keys()].filter((topic) => topic.includes('chelsty'))).toEqual([]);
    expect(rig.lines.filter(({ node }) => node === 'chelsty-infra').map(({ type }) => type)).toEqual(['containers_not_running']);
  });

  test('a node name that no file system can hold is refused, and nothing else stops', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('outbox_dropped', { node: 'ż'.repeat(128) });
    rig.event('outbox_dropped');
    expect(rig.types().filter((type) => type === 'outbox_dropped')).toHaveLength(1);
    expect(rig.state.counts.refused).toBe(1);
  });
});
