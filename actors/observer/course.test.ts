/** The course of an incident at its edges: severity, evidence, expiry, orphans, the size of its document. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Heartbeats far apart, so that days pass quickly. */
const slow = { heartbeatMs: 1e10 } as const;
const slowly = { heartbeat_ms: 10_000_000_000 } as const;

function watchSlowly(rig: ObserverRig, services: readonly (string | Record<string, unknown>)[] = ['web']): void {
  rig.desire(services);
  for (const each of services) rig.health(typeof each === 'string' ? each : String(each['name']), 'healthy');
  rig.heartbeat('vps', slowly);
  rig.say({ type: 'synced' });
}

describe('severity', () => {
  test('louder evidence escalates at once, quieter evidence does not take it back', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('disk_usage_high', { source: 'stability-agent' });
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ severity: 'warning' }]);
    rig.event('disk_usage_high', { source: 'stability-agent', severity: 'error' });
    rig.event('disk_usage_high', { source: 'stability-agent' });
    expect(rig.incidents()).toMatchObject([{ severity: 'error', occurrence_count: 3, timeline: [{ what: 'opened' }, { what: 'escalated', detail: 'error' }] }]);
  });

  test('a warning of something that people go without is an error after a day', () => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig);
    rig.event('upstream_unreachable', { source: 'stability-agent' });
    rig.pass(20_000);
    expect(rig.incidents()).toMatchObject([{ severity: 'warning' }]);
    rig.pass(day - 1);
    expect(rig.incidents()).toMatchObject([{ severity: 'warning' }]);
    expect(rig.site()).toMatchObject({ status: 'degraded' });
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([{ severity: 'error' }]);
    expect(rig.site()).toMatchObject({ status: 'critical' });
    rig.pass(3 * day);
    expect(rig.incidents()).toMatchObject([{ severity: 'error' }]);
  });

  test.each(['disk_usage_high', 'high_memory', 'high_cpu', 'high_io', 'clock_offset_high', 'tailscale_peer_lost'])(
    '%s is as bad as its figures, however old it is, and makes no site critical',
    (type) => {
      const rig = new ObserverRig(slow);
      watchSlowly(rig);
      rig.event(type, { source: 'stability-agent' });
      rig.pass(6 * day);
      expect(rig.incidents()).toMatchObject([{ severity: 'warning' }]);
      expect(rig.site()).toMatchObject({ status: 'degraded' });
      rig.event(type, { source: 'stability-agent', severity: 'error' });
      expect(rig.incidents()).toMatchObject([{ severity: 'error' }]);
      expect(rig.site()).toMatchObject({ status: 'critical' });
    },
  );

  test.each([
    ['what must work offline', { name: 'web', offline_required: true }, 'critical'],
    ['anything else', { name: 'web' }, 'error'],
  ])('an error of %s, a quarter of an hour after it opened', (_, wanted, severity) => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig, [wanted]);
    rig.health('web', 'down');
    rig.event('containers_not_running', { service: 'web' });
    rig.pass(20_000 + 15 * minute - 1);
    expect(rig.incidents()).toMatchObject([{ severity: 'error' }]);
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([{ severity }]);
  });

  test('a node that takes with it what must work offline is critical after the same time', () => {
    const rig = new ObserverRig();
    rig.desire([{ name: 'heating', offline_required: true }]);
    rig.health('heating', 'healthy');
    rig.heartbeat();
    rig.say({ type: 'synced' });
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.pass(20_000 + 15 * minute - 1);
    expect(rig.incidents()).toMatchObject([{ severity: 'error' }]);
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([{ severity: 'critical' }]);
  });

  test('a consequence gets no worse with time; the quarter of an hour begins when it stands by itself', () => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig, ['db', { name: 'web', offline_required: true, depends_on: ['vps/db'] }]);
    rig.health('web', 'unhealthy');
    rig.event('healthcheck_failed', { service: 'web' });
    rig.pass(minute);
    rig.health('db', 'down');
    rig.event('containers_not_running', { service: 'db' });
    const web = () => rig.incidents().find(({ service }) => service === 'web');
    rig.pass(hour);
    expect(web()).toMatchObject({ severity: 'error', suppressed_by: expect.any(String) });
    rig.health('db', 'healthy');
    rig.event('service_healthy', { service: 'db' });
    rig.pass(20_000 + 15 * minute - 1);
    expect(web()).toMatchObject({ severity: 'error', suppressed_by: null });
    rig.pass(1);
    expect(web()).toMatchObject({ severity: 'critical' });
  });
});

test('a restart loop shows its count and exit code as they go on, though no event tells of them', () => {
  const rig = new ObserverRig();
  rig.watch();
  const loop = (count: number): void => {
    rig.health('web', 'down', {
      reason: 'restarting',
      restart_count: count,
      exit_code: count,
      summary: `it keeps exiting, exit code ${count}, ${count} restarts`,
    });
  };
  loop(3);
  rig.event('containers_not_running', { service: 'web', message: 'it keeps exiting, exit code 3, 3 restarts' });
  rig.passAlive(30_000);
  expect(rig.incidents()).toMatchObject([{ summary: 'it keeps exiting, exit code 3, 3 restarts', occurrence_count: 1 }]);
  loop(9);
  expect(rig.incidents()).toMatchObject([{ summary: 'it keeps exiting, exit code 9, 9 restarts', occurrence_count: 1 }]);
});

test('an incident takes over the correlation of later evidence when it had none', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.health('web', 'down');
  rig.event('containers_not_running', { service: 'web' });
  rig.event('containers_not_running', { service: 'web', correlation_id: 'deploy-7' });
  rig.passAlive(30_000);
  expect(rig.incidents()).toMatchObject([{ correlation_id: 'deploy-7', occurrence_count: 2 }]);
});

