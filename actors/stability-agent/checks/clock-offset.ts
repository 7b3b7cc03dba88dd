/**
 * A clock that differs from those of most machines of the site; where fewer than three are heard, from that of the observer's machine.
 * Costs one document of 0.5 kB with each heartbeat, nothing on the wire beyond that; see clock-samples.ts.
 *
 * An exchange compares two clocks, this machine's and the observer's. If it is the observer's that is wrong, every node differs from it,
 * and none but the one it runs on is to blame: so the observer's own distance from the others is taken off.
 */
import { type Check, one } from '../check.ts';
import type { ClockSample } from '../clock-samples.ts';

/** Time servers keep machines within 0.1 s; 5 s is none of them working. */
const offsetRaiseMs = 5_000;
/** What an exchange over a slow link can be wrong by. */
const offsetClearMs = 2_000;
/** Three heartbeats: from here a fresh heartbeat looks as old as that of a dead node. */
const offsetErrorMs = 90_000;
/** Two rounds: a clock that is being set is right by then. */
const offsetRaiseAfterMs = 120_000;
/** As for raising: two rounds. */
const offsetClearAfterMs = 120_000;
/** Three heartbeats, so that one misread exchange decides nothing. */
const offsetSamplesMin = 3;
/** Older ones say nothing of now. */
const offsetFreshMs = 300_000;

export const clockOffset: Check = {
  name: 'clock-offset',
  source: 'bus',
  raised: 'clock_offset_high',
  cleared: 'clock_offset_normal',
  raiseAfterMs: offsetRaiseAfterMs,
  clearAfterMs: offsetClearAfterMs,
  look: ({ clockSamples, now, syncedMs, health, node }) => {
    const samples = clockSamples.filter(({ atMs }) => Math.abs(now - atMs) < offsetFreshMs).sort((a, b) => fromOthersMs(a) - fromOthersMs(b));
    // The middle one: when a clock is set, what the observer knows of the others is old for one exchange.
    const middle = samples[Math.floor(samples.length / 2)];
    if (middle === undefined || samples.length < offsetSamplesMin) {
      // Nobody here sends heartbeats to compare, or the first ones are still under way.
      return health === null || (syncedMs !== null && now - syncedMs < offsetFreshMs) ? [] : 'unknown';
    }
    const offsetMs = fromOthersMs(middle);
    const { errorMs, observerAheadMs } = middle;
    const least = Math.abs(offsetMs) - errorMs;
    const most = Math.abs(offsetMs) + errorMs;
    const sight = least >= offsetErrorMs ? 'error' : least >= offsetRaiseMs ? 'warning' : most <= offsetClearMs ? 'well' : 'between';
    const others = observerAheadMs === null ? "that of the observer's machine" : 'those of most machines of its site';
    const how = `${(Math.abs(offsetMs) / 1000).toFixed(1)} s ${offsetMs > 0 ? 'behind' : 'ahead of'} ${others} (± ${(errorMs / 1000).toFixed(1)} s)`;
    return one(sight, sight === 'well' ? `the clock of ${node} agrees with ${others}` : `the clock of ${node} is ${how}`, {
      compared_with: observerAheadMs === null ? 'observer' : 'most_nodes',
      offset_ms: Math.round(offsetMs),
      error_ms: Math.round(errorMs),
    });
  },
};

/** Positive: this machine is behind. */
const fromOthersMs = ({ offsetMs, observerAheadMs }: ClockSample): number => offsetMs - (observerAheadMs ?? 0);
