/**
 * `approved`, `rejected`, `cancelled` by name, and `running`, `completed`, `failed` by an executor: finds the action,
 * asks the machine, and does what it says.
 */
import type { ParsedRequest } from '../../contracts/action-request.ts';
import { answer, type Case, refuse, remember } from './desk-answers.ts';
import { completeNotice } from './desk-time.ts';
import { type ChangeCode, judge } from './machine.ts';
import type { Approve, Cancel, LifeEvent, Mover, Reject, TimePassed } from './moves.ts';
import { resolveName } from './naming.ts';
import type { ActionRecord } from './record.ts';
import { changeLine, oneLine, refusalLine } from './wording.ts';

type Granted = Extract<ParsedRequest, { readonly ok: true }>;
type DecisionParsed = Extract<Granted, { readonly state: 'approved' | 'rejected' | 'cancelled' }>;
type ExecutorParsed = Extract<Granted, { readonly state: 'running' | 'completed' | 'failed' }>;

/** What an executor found goes into a document that aims below 1.5 kB; what is longer is in its own files. */
const resultCharsMax = 2_000;

export function decide(desk: Case, mover: Mover, parsed: DecisionParsed): void {
  const found = resolveName(parsed.request.id, desk.state.actions.values());
  if (!found.ok) {
    refuse(desk, { code: found.code, line: `Refused: ${found.why}.` });
    return;
  }
  const { request } = parsed;
  const asked = { mover, now: desk.now, note: oneLine(request.note ?? '') };
  const event: Approve | Reject | Cancel =
    parsed.state === 'cancelled'
      ? { ...asked, type: 'cancelled', reason: request.reason ?? null }
      : {
          ...asked,
          type: parsed.state,
          digest: request.digest?.trim().toLowerCase() ?? null,
          ...(request.attempt === undefined ? {} : { attempt: request.attempt }),
        };
  apply(desk, mover, found.record, event);
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
