/** How the free space of a disk has changed: samples an hour apart, and when it ends if it goes on like that. Pure. */

export interface DiskSample {
  readonly atMs: number;
  readonly freeBytes: number;
}

/** Fine enough for a trend over days, and 72 of them are 3 kB on disk. */
const sampleEveryMs = 3_600_000;
/** Three days: a weekly job does not hide a trend, and last month's clean-up does not make one. */
const historyMs = 72 * 3_600_000;
/** A day: before that the nightly backup looks like a trend. */
const trendAfterMs = 24 * 3_600_000;
/** Of the 24 or more that should be there; a machine that slept has fewer. */
const trendSamplesMin = 12;

export function withSample(history: readonly DiskSample[], sample: DiskSample): readonly DiskSample[] {
  const last = history.at(-1);
  // A clock that was set back: what lies in the future is of no use.
  const kept = history.filter(({ atMs }) => atMs <= sample.atMs && sample.atMs - atMs <= historyMs);
  return last !== undefined && kept.includes(last) && sample.atMs - last.atMs < sampleEveryMs ? history : [...kept, sample];
}

/** Bytes a millisecond by which it shrinks, by the median of all slopes (Theil–Sen: one clean-up in between does not matter); null: too early to say. */
export function shrinkage(history: readonly DiskSample[]): number | null {
  const [first, last] = [history[0], history.at(-1)];
  if (first === undefined || last === undefined || history.length < trendSamplesMin || last.atMs - first.atMs < trendAfterMs) return null;
  const slopes: number[] = [];
  for (const [at, from] of history.entries()) {
    for (const to of history.slice(at + 1)) slopes.push((from.freeBytes - to.freeBytes) / (to.atMs - from.atMs));
  }
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? null;
}
