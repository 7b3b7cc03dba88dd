/**
 * The vocabulary of one execution: what its machine (machine.ts) may wait for, ask, do and say. Each is a name there.
 *
 * Pure: work is injected by actor.ts, what must be sent goes to the desk as commands.
 */
import { assign, fromPromise, sendParent, setup } from 'xstate';
import { incidentGraceMs } from '../../contracts/defaults.ts';
import { calmInMs } from './calm.ts';
import { dependentEnds, hasTimeForAnother, isStepProven, nextDependent, reportReserveMs } from './dependents.ts';
import * as facts from './facts.ts';
import type { EffectName } from './handlers/handler.ts';
import * as ends from './outcome.ts';
import type { ExecutionEnd, ExecutionInput, Heard, Said, Work } from './protocol.ts';
import { holdsLease, isGranted, isGrantedToAnother, isOlder, isOver } from './view.ts';

/** A request may be lost (no connection, a broker that restarts), so it is repeated. 10 s: what all actors use. */
const resendMs = 10_000;
/** A write that takes longer is not coming back: SD cards stall for seconds, not for half a minute. */
const writeDeadlineMs = 30_000;
/** An inspect takes milliseconds; an engine that needs longer than this is hung. */
const findDeadlineMs = 15_000;
/** Only a backstop: the port gives a restart 40 s and a health check up to 125 s, and says so itself. */
const effectDeadlineMs = 130_000;
/** The same for Compose, to which the port gives 200 s. What is left of the lease, 420 s by default, is for finding, beginning, verifying and telling. */
const redeployDeadlineMs = 210_000;
/** The same for a clean-up, whose parts have deadlines that add up to less; within the lease, which is 420 s by default. */
const cleanupDeadlineMs = 330_000;

const deadlineOf: Readonly<Record<EffectName, number>> = {
  restart_container: effectDeadlineMs,
  redeploy_service: redeployDeadlineMs,
  run_healthcheck: effectDeadlineMs,
  collect_diagnostics: effectDeadlineMs,
  clean_disk: cleanupDeadlineMs,
};

const { known, mine } = facts;

const notInjected = <K extends keyof Work>() => fromPromise<Work[K]['output'], Work[K]['input']>(() => Promise.reject(new Error('port not injected')));

const say = (...commands: Extract<Said, { type: 'execution.say' }>['commands']): Said => ({ type: 'execution.say', commands });

/** The step under way is to be seen healthy by then, epoch milliseconds. That of a dependent leaves time to report within the lease. */
function verifyUntil(context: facts.Facts): number {
  const step = known(facts.currentStep(context));
  const untilMs = (step.acted?.at ?? step.begunAtMs) + context.action.verifyWindowMs;
  const leaseMs = context.view?.leaseUntilMs ?? null;
  return step.service === null || leaseMs === null ? untilMs : Math.min(untilMs, leaseMs - reportReserveMs);
}

