/** One lane of an outbox: its numbers, and what waits in it. */
import type { Event } from '../contracts/event.ts';

export interface LaneState {
  next: number;
  /** Oldest first, by rising seq. Holes only where a disk refused or lost an event. */
  waiting: Event[];
  /** Events up to this seq are on disk; none is sent before it is. */
  durableTo: number;
  /** The first number this process may give. */
  bornAt: number;
  /** Something was sent in this process: from then on a cursor can be the answer to it. */
  hasSent: boolean;
}

export const newLane = (firstSeq: number): LaneState => ({ next: firstSeq, waiting: [], durableTo: 0, bornAt: firstSeq, hasSent: false });

export const firstHeld = (state: LaneState): number => state.waiting[0]?.seq ?? state.next;

/** Where the first event above a number stands; the length when there is none. */
export function firstAbove({ waiting }: LaneState, seq: number): number {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((waiting[middle]?.seq ?? 0) > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Numbers at or above the cursor's that only an earlier life of this emitter can have used: its file, or the end of it,
 * was lost, and the clock did not help. Once something was sent, a cursor within our numbers is the answer to it.
 */
export const isOverlapped = (state: LaneState, cursor: number): boolean => cursor >= state.next || (!state.hasSent && cursor >= state.bornAt);

/** Takes an event out that the disk refused; false when it is not there any more. */
export function takeOut(state: LaneState, id: string): boolean {
  const at = state.waiting.findIndex((event) => event.id === id);
  if (at !== -1) state.waiting.splice(at, 1);
  return at !== -1;
}
