/** A clock that differs from the observer's. Costs one document of 0.5 kB with each heartbeat, nothing on the wire beyond that; see clock-samples.ts. */
import { type Check, one } from '../check.ts';

/** Time servers keep machines within 0.1 s; 5 s is none of them working. */
const offsetRaiseMs = 5_000;
const offsetClearMs = 2_000;
/** Three heartbeats: from here a fresh heartbeat looks as old as that of a dead node. */
const offsetErrorMs = 90_000;
/** Two rounds: a clock that is being set is right by then. */
const offsetRaiseAfterMs = 120_000;
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
  look: ({ clockSamples, now, syncedMs, health }) => {
    const samples = clockSamples.filter(({ atMs }) => Math.abs(now - atMs) < offsetFreshMs);
    const best = samples.reduce<(typeof samples)[number] | null>((least, each) => (least === null || each.errorMs < least.errorMs ? each : least), null);
    if (best === null || samples.length < offsetSamplesMin) {
      // Nobody here sends heartbeats to compare, or the first ones are still under way.
      return health === null || (syncedMs !== null && now - syncedMs < offsetFreshMs) ? [] : 'unknown';
    }
    const { offsetMs, errorMs } = best;
    const least = Math.abs(offsetMs) - errorMs;
    const most = Math.abs(offsetMs) + errorMs;
    const sight = least >= offsetErrorMs ? 'error' : least >= offsetRaiseMs ? 'warning' : most <= offsetClearMs ? 'well' : 'between';
    const how = `${(Math.abs(offsetMs) / 1000).toFixed(1)} s ${offsetMs > 0 ? 'behind' : 'ahead of'} the observer's (± ${(errorMs / 1000).toFixed(1)} s)`;
    return one(sight, sight === 'well' ? "the clock agrees with the observer's" : `the clock is ${how}`, {
      offset_ms: Math.round(offsetMs),
      error_ms: Math.round(errorMs),
    });
  },
};
