/** Random lives of the observer: whatever happened, the store alone gives the same world again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';
import { advance, applyEvent } from './apply.ts';
import { allKeys, documentFor } from './documents.ts';
import type { RememberedNode } from './state.ts';
import { parseStoredLine } from './stored-event.ts';
import { createWorld, type NodeWorld, serialiseWorlds, worldOf } from './world.ts';

const nodes = ['vps', 'piha'];
const services = ['web', 'db', 'constructor'];
const types = [
  'service_healthy',
  'containers_not_running',
  'service_unhealthy',
  'service_stopped',
  'service_removed',
  'disk_usage_high',
  'disk_usage_normal',
  'engine_unreachable',
  'engine_recovered',
  'mqtt_unreachable',
  'mqtt_reachable',
  'zigbee_bridge_offline',
  'node_offline',
  'deployment_started',
  'deployment_failed',
  'incident_resolved',
  'something_unheard_of',
];

const node = fc.constantFrom(...nodes);
const service = fc.constantFrom(...services);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('event' as const),
      node,
      service,
      type: fc.constantFrom(...types),
      skewMs: fc.integer({ min: -90_000, max: 5_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('again' as const), back: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hole' as const), node, service }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('health' as const),
      node,
      service,
      status: fc.constantFrom('healthy', 'down', 'unhealthy', 'stopped', 'starting', null),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('heartbeat' as const), node, status: fc.constantFrom('online', 'degraded', 'offline') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('desire' as const), node, wanted: fc.subarray(services) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 60_000 }) }, fc.integer({ min: 60_000, max: 3_600_000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), ms: fc.integer({ min: 0, max: 200_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('link' as const), status: fc.constantFrom('up', 'degraded', 'down', 'down', null), retained: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lazy' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** They need each other, also across nodes and in a circle. */
const needs: Readonly<Record<string, readonly string[]>> = { web: ['vps/db', 'piha/db'], db: ['vps/constructor'], constructor: ['piha/web'] };
const wantedOf = (names: readonly string[]): Record<string, unknown>[] =>
  names.map((name) => ({
    name,
    depends_on: needs[name],
    ...(name === 'db' ? { origin: 'adopted' } : {}),
    ...(name === 'web' ? { offline_required: true } : {}),
  }));

function live(steps: readonly Step[]): ObserverRig {
  const rig = new ObserverRig();
  const sent: ReturnType<ObserverRig['event']>[] = [];
  for (const each of nodes) rig.desire(wantedOf(['web', 'db']), { node: each });
  rig.say({ type: 'synced' });
  for (const each of steps) {
    switch (each.do) {
      case 'event':
        sent.push(
          rig.event(each.type, {
            node: each.node,
            service: each.type.includes('disk') ? null : each.service,
            tsMs: rig.now + each.skewMs,
            correlation_id: each.service,
          }),
        );
        break;
      case 'again': {
        const event = sent.at(-1 - each.back);
        if (event !== undefined) rig.say({ type: 'event', event });
        break;
      }
      case 'hole':
        rig.say({ type: 'event', event: { ...rig.event('outbox_dropped', { node: each.node }), seq: 999_999 } });
        break;
      case 'health':
        rig.health(each.service, each.status, { node: each.node });
        break;
      case 'heartbeat':
        rig.heartbeat(each.node, { status: each.status, engine: each.status === 'degraded' ? 'unreachable' : 'up' }, { will: each.status === 'offline' });
        break;
      case 'desire':
        rig.desire(wantedOf(each.wanted), { node: each.node });
        break;
      case 'pass':
        rig.pass(each.ms);
        break;
      case 'reconnect':
        rig.say({ type: 'disconnected' });
        rig.pass(each.ms);
        rig.say({ type: 'synced' });
        break;
      case 'link':
        rig.link(each.status, { retained: each.retained });
        break;
      case 'lazy':
        // From here on the disk takes its time until the next of these.
        rig.isPrompt = !rig.isPrompt;
        if (rig.isPrompt) {
          rig.store();
          rig.settle();
        }
        break;
    }
  }
  rig.isPrompt = true;
  rig.store();
  rig.settle();
  // What waits for its node to speak has waited.
  rig.pass(1_000);
  return rig;
}

const linesOf = (rig: ObserverRig): string[] => rig.lines.map((line) => JSON.stringify(line));

function replay(lines: readonly string[], worlds = new Map<string, NodeWorld>()): Map<string, NodeWorld> {
  for (const line of lines) {
    const { node: name } = JSON.parse(line) as { node: string };
    const world = worlds.get(name) ?? createWorld(name);
    worlds.set(name, world);
    const parsed = parseStoredLine(line, name, new Set());
    if (!parsed.ok) throw new Error(parsed.reason);
    if (advance(world, parsed.event)) applyEvent(world, parsed.event);
  }
  return worlds;
}

