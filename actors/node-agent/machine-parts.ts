/**
 * The named parts of the node-agent's machine: its ports as actors, its actions, guards and delays. machine.ts says when
 * each of them is used. Everything learned goes through `learn` to reduce.ts, which owns the memory in the context.
 */
import { assign, enqueueActions, fromCallback, fromPromise, raise, setup } from 'xstate';
import { heartbeatIntervalMs } from '../../contracts/defaults.ts';
import type { EngineRequest, Fact, Memory, NodeAgentCommand } from './memory.ts';
import type { ContainerFacts, EngineTrouble, HostMetrics } from './ports.ts';
import { reduce } from './reduce.ts';

/** How long to wait for what an earlier life said, before going on without: a broker on the same machine answers in well below 1 s. */
const readBackMs = 3_000;
/** One `list` and one inspect per container (100 containers: about 50 ms of the engine, measured). A gap in the stream is healed within this. */
const relistMs = 60_000;
/** After a list or an inspect that failed: soon, and yet no burden on an engine in trouble. */
const relistSoonMs = 5_000;
/** Lists that fail in a row before an engine that answers pings counts as not answering. */
const listFailuresMax = 3;
/** One ping, 0.3 ms of the engine. With the adapter's deadline of at most 5 s for a ping, a hung engine is said within 10 s. */
const pingMs = 5_000;
/** One connection attempt each, doubling: an engine that comes back is seen within 5 s. */
const backOffFirstMs = 1_000;
const backOffMaxMs = 5_000;
/** A connection that held this long was a good one: the next back-off starts small again. */
const steadyMs = 10_000;
/** A hung engine accepts connections and answers none: one more after each deadline. */
const hungRetryMs = 2_000;
/** Listing images takes the engine up to a second on an SD card, and what can be reclaimed changes slowly. */
const reclaimableMs = 600_000;
/** After the first list, not beside it. */
const reclaimableFirstMs = 5_000;
/** Twice what the adapter gives a disk that does not answer: nothing may stop the heartbeat. */
const measureMaxMs = 4_000;

/** What a port answered: a value or a trouble, never a rejection (that would be a bug, and ends this life). */
export type Answer<T> = { readonly now: number } & ({ readonly trouble: null; readonly value: T } | { readonly trouble: EngineTrouble; readonly value: null });

export interface NodeAgentContext {
  readonly memory: Memory;
  /** Connections in a row that did not hold. */
  readonly attempts: number;
  /** Lists in a row that failed while watching. */
  readonly listFailures: number;
}

const notInjected = (port: string) => (): never => {
  throw new Error(`port not injected: ${port}`);
};

export const parts = setup({
  types: {
    context: {} as NodeAgentContext,
    events: {} as Fact,
    emitted: {} as NodeAgentCommand,
    input: {} as { readonly node: string },
  },
  actors: {
    watchEngine: fromCallback<Fact>(notInjected('watchEngine')),
    inspector: fromCallback<EngineRequest>(notInjected('inspectContainer')),
    listContainers: fromPromise<Answer<readonly ContainerFacts[]>>(notInjected('listContainers')),
    pingEngine: fromPromise<Answer<null>>(notInjected('pingEngine')),
    measureReclaimable: fromPromise<Answer<number>>(notInjected('reclaimableBytes')),
    readMetrics: fromPromise<Answer<HostMetrics>>(notInjected('readMetrics')),
  },
  actions: {
    learn: enqueueActions(({ context, enqueue }, fact: Fact) => {
      const { commands, requests } = reduce(context.memory, fact);
      for (const command of commands) enqueue.emit(command);
      for (const request of requests) enqueue.sendTo('inspector', request);
      enqueue.cancel('wake');
      const { wakeAtMs, now } = context.memory;
      if (wakeAtMs !== null) enqueue.raise({ type: 'wake', now: wakeAtMs }, { id: 'wake', delay: Math.max(0, wakeAtMs - now) });
    }),
    loseEngine: raise((_, answer: Answer<unknown>) => ({
      type: 'engine_lost' as const,
      now: answer.now,
      trouble: answer.trouble ?? { code: 'refused' as const, retryable: true, detail: 'lost without a reason' },
    })),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    resetAttempts: assign({ attempts: 0 }),
    countListFailure: assign({ listFailures: ({ context }) => context.listFailures + 1 }),
    resetListFailures: assign({ listFailures: 0 }),
  },
  guards: {
    answered: (_, answer: Answer<unknown>) => answer.trouble === null,
    isHang: (_, trouble: EngineTrouble | null) => trouble?.code === 'timeout',
    hasListedEnough: ({ context }) => context.listFailures + 1 >= listFailuresMax,
  },
  delays: {
    backOff: ({ context }) => Math.min(backOffMaxMs, backOffFirstMs * 2 ** Math.max(0, context.attempts - 1)),
    readBack: readBackMs,
    relist: relistMs,
    relistSoon: relistSoonMs,
    ping: pingMs,
    steady: steadyMs,
    hungRetry: hungRetryMs,
    reclaimable: reclaimableMs,
    reclaimableFirst: reclaimableFirstMs,
    heartbeat: heartbeatIntervalMs,
    measureMax: measureMaxMs,
  },
});