export const execution = setup({
  types: {
    context: {} as facts.Facts,
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
    readClock: notInjected<'readClock'>(),
  },
  delays: {
    resend: resendMs,
    writeDeadline: writeDeadlineMs,
    findDeadline: findDeadlineMs,
    effectDeadline: ({ context }) => deadlineOf[known(context.handler.effect)],
    verifyWindow: ({ context }) => Math.max(0, verifyUntil(context) - context.nowMs),
    calm: ({ context }) => calmInMs(context.calm, context),
    /** Dependents have as long to become well by themselves as trouble must last before it is an incident. */
    dependentGrace: incidentGraceMs,
  },
  guards: {
    isOver: ({ context }) => isOver(context.view, mine(context)),
    isWithdrawn: ({ context }) => context.view === null,
    isApproved: ({ context }) => context.view?.attempt === context.action.attempt && context.view.status === 'approved',
    isGranted: ({ context }) => isGranted(context.view, mine(context)),
    isGrantedToAnother: ({ context }) => isGrantedToAnother(context.view, mine(context)),
    leaseHolds: ({ context }) => holdsLease(context.view, context.nowMs),
    hasClaim: ({ context }) => context.nonce !== null,
    hasOutcome: ({ context }) => context.outcome !== null,
    /** The engine was asked, and whether it did it is not known. */
    isLeftBegun: ({ context }) => facts.currentStep(context)?.acted === null,
    hasActed: ({ context }) => facts.currentStep(context) !== null,
    isDependent: ({ context }) => context.dependent !== null,
    hasHandler: ({ context }) => context.handler.effect !== null,
    hasService: ({ context }) => context.action.service !== null,
    hasGoodParams: ({ context }) => context.action.paramsProblem === null,
    isOnNode: ({ context }) => context.handler.effect !== null && context.handler.on === 'node',
    mayClean: ({ context }) => facts.cleanupVerdict(context).plan !== null,
    mustVerify: ({ context }) => context.handler.effect !== null && context.handler.verify === 'health',
    hasTarget: ({ context }) => context.target !== null,
    mayBeMade: ({ context }) => facts.declarationOf(context) !== null,
    isProven: ({ context }) => isStepProven(known(facts.currentStep(context)), context.seen),
    isCalm: ({ context }) => calmInMs(context.calm, context) === 0,
    hasNextDependent: ({ context }) => nextDependent(context) !== null,
    hasTimeForAnother: ({ context }) => hasTimeForAnother(context),
  },
  actions: {
    noteDocument: assign(({ context, event }) => {
      if (event.type !== 'document') return {};
      const stale = event.view !== null && context.view !== null && isOlder(event.view, context.view);
      return { nowMs: event.now, view: stale ? context.view : event.view };
    }),
    noteHealth: assign(({ context, event }) => (event.type === 'health' ? facts.withHealth(context, event.service, event.health, event.now) : {})),
    noteDesired: assign(({ event }) => (event.type === 'desired' ? { nowMs: event.now, desired: event.desired } : {})),
    noteCalm: assign(({ context }) => facts.withCalm(context)),
    noteStepBegun: assign(({ context }) => facts.withStepBegun(context)),
    takeNextDependent: assign(({ context }) => ({ dependent: nextDependent(context), target: null })),
    /** What stopped the restart of a dependent is not the end of the action. */
    noteFailure: assign(({ context }) => ({
      failures: { ...context.failures, [known(context.dependent)]: known(context.outcome).code },
      outcome: null,
    })),
    phaseClaiming: sendParent(({ context }): Said => ({ type: 'execution.phase', id: context.action.id, phase: 'claiming' })),
    phaseWorking: sendParent(({ context }): Said => ({ type: 'execution.phase', id: context.action.id, phase: 'working' })),
    phaseReporting: sendParent(({ context }): Said => ({ type: 'execution.phase', id: context.action.id, phase: 'reporting' })),
    requestGrant: sendParent(({ context }) => say({ type: 'request', state: 'running', payload: facts.claimOf(context) })),
    requestEnd: sendParent(({ context }) => {
      const outcome = known(context.outcome);
      return say({ type: 'request', state: outcome.ok ? 'completed' : 'failed', payload: { ...facts.claimOf(context), outcome } });
    }),
    announceStart: sendParent(({ context }) =>
      say(...(context.dependent === null ? [{ type: 'announce' as const, draft: ends.startedEvent(context.action) }] : [])),
    ),
    announceEnd: sendParent(({ context }) =>
      say(...ends.endedEvents(context.action, known(context.outcome)).map((draft) => ({ type: 'announce' as const, draft }))),
    ),
    complain: sendParent(({ context }, { what }: { readonly what: string }) => say({ type: 'complain', id: context.action.id, detail: what })),
  },
});

/** What is decided without a cause of its own in the event. */
export const conclude = {
  unknown: execution.assign({ outcome: ({ context }) => ends.outcomeUnknown(begun(context)) }),
  handlerMissing: execution.assign({
    outcome: ({ context }) => ends.handlerMissing(context.action.type, context.handler.effect === null ? context.handler.why : ''),
  }),
  paramsRefused: execution.assign({ outcome: ({ context }) => ends.paramsRefused(known(context.action.paramsProblem)) }),
  cleanupRefused: execution.assign({
    outcome: ({ context }) => {
      const verdict = facts.cleanupVerdict(context);
      if (verdict.plan !== null) throw new Error('execution: a clean-up is refused that may be done');
      return ends.cleanupRefused(verdict);
    },
  }),
  containerMissing: execution.assign({
    outcome: ({ context: { dependent, action, handler } }) =>
      ends.containerMissing(dependent ?? action.service, { isUndeclared: handler.effect !== null && handler.on === 'service' }),
  }),
  leaseExpired: execution.assign({ outcome: () => ends.leaseExpired() }),
  grantLost: execution.assign({ outcome: ({ context }) => ends.grantLost(begun(context)) }),
  lookupTimedOut: execution.assign({ outcome: () => ends.lookupTimedOut() }),
  beginTimedOut: execution.assign({ outcome: () => ends.journalFailed('the disk did not answer in time') }),
  effectTimedOut: execution.assign({ outcome: ({ context }) => ends.effectTimedOut(begun(context)) }),
  done: execution.assign({ outcome: ({ context }) => ends.effectDone(known(known(facts.currentStep(context)).acted), begun(context)) }),
  verified: execution.assign({ outcome: ({ context }) => ends.verified(begun(context), facts.doneOf(context), dependentEnds(context)) }),
  notHealthyInTime: execution.assign({
    outcome: ({ context }) =>
      ends.notHealthyInTime(begun(context), facts.doneOf(context), {
        windowMs: context.action.verifyWindowMs,
        lastStatus: context.seen?.status ?? null,
      }),
  }),
};

export const begun = (context: facts.Facts): ends.Begun => ({ begunAtMs: facts.begunAtOf(context) });
