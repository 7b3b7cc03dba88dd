import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { topics } from '../contracts/topics.ts';
import { waitFor } from '../test/kit/wait.ts';
import type { ActorModule } from './actor.ts';
import { systemClock } from './clock.ts';
import type { Link } from './link.ts';
import { silentLog } from './log.ts';
import { MemoryBroker } from './memory-broker.ts';
import { reducerLogic } from './reducer.ts';
import { RunningActor } from './run-actor.ts';

interface State {
  readonly seen: number;
}
type Event = { readonly type: 'probe'; readonly text: string } | { readonly type: 'wake'; readonly now: number };
type Command = { readonly type: 'say'; readonly text: string } | { readonly type: 'fail' };

/** Repeats what it is told; dies on "die" (an assertion) and on "fail" (a command that fails). */
function parrot(created: { count: number }): ActorModule {
  return {
    name: 'inventory',
    create(io) {
      created.count += 1;
      return Promise.resolve({
        logic: reducerLogic<State, Event, Command>(
          (state, event) => {
            if (event.type === 'wake') return { state, commands: [] };
            if (event.text === 'die') throw new Error('assertion: told to die');
            if (event.text === 'fail') return { state, commands: [{ type: 'fail' }] };
            return { state: { seen: state.seen + 1 }, commands: [{ type: 'say', text: event.text }] };
          },
          { seen: 0 },
        ),
        reads: [{ topic: topics.maintenanceRequest }],
        owns: [{ topic: topics.desired }],
        mode: (snapshot: { context: { state: State } }) => (snapshot.context.state.seen === 0 ? 'silent' : 'talking'),
        deliver: (delivery) => (delivery.kind === 'message' ? { type: 'probe', text: delivery.text } : null),
        commands: {
          say: ({ text }: { text: string }) => {
            io.documents.set(topics.desired, { node: 'vps' }, { status: 'declared', summary: text, node: 'vps', site: 'hub', services: [] });
          },
          fail: () => Promise.reject(new Error('disk full')),
        },
      });
    },
  };
}

let dir: string;
let broker: MemoryBroker;
let link: Link;
let retained: Map<string, Record<string, unknown>>;
let actors: RunningActor[];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-run-'));
  broker = new MemoryBroker();
  retained = new Map();
  actors = [];
  link = await broker.transport().connect(
    { clientId: 'test', clean: true, keepaliveS: 30, connectTimeoutMs: 1000 },
    {
      onMessage: ({ topic, payload }) =>
        payload.length === 0 ? retained.delete(topic) : retained.set(topic, JSON.parse(payload.toString('utf8')) as Record<string, unknown>),
      onClose: () => undefined,
    },
  );
  await link.subscribe(['homelab/actors/#', 'homelab/desired/#', 'homelab/events/#']);
});
afterEach(async () => {
  for (const actor of actors) await actor.stop();
  await link.close();
  rmSync(dir, { recursive: true, force: true });
});

function runner(module: ActorModule, onGaveUp: (error: Error) => void = () => undefined, dataRoot = dir): RunningActor {
  const actor = new RunningActor({
    module,
    node: 'vps',
    site: 'hub',
    root: 'homelab',
    transport: broker.transport(),
    dataRoot,
    clock: systemClock,
    log: silentLog,
    random: () => 0,
    version: '0.0.1',
    onGaveUp,
  });
  actors.push(actor);
  return actor;
}
const status = (): Record<string, unknown> => retained.get('homelab/actors/vps/inventory') ?? {};
const say = (text: string): Promise<void> =>
  link.publish('homelab/maintenance/anna', JSON.stringify({ node: 'vps', until: '2027-01-01T00:00:00Z', reason: text }), { retain: false });

describe('a running actor', () => {
  it('publishes its mode, performs commands, and says stopped at the end', async () => {
    const actor = runner(parrot({ count: 0 }));
    actor.start();
    await waitFor('online', () => status().status === 'online');
    expect(status().mode).toBe('silent');
    await say('hello');
    await waitFor('the mode to change', () => status().mode === 'talking');
    await waitFor('the document', () => retained.has('homelab/desired/vps'));
    await actor.stop();
    await waitFor('stopped', () => status().status === 'stopped');
  });

  it('is started again from the beginning when its logic throws, and says why', async () => {
    const created = { count: 0 };
    const module = parrot(created);
    runner({
      ...module,
      create: async (io) => ({ ...(await module.create(io)), deliver: (delivery) => (delivery.kind === 'message' ? { type: 'probe', text: 'die' } : null) }),
    }).start();
    await waitFor('online', () => status().status === 'online');
    await say('x');
    await waitFor('a second life', () => created.count === 2);
    await waitFor('its error', () => status().status === 'online' && status().last_error === 'assertion: told to die');
    expect(status().restarts).toBe(1);
  });

  it('is started again when a command fails', async () => {
    const created = { count: 0 };
    const module = parrot(created);
    runner({
      ...module,
      create: async (io) => ({ ...(await module.create(io)), deliver: (delivery) => (delivery.kind === 'message' ? { type: 'probe', text: 'fail' } : null) }),
    }).start();
    await waitFor('online', () => status().status === 'online');
    await say('x');
    await waitFor('a second life', () => created.count === 2);
    await waitFor('its error', () => status().last_error === 'disk full');
  });

  it('cannot run twice on one data directory', () => {
    runner(parrot({ count: 0 })).start();
    expect(() => {
      runner(parrot({ count: 0 })).start();
    }).toThrow(/already runs as process/);
  });

  it('stays when a second one is started elsewhere without a past: the newcomer ends with duplicate_writer', async () => {
    const gaveUp: string[] = [];
    runner(parrot({ count: 0 }), (error) => gaveUp.push(`first: ${error.message}`), join(dir, 'a')).start();
    await waitFor('online', () => status().status === 'online');
    const { started_at } = status();
    runner(parrot({ count: 0 }), (error) => gaveUp.push(`second: ${error.message}`), join(dir, 'b')).start();
    await waitFor('one of them to give up', () => gaveUp.length === 1, { deadlineMs: 20_000 });
    expect(gaveUp[0]).toContain('second: duplicate_writer');
    await waitFor('the first to be online', () => status().status === 'online' && status().started_at === started_at, { deadlineMs: 20_000 });
  }, 30_000);

  it('counts a message that does not fit its contract and reports it as an event', async () => {
    runner(parrot({ count: 0 })).start();
    await waitFor('online', () => status().status === 'online');
    await link.publish('homelab/manifests/vps/inventory', '{"status":1}', { retain: false });
    await link.publish('homelab/cursors/hub/vps', 'garbage', { retain: false });
    await waitFor('the count', () => status().quarantined === 1);
    await waitFor('the event', () => retained.get('homelab/events/vps')?.type === 'message_quarantined');
  });
});
