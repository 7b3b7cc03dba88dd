/**
 * The life of one action: who may move it where, and what is refused with which code (docs: architecture, section 3).
 *
 * Used as a pure function (`judge`, `begin`): the desk asks, and does what the verdict says. An event's type is the state
 * that is asked for, so `pending` means "propose". Reads: the record and the event. Remembers nothing itself. The context
 * holds the record with its own `state`, always equal to the machine's; machine.test.ts walks every pair.
 */
import { assign, initialTransition, setup, transition } from 'xstate';
import type { RequestState } from '../../contracts/action.ts';
import * as moves from './moves.ts';
import { type ActionRecord, epochMs } from './record.ts';

export type RefusalCode =
  | 'not_allowed'
  | 'already_open'
  | 'digest_mismatch'
  | 'not_pending'
  | 'not_cancellable'
  | 'reason_needed'
  | 'not_approved'
  | 'already_claimed'
  | 'stale_attempt'
  | 'wrong_claim'
  | 'contradiction'
  | 'not_running'
  | 'cooling_down';
/** `unchanged`: rightly asked, and already so. */
export type ChangeCode =
  | 'proposed'
  | 'replaced'
  | 'refreshed'
  | 'approved'
  | 'rejected'
  | 'cancelled'
  | 'running'
  | 'completed'
  | 'failed'
  | 'expired'
  | 'noted';
export type Verdict = { readonly ok: false; readonly code: RefusalCode } | { readonly ok: true; readonly code: ChangeCode | 'unchanged' };
export type Judgement = Verdict & { readonly record: ActionRecord };

/** Who may ask for a state at all. A program never approves. */
export const askableBy: Readonly<Record<RequestState, readonly moves.MoverRole[]>> = {
  pending: ['proposer', 'person'],
  approved: ['person'],
  rejected: ['person'],
  cancelled: ['proposer', 'person'],
  running: ['executor'],
  completed: ['executor'],
  failed: ['executor'],
};

/** Why a program may withdraw a proposal. */
const programReasons: readonly string[] = ['drift_resolved_auto', 'service_removed_from_desired_state', 'recovered', 'node_moved'];

/** Evidence of one kind is taken down this often; more would only fill the journal. */
const refreshEveryMs = 60_000;

interface Context {
  readonly record: ActionRecord;
  readonly verdict: Verdict;
}
/** The event of a move, or a bug. */
function only<T extends moves.LifeEvent['type']>(event: moves.LifeEvent, ...types: readonly T[]): Extract<moves.LifeEvent, { readonly type: T }> {
  if (!types.some((type) => type === event.type)) throw new Error(`${event.type} is not ${types.join(' or ')}`);
  return event as Extract<moves.LifeEvent, { readonly type: T }>;
}

const isDecision = (event: moves.LifeEvent): event is moves.Approve | moves.Reject | moves.Cancel =>
  event.type === 'approved' || event.type === 'rejected' || event.type === 'cancelled';

const changed = (code: ChangeCode, record: ActionRecord): Context => ({ record, verdict: { ok: true, code } });

