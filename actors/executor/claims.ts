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

/** What the engine did, as far as the outcome rests on it. */
const Acted = z.object({
  at: At,
  /** Start of the container before the effect, and the one that the engine reported after it; null = not known. */
  previous_start: At.nullable(),
  start: At.nullable(),
  replaced: z.string().optional().describe('first 12 hex digits of the container that was replaced by another; absent: it is the same one'),
  code: z.string(),
  message: z.string(),
  result: z.record(z.string(), z.unknown()),
});
export type Acted = z.infer<typeof Acted>;

/** Absent: the action's own service, or its node. */
const Dependent = z.string().optional();

export const ClaimEntry = z.discriminatedUnion('kind', [
  z
    .object({ kind: z.literal('claim'), id: z.string(), attempt: z.int().positive(), nonce: Nonce, at: At, last_begun_at: At.optional() })
    .describe('on disk before the claim is sent; `last_begun_at`: when an earlier attempt of this action was begun'),
  z
    .object({ kind: z.literal('begun'), nonce: Nonce, at: At, service: Dependent })
    .describe('on disk before each effect; without `acted` after it nobody knows what happened'),
  z
    .object({ kind: z.literal('acted'), nonce: Nonce, service: Dependent, done: Acted })
    .describe('the engine did it: what is left is to look, which is safe to do again'),
  z.object({ kind: z.literal('outcome'), nonce: Nonce, outcome: Outcome }).describe('on disk before it is reported'),
  z.object({ kind: z.literal('settled'), nonce: Nonce }).describe('the document shows an end, or another attempt: nothing is left to do or say'),
]);
export type ClaimEntry = z.infer<typeof ClaimEntry>;

/** One effect of an action: its own, or the restart of a dependent. */
export interface Step {
  /** null: the action's own service, or its node. */
  readonly service: string | null;
  readonly begunAtMs: number;
  /** null: it is not known whether the engine did it. */
  readonly acted: Acted | null;
}

export interface ClaimRecord {
  readonly id: string;
  readonly attempt: number;
  readonly nonce: string;
  readonly claimedAtMs: number;
  /** In the order in which they were begun. */
  readonly steps: readonly Step[];
  /** When the newest earlier attempt that began anything did so; null = none is remembered. */
  readonly lastBegunAtMs: number | null;
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
      const lastBegunAtMs = entry.last_begun_at ?? (known === undefined ? null : begunAt(known));
      const { id, attempt, nonce, at } = entry;
      records[id] = { id, attempt, nonce, claimedAtMs: at, steps: [], lastBegunAtMs, outcome: null, settled: false };
      idOf.set(entry.nonce, entry.id);
      continue;
    }
    const record = records[idOf.get(entry.nonce) ?? ''];
    if (record?.nonce !== entry.nonce) continue;
    records[record.id] = { ...record, ...changeBy(record, entry) };
  }
  return records;
}

/** When anything of this action was begun last, in this attempt or an earlier one. */
export const begunAt = ({ steps, lastBegunAtMs }: ClaimRecord): number | null => steps[0]?.begunAtMs ?? lastBegunAtMs;

function changeBy({ steps }: ClaimRecord, entry: Exclude<ClaimEntry, { kind: 'claim' }>): Partial<ClaimRecord> {
  switch (entry.kind) {
    case 'begun':
      return { steps: [...steps, { service: entry.service ?? null, begunAtMs: entry.at, acted: null }] };
    case 'acted':
      return { steps: withActed(steps, entry.service ?? null, entry.done) };
    case 'outcome':
      return { outcome: entry.outcome };
    case 'settled':
      return { settled: true };
  }
}

export const withActed = (steps: readonly Step[], service: string | null, acted: Acted): readonly Step[] =>
  steps.map((step) => (step.service === service ? { ...step, acted } : step));

/**
 * After damage in the middle of the file a `begun` may be what was lost: a claim without outcome counts as begun and not
 * known to be done, so that no effect can happen twice. It is then reported as `outcome_unknown`.
 */
export function doubtClaims(records: ClaimRecords): ClaimRecords {
  return Object.fromEntries(
    Object.entries(records).map(([id, record]) => [
      id,
      record.settled || record.outcome !== null
        ? record
        : { ...record, steps: [{ service: null, begunAtMs: record.steps[0]?.begunAtMs ?? record.claimedAtMs, acted: null }] },
    ]),
  );
}

/** The shortest journal that adds up to these records. */
export const entriesOf = (records: ClaimRecords): readonly ClaimEntry[] =>
  Object.values(records).flatMap(({ id, attempt, nonce, claimedAtMs, steps, lastBegunAtMs, outcome, settled }): ClaimEntry[] => [
    { kind: 'claim', id, attempt, nonce, at: claimedAtMs, ...(lastBegunAtMs === null ? {} : { last_begun_at: lastBegunAtMs }) },
    ...steps.flatMap(({ service, begunAtMs, acted }): ClaimEntry[] => {
      const named = service === null ? {} : { service };
      return [{ kind: 'begun', nonce, at: begunAtMs, ...named }, ...(acted === null ? [] : [{ kind: 'acted' as const, nonce, done: acted, ...named }])];
    }),
    ...(outcome === null ? [] : [{ kind: 'outcome' as const, nonce, outcome }]),
    ...(settled ? [{ kind: 'settled' as const, nonce }] : []),
  ]);
