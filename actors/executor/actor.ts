/**
 * The executor of a node: runs approved actions, at most once each. Wiring only: the desk (desk.ts) decides what runs,
 * one machine per execution (machine.ts) decides how it goes.
 *
 * Reads `world/actions/<node>/+`, `health/<node>/+` and `desired/<node>`. Writes the requests running, completed and failed, and events.
 * Remembers in `<dataDir>/claims.jsonl`; collected diagnostics are in `<dataDir>/diagnostics`.
 * Fails to start when its journal cannot be read or written; nothing is executed then. Stopped cleanly, it begins nothing more
 * and gives what the engine is doing some seconds, so that its end is written down.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { fromPromise } from 'xstate';
import type { ActorIo, ActorModule, Blueprint, Delivery } from '../../bus/actor.ts';
import { isoTime, withDeadline } from '../../bus/clock.ts';
import { type KillPoint, killPoint } from '../../bus/kill-point.ts';
import { settledAfterMs } from '../../contracts/defaults.ts';
import { topics } from '../../contracts/topics.ts';
import type { Acted } from './claims.ts';
import { type DeskEvent, deskMachine, deskMode } from './desk.ts';
import { effects } from './effects.ts';
import { ClaimJournal } from './journal.ts';
import { executionMachine } from './machine.ts';
import type { ExecutorPorts } from './ports.ts';
import type { Command, EffectInput, Target, Work } from './protocol.ts';
import { actionView, desiredView, healthView } from './view.ts';

export interface ExecutorOptions {
  readonly ports: ExecutorPorts;
  /** A repaired service counts as healthy once its container has been up for so long. */
  readonly settledAfterMs?: number;
  /** 8 to 64 characters, never the same twice. */
  readonly newNonce?: () => string;
  /** Called at each kill point that is passed; tests die there. */
  readonly at?: (point: KillPoint) => void;
}

/** A clean stop waits so long for an effect under way: below the 5 s that run-actor gives, of the 8 s of the process. A longer one ends as by a crash. */
const lastEffectMs = 4_500;

type ExecutorBlueprint = Blueprint<typeof deskMachine, DeskEvent, Command>;

export const createExecutorModule = ({
  ports,
  settledAfterMs: calmMs = settledAfterMs,
  newNonce = randomUUID,
  at = killPoint,
}: ExecutorOptions): ActorModule => ({
  name: 'executor',
  async create(io): Promise<ExecutorBlueprint> {
    const { journal, records } = await ClaimJournal.open(join(io.dataDir, 'claims.jsonl'), { log: io.log, at });
    const underWay = new Set<Promise<unknown>>();
    const execution = executionMachine.provide({ actors: workActors(io, { ports, newNonce, at, journal, underWay }) });
    return {
      logic: deskMachine.provide({ actors: { execution } }),
      input: { now: io.clock.now(), records, settledAfterMs: calmMs },
      reads: [
        { topic: topics.action, levels: { node: io.node } },
        { topic: topics.serviceHealth, levels: { node: io.node } },
        { topic: topics.desired, levels: { node: io.node } },
      ],
      owns: [],
      mode: deskMode,
      deliver: (delivery) => deskEvent(io.node, delivery),
      commands: commandsOf(io, at),
      attach: () => async () => {
        journal.beginNothingMore();
        await withDeadline(io.clock, lastEffectMs, 'what the engine is doing', Promise.allSettled(underWay)).catch(() => undefined);
        // The machine has heard of it by now, and handed its outcome to the journal.
        await turnOfEventLoop();
        await journal.close();
      },
    };
  },
});

function deskEvent(node: string, delivery: Delivery): DeskEvent | null {
  if (delivery.kind === 'synced') return { type: 'synced', now: delivery.at };
  if (delivery.kind !== 'document') return null;
  if (delivery.name === 'action' && delivery.levels.node === node) {
    const { id } = delivery.levels;
    // A document that is not the one its topic names is nobody's.
    if (delivery.doc !== null && (delivery.doc.id !== id || delivery.doc.node !== node)) return null;
    return { type: 'action', now: delivery.at, id, view: delivery.doc === null ? null : actionView(delivery.doc) };
  }
  if (delivery.name === 'serviceHealth' && delivery.levels.node === node) {
    return { type: 'health', now: delivery.at, service: delivery.levels.service, health: delivery.doc === null ? null : healthView(delivery.doc) };
  }
  if (delivery.name === 'desired' && delivery.levels.node === node) {
    return { type: 'desired', now: delivery.at, desired: delivery.doc === null ? null : desiredView(delivery.doc) };
  }
  return null;
}

