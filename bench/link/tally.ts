/** What is wrong with what arrived: events lost, repeated or out of order; documents that are not what their writer said last. Pure. */
import type { Lane } from '../../contracts/event.ts';

export interface Numbered {
  /** As it was given when it was emitted: ascending within a source and lane. */
  readonly n: number;
  readonly source: string;
  readonly lane: Lane;
}

export interface EventTally {
  readonly lost: number;
  /** Arrivals beyond the first of each. */
  readonly twice: number;
  /** First arrivals behind one with a higher number of the same source and lane. */
  readonly disordered: number;
}

export function tallyEvents(emitted: number, arrived: readonly Numbered[]): EventTally {
  const seen = new Set<number>();
  const highest = new Map<string, number>();
  let disordered = 0;
  for (const { n, source, lane } of arrived) {
    if (seen.has(n)) continue;
    seen.add(n);
    const stream = `${source} ${lane}`;
    const before = highest.get(stream) ?? -1;
    if (n < before) disordered += 1;
    highest.set(stream, Math.max(n, before));
  }
  return { lost: emitted - seen.size, twice: arrived.length - seen.size, disordered };
}

/** Topics whose copy is not what it should be. `said`: topic → what its writer said last, null for one that it ended or never wrote. */
export function wrongDocuments(said: ReadonlyMap<string, string | null>, held: ReadonlyMap<string, string>): readonly string[] {
  return [...said].filter(([topic, text]) => (held.get(topic) ?? null) !== text).map(([topic]) => topic);
}

/**
 * Bytes that the documents which moved between two looks weigh when they are sent again, as ours does once an hour with what only ticks:
 * text and topic, and what is around them.
 */
export function tickedBytes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const [topic, text] of after) if (before.get(topic) !== text) bytes += topic.length + text.length + aroundBytes;
  return bytes;
}

/** Root of the topic (8), fixed header and packet id (5), PUBACK (4), and IP and TCP with time stamps (52) of both and of one bare acknowledgement. */
const aroundBytes = 8 + 5 + 4 + 3 * 52;
