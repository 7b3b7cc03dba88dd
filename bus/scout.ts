/**
 * A writer without a past may be a second one, started elsewhere: connecting throws the first off the broker (they share a client
 * id). One that is alive is back within a second, and its session has grown: then the newcomer gives way, and not the
 * installation that runs. Costs one connection, without a will, at the very first start, and 2 s after a data directory was lost.
 */
import { type Clock, delay } from './clock.ts';

/** A thrown-off client is back after 0.1 to 0.4 s of back-off and four round trips; over LTE that is 1.5 s. */
const incumbentMs = 2_000;

export class Scout {
  /** While true, connect without a will: it would speak over the one that runs. */
  isNeeded: boolean;
  private readonly clock: Clock;
  /** What the broker held of us at the first look. */
  private seen: number | null = null;

  constructor(clock: Clock, isNeeded: boolean) {
    this.clock = clock;
    this.isNeeded = isNeeded;
  }

  /** `highest`: the highest session the broker holds on our topics now. Resolves to whether somebody else is alive; call again after each connect until `isNeeded` is false. */
  async look(highest: number | null, isStillConnected: () => boolean): Promise<boolean> {
    if (highest !== null && this.seen !== null && highest > this.seen) return true;
    this.seen = highest;
    if (highest !== null) await delay(this.clock, incumbentMs);
    if (isStillConnected()) this.isNeeded = false;
    return false;
  }
}
