/**
 * `approved`, `rejected`, `cancelled` by name, and `running`, `completed`, `failed` by an executor: finds the action,
 * asks the machine, and does what it says.
 */
import type { ParsedRequest } from '../../contracts/action-request.ts';
import { answer, type Case, refuse, remember } from './desk-answers.ts';
import { forwardDecision } from './desk-relay.ts';
import { seenActions } from './desk-seen.ts';
import { completeNotice } from './desk-time.ts';
import { type ChangeCode, judge } from './machine.ts';
import type { Approve, Cancel, LifeEvent, Mover, Reject, TimePassed } from './moves.ts';
import { resolveName, whyNamed } from './naming.ts';
import type { ActionRecord } from './record.ts';
import { changeLine, oneLine, refusalLine } from './wording.ts';

type Granted = Extract<ParsedRequest, { readonly ok: true }>;
type DecisionParsed = Pick<Extract<Granted, { readonly state: 'approved' | 'rejected' | 'cancelled' }>, 'state' | 'request'>;
type ExecutorParsed = Extract<Granted, { readonly state: 'running' | 'completed' | 'failed' }>;

/** What an executor found goes into a document that aims below 1.5 kB; what is longer is in its own files. */
const resultCharsMax = 2_000;

/** The name is looked for once, among all actions that are seen here. */
export function decide(desk: Case, mover: Mover, parsed: DecisionParsed): void {
  const { state } = desk;
  const found = resolveName(parsed.request.id, seenActions(state));
  if (!found.ok) {
    refuse(desk, { code: found.code, line: `Refused: ${found.why}.` });
    return;
  }
  const { own, foreign } = found.record;
  const why = whyNamed({ state: parsed.state, name: parsed.request.id, digest: parsed.request.digest }, own ?? foreign);
  if (why !== null) {
    refuse(desk, { code: 'name_needed', line: `Refused: ${why}.` });
    return;
  }
  if (own !== null) decideOn(desk, mover, own, parsed);
  else if (mover.role === 'person') forwardDecision(desk, mover, foreign, parsed);
  else refuse(desk, { code: 'other_site', line: `Refused: ${foreign.id} belongs to the site ${foreign.site}; ask there.` });
}

/** `givenMs`: when the person said it, where that was at another site. */
export function decideOn(desk: Case, mover: Mover, record: ActionRecord, { state, request }: DecisionParsed, givenMs = desk.now): void {
  const lookedAt = { digest: request.digest?.trim().toLowerCase() ?? null, ...(request.attempt === undefined ? {} : { attempt: request.attempt }) };
  const asked = { mover, now: desk.now, note: oneLine(request.note ?? ''), ...lookedAt };
  const event: Approve | Reject | Cancel =
    state === 'approved'
      ? { ...asked, type: state, givenMs }
      : state === 'rejected'
        ? { ...asked, type: state }
        : { ...asked, type: state, reason: request.reason ?? null };
  apply(desk, mover, record, event);
}

/** An executor names exactly what it read in the document: no prefixes here. */
export function execute(desk: Case, mover: Mover, parsed: ExecutorParsed): void {
  const { request } = parsed;
  const record = desk.state.actions.get(request.id);
  if (record === undefined) {
    refuse(desk, { code: 'unknown_action', line: `Refused: no action is called "${request.id.slice(0, 100)}".` });
    return;
  }
  const asked = { mover, now: desk.now, note: '', attempt: request.attempt, nonce: request.nonce };
  if (parsed.state === 'running') {
    apply(desk, mover, record, { ...asked, type: 'running' });
    return;
  }
  const { outcome } = parsed.request;
  const fits = JSON.stringify(outcome.result).length <= resultCharsMax;
  apply(desk, mover, record, { ...asked, type: parsed.state, outcome: fits ? outcome : { ...outcome, result: { left_out: 'too long for a document' } } });
}

function apply(desk: Case, mover: Mover, record: ActionRecord, event: Exclude<LifeEvent, TimePassed>): void {
  const { state, out, now } = desk;
  const verdict = judge(record, event);
  if (!verdict.ok) {
    refuse(desk, { code: verdict.code, line: refusalLine(verdict.code, record, { by: mover.by, state: event.type, now }), record });
    return;
  }
  let { record: after } = verdict;
  let code: ChangeCode | 'unchanged' = verdict.code;
  if (code !== 'unchanged') remember(state, out, code, after);
  // An executor must not see an approved notice: there is nothing to claim.
  const completed = completeNotice(state, out, now, after);
  if (completed !== null) ({ record: after, code } = { record: completed, code: 'completed' });
  // Somebody who repeats what is so already has not seen the document: then it is published once more.
  else out.push({ type: 'publish', record: after, always: code === 'unchanged' });
  answer(desk, { summary: changeLine(code, after, now), code, ok: true, id: record.id });
}
