/**
 * The desk of the executor: follows the action documents of its node and runs one execution (machine.ts) for each that
 * is approved, a few at once and one per service.
 *
 * Reads actions, service health and what is desired of its own node; judges nothing before everything retained was delivered once.
 * Emits the commands of its executions. Remembers through the claims journal, handed in as `records`.
 * Fails only by a bug; run-actor then restarts it and the journal says where each execution was.
 */
import { assign, type DoneActorEvent, enqueueActions, setup } from 'xstate';
import { begunAt, type ClaimRecords } from './claims.ts';
import { type Active, type Situation, servicesOf, startsNow } from './judge.ts';
import { executionMachine } from './machine.ts';
import type { Command, ExecutionEnd, Healths, Heard, Said } from './protocol.ts';
import type { ActionView, DesiredView, HealthView } from './view.ts';

export type DeskEvent =
  /** null: the document is deleted. */
  | { readonly type: 'action'; readonly now: number; readonly id: string; readonly view: ActionView | null }
  | { readonly type: 'health'; readonly now: number; readonly service: string; readonly health: HealthView | null }
  | { readonly type: 'desired'; readonly now: number; readonly desired: DesiredView | null }
  | { readonly type: 'synced'; readonly now: number };

interface DeskContext extends Situation {
  readonly settledAfterMs: number;
  readonly nowMs: number;
  readonly desired: DesiredView | null;
  readonly health: Healths;
}

type Inner = DeskEvent | Said | DoneActorEvent<ExecutionEnd>;

const childId = (id: string): string => `execution:${id}`;

const without = <T>(from: Readonly<Record<string, T>>, id: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== id));

export const deskMachine = setup({
  types: {
    context: {} as DeskContext,
    events: {} as Inner,
    input: {} as { readonly now: number; readonly records: ClaimRecords; readonly settledAfterMs: number },
    emitted: {} as Command,
  },
  actors: { execution: executionMachine },
  actions: {
    noteAction: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'action') return;
      const { id, view, now } = event;
      enqueue.assign({ nowMs: now, documents: view === null ? without(context.documents, id) : { ...context.documents, [id]: view } });
      if (context.active[id] !== undefined) enqueue.sendTo(childId(id), { type: 'document', now, view } satisfies Heard);
    }),
    noteHealth: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'health') return;
      const { service, health } = event;
      enqueue.assign({ health: health === null ? without(context.health, service) : { ...context.health, [service]: health } });
      for (const [id, { services }] of Object.entries(context.active)) {
        // A dependent may need services that the action does not touch.
        if (services.includes(service) || services.length > 1) enqueue.sendTo(childId(id), event satisfies Heard);
      }
    }),
    noteDesired: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'desired') return;
      enqueue.assign({ desired: event.desired });
      for (const id of Object.keys(context.active)) enqueue.sendTo(childId(id), event satisfies Heard);
    }),
    noteSynced: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'synced') return;
      enqueue.assign({ nowMs: event.now });
      for (const id of Object.keys(context.active)) enqueue.sendTo(childId(id), event satisfies Heard);
    }),
    notePhase: assign(({ context, event }) => {
      if (event.type !== 'execution.phase') return {};
      const active = context.active[event.id];
      return active === undefined ? {} : { active: { ...context.active, [event.id]: { ...active, phase: event.phase } } };
    }),
    noteEnd: enqueueActions(({ context, event, enqueue }) => {
      if (!('output' in event)) return;
      const { id, record } = event.output;
      enqueue.stopChild(childId(id));
      enqueue.assign({ active: without(context.active, id), ...(record === null ? {} : { records: { ...context.records, [id]: record } }) });
    }),
    passOn: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'execution.say') return;
      for (const command of event.commands) enqueue.emit(command);
    }),
    judge: enqueueActions(({ context, enqueue }) => {
      const active: Record<string, Active> = { ...context.active };
      for (const { action, record } of startsNow(context)) {
        const { id } = action;
        const { nowMs: now, desired, health, settledAfterMs } = context;
        const known = context.records[id];
        const lastBegunAtMs = known === undefined ? null : begunAt(known);
        active[id] = { attempt: record?.attempt ?? action.attempt, services: servicesOf(action), phase: 'claiming' };
        enqueue.spawnChild('execution', { id: childId(id), input: { now, action, record, desired, health, lastBegunAtMs, settledAfterMs } });
      }
      enqueue.assign({ active });
    }),
  },
}).createMachine({
  id: 'desk',
  context: ({ input }) => ({
    nowMs: input.now,
    documents: {},
    records: input.records,
    active: {},
    desired: null,
    health: {},
    settledAfterMs: input.settledAfterMs,
  }),
  initial: 'syncing',
  on: { health: { actions: 'noteHealth' }, desired: { actions: 'noteDesired' } },
  states: {
    /** What was not delivered yet may change everything: only listens. */
    syncing: {
      on: { action: { actions: 'noteAction' }, synced: { target: 'open', actions: ['noteSynced', 'judge'] } },
    },
    open: {
      on: {
        action: { actions: ['noteAction', 'judge'] },
        synced: { actions: ['noteSynced', 'judge'] },
        'execution.say': { actions: 'passOn' },
        'execution.phase': { actions: ['notePhase', 'judge'] },
        'xstate.done.actor.*': { actions: ['noteEnd', 'judge'] },
      },
    },
  },
});

/** `syncing`, `idle`, or what the busiest execution does: `working`, `claiming`, `reporting`. */
export function deskMode(snapshot: { readonly value: unknown; readonly context: Situation }): string {
  if (snapshot.value === 'syncing') return 'syncing';
  const phases = Object.values(snapshot.context.active).map(({ phase }) => phase);
  return (['working', 'claiming', 'reporting'] as const).find((phase) => phases.includes(phase)) ?? 'idle';
}
