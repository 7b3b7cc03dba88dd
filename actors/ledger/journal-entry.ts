/** What a line of the ledger's journal looks like. */
import { z } from 'zod';
import { MaintenanceWindow } from '../../contracts/action.ts';
import { NodeName, Timestamp } from '../../contracts/common.ts';
import type { LedgerEntry } from './desk-state.ts';
import { ActionRecord } from './record.ts';

/** A line of the journal. */
export const Entry: z.ZodType<LedgerEntry> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('action'), at: Timestamp, what: z.string(), action: ActionRecord }),
  z.object({ kind: z.literal('maintenance'), at: Timestamp, what: z.enum(['begun', 'ended', 'expired']), node: NodeName, windows: z.array(MaintenanceWindow) }),
]);
