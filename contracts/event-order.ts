/**
 * Which event of a sender comes next: exactly once and in order, per node, source and lane. Every store of events follows
 * this, the observer's and the bridge's journal; outboxes rely on it.
 *
 * Below what is expected: a duplicate. Above: a hole, because something between was lost on the way; it is dropped and
 * the sender, which repeats everything above the cursor after a time-out, sends it again in order (go-back-N).
 */
import { type Event, type Lane, lanes } from './event.ts';

export type Acceptance = 'accepted' | 'duplicate' | 'hole';

/** Highest seq by sender and lane; 0 = none. Who keeps it chooses the keys: a source of one node, or node and source. */
export type EventPositions = Map<string, Record<Lane, number>>;

/** Moves the position when it accepts. */
export function acceptEvent(positions: EventPositions, key: string, event: Pick<Event, 'lane' | 'seq' | 'floor'>): Acceptance {
  const reached = positions.get(key)?.[event.lane] ?? 0;
  // `floor`: what lies below is gone for good (dropped with a count, or stored before this store was lost).
  const expected = reached === 0 ? (event.floor ?? event.seq) : Math.max(reached + 1, event.floor ?? 0);
  if (event.seq < expected) return 'duplicate';
  if (event.seq > expected) return 'hole';
  positionsOf(positions, key)[event.lane] = event.seq;
  return 'accepted';
}

/** The row of a sender, made when there is none. */
export function positionsOf(positions: EventPositions, key: string): Record<Lane, number> {
  let row = positions.get(key);
  if (row === undefined) {
    row = Object.fromEntries(lanes.map((lane) => [lane, 0])) as Record<Lane, number>;
    positions.set(key, row);
  }
  return row;
}
