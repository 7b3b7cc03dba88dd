/**
 * The newest changes of the picture, numbered, so that a page that was away for a moment goes on where it was. Bounded: who was away
 * for longer reads everything again. Pure but for the state that it is given.
 */
import type { DocumentHead } from '../../contracts/common.ts';
import type { Event } from '../../contracts/event.ts';
import type { BusStatus, Changes } from './ports.ts';

/** A minute of a storm in a homelab of 500 services, hours of a calm day; some 100 bytes each, documents are not copied. */
export const changesKept = 5_000;

/** Change numbers begin at the time of the start, so that one of an earlier life is never taken for one of this: a thousand for each millisecond. */
const numbersPerMillisecond = 1_000;

type Change = { readonly cursor: number } & (
  | { readonly kind: 'document'; readonly topic: string }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'bus' }
);
type Plain<T> = T extends { readonly cursor: number } ? Omit<T, 'cursor'> : never;

export interface ChangeLog {
  cursor: number;
  /** Of the newest change that is forgotten. */
  floor: number;
  changes: Change[];
}

export function newChangeLog(nowMs: number): ChangeLog {
  const first = nowMs * numbersPerMillisecond;
  return { cursor: first, floor: first, changes: [] };
}

export function note(log: ChangeLog, change: Plain<Change>): void {
  log.cursor += 1;
  log.changes.push({ ...change, cursor: log.cursor });
  // In halves, so that a change costs nothing on average.
  if (log.changes.length >= 2 * changesKept) {
    log.changes = log.changes.slice(-changesKept);
    log.floor = (log.changes[0]?.cursor ?? log.cursor) - 1;
  }
}

export function changesAfter(
  { log, documents, bus }: { readonly log: ChangeLog; readonly documents: ReadonlyMap<string, DocumentHead>; readonly bus: BusStatus },
  after: number,
  max: number,
): Changes | null {
  if (!(after >= log.floor && after <= log.cursor)) return null;
  // Numbers have no holes.
  const begin = after - log.floor;
  const taken = log.changes.slice(begin, begin + max);
  const set: Record<string, DocumentHead> = {};
  const gone = new Set<string>();
  const events: Event[] = [];
  let isBusNew = false;
  for (const change of taken) {
    if (change.kind === 'event') events.push(change.event);
    else if (change.kind === 'bus') isBusNew = true;
    else {
      const doc = documents.get(change.topic);
      if (doc === undefined) gone.add(change.topic);
      else set[change.topic] = doc;
    }
  }
  return { cursor: taken.at(-1)?.cursor ?? after, set, gone: [...gone], events, bus: isBusNew ? bus : null };
}
