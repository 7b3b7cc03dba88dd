/**
 * What each move changes in the record of an action: pure functions from record and event to the next record.
 *
 * Reads and writes nothing else. Whether a move is allowed is the machine's business (machine.ts), never decided here.
 */
import type { ActionState, Outcome, RequestState } from '../../contracts/action.ts';
import { isProgram, onlyPeopleSpoke, onlyProgramsSpoke } from '../../contracts/action-history.ts';
import { approvalValidMs, historyKeptInDocument, leaseMarginMs, reproposalCooldownMs } from '../../contracts/defaults.ts';
import { type ActionRecord, epochMs, isoOf, type Proposal } from './record.ts';

/** person = an operator, a delegate for a named person, or `anonymous`; proposer = supervisor and planner; none = may ask for nothing. */
export type MoverRole = 'person' | 'proposer' | 'executor' | 'none';

export interface Mover {
  readonly role: MoverRole;
  /** Of an executor: the node it acts on. */
  readonly node: string | null;
  /** As the history records it. */
  readonly by: string;
}

interface Asked<S extends RequestState> {
  readonly type: S;
  readonly mover: Mover;
  /** Epoch milliseconds of the ledger's clock. */
  readonly now: number;
  readonly note: string;
}
export type Propose = Asked<'pending'> & { readonly proposal: Proposal };
/** What was looked at, where whoever asks says so. */
interface LookedAt {
  readonly digest: string | null;
  readonly attempt?: number;
}
/** `givenMs`: when the person said it, where that was at another site, before `now`. */
export type Approve = Asked<'approved'> & LookedAt & { readonly givenMs?: number };
export type Reject = Asked<'rejected'> & LookedAt;
export type Cancel = Asked<'cancelled'> & LookedAt & { readonly reason: string | null };
export type ClaimIt = Asked<'running'> & { readonly attempt: number; readonly nonce: string };
export type Report = Asked<'completed' | 'failed'> & { readonly attempt: number; readonly nonce: string; readonly outcome: Outcome };
/** Nobody can ask for this one: the ledger itself notices that time has passed. */
export interface TimePassed {
  readonly type: 'time_passed';
  readonly now: number;
}
export type LifeEvent = Propose | Approve | Reject | Cancel | ClaimIt | Report | TimePassed;

/** The name under which the ledger's own moves are recorded; no login can have it (access.ts). */
const ledgerName = 'ledger';

/** Evidence that goes on is noted in the history this often: often enough to see that it lasts, rare enough to keep 20 entries useful. */
const evidenceNoteEveryMs = 600_000;

/** `note` fields hold 400 characters (contracts/action.ts). */
const noteCharsMax = 400;

interface Step {
  readonly to: ActionState;
  readonly now: number;
  readonly by: string;
  readonly note: string;
}

function step(record: ActionRecord, { to, now, by, note }: Step, changes: Partial<ActionRecord> = {}): ActionRecord {
  const entry = { from: record.state, to, at: isoOf(now), by, note: note.slice(0, noteCharsMax) };
  return { ...record, ...changes, state: to, touched_at: isoOf(now), transition_history: [...record.transition_history, entry].slice(-historyKeptInDocument) };
}

const nothingAgreed = { approved_by: null, approved_at: null, expires_at: null, claim: null, outcome: null } as const;

/** The first life of an id, or the first that the ledger remembers: `attempt` goes on from the journal. */
export function firstLife(event: Propose, attempt: number): ActionRecord {
  const at = isoOf(event.now);
  const born = { from: null, to: 'pending', at, by: event.mover.by, note: event.note } as const;
  return {
    ...event.proposal,
    ...nothingAgreed,
    attempt,
    state: 'pending',
    proposed_by: event.mover.by,
    proposed_at: at,
    touched_at: at,
    transition_history: [born],
  };
}

/**
 * A program proposes what was closed without being done, and nothing new speaks for it. What a program took back itself it may propose again, and
 * what people took back of their own was no answer to it.
 */
export function isTooSoon(record: ActionRecord, { mover, now, proposal }: Propose): boolean {
  if (mover.role !== 'proposer') return false;
  if (proposal.evidence.trigger_type !== record.evidence.trigger_type && onlyProgramsSpoke(record)) return false;
  const closed = record.transition_history.findLast((each) => each.to === record.state && each.from !== each.to);
  if (closed === undefined || (record.state === 'cancelled' && (isProgram(closed.by) || onlyPeopleSpoke(record)))) return false;
  return now - epochMs(closed.at) < reproposalCooldownMs;
}

