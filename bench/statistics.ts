/** Medians, percentiles and how they are written. Pure. */

/** Nearest rank: always a value that was measured. `share` is 0 to 1. Throws without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/** The middle one, or the mean of the middle two. Throws without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new Error('nothing was measured');
  return (low + high) / 2;
}

/** Three digits that mean something: 0.123, 1.23, 12.3, 123, 1234. */
export const digits = (value: number): string => value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3);

/** Lowest to highest. */
export const range = (values: readonly number[]): string => `${digits(Math.min(...values))} to ${digits(Math.max(...values))}`;

/** The middle eight tenths of many values. */
export const middle = (values: readonly number[]): string => `${digits(percentile(values, 0.1))} to ${digits(percentile(values, 0.9))} (p10 to p90)`;

/** One ratio for each repetition of A beside its B. */
export const ratios = (ours: readonly number[], references: readonly number[]): readonly number[] =>
  ours.map((value, at) => value / (references[at] ?? Number.NaN));
