/**
 * One lane of an outbox on its way to one store: go-back-N, with a window and a time-out of its own, so that a store that is
 * away holds up no other. Time-outs are timers, not deadlines: a clock that is set back must not make one last for hours.
 */
import type { Event } from '../contracts/event.ts';
import type { Clock } from './clock.ts';
import { firstAbove, type LaneState } from './outbox-lane.ts';

/** Sent and not yet stored: more would only fill the broker's queues (mosquitto keeps 1,000 per session). */
const windowMax = 400;
/** Asks whether anybody stores. */
const windowMin = 1;
/** A store answers within milliseconds; 10 s of silence means that something was lost on the way. */
const resendAfterMs = 10_000;
const resendMaxMs = 60_000;

export class Flow {
  /** The store has everything up to this; 0: nothing, or it has not said. */
  reached = 0;
  /** Sent since the last time that sending began anew. */
  private sentTo = 0;
  private window = windowMin;
  private timeoutMs = resendAfterMs;
  private timer: unknown = null;
  private readonly clock: Clock;
  /** Nothing came back, and sending begins anew. */
  private readonly onSilence: () => void;

  constructor(clock: Clock, onSilence: () => void) {
    this.clock = clock;
    this.onSilence = onSilence;
  }

  /** A new link: `wide` sends a window at once, otherwise one event asks first. */
  begin(wide: boolean): void {
    this.stopTimer();
    this.sentTo = 0;
    this.window = wide ? windowMax : windowMin;
    this.timeoutMs = resendAfterMs;
  }

  /** Everything that is held is sent again: it has new numbers, or the store has lost something. */
  rewind(): void {
    this.sentTo = 0;
  }

  /** The store says how far it is; whether that is further. */
  move(reached: number): boolean {
    const isFurther = reached > this.reached;
    if (isFurther) {
      this.stopTimer();
      this.window = Math.min(windowMax, this.window * 2);
      this.timeoutMs = resendAfterMs;
    } else if (reached < this.reached) this.rewind();
    this.reached = reached;
    return isFurther;
  }

  /** The store has moved in another lane, so it is there again: what it did not answer is asked at once, not when the back-off is over. */
  revive(): void {
    if (this.timeoutMs > resendAfterMs) this.begin(false);
  }

  /**
   * What may be sent now, in order. Marks it as sent, in all flows of the lane whose next event it is: a message reaches every
   * store that listens.
   */
  takeSendable(state: LaneState, all: readonly Flow[]): readonly Event[] {
    const end = firstAbove(state, this.reached) + this.window;
    const taken: Event[] = [];
    for (let at = this.nextIn(state); at !== null && at < end; at = this.nextIn(state)) {
      const event = state.waiting[at];
      if (event === undefined) break;
      for (const flow of all) if (flow.nextIn(state) === at) flow.sentTo = event.seq;
      state.hasSent = true;
      taken.push(event);
    }
    return taken;
  }

  /** The time-out runs while the store lacks something. */
  watch(state: LaneState): void {
    if ((state.waiting.at(-1)?.seq ?? 0) <= this.reached) this.stopTimer();
    else this.timer ??= this.clock.setTimeout(() => this.onTimer(), this.timeoutMs);
  }

  stopTimer(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  /** What the store has is still held for another one, and what it lacks is behind a hole: only a floor above the hole helps it on. */
  isAtHole(state: LaneState): boolean {
    const at = firstAbove(state, this.reached);
    const event = state.waiting[at];
    return at > 0 && event !== undefined && event.seq !== this.reached + 1;
  }

  /** One event asks whether anybody stores, the rest follows when the cursor moves. */
  private onTimer(): void {
    this.timer = null;
    this.rewind();
    this.window = windowMin;
    this.timeoutMs = Math.min(this.timeoutMs * 2, resendMaxMs);
    this.onSilence();
  }

  /** Where the event stands that the store would take next; null: there is none, it is not on disk yet, or it is behind a hole. */
  private nextIn(state: LaneState): number | null {
    const before = Math.max(this.reached, this.sentTo);
    const at = firstAbove(state, before);
    const event = state.waiting[at];
    if (event === undefined || event.seq > state.durableTo) return null;
    // The store takes what follows what it has, or the first event held, which is the floor.
    return at === 0 || event.seq === before + 1 ? at : null;
  }
}
