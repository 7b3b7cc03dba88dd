/**
 * The life of ONE execution: claim → grant → effect, at most once, ever → verification → report.
 *
 * Reads the document of its action and the health of its service, as its desk hands them on. Says what it wants sent
 * as commands to its desk. Remembers nothing itself: what must survive a restart is in the claims journal before the
 * step that rests on it, and `record` brings it back (architecture, section 3, "At most once").
 * Fails only into an outcome: every waiting state handles success, error, time-out and the end of the action.
 */
import { and, assign, fromPromise, not, sendParent, setup } from 'xstate';
import { claimOf, effectOf, type Facts, initialFacts, known, mine, reasonOf, recordOf } from './facts.ts';
import * as ends from './outcome.ts';
import type { ExecutionEnd, ExecutionInput, Heard, Said, Work } from './protocol.ts';
import { holdsLease, isGranted, isGrantedToAnother, isOlder, isOver, provesEffect } from './view.ts';

/** A request may be lost (no connection, a broker that restarts), so it is repeated. 10 s: what all actors use. */
const resendMs = 10_000;
/** A write that takes longer is not coming back: SD cards stall for seconds, not for half a minute. */
const writeDeadlineMs = 30_000;
/** An inspect takes milliseconds; an engine that needs longer than this is hung. */
const findDeadlineMs = 15_000;
/** Only a backstop: the port gives a restart 40 s and a health check up to 125 s, and says so itself. */
const effectDeadlineMs = 130_000;

const notInjected = <K extends keyof Work>() => fromPromise<Work[K]['output'], Work[K]['input']>(() => Promise.reject(new Error('port not injected')));

const say = (...commands: Extract<Said, { type: 'execution.say' }>['commands']): Said => ({ type: 'execution.say', commands });

const execution = setup({
  types: {
    context: {} as Facts,
    events: {} as Heard,
    input: {} as ExecutionInput,
    output: {} as ExecutionEnd,
  },
  actors: {
    writeClaim: notInjected<'writeClaim'>(),
    findTarget: notInjected<'findTarget'>(),
    writeBegun: notInjected<'writeBegun'>(),
    doEffect: notInjected<'doEffect'>(),
    writeOutcome: notInjected<'writeOutcome'>(),
    writeSettled: notInjected<'writeSettled'>(),
  },
  delays: {
    resend: resendMs,
    writeDeadline: writeDeadlineMs,
    findDeadline: findDeadlineMs,
    effectDeadline: effectDeadlineMs,
    verifyWindow: ({ context }) => context.action.verifyWindowMs,
  },
  guards: {
    isOver: ({ context }) => isOver(context.view, mine(context)),
    isWithdrawn: ({ context }) => context.view === null,
    isApproved: ({ context }) => context.view?.attempt === context.action.attempt && context.view.status === 'approved',
    isGranted: ({ context }) => isGranted(context.view, mine(context)),
    isGrantedToAnother: ({ context }) => isGrantedToAnother(context.view, mine(context)),
    leaseHolds: ({ context }) => holdsLease(context.view, context.nowMs),
    hasClaim: ({ context }) => context.nonce !== null,
    hasBegun: ({ context }) => context.begunAtMs !== null,
    hasOutcome: ({ context }) => context.outcome !== null,
    hasHandler: ({ context }) => context.handler.effect !== null,
    hasService: ({ context }) => context.action.service !== null,
    mustVerify: ({ context }) => context.handler.effect !== null && context.handler.verify === 'health',
    hasTarget: ({ context }) => context.target !== null,
    isProven: ({ context }) =>
      provesEffect({
        health: context.health,
        begunAtMs: known(context.begunAtMs),
        previousStartMs: context.target?.startedAtMs ?? null,
        effectStartMs: context.effectStartMs,
      }),
  },
  actions: {
    noteDocument: assign(({ context, event }) => {
      if (event.type !== 'document') return {};
      const stale = event.view !== null && context.view !== null && isOlder(event.view, context.view);
      return { nowMs: event.now, view: stale ? context.view : event.view };
    }),
    noteHealth: assign(({ context, event }) => (event.type === 'health' ? { nowMs: event.now, health: context.begunAtMs === null ? null : event.health } : {})),
    phaseClaiming: sendParent(({ context }): Said => ({ type: 'execution.phase', id: context.action.id, phase: 'claiming' })),
    phaseWorking: sendParent(({ context }): Said => ({ type: 'execution.phase', id: context.action.id, phase: 'working' })),
    phaseReporting: sendParent(({ context }): Said => ({ type: 'execution.phase', id: context.action.id, phase: 'reporting' })),
    requestGrant: sendParent(({ context }) => say({ type: 'request', state: 'running', payload: claimOf(context) })),
    requestEnd: sendParent(({ context }) => {
      const outcome = known(context.outcome);
      return say({ type: 'request', state: outcome.ok ? 'completed' : 'failed', payload: { ...claimOf(context), outcome } });
    }),
    announceStart: sendParent(({ context }) => say({ type: 'announce', draft: ends.startedEvent(context.action) })),
    announceEnd: sendParent(({ context }) =>
      say(...ends.endedEvents(context.action, known(context.outcome)).map((draft) => ({ type: 'announce' as const, draft }))),
    ),
    complain: sendParent(({ context }, { what }: { readonly what: string }) => say({ type: 'complain', id: context.action.id, detail: what })),
  },
});

