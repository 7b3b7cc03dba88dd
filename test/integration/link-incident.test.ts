/** The link of a site as the hub's observer hears it from a real bridge, between two brokers in memory: one incident, and the site's documents as they were. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBridgeModule } from '../../actors/bridge/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { TestClient } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

type Side = 'hub' | 'cabin';
const sides = ['hub', 'cabin'] as const;
const nodes = { hub: 'vps', cabin: 'cabin-1' } as const;

let dir: string;
let brokers: Record<Side, MemoryBroker>;
let watchers: Record<Side, TestClient>;
let running: RunningActor[];

function run(side: Side, module: ActorModule, onGaveUp: (error: Error) => void = () => undefined): RunningActor {
  const options = { node: nodes[side], site: side, root: 'homelab', transport: brokers[side].transport(), dataRoot: join(dir, side) };
  const actor = new RunningActor({ ...options, module, clock: systemClock, log: silentLog, random: () => 0, version: '0.0.1', onGaveUp });
  actor.start();
  running.push(actor);
  return actor;
}

function bridge(): RunningActor {
  const near = brokers.cabin.transport();
  const transports = { near, local: near, far: brokers.hub.transport() };
  return run('cabin', createBridgeModule({ transports, ports: { standby: null }, root: 'homelab', hubSite: 'hub', random: () => 0 }));
}

/** The documents that a broker holds, by topic without the root. */
function held(side: Side, prefix: string): ReadonlyMap<string, Record<string, unknown>> {
  const found = new Map<string, Record<string, unknown>>();
  for (const { topic, text } of watchers[side].seen) {
    const relative = topic.slice('homelab/'.length);
    if (!relative.startsWith(prefix)) continue;
    if (text === '') found.delete(relative);
    else found.set(relative, JSON.parse(text) as Record<string, unknown>);
  }
  return found;
}
const until = (what: string, side: Side, condition: () => boolean): Promise<unknown> =>
  waitFor(what, condition, { emitter: watchers[side], deadlineMs: 30_000, state: () => JSON.stringify([...held(side, 'world/')]) });
const hubIncidents = (): readonly string[] =>
  [...held('hub', 'world/incidents/')].map(([topic, doc]) => [topic.split('/')[2], doc['kind'], doc['status']].map(String).join(' '));
const hubSees = (): unknown => (held('hub', 'world/sites/hub').get('world/sites/hub')?.['links'] as { readonly status: string }[] | undefined)?.[0]?.status;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-link-'));
  brokers = { hub: new MemoryBroker(), cabin: new MemoryBroker() };
  running = [];
  const watcher = (side: Side) => TestClient.connect(brokers[side].transport(), { clientId: 'watcher' });
  watchers = { hub: await watcher('hub'), cabin: await watcher('cabin') };
  const head = { summary: '', ts: new Date().toISOString(), session: 1, rev: 1 };
  const say = (side: Side, topic: string, body: object) =>
    watchers[side].link.publish(`homelab/${topic}`, JSON.stringify({ ...head, ...body }), { retain: true });
  for (const side of sides) {
    await watchers[side].link.subscribe(['homelab/#']);
    const uplink = { kind: 'lte', quiet_ms: 0 };
    const services = [{ name: 'heating', origin: 'declared' }];
    await say(side, 'desired/cabin-1', { status: 'declared', node: 'cabin-1', site: 'cabin', agents: ['node-agent'], services, uplink });
    run(side, createObserverModule({ incidentGraceMs: 0 }));
  }
  await say('cabin', 'health/cabin-1', { status: 'online', node: 'cabin-1', engine: 'up', heartbeat_ms: 30_000, services_count: 1 });
  await say('cabin', 'health/cabin-1/heating', { status: 'healthy', node: 'cabin-1', service: 'heating', reason: 'running', since: head.ts });
});
afterEach(async () => {
  for (const actor of running) await actor.stop();
  for (const side of sides) {
    await watchers[side].link.close();
    brokers[side].stop();
  }
  rmSync(dir, { recursive: true, force: true });
});

it('a cut is one incident at the hub, ends with it, and changes no document of the site', async () => {
  bridge();
  await until('the link to be up', 'hub', () => hubSees() === 'up' && held('hub', 'world/services/cabin-1').size === 1);
  expect(hubIncidents()).toEqual([]);
  const before = held('hub', 'world/services/cabin-1');
  expect(before.get('world/services/cabin-1/heating')).toMatchObject({ site: 'cabin', status: 'healthy' });

  await running.pop()?.stop();
  await until('the incident', 'hub', () => hubIncidents().length > 0);
  expect(hubIncidents()).toEqual(['site-cabin link_down active']);
  await until('the summary', 'hub', () => hubSees() === 'down');
  expect(held('hub', 'world/sites/hub').get('world/sites/hub')).toMatchObject({ incidents_active: 1 });
  expect(held('hub', 'world/services/cabin-1')).toEqual(before);
  expect(held('hub', 'world/nodes/cabin-1').get('world/nodes/cabin-1')).toMatchObject({ site: 'cabin', status: 'online' });

  bridge();
  await until('its end', 'hub', () => hubSees() === 'up' && hubIncidents().join() === 'site-cabin link_down resolved');
  expect([...held('cabin', 'world/incidents/')].filter(([topic]) => !topic.includes('site-cabin'))).toEqual([]);
});

it.each([
  ['its agent says which', { site: 'cabin' }],
  ['its agent does not say, so that it was taken for one of the hub at first', {}],
])('a node that nobody declared at the hub is left to its site: %s', async (_, says) => {
  const head = { summary: '', ts: new Date().toISOString(), session: 1, rev: 1 };
  const gaveUp: Error[] = [];
  await running.shift()?.stop();
  // The hub has never heard of this node.
  await watchers.hub.link.publish('homelab/desired/cabin-1', '', { retain: true });
  running.unshift(run('hub', createObserverModule({ incidentGraceMs: 0 }), (error) => gaveUp.push(error)));
  await watchers.cabin.link.publish(
    'homelab/health/cabin-2',
    JSON.stringify({ ...head, status: 'online', node: 'cabin-2', engine: 'up', heartbeat_ms: 30_000, services_count: 1, ...says }),
    { retain: true },
  );
  await watchers.cabin.link.publish(
    'homelab/health/cabin-2/lamp',
    JSON.stringify({ ...head, status: 'healthy', node: 'cabin-2', service: 'lamp', reason: 'running', since: head.ts }),
    { retain: true },
  );
  await until('the site to know it', 'cabin', () => held('cabin', 'world/services/cabin-2').size === 1);
  bridge();
  const same = (): boolean => {
    const there = held('cabin', 'world/services/cabin-2').get('world/services/cabin-2/lamp');
    const here = held('hub', 'world/services/cabin-2').get('world/services/cabin-2/lamp');
    return here !== undefined && here['session'] === there?.['session'] && here['site'] === 'cabin';
  };
  await until('the hub to show it as the site does', 'hub', same);
  await until('the link to be up', 'hub', () => hubSees() === 'up');
  expect(gaveUp).toEqual([]);
  expect(held('hub', 'manifests/vps/').get('manifests/vps/observer')?.['topics']).not.toContain('world/services/cabin-2/lamp');
});
