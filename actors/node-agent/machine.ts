/**
 * The node-agent's modes: when it listens to the engine, when it asks, when it waits.
 *
 *   reading_back → running: engine  session (connecting → listing → watching)
 *                                     ↓ stream ends    ↓ engine_lost, by code
 *                                   checking → connecting (back-off) · hung (asked again and again)
 *                           beat    measures and says the heartbeat, whatever the engine does
 *
 * Hints are hints: each only causes an inspect. The stream may have gaps nobody is told of, so a whole list follows
 * every connect and comes again each minute. What is learned goes to reduce.ts; its commands are emitted for run-actor.
 * Remembers nothing across a restart but what it reads back from its own documents.
 *
 * What each timer costs is said in machine-parts.ts; all of them together are about 15 engine calls a minute, plus one
 * inspect per container each minute.
 */
import type { SnapshotFrom } from 'xstate';
import { parts } from './machine-parts.ts';
import { createMemory } from './memory.ts';

/** What the engine says about containers: the stream opens, a list makes the set whole, then hints and a list each minute. */
const truth = parts.createStateConfig({
  initial: 'opening',
  states: {
    opening: {
      on: { stream_opened: { target: 'listing', actions: { type: 'learn', params: ({ event }) => event } } },
    },
    listing: {
      entry: { type: 'learn', params: ({ context }) => ({ type: 'list_began', now: context.memory.now }) },
      invoke: {
        src: 'listContainers',
        onDone: [
          {
            guard: { type: 'answered', params: ({ event }) => event.output },
            target: 'watching',
            actions: { type: 'learn', params: ({ event }) => ({ type: 'listed', containers: event.output.value ?? [], now: event.output.now }) },
          },
          { actions: { type: 'loseEngine', params: ({ event }) => event.output } },
        ],
      },
    },
    watching: {
      entry: 'resetListFailures',
      after: { steady: { actions: 'resetAttempts' } },
      initial: 'resting',
      states: {
        resting: {
          after: { relist: 'relisting' },
          on: { inspect_failed: { target: 'restingAfterFailure', actions: { type: 'learn', params: ({ event }) => event } } },
        },
        restingAfterFailure: { after: { relistSoon: 'relisting' } },
        relisting: {
          entry: { type: 'learn', params: ({ context }) => ({ type: 'list_began', now: context.memory.now }) },
          invoke: {
            src: 'listContainers',
            onDone: [
              {
                guard: { type: 'answered', params: ({ event }) => event.output },
                target: 'resting',
                actions: [
                  'resetListFailures',
                  { type: 'learn', params: ({ event }) => ({ type: 'listed', containers: event.output.value ?? [], now: event.output.now }) },
                ],
              },
              { guard: 'hasListedEnough', actions: { type: 'loseEngine', params: ({ event }) => event.output } },
              { target: 'restingAfterFailure', actions: 'countListFailure' },
            ],
          },
        },
      },
    },
  },
});

/** A hung engine keeps its connections open and sends nothing: only asking tells. */
const pulse = parts.createStateConfig({
  initial: 'pinging',
  states: {
    pinging: {
      invoke: {
        src: 'pingEngine',
        onDone: [
          { guard: { type: 'answered', params: ({ event }) => event.output }, target: 'resting' },
          { actions: { type: 'loseEngine', params: ({ event }) => event.output } },
        ],
      },
    },
    resting: { after: { ping: 'pinging' } },
  },
});

/** Bytes that a cleanup could free; not knowing them is no trouble. */
const disk = parts.createStateConfig({
  initial: 'fresh',
  states: {
    fresh: { after: { reclaimableFirst: 'measuring' } },
    measuring: {
      invoke: {
        src: 'measureReclaimable',
        onDone: [
          {
            guard: { type: 'answered', params: ({ event }) => event.output },
            target: 'resting',
            actions: { type: 'learn', params: ({ event }) => ({ type: 'reclaimable', bytes: event.output.value ?? 0, now: event.output.now }) },
          },
          { target: 'resting' },
        ],
      },
    },
    resting: { after: { reclaimable: 'measuring' } },
  },
});