/** What is decided without a cause of its own in the event. */
const conclude = {
  unknown: execution.assign({ outcome: ({ context }) => ends.outcomeUnknown(context) }),
  handlerMissing: execution.assign({
    outcome: ({ context }) => ends.handlerMissing(context.action.type, context.handler.effect === null ? context.handler.why : ''),
  }),
  containerMissing: execution.assign({ outcome: ({ context }) => ends.containerMissing(context.action.service) }),
  leaseExpired: execution.assign({ outcome: () => ends.leaseExpired() }),
  grantLost: execution.assign({ outcome: ({ context }) => ends.grantLost(context) }),
  lookupTimedOut: execution.assign({ outcome: () => ends.lookupTimedOut() }),
  beginTimedOut: execution.assign({ outcome: () => ends.journalFailed('the disk did not answer in time') }),
  effectTimedOut: execution.assign({ outcome: ({ context }) => ends.effectTimedOut(context) }),
  verified: execution.assign({ outcome: ({ context }) => ends.verified(context) }),
  notHealthyInTime: execution.assign({
    outcome: ({ context }) => ends.notHealthyInTime(context, { windowMs: context.action.verifyWindowMs, lastStatus: context.health?.status ?? null }),
  }),
};

export const executionMachine = execution.createMachine({
  id: 'execution',
  context: ({ input }) => initialFacts(input),
  output: ({ context }) => ({ id: context.action.id, record: recordOf(context), reason: reasonOf(context) }),
  on: { document: { actions: 'noteDocument' }, health: { actions: 'noteHealth' } },
  initial: 'resuming',
  states: {
    resuming: {
      always: [
        { guard: and(['hasClaim', 'isOver']), target: 'settling' },
        { guard: 'isOver', target: 'ended' },
        { guard: 'hasOutcome', target: 'reporting', actions: 'announceEnd' },
        { guard: 'hasBegun', target: 'recording', actions: conclude.unknown },
        { guard: 'hasClaim', target: 'asking' },
        { target: 'claiming' },
      ],
    },
    claiming: {
      entry: 'phaseClaiming',
      invoke: {
        src: 'writeClaim',
        input: ({ context }) => ({ id: context.action.id, attempt: context.action.attempt }),
        onDone: { target: 'asking', actions: assign(({ event }) => ({ nonce: event.output.nonce, claimedAtMs: event.output.at, nowMs: event.output.at })) },
        onError: {
          target: 'unclaimed',
          actions: { type: 'complain', params: ({ event }) => ({ what: `the claim could not be written down: ${String(event.error)}` }) },
        },
      },
      after: { writeDeadline: { target: 'unclaimed', actions: { type: 'complain', params: { what: 'the claim could not be written down in time' } } } },
    },
    /** A full disk: tried again as long as the approval stands. */
    unclaimed: {
      always: [
        { guard: 'isOver', target: 'ended' },
        { guard: 'isWithdrawn', target: 'ended' },
      ],
      after: { resend: { target: 'claiming' } },
    },
    asking: {
      entry: 'phaseClaiming',
      always: [
        { guard: 'isOver', target: 'settling' },
        { guard: 'isWithdrawn', target: 'ended' },
        { guard: 'isGrantedToAnother', target: 'settling' },
        { guard: and(['isGranted', not('leaseHolds')]), target: 'recording', actions: conclude.leaseExpired },
        { guard: and(['isGranted', not('hasHandler')]), target: 'recording', actions: conclude.handlerMissing },
        { guard: and(['isGranted', not('hasService')]), target: 'recording', actions: conclude.containerMissing },
        { guard: 'isGranted', target: 'finding' },
      ],
      initial: 'waiting',
      states: {
        waiting: { always: { guard: 'isApproved', target: 'asked' } },
        asked: {
          entry: 'requestGrant',
          after: { resend: { target: 'waiting' } },
          on: { synced: { target: 'waiting' } },
        },
      },
    },
    finding: {
      entry: 'phaseWorking',
      always: [
        { guard: 'isOver', target: 'settling' },
        { guard: 'isWithdrawn', target: 'ended' },
        { guard: 'isGrantedToAnother', target: 'settling' },
      ],
      invoke: {
        src: 'findTarget',
        input: ({ context }) => ({ service: known(context.action.service) }),
        onDone: { target: 'found', actions: assign(({ event }) => ({ target: event.output.target, nowMs: event.output.at })) },
        onError: { target: 'recording', actions: assign({ outcome: ({ event }) => ends.lookupFailed(event.error) }) },
      },
      after: { findDeadline: { target: 'recording', actions: conclude.lookupTimedOut } },
    },
    /** The last look at the grant before anything is written. */
    found: {
      always: [
        { guard: not('hasTarget'), target: 'recording', actions: conclude.containerMissing },
        { guard: 'leaseHolds', target: 'beginning' },
        { target: 'recording', actions: conclude.leaseExpired },
      ],
    },
    beginning: {
      invoke: {
        src: 'writeBegun',
        input: ({ context }) => ({ nonce: known(context.nonce) }),
        onDone: { target: 'begun', actions: assign({ nowMs: ({ event }) => event.output.at }) },
        onError: { target: 'recording', actions: assign({ outcome: ({ event }) => ends.journalFailed(event.error) }) },
      },
      after: { writeDeadline: { target: 'recording', actions: conclude.beginTimedOut } },
    },
    /** The last look at the grant before the effect: the write may have taken long. */
    begun: {
      always: [
        { guard: and(['isGranted', 'leaseHolds']), target: 'acting', actions: [assign({ begunAtMs: ({ context }) => context.nowMs }), 'announceStart'] },
        { guard: 'isGranted', target: 'recording', actions: conclude.leaseExpired },
        { target: 'recording', actions: conclude.grantLost },
      ],
    },
    /** The only way in is from `begun`, once: an effect cannot be called back, so what the document says meanwhile is only noted. */
    acting: {
      invoke: {
        src: 'doEffect',
        input: ({ context }) => effectOf(context),
        onDone: [
          { guard: 'mustVerify', target: 'verifying', actions: assign(({ event }) => ({ effectStartMs: event.output.startedAtMs, nowMs: event.output.at })) },
          { target: 'recording', actions: assign({ outcome: ({ context, event }) => ends.effectDone(event.output, context) }) },
        ],
        onError: { target: 'recording', actions: assign({ outcome: ({ context, event }) => ends.effectFailed(event.error, context) }) },
      },
      after: { effectDeadline: { target: 'recording', actions: conclude.effectTimedOut } },
    },
    verifying: {
      always: [
        { guard: 'isProven', target: 'recording', actions: conclude.verified },
        { guard: 'isOver', target: 'recording', actions: conclude.grantLost },
      ],
      after: { verifyWindow: { target: 'recording', actions: conclude.notHealthyInTime } },
    },
    recording: {
      entry: 'phaseWorking',
      invoke: {
        src: 'writeOutcome',
        input: ({ context }) => ({ nonce: known(context.nonce), outcome: known(context.outcome) }),
        onDone: {
          target: 'reporting',
          actions: [assign({ outcome: ({ event }) => event.output.outcome, nowMs: ({ event }) => event.output.at }), 'announceEnd'],
        },
        // Reported all the same: the document is the better memory now. A restart before that would say `outcome_unknown`.
        onError: {
          target: 'reporting',
          actions: [{ type: 'complain', params: ({ event }) => ({ what: `the outcome could not be written down: ${String(event.error)}` }) }, 'announceEnd'],
        },
      },
      after: {
        writeDeadline: {
          target: 'reporting',
          actions: [{ type: 'complain', params: { what: 'the outcome could not be written down in time' } }, 'announceEnd'],
        },
      },
    },
    reporting: {
      entry: ['phaseReporting', 'requestEnd'],
      always: [
        { guard: 'isOver', target: 'settling' },
        { guard: 'isWithdrawn', target: 'ended' },
      ],
      after: { resend: { target: 'reporting', reenter: true } },
      on: { synced: { target: 'reporting', reenter: true } },
    },
    settling: {
      entry: assign({ settled: true }),
      invoke: {
        src: 'writeSettled',
        input: ({ context }) => ({ nonce: known(context.nonce) }),
        onDone: { target: 'ended' },
        // Harmless: the next life looks at the document once more and settles it then.
        onError: {
          target: 'ended',
          actions: { type: 'complain', params: ({ event }) => ({ what: `its end could not be written down: ${String(event.error)}` }) },
        },
      },
      after: { writeDeadline: { target: 'ended', actions: { type: 'complain', params: { what: 'its end could not be written down in time' } } } },
    },
    ended: { type: 'final' },
  },
});
