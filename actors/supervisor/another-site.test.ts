/** What the hub makes of another site: the real observer and supervisor beside documents and events that the site's bridge brings, while its link is there, and while it is not. */
import { describe, expect, test } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { ObservedSupervisor } from '../../test/kit/observed-supervisor.ts';
import { ObserverRig } from '../../test/kit/observer-rig.ts';
import { iso } from '../../test/kit/supervisor-world.ts';
import { usualHaRules } from './judge-home-assistant.ts';

const minute = 60_000;
const hour = 60 * minute;
const rules = { ...usualHaRules, shadowMode: false };
const site = 'chelsty';
const edge = 'chelsty-infra';

/** What stands at the hub's broker: its own node, and what the bridge brought, with trouble in it. */
function stand(hub: ObservedSupervisor, broughtMs: number): ObservedSupervisor {
  const { observer, supervisor } = hub;
  const services = [
    { name: 'mosquitto', origin: 'declared' },
    { name: 'zigbee2mqtt', origin: 'declared' },
    { name: 'homeassistant', origin: 'declared' },
  ] as const;
  const agents = ['node-agent', 'executor', 'ha-diag-agent'];
  observer.desire(services, { node: edge, site, agents, uplink: { kind: 'lte', quiet_ms: 15 * minute } });
  supervisor.desired(services, { site, agents }, edge);
  observer.say({ type: 'worldNode', node: edge, site });
  supervisor.put(topics.worldNode, { node: edge }, { status: 'online', engine: 'up', node: edge, site, since: iso(broughtMs) });
  const worlds = { mosquitto: 'healthy', zigbee2mqtt: 'down', homeassistant: 'healthy' };
  for (const [service, status] of Object.entries(worlds)) {
    observer.health(service, status, { node: edge, since: iso(broughtMs), ts: iso(broughtMs) });
    supervisor.put(topics.worldService, { node: edge, service }, { status, node: edge, service, site, since: iso(broughtMs), desired: 'declared' });
  }
  supervisor.incident({ site, id: `inc-1-${edge}-zigbee2mqtt-down` }, 'zigbee2mqtt', edge);
  observer.heartbeat(edge, { ts: iso(broughtMs), services_count: 3 }, { retained: true });
  return hub.declare('vps', [{ name: 'web' }]);
}

const begin = (): ObservedSupervisor => {
  const hub = stand(new ObservedSupervisor(rules), new ObserverRig().now).synced();
  hub.observer.link('up');
  return hub.pass(30_000);
};

function restarted(before: ObservedSupervisor, broughtMs: number): ObservedSupervisor {
  const observer = new ObserverRig({}, before.observer.remembered());
  observer.now = before.now;
  const hub = stand(new ObservedSupervisor(rules, observer), broughtMs);
  observer.link('down', { retained: true });
  return hub.synced();
}

/** Topics of documents that the observer has written, but those of its own node. */
const written = ({ observer }: ObservedSupervisor): readonly string[] =>
  [...observer.sent.keys()].filter((topic) => topic !== 'world/sites/hub' && !topic.includes('/vps'));

function expectSilence(hub: ObservedSupervisor): void {
  expect(hub.supervisor.proposed).toEqual([]);
  expect(hub.supervisor.withdrawn).toEqual([]);
  expect([...hub.supervisor.decisions.keys()]).toEqual(['vps']);
  expect(written(hub).filter((topic) => !topic.startsWith('world/incidents/site-chelsty/'))).toEqual([]);
  expect(hub.observer.incidents().filter(({ kind }) => kind !== 'link_down')).toEqual([]);
  expect(hub.observer.lines.filter(({ node, source }) => node === edge && source === 'observer-derived')).toEqual([]);
}

describe('another site behind a dead link', () => {
  test('has one incident at the hub, of its link, and nothing else for days', () => {
    const hub = begin();
    hub.observer.link('down');
    hub.pass(14 * minute);
    expect(written(hub)).toEqual([]);
    expect(hub.observer.site()).toMatchObject({ status: 'nominal' });
    hub.pass(3 * hour);
    expect(hub.observer.incidents()).toMatchObject([{ node: 'site-chelsty', kind: 'link_down', severity: 'warning', consequences_count: 0 }]);
    expect(hub.observer.site()).toMatchObject({ status: 'degraded', incidents_active: 1, nodes: { online: 1 }, services: { healthy: 1 } });
    expectSilence(hub);
  });

  test('has no more after a restart of observer and supervisor in the middle, and one after its quiet time', () => {
    const first = begin();
    first.observer.link('down');
    const broughtMs = first.now;
    const second = restarted(first.pass(5 * minute), broughtMs).pass(5 * minute);
    expect(second.observer.incidents()).toEqual([]);
    const third = restarted(second, broughtMs).pass(6 * minute);
    expect(third.observer.incidents()).toMatchObject([{ kind: 'link_down', started_at: iso(broughtMs) }]);
    const fourth = restarted(third, broughtMs).pass(3 * hour);
    expect(fourth.observer.incidents()).toHaveLength(1);
    for (const hub of [second, third, fourth]) expectSilence(hub);
  });
});

describe('events of another site that arrive hours late', () => {
  const late = (hub: ObservedSupervisor, agoMs: number): void => {
    const said = { node: edge, tsMs: hub.now - agoMs };
    const { observer, supervisor } = hub;
    observer.event('containers_not_running', { ...said, service: 'mosquitto' });
    observer.event('service_unhealthy', { ...said, service: 'homeassistant' });
    observer.event('mqtt_unreachable', { ...said, service: 'mosquitto', source: 'stability-agent' });
    observer.event('upstream_unreachable', { ...said, source: 'stability-agent' });
    observer.event('disk_usage_high', { ...said, source: 'stability-agent' });
    observer.event('engine_unreachable', said);
    observer.event('ha_websocket_dead', { ...said, service: 'homeassistant', source: 'ha-diag-agent' });
    supervisor.event('ha_websocket_dead', { node: edge, agoMs, payload: { target_node: edge } });
  };

  test('are stored, acknowledged, and nothing more', () => {
    for (const agoMs of [0, 5 * hour]) {
      const hub = begin();
      const before = hub.observer.lines.length;
      late(hub, agoMs);
      hub.observer.link('up');
      hub.pass(2 * minute);
      expect(hub.observer.lines.slice(before).filter(({ node }) => node === edge)).toHaveLength(7);
      expect(hub.observer.cursors.filter(({ node }) => node === edge).at(-1)?.positions).toMatchObject({
        'node-agent': { urgent: 3 },
        'stability-agent': { urgent: 3 },
        'ha-diag-agent': { urgent: 1 },
      });
      hub.pass(minute);
      expectSilence(hub);
      expect(hub.observer.site()).toMatchObject({ status: 'nominal', incidents_active: 0 });
    }
  });
});

test('a node of another site of which nothing is desired here is known by what its own observer says of it', () => {
  const rig = new ObserverRig();
  rig.say({ type: 'worldNode', node: 'cabin-1', site: 'cabin' });
  rig.heartbeat('cabin-1');
  rig.health('heating', 'down', { node: 'cabin-1' });
  rig.watch();
  rig.event('containers_not_running', { node: 'cabin-1', service: 'heating' });
  rig.heartbeat('cabin-1', { status: 'offline' }, { will: true });
  rig.passAlive(10 * minute);
  expect([...rig.held.keys()].filter((topic) => topic.includes('cabin-1'))).toEqual([]);
  expect(rig.site()).toMatchObject({ status: 'nominal', nodes: { online: 1 } });
});
