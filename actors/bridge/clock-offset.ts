/**
 * How far the hub's clock is ahead of this one, out of messages that cross the link anyway. Pure.
 *
 * MQTT 3.1.1 carries no time, so a broker cannot be asked. But an event goes up, and the cursor of the hub's store, which
 * carries the hub's time, comes down: the hub wrote it at some moment between. The error is at most half the way there and back.
 */
export interface OffsetSample {
  readonly atMs: number;
  /** Positive: the hub is ahead. */
  readonly offsetMs: number;
  readonly errorMs: number;
}

/** As in NTP's clock filter: of the last eight the one with the least error counts. */
const samplesKept = 8;
/** A quiet site may have nothing to tell for days. A bad crystal drifts 4 s a day: half a minute in a week, of the five that an approval may be off. */
const keptMs = 7 * 24 * 3_600_000;
/** Longer under way is too vague to judge the age of an approval by. */
const roundTripMaxMs = 30_000;

export function offsetSample(sentMs: number, hubMs: number, now: number): OffsetSample | null {
  const underWayMs = now - sentMs;
  if (underWayMs < 0 || underWayMs > roundTripMaxMs || !Number.isFinite(hubMs)) return null;
  return { atMs: now, offsetMs: Math.round(hubMs - (sentMs + now) / 2), errorMs: Math.ceil(underWayMs / 2) };
}

export const withSample = (samples: readonly OffsetSample[], sample: OffsetSample): readonly OffsetSample[] =>
  [...samples.filter(({ atMs }) => sample.atMs - atMs < keptMs), sample].slice(-samplesKept);

/** Milliseconds, or null: not measured. */
export function bestOffset(samples: readonly OffsetSample[], now: number): number | null {
  let best: OffsetSample | null = null;
  for (const sample of samples) if (now - sample.atMs < keptMs && (best === null || sample.errorMs < best.errorMs)) best = sample;
  return best?.offsetMs ?? null;
}
