/**
 * What the executor remembers of each claim, as journal entries and as the record they add up to.
 *
 * Pure. `<dataDir>/claims.jsonl` holds the entries (see journal.ts); nothing else of an execution survives a restart.
 */
import { z } from 'zod';
import { Outcome } from '../../contracts/action.ts';

/** Epoch milliseconds by the clock of this node. */
const At = z.number().int();
const Nonce = z.string().min(8).max(64);

export const ClaimEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('claim'), id: z.string(), attempt: z.int().positive(), nonce: Nonce, at: At }).describe('on disk before the claim is sent'),
  z.object({ kind: z.literal('begun'), nonce: Nonce, at: At }).describe('on disk before the effect; without an outcome after it nobody knows what happened'),
  z.object({ kind: z.literal('outcome'), nonce: Nonce, outcome: Outcome }).describe('on disk before it is reported'),
  z.object({ kind: z.literal('settled'), nonce: Nonce }).describe('the document shows an end, or another attempt: nothing is left to do or say'),
]);
export type ClaimEntry = z.infer<typeof ClaimEntry>;

export interface ClaimRecord {
  readonly id: string;
  readonly attempt: number;
  readonly nonce: string;
  readonly claimedAtMs: number;
  readonly begunAtMs: number | null;
  readonly outcome: Outcome | null;
  readonly settled: boolean;
}

/** By action id: only the newest attempt matters, and of one attempt the newest claim (an older one was never sent). */
export type ClaimRecords = Readonly<Record<string, ClaimRecord>>;

/** The records a journal adds up to. Entries of an unknown nonce belong to a claim that a newer one replaced. */
export function foldClaims(entries: readonly ClaimEntry[]): ClaimRecords {
  const records: Record<string, ClaimRecord> = {};
  const idOf = new Map<string, string>();
  for (const entry of entries) {
    if (entry.kind === 'claim') {
      const known = records[entry.id];
      if (known !== undefined && known.attempt > entry.attempt) continue;
      records[entry.id] = { id: entry.id, attempt: entry.attempt, nonce: entry.nonce, claimedAtMs: entry.at, begunAtMs: null, outcome: null, settled: false };
      idOf.set(entry.nonce, entry.id);
      continue;
    }
    const record = records[idOf.get(entry.nonce) ?? ''];
    if (record?.nonce !== entry.nonce) continue;
    records[record.id] = { ...record, ...changeBy(entry) };
  }
  return records;
}

function changeBy(entry: Exclude<ClaimEntry, { kind: 'claim' }>): Partial<ClaimRecord> {
  switch (entry.kind) {
    case 'begun':
      return { begunAtMs: entry.at };
    case 'outcome':
      return { outcome: entry.outcome };
    case 'settled':
      return { settled: true };
  }
}

/**
 * After damage in the middle of the file a `begun` may be what was lost: a claim without outcome counts as begun, so
 * that its effect can never happen twice. It is then reported as `outcome_unknown`.
 */
export function doubtClaims(records: ClaimRecords): ClaimRecords {
  return Object.fromEntries(
    Object.entries(records).map(([id, record]) => [
      id,
      record.settled || record.outcome !== null ? record : { ...record, begunAtMs: record.begunAtMs ?? record.claimedAtMs },
    ]),
  );
}

/** The shortest journal that adds up to these records. */
export const entriesOf = (records: ClaimRecords): readonly ClaimEntry[] =>
  Object.values(records).flatMap(({ id, attempt, nonce, claimedAtMs, begunAtMs, outcome, settled }): ClaimEntry[] => [
    { kind: 'claim', id, attempt, nonce, at: claimedAtMs },
    ...(begunAtMs === null ? [] : [{ kind: 'begun' as const, nonce, at: begunAtMs }]),
    ...(outcome === null ? [] : [{ kind: 'outcome' as const, nonce, outcome }]),
    ...(settled ? [{ kind: 'settled' as const, nonce }] : []),
  ]);