function commandsOf(io: ActorIo, at: (point: KillPoint) => void): ExecutorBlueprint['commands'] {
  return {
    async request({ state, payload }) {
      const sent = await io.send(topics.request, { state, requester: io.login }, payload);
      if (sent) at(state === 'running' ? 'executor.after-claim-publish' : 'executor.after-outcome-publish');
    },
    async announce({ draft }) {
      try {
        await io.emit(draft);
      } catch (error) {
        // Dying of it would leave every effect under way with an unknown outcome: the document tells the same.
        io.log.error({ err: error, type: draft.type, correlation_id: draft.correlation_id }, 'an event could not be kept');
      }
    },
    complain({ id, detail }) {
      io.log.error({ id, detail }, 'an execution has trouble');
    },
  };
}

interface Hands {
  readonly ports: ExecutorPorts;
  readonly newNonce: () => string;
  readonly at: (point: KillPoint) => void;
  readonly journal: ClaimJournal;
  /** Effects that the engine was handed and has not answered. */
  readonly underWay: Set<Promise<unknown>>;
}

/** The work of an execution, as the actors its machine invokes. */
function workActors(io: ActorIo, { ports, newNonce, at, journal, underWay }: Hands) {
  const now = () => io.clock.now();
  const work = <K extends keyof Work>(run: (input: Work[K]['input']) => Promise<Work[K]['output']>) =>
    fromPromise<Work[K]['output'], Work[K]['input']>(({ input }) => run(input));
  const named = (dependent: string | null) => (dependent === null ? {} : { service: dependent });
  const act = async (input: EffectInput): Promise<Acted> => {
    at('executor.before-effect');
    const result = await effects[input.effect](world, input);
    at('executor.after-effect');
    const done = { ...result, at: now(), previous_start: input.on?.target?.startedAtMs ?? null };
    try {
      await journal.append({ kind: 'acted', nonce: input.nonce, done, ...named(input.dependent) });
    } catch (error) {
      // It is done all the same; only a restart before the outcome would not know it.
      io.log.error({ err: error, id: input.id }, 'what was done could not be written down');
    }
    return done;
  };
  const world = { ports, clock: io.clock, diagnosticsDir: join(io.dataDir, 'diagnostics') };
  return {
    writeClaim: work<'writeClaim'>(async ({ id, attempt, lastBegunAtMs }) => {
      const nonce = newNonce();
      await journal.append({ kind: 'claim', id, attempt, nonce, at: now(), ...(lastBegunAtMs === null ? {} : { last_begun_at: lastBegunAtMs }) });
      return { at: now(), nonce };
    }),
    findTarget: work<'findTarget'>(async ({ service }) => {
      const found = await ports.findContainer(service);
      const target: Target | null = found === null ? null : { id: found.id, startedAtMs: found.startedAt === null ? null : Date.parse(found.startedAt) };
      return { at: now(), target };
    }),
    writeBegun: work<'writeBegun'>(async ({ nonce, dependent }) => {
      await journal.append({ kind: 'begun', nonce, at: now(), ...named(dependent) });
      return { at: now() };
    }),
    doEffect: work<'doEffect'>(async (input) => {
      const acting = act(input);
      underWay.add(acting);
      try {
        return { at: now(), acted: await acting };
      } finally {
        underWay.delete(acting);
      }
    }),
    writeOutcome: work<'writeOutcome'>(async ({ nonce, outcome }) => {
      const ended = { ...outcome, ended_at: isoTime(now()) };
      await journal.append({ kind: 'outcome', nonce, outcome: ended });
      return { at: now(), outcome: ended };
    }),
    readClock: work<'readClock'>(() => Promise.resolve({ at: now() })),
    writeSettled: work<'writeSettled'>(async ({ nonce }) => {
      await journal.append({ kind: 'settled', nonce });
      return { at: now() };
    }),
  };
}
