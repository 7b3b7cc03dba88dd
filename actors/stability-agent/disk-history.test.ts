/** How the trend of a disk is kept and judged, at its edges. */
import { describe, expect, it } from 'vitest';
import { type DiskSample, shrinkage, withSample } from './disk-history.ts';

const hour = 3_600_000;
const hours = (count: number, everyMs = hour): readonly DiskSample[] => Array.from({ length: count }, (_, at) => ({ atMs: at * everyMs, freeBytes: 1e9 - at }));

describe('the history of a disk', () => {
  it.each([
    [hour - 1, 1],
    [hour, 2],
    [hour + 1, 2],
  ])('takes a sample %d ms after the last: then there are %d', (atMs, count) => {
    expect(withSample([{ atMs: 0, freeBytes: 5 }], { atMs, freeBytes: 4 })).toHaveLength(count);
  });

  it.each([
    [72 * hour, 2],
    [72 * hour + 1, 1],
  ])('after %d ms still has %d samples', (atMs, count) => {
    expect(withSample([{ atMs: 0, freeBytes: 5 }], { atMs, freeBytes: 4 })).toHaveLength(count);
  });

  it('of a clock that was set back begins anew', () => {
    expect(withSample([{ atMs: 10 * hour, freeBytes: 5 }], { atMs: hour, freeBytes: 4 })).toEqual([{ atMs: hour, freeBytes: 4 }]);
  });
});

describe('a trend', () => {
  it('needs a day, and not a moment less', () => {
    const day = hours(25);
    expect(shrinkage([...day.slice(0, 24), { atMs: 24 * hour - 1, freeBytes: 0 }])).toBeNull();
    expect(shrinkage(day)).not.toBeNull();
  });

  it('needs twelve samples, of a machine that slept', () => {
    expect(shrinkage(hours(11, 3 * hour))).toBeNull();
    expect(shrinkage(hours(12, 3 * hour))).not.toBeNull();
  });
});