const actionSetup = setup({
  types: {
    context: {} as Context,
    events: {} as moves.LifeEvent,
    input: {} as { readonly event: moves.Propose; readonly attempt: number },
  },
  actions: {
    refuse: assign((_, params: { readonly code: RefusalCode }) => ({ verdict: { ok: false as const, code: params.code } })),
    changeNothing: assign({ verdict: { ok: true, code: 'unchanged' } }),
    beginNextLife: assign(({ context, event }) => changed('proposed', moves.nextLife(context.record, only(event, 'pending'), ''))),
    replace: assign(({ context, event }) => changed('replaced', moves.nextLife(context.record, only(event, 'pending'), 'another target, parameters or risk'))),
    refreshEvidence: assign(({ context, event }) => changed('refreshed', moves.refreshEvidence(context.record, only(event, 'pending')))),
    approve: assign(({ context, event }) => changed('approved', moves.approve(context.record, only(event, 'approved')))),
    reject: assign(({ context, event }) => changed('rejected', moves.reject(context.record, only(event, 'rejected')))),
    cancel: assign(({ context, event }) => changed('cancelled', moves.cancel(context.record, only(event, 'cancelled')))),
    claim: assign(({ context, event }) => changed('running', moves.claim(context.record, only(event, 'running')))),
    finish: assign(({ context, event }) => {
      const report = only(event, 'completed', 'failed');
      return changed(report.type, moves.finish(context.record, report));
    }),
    noteLateOutcome: assign(({ context, event }) => changed('noted', moves.noteLateOutcome(context.record, only(event, 'completed', 'failed')))),
    expire: assign(({ context, event }) => changed('expired', moves.expire(context.record, only(event, 'time_passed')))),
    giveUp: assign(({ context, event }) => changed('failed', moves.giveUp(context.record, only(event, 'time_passed')))),
    completeNotice: assign(({ context, event }) => changed('completed', moves.completeNotice(context.record, only(event, 'time_passed')))),
  },
  guards: {
    mayNotAsk: ({ context, event }) => {
      if (event.type === 'time_passed') return false;
      const { role, node } = event.mover;
      return !askableBy[event.type].includes(role) || (role === 'executor' && node !== context.record.node);
    },
    isProgram: ({ event }) => event.type !== 'time_passed' && event.mover.role !== 'person',
    lacksReason: ({ event }) => event.type === 'cancelled' && event.mover.role !== 'person' && !programReasons.includes(event.reason ?? ''),
    namesOtherDigest: ({ context, event }) => isDecision(event) && event.digest !== null && event.digest !== context.record.digest,
    namesOtherAttempt: ({ context, event }) => isDecision(event) && event.attempt !== undefined && event.attempt !== context.record.attempt,
    proposesOther: ({ context, event }) => event.type === 'pending' && event.proposal.digest !== context.record.digest,
    justRefreshed: ({ context: { record }, event }) =>
      event.type === 'pending' &&
      event.proposal.evidence.trigger_type === record.evidence.trigger_type &&
      event.now - epochMs(record.touched_at) < refreshEveryMs,
    isNotice: ({ context }) => context.record.type === 'alert_only',
    isTooSoon: ({ context: { record }, event }) => event.type === 'pending' && moves.isTooSoon(record, event),
    approvalRanOut: ({ context: { record }, event }) => record.expires_at === null || event.now >= epochMs(record.expires_at),
    leaseRanOut: ({ context: { record }, event }) => record.claim === null || event.now >= epochMs(record.claim.lease_until),
    otherAttempt: ({ context, event }) =>
      (event.type === 'running' || event.type === 'completed' || event.type === 'failed') && event.attempt !== context.record.attempt,
    holdsTheClaim: ({ context: { record }, event }) => event.type === 'running' && event.attempt === record.attempt && event.nonce === record.claim?.nonce,
    lacksTheClaim: ({ context: { record }, event }) => (event.type === 'completed' || event.type === 'failed') && event.nonce !== record.claim?.nonce,
    contradictsItself: ({ event }) => (event.type === 'completed' || event.type === 'failed') && event.outcome.ok !== (event.type === 'completed'),
    saidBefore: ({ context: { record }, event }) =>
      (event.type === 'completed' || event.type === 'failed') &&
      ((record.state === event.type && record.outcome?.code === event.outcome.code) || moves.hasLateNote(record, event)),
    gaveItUp: ({ context: { record } }) => record.outcome?.code === moves.outcomeUnknown,
  },
});

const refuse = <C extends RefusalCode>(code: C) => ({ type: 'refuse', params: { code } }) as const;
const forbidden = { guard: 'mayNotAsk', actions: refuse('not_allowed') } as const;
const staleAttempt = { guard: 'otherAttempt', actions: refuse('stale_attempt') } as const;
const noClaim = { guard: 'lacksTheClaim', actions: refuse('wrong_claim') } as const;
const otherLooked = [
  { guard: 'namesOtherAttempt', actions: refuse('stale_attempt') },
  { guard: 'namesOtherDigest', actions: refuse('digest_mismatch') },
] as const;
const contradiction = { guard: 'contradictsItself', actions: refuse('contradiction') } as const;
const repeated = { guard: 'saidBefore', actions: 'changeNothing' } as const;

