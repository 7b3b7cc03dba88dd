/** The observer on real brokers: what an agent emits is stored exactly once, through restarts on both sides. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { eventFile, listStore, readLines } from '../../actors/observer/event-files.ts';
import { rebuildWorld } from '../../actors/observer/rebuild.ts';
import type { StoredEvent } from '../../actors/observer/stored-event.ts';
import type { ActorIo, ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { topics } from '../../contracts/topics.ts';
import { brokersUnderTest, type RunningBroker, TestClient } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

/** A node-agent that says what it is told to say. */
function puppet(): { readonly module: ActorModule; readonly io: () => ActorIo } {
  let held: ActorIo | null = null;
  const module: ActorModule = {
    name: 'node-agent',
    create(io) {
      held = io;
      return Promise.resolve({
        logic: reducerLogic<null, { readonly type: 'wake'; readonly now: number }, never>(() => ({ state: null, commands: [] }), null),
        reads: [],
        owns: [
          { topic: topics.nodeHealth, levels: { node: 'piha' } },
          { topic: topics.serviceHealth, levels: { node: 'piha' } },
        ],
        mode: () => 'puppet',
        deliver: () => null,
        commands: {},
      });
    },
  };
  return {
    module,
    io: () => {
      if (held === null) throw new Error('the puppet does not live yet');
      return held;
    },
  };
}

async function storedLines(dataDir: string): Promise<StoredEvent[]> {
  const lines: StoredEvent[] = [];
  for (const [node, dates] of await listStore(dataDir)) {
    for (const date of dates) await readLines(eventFile(dataDir, date, node), 0, (line) => lines.push(JSON.parse(line) as StoredEvent));
  }
  return lines;
}

describe.each(brokersUnderTest)('on $name', ({ name, available, start }) => {
  let dir: string;
  let broker: RunningBroker;
  const running: RunningActor[] = [];
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'observer-'));
    if (available) broker = await start();
  });
  afterEach(async () => {
    for (const actor of running.splice(0)) await actor.stop();
    if (available) await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function run(module: ActorModule, node: string): RunningActor {
    const actor = new RunningActor({
      module,
      node,
      site: 'hub',
      root: 'homelab',
      transport: broker.transport,
      dataRoot: join(dir, node),
      clock: systemClock,
      log: silentLog,
      random: () => 0,
      version: '0.0.1',
      onGaveUp: (error) => {
        throw error;
      },
    });
    actor.start();
    running.push(actor);
    return actor;
  }

  test.skipIf(!available && process.env['CI'] === undefined)('every event is stored exactly once, also those emitted while the observer is away', async () => {
    expect(available, `${name} is not installed`).toBe(true);
    const agent = puppet();
    const observerDir = join(dir, 'vps', 'observer');
    run(agent.module, 'piha');
    await waitFor('the agent', () => agent.io().login);
    const emit = async (from: number, to: number): Promise<void> => {
      for (let n = from; n <= to; n += 1)
        await agent.io().emit({
          type: n % 2 === 0 ? 'outbox_dropped' : 'service_healthy',
          severity: n % 2 === 0 ? 'warning' : 'info',
          service: `s${n % 5}`,
          message: `event ${n}`,
        });
    };
    const observer = run(createObserverModule({ incidentGraceMs: 100 }), 'vps');
    await emit(1, 40);
    await observer.stop();
    running.splice(running.indexOf(observer), 1);
    await emit(41, 80);
    run(createObserverModule({ incidentGraceMs: 100 }), 'vps');
    await emit(81, 120);
    const messages = async (): Promise<string[]> =>
      (await storedLines(observerDir)).filter(({ source }) => source === 'node-agent').map(({ message }) => message);
    await waitFor('all events in the store', async () => (await messages()).length >= 120, {
      deadlineMs: 40_000,
      state: async () => (await messages()).length,
    });
    expect((await messages()).sort()).toEqual(Array.from({ length: 120 }, (_, n) => `event ${n + 1}`).sort());
    expect((await rebuildWorld({ dataDir: observerDir, write: false })).counts).toMatchObject({ duplicates: 0, quarantined: 0 });
  });

  test.skipIf(!available && process.env['CI'] === undefined)(
    'a service that goes down and comes back is an incident that opens and ends, for any MQTT client to see',
    async () => {
      expect(available, `${name} is not installed`).toBe(true);
      const agent = puppet();
      run(agent.module, 'piha');
      run(createObserverModule({ incidentGraceMs: 200 }), 'vps');
      await waitFor('the agent', () => agent.io().login);
      const client = await TestClient.connect(broker.transport, { clientId: 'person' });
      await client.link.subscribe(['homelab/world/#']);
      const say = (status: 'healthy' | 'down'): void => {
        const { documents } = agent.io();
        const since = new Date().toISOString();
        documents.set(
          topics.serviceHealth,
          { node: 'piha', service: 'web' },
          { status, summary: status, node: 'piha', service: 'web', reason: status === 'down' ? 'crashed' : 'running', since },
        );
        documents.set(
          topics.nodeHealth,
          { node: 'piha' },
          { status: 'online', summary: 'piha', node: 'piha', engine: 'up', heartbeat_ms: 30_000, services_count: 1 },
          { always: true },
        );
        documents.complete();
      };
      const saw = (part: string, ...texts: readonly string[]): Promise<boolean> =>
        waitFor(
          `${part} with ${texts.join(', ')}`,
          () => client.seen.some(({ topic, text }) => topic.startsWith(`homelab/world/${part}`) && texts.every((each) => text.includes(each))),
          {
            emitter: client,
            deadlineMs: 20_000,
            state: () => client.seen.slice(-5),
          },
        );
      say('healthy');
      await saw('sites/hub', '"status":"nominal"');
      say('down');
      await agent.io().emit({ type: 'containers_not_running', severity: 'error', service: 'web', message: 'web exited with 1' });
      await saw('incidents/piha/inc-', '"status":"active"', '"kind":"down"');
      await saw('sites/hub', '"status":"critical"');
      say('healthy');
      await agent.io().emit({ type: 'service_healthy', severity: 'info', service: 'web', message: 'web is healthy' });
      await saw('incidents/piha/inc-', '"status":"resolved"', '"resolved_by":"service_healthy"');
      await client.link.close();
    },
  );
});