const worldsOf = (rig: ObserverRig): Map<string, NodeWorld> =>
  new Map([...rig.state.nodes].filter(([, each]) => each.world.positions.size > 0).map(([name, each]) => [name, each.world]));

const lives = fc.array(step, { maxLength: 80 });

test('replaying the store gives the world that the live observer had', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      const rig = live(steps);
      expect(rig.quarantined).toEqual([]);
      expect(serialiseWorlds(replay(linesOf(rig)))).toBe(serialiseWorlds(worldsOf(rig)));
    }),
    { numRuns: 100 },
  );
});

test('lines that are in the store twice change nothing', () => {
  fc.assert(
    fc.property(lives, fc.integer({ min: 0, max: 200 }), (steps, cutAt) => {
      const lines = linesOf(live(steps));
      const twice = [...lines.slice(0, cutAt), ...lines.slice(Math.max(0, cutAt - 7))];
      expect(serialiseWorlds(replay(twice))).toBe(serialiseWorlds(replay(lines)));
    }),
  );
});

test('a checkpoint and the lines after its position give the same world as all lines', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      const rig = live(steps);
      const worlds = new Map([...rig.checkpoints].map(([name, { world }]) => [name, worldOf(JSON.parse(JSON.stringify(world)))]));
      const after = rig.lines.filter((line, at) => at >= (rig.checkpoints.get(line.node)?.position.offset ?? 0)).map((line) => JSON.stringify(line));
      expect(serialiseWorlds(replay(after, worlds))).toBe(serialiseWorlds(replay(linesOf(rig))));
    }),
  );
});

test('documents computed step by step are those computed from nothing', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      const rig = live(steps);
      for (const live of rig.state.nodes.values()) {
        const whole = [...allKeys(live)].map((key) => documentFor(rig.state, live, key, rig.now)).filter((each) => each !== null);
        expect(new Map(live.published)).toEqual(new Map(whole.map((each) => [each.key, each])));
      }
    }),
  );
});

test('a restarted observer that is told the same retained documents publishes the same documents', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      const before = live(steps);
      const remembered = new Map<string, RememberedNode>([...replay(linesOf(before))].map(([name, world]) => [name, { world, position: null }]));
      const after = new ObserverRig({}, remembered);
      // What has to be told in time is told at its time: the overlay of the same health.
      for (const [name, was] of before.state.nodes) {
        if (was.desired !== null) after.say({ type: 'desired', node: name, doc: was.desired });
        for (const [each, { doc }] of was.services) after.say({ type: 'serviceHealth', node: name, service: each, doc });
        after.now = was.heardAtMs ?? before.now;
        if (was.health !== null) after.say({ type: 'nodeHealth', node: name, doc: was.health.doc, will: false, retained: false });
        const told = after.state.nodes.get(name);
        if (told !== undefined) told.heardAtMs = was.heardAtMs;
      }
      for (const [site, { doc = null }] of before.state.links) after.say({ type: 'link', site, doc, retained: true });
      after.now = before.state.syncedAtMs;
      after.isPrompt = false;
      after.say({ type: 'synced' });
      after.now = before.now;
      for (const [site, was] of before.state.links) {
        after.state.links.set(site, { ...was, shown: 'unknown' });
        after.state.isSummaryDirty = true;
        after.say({ type: 'link', site, doc: was.doc ?? null, retained: !was.isDownHeard });
      }
      after.say({ type: 'wake' });
      const world = (rig: ObserverRig): [string, unknown][] =>
        [...rig.held].filter(([topic]) => !topic.startsWith('world/sites/')).sort(([a], [b]) => (a < b ? -1 : 1));
      expect(world(after)).toEqual(world(before));
      expect(after.site()).toEqual(before.site());
    }),
    { numRuns: 100 },
  );
});

test('whatever hangs on what: while something is wrong there is an incident that stands by itself, and no cause without end', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      const rig = live(steps);
      for (const each of nodes) rig.desire(wantedOf(services), { node: each });
      rig.say({ type: 'synced' });
      for (let turn = 0; turn < 8; turn += 1) {
        for (const each of nodes) rig.heartbeat(each);
        rig.pass(30_000);
      }
      const isWrong = [...rig.held].some(
        ([topic, doc]) => topic.startsWith('world/services/') && ['down', 'unhealthy', 'missing'].includes(String(doc['status'])),
      );
      const active = rig.incidents();
      if (isWrong) expect(active.filter(({ suppressed_by }) => suppressed_by === null)).not.toEqual([]);
      const ids = new Set(active.map(({ id }) => id));
      for (const { suppressed_by } of active) if (suppressed_by !== null) expect(ids).toContain(suppressed_by);
    }),
    { numRuns: 100 },
  );
});
