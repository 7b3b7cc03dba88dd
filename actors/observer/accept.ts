/**
 * Which event of a sender comes next: exactly once and in order, per node, source and lane.
 *
 * Below what is expected: a duplicate. Above: a hole, because something between was lost on the way; it is dropped and
 * the sender, which repeats everything above the cursor after a time-out, sends it again in order (go-back-N).
 */
import type { Event } from '../../contracts/event.ts';
import { type Positions, positionsOf } from './world.ts';

export type Acceptance = 'accepted' | 'duplicate' | 'hole';

/** Moves the position when it accepts. */
export function accept(positions: Map<string, Positions>, key: string, event: Pick<Event, 'lane' | 'seq' | 'floor'>): Acceptance {
  const reached = positions.get(key)?.[event.lane] ?? 0;
  // `floor`: what lies below is gone for good (dropped with a count, or stored before this store was lost).
  const expected = reached === 0 ? (event.floor ?? event.seq) : Math.max(reached + 1, event.floor ?? 0);
  if (event.seq < expected) return 'duplicate';
  if (event.seq > expected) return 'hole';
  positionsOf(positions, key)[event.lane] = event.seq;
  return 'accepted';
}
