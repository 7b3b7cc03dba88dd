/** An approval that crosses a real bridge between two brokers in memory: from a person at the hub to the action of the site, and back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBridgeModule } from '../../actors/bridge/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { TestClient } from '../kit/conformance-brokers.ts';
import { desiredNode } from '../kit/ledger-desk.ts';
import { waitFor } from '../kit/wait.ts';

const id = 'container-restart-cabin-1-web';
type Side = 'hub' | 'cabin';
const nodes = { hub: 'vps', cabin: 'cabin-1' } as const;

let dir: string;
let brokers: Record<Side, MemoryBroker>;
let people: Record<Side, TestClient>;
let running: RunningActor[];

function run(side: Side, module: ActorModule): RunningActor {
  const options = { node: nodes[side], site: side, root: 'homelab', transport: brokers[side].transport(), dataRoot: join(dir, side) };
  const actor = new RunningActor({ ...options, module, clock: systemClock, log: silentLog, random: () => 0, version: '0.0.1', onGaveUp: () => undefined });
  actor.start();
  running.push(actor);
  return actor;
}

const bridge = (): RunningActor => {
  const near = brokers.cabin.transport();
  const transports = { near, local: near, far: brokers.hub.transport() };
  return run('cabin', createBridgeModule({ transports, ports: { standby: null }, root: 'homelab', hubSite: 'hub', random: () => 0 }));
};

const last = (side: Side, topic: string): Record<string, unknown> => {
  const text = people[side].seen.findLast((each) => each.topic === `homelab/${topic}`)?.text ?? '';
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};
const becomes = (side: Side, topic: string, fields: Record<string, unknown>): Promise<unknown> =>
  waitFor(
    `${topic} at ${side} to say ${JSON.stringify(fields)}`,
    () => {
      const doc = last(side, topic);
      return Object.entries(fields).every(([field, value]) => doc[field] === value);
    },
    { emitter: people[side], deadlineMs: 30_000, state: () => last(side, topic) },
  );
const say = (side: Side, topic: string, payload: string | object, retain = false): Promise<void> =>
  people[side].link.publish(`homelab/${topic}`, typeof payload === 'string' ? payload : JSON.stringify(payload), { retain });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-relay-'));
  brokers = { hub: new MemoryBroker(), cabin: new MemoryBroker() };
  running = [];
  const person = (side: Side) => TestClient.connect(brokers[side].transport(), { clientId: 'person' });
  people = { hub: await person('hub'), cabin: await person('cabin') };
  for (const side of ['hub', 'cabin'] as const) {
    await people[side].link.subscribe(['homelab/#']);
    await say(side, 'desired/cabin-1', desiredNode({ node: 'cabin-1', site: 'cabin' }), true);
    await say(side, 'desired/vps', desiredNode({ node: 'vps', site: 'hub' }), true);
    run(side, createLedgerModule({ anonymousAllowed: () => false }));
  }
  run('hub', createObserverModule());
  for (const side of ['hub', 'cabin'] as const) await becomes(side, `actors/${nodes[side]}/ledger`, { mode: 'idle' });
});
afterEach(async () => {
  for (const actor of running) await actor.stop();
  for (const side of ['hub', 'cabin'] as const) await people[side].link.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('an approval at the hub', () => {
  it('waits for the link, is judged at the site with its age, and its verdict comes back', async () => {
    const before = bridge();
    await becomes('hub', 'links/cabin', { status: 'up' });
    await say('cabin', 'actions/pending/supervisor-cabin-1', { type: 'container_restart', node: 'cabin-1', service: 'web' });
    await becomes('hub', `world/actions/cabin-1/${id}`, { status: 'pending' });
    await before.stop();
    await becomes('hub', 'links/cabin', { status: 'down' });
    await say('hub', 'actions/approved/anna', 'next');
    await becomes('hub', 'replies/anna/hub', { code: 'forwarded', id });
    expect(last('hub', 'replies/anna/hub')['summary']).toMatch(/^Forwarded, link down since /);
    // The clocks are compared by the first event that crosses the link: that it is there again.
    bridge();
    await becomes('hub', 'replies/anna/hub', { code: 'approved', ok: true, id });
    await becomes('cabin', `world/actions/cabin-1/${id}`, { status: 'approved', approved_by: 'anna via hub/anna' });
    await becomes('hub', `world/actions/cabin-1/${id}`, { status: 'approved', approved_by: 'anna via hub/anna' });
  });
});