/** A closed action is proposed again, or an open one turns into another under the same id: what was agreed before counts no more. */
export function nextLife(record: ActionRecord, event: Propose, why: string): ActionRecord {
  const attempt = record.attempt + 1;
  const note = [`attempt ${attempt}`, why, event.note].filter((part) => part !== '').join('; ');
  const fresh = { ...event.proposal, ...nothingAgreed, attempt, proposed_by: event.mover.by, proposed_at: isoOf(event.now) };
  return step(record, { to: 'pending', now: event.now, by: event.mover.by, note }, fresh);
}

/** What a clean-up may remove is what was listed when its attempt began: a yes to it must not grow while it is on its way. */
function withSameContainers({ containers: _later, ...evidence }: ActionRecord['evidence'], { containers }: ActionRecord['evidence']): ActionRecord['evidence'] {
  return containers === undefined ? evidence : { ...evidence, containers };
}

export function refreshEvidence(record: ActionRecord, event: Propose): ActionRecord {
  const { verify_window_ms } = event.proposal;
  const evidence = withSameContainers(event.proposal.evidence, record.evidence);
  const newest = record.transition_history.at(-1);
  const changedKind = evidence.trigger_type !== record.evidence.trigger_type;
  const due = newest === undefined || event.now - epochMs(newest.at) >= evidenceNoteEveryMs;
  // The verify window of a running action is what its lease was made of.
  const changes = { evidence, verify_window_ms: record.state === 'running' ? record.verify_window_ms : verify_window_ms };
  if (!changedKind && !due) return { ...record, ...changes, touched_at: isoOf(event.now) };
  return step(record, { to: record.state, now: event.now, by: event.mover.by, note: `still so: ${evidence.trigger_type}` }, changes);
}

export function approve(record: ActionRecord, { now, givenMs = now, mover, note }: Approve): ActionRecord {
  const agreed = { approved_by: mover.by, approved_at: isoOf(givenMs), expires_at: isoOf(givenMs + approvalValidMs) };
  return step(record, { to: 'approved', now, by: mover.by, note }, agreed);
}

export const reject = (record: ActionRecord, { now, mover, note }: Reject): ActionRecord => step(record, { to: 'rejected', now, by: mover.by, note });

export function cancel(record: ActionRecord, { now, mover, note, reason }: Cancel): ActionRecord {
  return step(record, { to: 'cancelled', now, by: mover.by, note: [reason ?? 'by_operator', note].filter((part) => part !== '').join(': ') });
}

export function claim(record: ActionRecord, { now, mover, note, nonce }: ClaimIt): ActionRecord {
  const lease_until = isoOf(now + record.verify_window_ms + leaseMarginMs);
  return step(record, { to: 'running', now, by: mover.by, note }, { claim: { nonce, by: mover.by, at: isoOf(now), lease_until } });
}

export const finish = (record: ActionRecord, { type, now, mover, outcome }: Report): ActionRecord =>
  step(record, { to: type, now, by: mover.by, note: outcome.code }, { outcome });

const lateNote = ({ type, attempt, outcome }: Report): string => `late word on attempt ${attempt}: ${type} (${outcome.code})`;

/** The lease ran out before this outcome came: the state stands, the word is kept. */
export const noteLateOutcome = (record: ActionRecord, event: Report): ActionRecord =>
  step(record, { to: record.state, now: event.now, by: event.mover.by, note: lateNote(event) });

export const hasLateNote = (record: ActionRecord, event: Report): boolean => record.transition_history.some((entry) => entry.note === lateNote(event));

export const expire = (record: ActionRecord, { now }: TimePassed): ActionRecord =>
  step(record, { to: 'expired', now, by: ledgerName, note: `approved by ${record.approved_by ?? 'nobody'}, not begun in time; expired, not rejected` });

const ledgersOutcome = (code: string, ok: boolean, message: string, now: number): Outcome => ({
  ok,
  code,
  message,
  began_at: null,
  ended_at: isoOf(now),
  result: {},
});

export const outcomeUnknown = 'outcome_unknown';

export const giveUp = (record: ActionRecord, { now }: TimePassed): ActionRecord =>
  step(
    record,
    { to: 'failed', now, by: ledgerName, note: outcomeUnknown },
    { outcome: ledgersOutcome(outcomeUnknown, false, `${record.claim?.by ?? 'the executor'} did not report before its lease ran out`, now) },
  );

/** A notice needs no executor: that a person has seen it is all there is to do. */
export const completeNotice = (record: ActionRecord, { now }: TimePassed): ActionRecord =>
  step(record, { to: 'completed', now, by: ledgerName, note: 'acknowledged' }, { outcome: ledgersOutcome('acknowledged', true, '', now) });
