/** What a line of the ledger's journal looks like. */
import { z } from 'zod';
import { MaintenanceWindow } from '../../contracts/action.ts';
import { NodeName, Timestamp } from '../../contracts/common.ts';
import { Verdict } from '../../contracts/link.ts';
import type { LedgerEntry } from './desk-state.ts';
import { ActionRecord } from './record.ts';
import { Relay } from './relay-record.ts';

const verdict = Verdict.optional();

/** A line of the journal. */
export const Entry: z.ZodType<LedgerEntry> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('action'), at: Timestamp, what: z.string(), action: ActionRecord, verdict }),
  z.object({
    kind: z.literal('maintenance'),
    at: Timestamp,
    what: z.enum(['begun', 'ended', 'expired']),
    node: NodeName,
    windows: z.array(MaintenanceWindow),
    verdict,
  }),
  z.object({ kind: z.literal('relay'), at: Timestamp, what: z.enum(['forwarded', 'answered', 'too_old']), relay: Relay, answer: z.string() }),
  z.object({ kind: z.literal('verdict'), at: Timestamp, what: z.literal('judged'), verdict: Verdict }),
]);
