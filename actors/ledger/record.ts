/**
 * What the ledger remembers of one action: its document without the head, plus the state and when it was last touched.
 *
 * Times are ISO 8601 here as in the document, so that a record is the journal's entry and the document's body unchanged.
 */
import type { z } from 'zod';
import { Action, ActionState, type ActionType, type Evidence } from '../../contracts/action.ts';
import { Timestamp } from '../../contracts/common.ts';

export const ActionRecord = Action.omit({ status: true, summary: true, ts: true, session: true, rev: true }).extend({
  state: ActionState,
  touched_at: Timestamp.describe('when the ledger last changed the record; closed ones leave the bus some days later'),
});
export type ActionRecord = Readonly<z.infer<typeof ActionRecord>>;

/** What is proposed, after the desk has filled in everything that nobody who asks may state. */
export interface Proposal {
  readonly id: string;
  readonly type: ActionType;
  readonly risk: 'low' | 'guarded';
  readonly site: string;
  readonly node: string;
  readonly service: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly digest: string;
  readonly evidence: Evidence;
  readonly verify_window_ms: number;
}

/** Epoch milliseconds of a time in a record; null for null. */
export const epochMs = (iso: string): number => Date.parse(iso);
export const isoOf = (ms: number): string => new Date(ms).toISOString();
