import { expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

test('R37: a node whose heartbeat stops is offline after three intervals, its services unknown, the site never nominal', () => {
  const rig = new ObserverRig();
  rig.watch();
  expect(rig.site()).toMatchObject({ status: 'nominal', last_update: new Date(rig.now).toISOString() });
  const lastWord = new Date(rig.now).toISOString();
  rig.pass(89_999);
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'online' });
  rig.pass(1);
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'offline', last_seen: lastWord });
  expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'unknown', last_status: 'healthy' });
  expect(rig.site()).toMatchObject({ status: 'critical', worst: 'node vps is offline', last_update: lastWord });
  rig.pass(20_000);
  expect(rig.incidents()).toMatchObject([{ kind: 'node_offline', service: null }]);
  rig.heartbeat();
  expect(rig.incidents()).toEqual([]);
  expect(rig.site()).toMatchObject({ status: 'nominal' });
});

test('a will makes a node offline at once, and its agent may come back within the grace without an incident', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.heartbeat('vps', { status: 'offline' }, { will: true });
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'offline', engine: 'up' });
  rig.pass(5_000);
  rig.heartbeat();
  rig.passAlive(120_000);
  expect(rig.types().filter((type) => type.startsWith('incident'))).toEqual([]);
  expect(rig.types()).toEqual(['node_online', 'node_offline', 'node_online']);
});

test('a node that is away explains its other incidents, until it is back', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.event('containers_not_running', { service: 'web' });
  rig.health('web', 'down');
  rig.passAlive(30_000);
  rig.heartbeat('vps', { status: 'offline' }, { will: true });
  rig.pass(20_000);
  const [down, offline] = rig.incidents();
  expect(offline).toMatchObject({ kind: 'node_offline', suppressed_by: null });
  expect(down).toMatchObject({ kind: 'down', suppressed_by: offline?.['id'] });
  expect(rig.site()).toMatchObject({ incidents_active: 1, worst: 'node vps is offline' });
  rig.heartbeat();
  rig.passAlive(19_999);
  expect(rig.incidents()).toMatchObject([{ kind: 'down', suppressed_by: offline?.['id'] }]);
  rig.pass(1);
  expect(rig.incidents()).toMatchObject([{ kind: 'down', suppressed_by: null }]);
});

test('an expected node that never reported is unknown for one TTL, then offline', () => {
  const rig = new ObserverRig();
  rig.desire(['web']);
  rig.say({ type: 'synced' });
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'unknown', last_seen: null });
  expect(rig.site()).toMatchObject({ status: 'unknown', last_update: null });
  rig.pass(90_000);
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'offline' });
  expect(rig.site()).toMatchObject({ status: 'critical' });
});

test('a retained heartbeat counts only as long ago as it says', () => {
  const rig = new ObserverRig();
  rig.desire([]);
  rig.desire([], { node: 'piha' });
  rig.heartbeat('vps', { ts: new Date(rig.now - 60_000).toISOString() }, { retained: true });
  rig.heartbeat('piha', { ts: new Date(rig.now - 3_600_000).toISOString() }, { retained: true });
  rig.say({ type: 'synced' });
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'online' });
  expect(rig.doc('world/nodes/piha')).toMatchObject({ status: 'unknown' });
  expect(rig.site()).toMatchObject({ status: 'unknown' });
  rig.pass(30_000);
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'unknown' });
  rig.pass(60_000);
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'offline' });
});

test('after the observer itself was away, nobody is offline before having had the time to speak', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.say({ type: 'disconnected' });
  rig.pass(600_000);
  expect(rig.types()).not.toContain('node_offline');
  rig.say({ type: 'synced' });
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'unknown' });
  expect(rig.site()).toMatchObject({ status: 'unknown' });
  rig.pass(30_000);
  rig.heartbeat();
  expect(rig.doc('world/nodes/vps')).toMatchObject({ status: 'online' });
  rig.passAlive(120_000);
  expect(rig.types()).not.toContain('node_offline');
});

test('a node without a node-agent is unmonitored, and its silence is no incident', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.desire([{ name: 'homeassistant', monitor: false }], { node: 'chelsty-ha', agents: [] });
  rig.passAlive(300_000);
  expect(rig.doc('world/nodes/chelsty-ha')).toMatchObject({ status: 'unmonitored' });
  expect(rig.doc('world/services/chelsty-ha/homeassistant')).toMatchObject({ status: 'unknown', monitor: false });
  expect(rig.incidents()).toEqual([]);
  expect(rig.site()).toMatchObject({ status: 'nominal', nodes: { online: 1, unmonitored: 1 } });
});

test('a site where nobody reports is unknown, not nominal', () => {
  const rig = new ObserverRig();
  rig.say({ type: 'synced' });
  expect(rig.site()).toMatchObject({ status: 'unknown', worst: 'no node reports' });
});

test('a node that nobody desires and nobody reports leaves the bus', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.desire(null);
  rig.health('web', null);
  rig.say({ type: 'nodeHealth', node: 'vps', doc: null, will: false, retained: false });
  expect([...rig.held.keys()]).toEqual(['world/sites/hub']);
});

test('pending and running actions of the site are counted', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.say({ type: 'action', topic: 'world/actions/vps/a', doc: { status: 'pending', site: 'hub' } });
  rig.say({ type: 'action', topic: 'world/actions/vps/b', doc: { status: 'running', site: 'hub' } });
  rig.say({ type: 'action', topic: 'world/actions/x/c', doc: { status: 'running', site: 'chelsty' } });
  expect(rig.site()).toMatchObject({ actions_pending: 1, actions_running: 1 });
  rig.say({ type: 'action', topic: 'world/actions/vps/b', doc: { status: 'completed', site: 'hub' } });
  expect(rig.site()).toMatchObject({ actions_pending: 1, actions_running: 0 });
});

test('deployments are followed by their correlation id, whichever lane arrives first', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.event('deployment_failed', { service: 'web', correlation_id: 'd-1', message: 'verify failed', tsMs: rig.now + 0 });
  rig.event('deployment_started', { service: 'web', correlation_id: 'd-1', tsMs: rig.now - 9_000 });
  rig.event('deployment_started', { service: 'web', correlation_id: 'not/a level' });
  expect(rig.doc('world/deployments/vps/d-1')).toMatchObject({
    status: 'failed',
    message: 'verify failed',
    started_at: new Date(rig.now - 9_000).toISOString(),
  });
  expect([...rig.held.keys()].filter((topic) => topic.startsWith('world/deployments/'))).toHaveLength(1);
});
