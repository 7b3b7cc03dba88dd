/**
 * How the desk answers: what changed is recorded, then shown, then told; what is refused is told, and once in a while
 * also said as an event. The order of the commands is the order of durability: journal, document, reply, request topic.
 */
import type { Reply } from '../../contracts/action.ts';
import { refOf } from '../../contracts/action-request.ts';
import { eventTypes } from '../../contracts/event-types.table.ts';
import type { Standing } from './access.ts';
import type { LedgerCommand, LedgerState, RequestEvent } from './desk-state.ts';
import { type ActionRecord, isoOf } from './record.ts';
import { oneLine } from './wording.ts';

/** A refusal of one kind to one requester is an event this often; the reply always comes. */
const refusalEventEveryMs = 60_000;
/** Requesters and codes remembered for that; beyond it the oldest are forgotten. */
const refusalsToldMax = 1_000;

/** One request on the desk. */
export interface Case {
  readonly state: LedgerState;
  readonly request: Pick<RequestEvent, 'state' | 'requester' | 'text' | 'retained'>;
  readonly standing: Standing;
  readonly now: number;
  readonly out: LedgerCommand[];
  /** How whoever asked is told; once for each case. */
  readonly tell: (reply: Reply) => void;
}

/** Records a change and shows it. */
export function commit(state: LedgerState, out: LedgerCommand[], what: string, record: ActionRecord): void {
  remember(state, out, what, record);
  out.push({ type: 'publish', record, always: false });
}

/** Records a change that will be shown together with the next one. */
export function remember(state: LedgerState, out: LedgerCommand[], what: string, record: ActionRecord): void {
  state.actions.set(record.id, record);
  state.attempts.set(record.id, record.attempt);
  out.push({ type: 'record', entry: { kind: 'action', at: record.touched_at, what, action: record } });
}

export const askedLine = ({ request }: Pick<Case, 'request'>): string => oneLine(`${request.state ?? 'maintenance'} ${request.text}`);

export function answer(desk: Case, { summary, code, ok, id = null }: Pick<Reply, 'summary' | 'code' | 'ok'> & { readonly id?: string | null }): void {
  const ref = refOf(desk.request.text);
  desk.tell({ summary: oneLine(summary), code, ok, id, request: askedLine(desk), ...(ref === undefined ? {} : { ref }), ts: isoOf(desk.now) });
}

export interface Refusal {
  readonly code: string;
  /** The readable line. */
  readonly line: string;
  readonly record?: ActionRecord;
}

export function refuse(desk: Case, { code, line, record }: Refusal): void {
  answer(desk, { summary: line, code, ok: false, id: record?.id ?? null });
  const { state, request, now, out } = desk;
  const key = `${request.requester} ${code}`;
  const toldAt = state.refusalsTold.get(key);
  if (toldAt !== undefined && now - toldAt < refusalEventEveryMs && now >= toldAt) return;
  state.refusalsTold.delete(key);
  state.refusalsTold.set(key, now);
  const [oldest] = state.refusalsTold.keys();
  if (state.refusalsTold.size > refusalsToldMax && oldest !== undefined) state.refusalsTold.delete(oldest);
  const payload = { code, requester: request.requester, asked: request.state ?? 'maintenance', action_id: record?.id ?? null, retained: request.retained };
  const draft = { type: 'action_refused', severity: eventTypes.action_refused.severity, service: record?.service ?? null, message: oneLine(line), payload };
  out.push({ type: 'emit', draft });
}

/** After the answer: a request that may have been stored leaves its topic, so that it can not come again. */
export function clearTopic({ request, standing, out }: Case, topic: string): void {
  // In MQTT 3.1.1 a live retained publish looks like a plain one; programs never set the flag.
  if (standing.kind === 'program' && !request.retained) return;
  out.push({ type: 'clear', topic });
}