/** Proposed while approved or running: the agreement stays, and another action must wait for its end. */
const proposedWhileAgreed = [
  forbidden,
  { guard: 'proposesOther', actions: refuse('already_open') },
  { guard: 'justRefreshed', actions: 'changeNothing' },
  { actions: 'refreshEvidence' },
] as const;
/** Programs repeat what they ask until a document shows it: such a repetition must not outlive the answer. A person may ask at once. */
const proposedAfterNo = [forbidden, { guard: 'isTooSoon', actions: refuse('cooling_down') }, { target: 'pending', actions: 'beginNextLife' }] as const;
const proposedAgain = [forbidden, { target: 'pending', actions: 'beginNextLife' }] as const;
const outcome = (target: 'completed' | 'failed') => [forbidden, staleAttempt, noClaim, contradiction, { target, actions: 'finish' }] as const;
const outcomeAgain = [forbidden, staleAttempt, noClaim, repeated, { actions: refuse('not_running') }] as const;
const outcomeLate = [
  forbidden,
  staleAttempt,
  noClaim,
  repeated,
  { guard: 'gaveItUp', actions: 'noteLateOutcome' },
  { actions: refuse('not_running') },
] as const;

export const actionMachine = actionSetup.createMachine({
  id: 'action',
  context: ({ input }) => ({ record: moves.firstLife(input.event, input.attempt), verdict: { ok: true, code: 'proposed' } }),
  initial: 'pending',
  // What a state does not say itself is refused, whoever asks.
  on: {
    approved: [forbidden, { actions: refuse('not_pending') }],
    rejected: [forbidden, { actions: refuse('not_pending') }],
    cancelled: [forbidden, { actions: refuse('not_cancellable') }],
    running: [forbidden, { actions: refuse('not_approved') }],
    completed: [forbidden, { actions: refuse('not_running') }],
    failed: [forbidden, { actions: refuse('not_running') }],
    time_passed: { actions: 'changeNothing' },
  },
  states: {
    pending: {
      on: {
        pending: [
          forbidden,
          { guard: 'proposesOther', actions: 'replace' },
          { guard: 'justRefreshed', actions: 'changeNothing' },
          { actions: 'refreshEvidence' },
        ],
        approved: [forbidden, ...otherLooked, { target: 'approved', actions: 'approve' }],
        rejected: [forbidden, ...otherLooked, { target: 'rejected', actions: 'reject' }],
        cancelled: [forbidden, { guard: 'lacksReason', actions: refuse('reason_needed') }, ...otherLooked, { target: 'cancelled', actions: 'cancel' }],
      },
    },
    approved: {
      on: {
        pending: proposedWhileAgreed,
        cancelled: [forbidden, { guard: 'isProgram', actions: refuse('not_cancellable') }, ...otherLooked, { target: 'cancelled', actions: 'cancel' }],
        running: [
          forbidden,
          { guard: 'isNotice', actions: refuse('not_approved') },
          staleAttempt,
          { guard: 'approvalRanOut', actions: refuse('not_approved') },
          { target: 'running', actions: 'claim' },
        ],
        time_passed: [
          { guard: 'isNotice', target: 'completed', actions: 'completeNotice' },
          { guard: 'approvalRanOut', target: 'expired', actions: 'expire' },
          { actions: 'changeNothing' },
        ],
      },
    },
    running: {
      on: {
        pending: proposedWhileAgreed,
        running: [forbidden, { guard: 'holdsTheClaim', actions: 'changeNothing' }, { actions: refuse('already_claimed') }],
        completed: outcome('completed'),
        failed: outcome('failed'),
        time_passed: [{ guard: 'leaseRanOut', target: 'failed', actions: 'giveUp' }, { actions: 'changeNothing' }],
      },
    },
    completed: { on: { pending: proposedAgain, completed: outcomeAgain, failed: outcomeAgain } },
    failed: { on: { pending: proposedAfterNo, completed: outcomeLate, failed: outcomeLate } },
    rejected: { on: { pending: proposedAfterNo } },
    cancelled: {
      on: {
        pending: proposedAfterNo,
        // Programs repeat until they see the document; a person is told.
        cancelled: [forbidden, { guard: 'isProgram', actions: 'changeNothing' }, { actions: refuse('not_cancellable') }],
      },
    },
    expired: { on: { pending: proposedAfterNo } },
  },
});

/** What becomes of an action when this is asked of it; changes nothing itself. */
export function judge(record: ActionRecord, event: moves.LifeEvent): Judgement {
  const before = actionMachine.resolveState({ value: record.state, context: { record, verdict: { ok: true, code: 'unchanged' } } });
  const [after] = transition(actionMachine, before, event);
  return { ...after.context.verdict, record: after.context.record };
}

/** An action that the ledger does not know yet. */
export function begin(event: moves.Propose, attempt: number): ActionRecord {
  const [first] = initialTransition(actionMachine, { event, attempt });
  return first.context.record;
}