describe('expiry', () => {
  test('an active incident of which nothing is heard for seven days is given up', () => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig);
    rig.event('zigbee_bridge_offline', { service: 'web', source: 'stability-agent' });
    rig.pass(20_000);
    const expiresAt = new Date(rig.now + 7 * day).toISOString();
    expect(rig.incidents()).toMatchObject([{ kind: 'zigbee', expires_at: expiresAt }]);
    rig.pass(7 * day - 1);
    expect(rig.incidents()).toHaveLength(1);
    rig.pass(1);
    expect(rig.incidents()).toEqual([]);
    expect(rig.incidents('resolved')).toMatchObject([{ resolved_by: 'incident_expired', expires_at: new Date(rig.now + 7 * day).toISOString() }]);
  });

  test('a word in the last moment keeps it for another seven days', () => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig);
    rig.event('disk_usage_high', { source: 'stability-agent' });
    rig.pass(20_000 + 7 * day - 1);
    rig.event('disk_usage_high', { source: 'stability-agent' });
    rig.pass(7 * day - 1);
    expect(rig.incidents()).toHaveLength(1);
    rig.pass(1);
    expect(rig.incidents()).toEqual([]);
  });

  test('what health goes on showing is never given up', () => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig);
    rig.health('web', 'down');
    rig.event('containers_not_running', { service: 'web' });
    rig.pass(30 * day);
    expect(rig.incidents()).toMatchObject([{ kind: 'down', expires_at: null }]);
  });

  test('a node that stays away stays an incident', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.pass(30 * day);
    expect(rig.incidents()).toMatchObject([{ kind: 'node_offline' }]);
  });

  test('an observer that was away for weeks first hears what is on its way', () => {
    const rig = new ObserverRig(slow);
    watchSlowly(rig);
    rig.event('disk_usage_high', { source: 'stability-agent' });
    rig.pass(30_000);
    rig.say({ type: 'disconnected' });
    rig.pass(20 * day);
    rig.say({ type: 'synced' });
    rig.pass(5 * minute - 1);
    expect(rig.incidents()).toHaveLength(1);
    rig.pass(1);
    expect(rig.incidents()).toEqual([]);
  });
});

describe('orphans', () => {
  test('R23: an incident of a machine that nobody knows ends five minutes after the last word of it', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('disk_usage_high', { node: 'old-box', source: 'stability-agent' });
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ node: 'old-box' }]);
    rig.passAlive(5 * minute - 10_001);
    expect(rig.incidents()).toHaveLength(1);
    rig.pass(1);
    expect(rig.incidents()).toEqual([]);
  });

  test('troubles of a site itself are no orphans', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.event('link_down', { node: 'site-chelsty', source: 'bridge' });
    rig.passAlive(hour);
    expect(rig.incidents()).toMatchObject([{ node: 'site-chelsty', kind: 'link_down' }]);
  });

  test('a broker that left the desired state takes its incident with it', () => {
    const rig = new ObserverRig();
    rig.watch(['mosquitto', 'web']);
    rig.event('mqtt_unreachable', { service: 'mosquitto', source: 'stability-agent' });
    rig.passAlive(30_000);
    expect(rig.incidents()).toHaveLength(1);
    rig.health('mosquitto', null);
    rig.desire(['web']);
    rig.heartbeat();
    expect(rig.incidents()).toEqual([]);
  });
});

test('R24: what is resolved is neither counted nor pointed to', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.health('web', 'down');
  rig.event('containers_not_running', { service: 'web' });
  rig.passAlive(30_000);
  expect(rig.site()).toMatchObject({ incidents_active: 1 });
  rig.health('web', 'healthy');
  rig.event('service_healthy', { service: 'web' });
  expect(rig.incidents('resolved')).toHaveLength(1);
  expect(rig.site()).toMatchObject({ incidents_active: 0, status: 'nominal' });
  expect(rig.doc('world/services/vps/web')).toMatchObject({ incident_id: null });
  expect(rig.doc('world/nodes/vps')).toMatchObject({ incident_id: null });
});

test('R34: what Home Assistant reports of itself while its container is down is no further incident', () => {
  const rig = new ObserverRig();
  rig.watch(['homeassistant']);
  rig.health('homeassistant', 'down');
  rig.event('containers_not_running', { service: 'homeassistant' });
  for (const type of ['ha_websocket_dead', 'ha_integration_failed', 'ha_automation_failing', 'ha_recorder_lag'])
    for (let n = 0; n < 20; n += 1) rig.event(type, { service: 'homeassistant', source: 'ha-diag-agent' });
  rig.passAlive(minute);
  expect(rig.incidents()).toMatchObject([{ kind: 'down', occurrence_count: 1 }]);
});

test('the largest document of an incident: everything full, below 4 kB', () => {
  const rig = new ObserverRig();
  const name = 'a-service-with-a-rather-long-name';
  rig.desire([name, ...Array.from({ length: 40 }, (_, at) => ({ name: `${name}-${at}`, depends_on: [`vps/${name}`] }))]);
  rig.heartbeat();
  rig.say({ type: 'synced' });
  for (let turn = 0; turn < 30; turn += 1) {
    rig.health(name, 'down', { summary: 'x'.repeat(400) });
    rig.event('containers_not_running', { service: name, message: 'x'.repeat(400) });
    for (let at = 0; at < 40; at += 1) rig.event('healthcheck_failed', { service: `${name}-${at}` });
    rig.passAlive(30_000);
  }
  const [incident] = rig.incidents();
  expect(incident).toMatchObject({ consequences_count: 40 });
  expect(JSON.stringify(incident).length).toBeLessThan(4_000);
});