/** One connection to the engine: the stream, and everything that is asked while it is open. */
const session = parts.createStateConfig({
  type: 'parallel',
  invoke: [
    { id: 'watchEngine', src: 'watchEngine' },
    { id: 'inspector', src: 'inspector' },
  ],
  on: {
    hinted: { actions: { type: 'learn', params: ({ event }) => event } },
    inspected: { actions: { type: 'learn', params: ({ event }) => event } },
    inspect_failed: { actions: { type: 'learn', params: ({ event }) => event } },
    recalled: { actions: { type: 'learn', params: ({ event }) => event } },
    stream_closed: { target: 'checking', actions: { type: 'learn', params: ({ event }) => event } },
  },
  states: { truth, pulse, disk },
});

/** The stream ended: that alone says nothing about the engine. */
const checking = parts.createStateConfig({
  invoke: {
    src: 'pingEngine',
    onDone: [
      { guard: { type: 'answered', params: ({ event }) => event.output }, target: 'connecting' },
      { actions: { type: 'loseEngine', params: ({ event }) => event.output } },
    ],
  },
});

const connecting = parts.createStateConfig({ entry: 'countAttempt', after: { backOff: 'session' } });

const hung = parts.createStateConfig({
  initial: 'resting',
  states: {
    resting: { after: { hungRetry: 'pinging' } },
    pinging: {
      invoke: {
        src: 'pingEngine',
        onDone: [
          { guard: { type: 'answered', params: ({ event }) => event.output }, target: '#engine.session' },
          { guard: { type: 'isHang', params: ({ event }) => event.output.trouble }, target: 'resting' },
          { actions: { type: 'loseEngine', params: ({ event }) => event.output } },
        ],
      },
    },
  },
});

const engine = parts.createStateConfig({
  id: 'engine',
  initial: 'session',
  on: {
    engine_lost: [
      {
        guard: { type: 'isHang', params: ({ event }) => event.trouble },
        target: '.hung',
        actions: { type: 'learn', params: ({ event }) => event },
      },
      { target: '.connecting', actions: { type: 'learn', params: ({ event }) => event } },
    ],
  },
  states: { session, checking, connecting, hung },
});

/** The heartbeat is said even when it could not measure anything. */
const beat = parts.createStateConfig({
  initial: 'measuring',
  states: {
    measuring: {
      invoke: {
        src: 'readMetrics',
        onDone: {
          target: 'resting',
          actions: { type: 'learn', params: ({ event }) => ({ type: 'measured', metrics: event.output.value, now: event.output.now }) },
        },
      },
      after: {
        measureMax: {
          target: 'resting',
          actions: { type: 'learn', params: ({ context }) => ({ type: 'measured', metrics: null, now: context.memory.now }) },
        },
      },
    },
    resting: { after: { heartbeat: 'measuring' } },
  },
});

export const nodeAgentMachine = parts.createMachine({
  id: 'node-agent',
  context: ({ input }) => ({ memory: createMemory(input.node), attempts: 0, listFailures: 0 }),
  initial: 'reading_back',
  on: {
    service_read_back: { actions: { type: 'learn', params: ({ event }) => event } },
    node_read_back: { actions: { type: 'learn', params: ({ event }) => event } },
    synced: { actions: { type: 'learn', params: ({ event }) => event } },
    wake: { actions: { type: 'learn', params: ({ event }) => event } },
  },
  states: {
    reading_back: {
      after: { readBack: 'running' },
      on: { synced: { target: 'running', actions: { type: 'learn', params: ({ event }) => event } } },
    },
    running: { type: 'parallel', states: { engine, beat } },
  },
});

/** One word for people: reading_back, connecting, listing, watching or hung. */
export function mode(snapshot: SnapshotFrom<typeof nodeAgentMachine>): string {
  if (snapshot.matches('reading_back')) return 'reading_back';
  if (snapshot.matches({ running: { engine: 'hung' } })) return 'hung';
  if (snapshot.matches({ running: { engine: { session: { truth: 'listing' } } } })) return 'listing';
  if (snapshot.matches({ running: { engine: { session: { truth: 'watching' } } } })) return 'watching';
  return 'connecting';
}
