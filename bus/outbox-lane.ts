/** One lane of an outbox: its numbers, what waits in it, and what of that may be sent now. */
import type { Event } from '../contracts/event.ts';

/** Sent and not yet stored, per lane: more would only fill the broker's queues (mosquitto keeps 1,000 per session). */
export const windowMax = 400;

export interface LaneState {
  next: number;
  /** Oldest first; all above the cursor. Holes only where a disk refused or lost an event. */
  waiting: Event[];
  /** Events up to this seq are on disk; none is sent before it is. */
  durableTo: number;
  sentTo: number;
  window: number;
  /** The first number this process may give. */
  bornAt: number;
  /** Something was sent in this process: from then on a cursor can be the answer to it. */
  hasSent: boolean;
}

export const newLane = (firstSeq: number): LaneState => ({
  next: firstSeq,
  waiting: [],
  durableTo: 0,
  sentTo: 0,
  window: windowMax,
  bornAt: firstSeq,
  hasSent: false,
});

export const firstHeld = (state: LaneState): number => state.waiting[0]?.seq ?? state.next;

/**
 * Numbers at or above the cursor's that only an earlier life of this emitter can have used: its file, or the end of it,
 * was lost, and the clock did not help. Once something was sent, a cursor within our numbers is the answer to it.
 */
export const isOverlapped = (state: LaneState, cursor: number): boolean => cursor >= state.next || (!state.hasSent && cursor >= state.bornAt);

/** What may be sent now, in order. Marks it as sent. */
export function takeSendable(state: LaneState): readonly Event[] {
  const [first] = state.waiting;
  const taken: Event[] = [];
  if (first === undefined) return taken;
  for (const [at, event] of state.waiting.slice(0, state.window).entries()) {
    // Behind a hole nothing is taken before the floor has passed it, and the floor is the first event held.
    if (event.seq > state.durableTo || event.seq !== first.seq + at) break;
    if (event.seq <= state.sentTo) continue;
    state.sentTo = event.seq;
    state.hasSent = true;
    taken.push(event);
  }
  return taken;
}

/** Takes an event out that the disk refused; false when it is not there any more. */
export function takeOut(state: LaneState, id: string): boolean {
  const at = state.waiting.findIndex((event) => event.id === id);
  if (at !== -1) state.waiting.splice(at, 1);
  return at !== -1;
}
