import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { assign, emit, setup } from 'xstate';
import { topics } from '../contracts/topics.ts';
import { StepClock, settleFiles, settlePromises } from '../test/kit/step-clock.ts';
import { waitFor } from '../test/kit/wait.ts';
import type { ActorModule, AnyBlueprint } from './actor.ts';
import type { Transport } from './link.ts';
import { silentLog } from './log.ts';
import { MemoryBroker } from './memory-broker.ts';
import { reducerLogic } from './reducer.ts';
import { RunningActor } from './run-actor.ts';

let dir: string;
let clock: StepClock;
let broker: MemoryBroker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-end-'));
  clock = new StepClock();
  broker = new MemoryBroker({ clock });
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

type Said = { readonly type: 'said'; readonly text: string };
const once = [{ type: 'say' }] as const;

function blueprint(over: Partial<AnyBlueprint> = {}): AnyBlueprint {
  return {
    logic: reducerLogic<null, Said, { type: string }>((state, { text }) => {
      if (text === 'die') throw new Error('told to die');
      return { state, commands: once };
    }, null),
    reads: [],
    owns: [{ topic: topics.desired }],
    mode: () => 'idle',
    deliver: () => null,
    commands: { say: () => undefined },
    ...over,
  };
}
const moduleOf = (create: ActorModule['create']): ActorModule => ({ name: 'inventory', create });

function runner(module: ActorModule, over: { transport?: Transport; onGaveUp?: (error: Error) => void } = {}): RunningActor {
  return new RunningActor({
    module,
    node: 'vps',
    site: 'hub',
    root: 'homelab',
    transport: over.transport ?? broker.transport(),
    dataRoot: dir,
    clock,
    log: silentLog,
    random: () => 0,
    version: '0.0.1',
    onGaveUp: over.onGaveUp ?? (() => undefined),
  });
}
const status = (): { status?: string } => JSON.parse(broker.retainedTopics.get('homelab/actors/vps/inventory') ?? '{}') as { status?: string };
/** Lets time pass until a promise is settled. */
async function passing<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  void promise.finally(() => (isOver = true)).catch(() => undefined);
  await waitFor('the end', async () => {
    await clock.run(500, settleFiles);
    return isOver;
  });
  return promise;
}

it('stops while a broker accepts it and never answers, and leaves no timer', async () => {
  const silent: Transport = { description: 'silent', connect: () => new Promise(() => undefined) };
  const actor = runner(
    moduleOf(() => Promise.resolve(blueprint())),
    { transport: silent },
  );
  actor.start();
  await settlePromises();
  await passing(actor.stop());
  expect(clock.pending).toBe(0);
});

it('stops while it waits for its next attempt, and leaves no timer', async () => {
  broker.stop();
  const actor = runner(moduleOf(() => Promise.resolve(blueprint())));
  actor.start();
  await clock.run(5_000);
  await passing(actor.stop());
  expect(clock.pending).toBe(0);
});

it('stops while its maker hangs, and what is made too late does not connect', async () => {
  let finish: (made: AnyBlueprint) => void = () => undefined;
  const actor = runner(moduleOf(() => new Promise((resolve) => (finish = resolve))));
  actor.start();
  await settlePromises();
  await passing(actor.stop());
  finish(blueprint());
  await clock.run(20_000);
  expect(status()).toEqual({});
  expect(clock.pending).toBe(0);
});

it('gives up after eight lives that could not begin, and tells the process', async () => {
  const gaveUp: string[] = [];
  let tries = 0;
  const actor = runner(
    moduleOf(() => {
      tries += 1;
      return Promise.reject(new Error('no such directory'));
    }),
    { onGaveUp: (error) => gaveUp.push(error.message) },
  );
  actor.start();
  await waitFor('the end', async () => {
    await clock.run(10_000, settleFiles);
    return gaveUp.length > 0;
  });
  expect([tries, gaveUp]).toEqual([8, ['no such directory']]);
  await actor.stop();
  expect(clock.pending).toBe(0);
});

it('says failed on the bus when it gave up', async () => {
  const gaveUp: string[] = [];
  const actor = runner(
    moduleOf(() =>
      Promise.resolve(
        blueprint({
          attach: (send) => {
            send({ type: 'said', text: 'die' });
            return () => undefined;
          },
        }),
      ),
    ),
    { onGaveUp: (error) => gaveUp.push(error.message) },
  );
  actor.start();
  await waitFor('the end', async () => {
    await clock.run(10_000, settleFiles);
    return gaveUp.length > 0;
  });
  expect(status()).toMatchObject({ status: 'failed', last_error: 'told to die' });
  await actor.stop();
});

it('does not stay connected with a life whose attaching failed', async () => {
  const actor = runner(
    moduleOf(() =>
      Promise.resolve(
        blueprint({
          attach: () => {
            throw new Error('port taken');
          },
        }),
      ),
    ),
  );
  actor.start();
  await clock.run(500);
  await passing(actor.stop());
  expect(clock.pending).toBe(0);
});

it('performs no command that waited when it died, and each of a list that is returned twice twice', async () => {
  const done: string[] = [];
  let release: () => void = () => undefined;
  let send: (event: Said) => void = () => undefined;
  const actor = runner(
    moduleOf(() =>
      Promise.resolve(
        blueprint({
          attach: (give) => {
            send = give;
            return () => undefined;
          },
          commands: {
            say: () => {
              done.push('said');
              return new Promise<void>((resolve) => (release = resolve));
            },
          },
        }),
      ),
    ),
  );
  actor.start();
  await waitFor('its first command', () => {
    if (done.length === 0) send({ type: 'said', text: 'hello' });
    return done.length > 0;
  });
  for (let n = 0; n < 3; n += 1) send({ type: 'said', text: 'hello' });
  release();
  await settlePromises();
  expect(done).toHaveLength(2);
  send({ type: 'said', text: 'die' });
  release();
  await clock.run(100);
  expect(done).toHaveLength(2);
  await passing(actor.stop());
});

it('dies, and takes nothing else with it, when its mode cannot be told', async () => {
  const gaveUp: string[] = [];
  const actor = runner(
    moduleOf(() =>
      Promise.resolve(
        blueprint({
          mode: () => {
            throw new Error('no mode');
          },
        }),
      ),
    ),
    { onGaveUp: (error) => gaveUp.push(error.message) },
  );
  actor.start();
  await waitFor('the end', async () => {
    await clock.run(10_000, settleFiles);
    return gaveUp.length > 0;
  });
  expect(gaveUp).toEqual(['no mode']);
  await actor.stop();
});

it('performs what a machine emits', async () => {
  const done: string[] = [];
  const machine = setup({
    types: { context: {} as { count: number }, events: {} as { type: 'said' }, emitted: {} as { type: 'say'; text: string } },
  }).createMachine({
    context: { count: 0 },
    on: { said: { actions: [assign({ count: ({ context }) => context.count + 1 }), emit(({ context }) => ({ type: 'say', text: `${context.count}` }))] } },
  });
  const actor = runner(
    moduleOf(() =>
      Promise.resolve(
        blueprint({
          logic: machine,
          attach: (send) => {
            send({ type: 'said' });
            send({ type: 'said' });
            return () => undefined;
          },
          commands: { say: ({ text }: { text: string }) => void done.push(text) },
        }),
      ),
    ),
  );
  actor.start();
  await waitFor('both', () => done.length === 2);
  expect(done).toEqual(['1', '2']);
  await passing(actor.stop());
});
