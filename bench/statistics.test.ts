/** The arithmetic of the table. */
import { describe, expect, it } from 'vitest';
import { digits, median, middle, percentile, range, ratios } from './statistics.ts';
import { table } from './table.ts';

describe('a median', () => {
  it('is the middle value, or the mean of the middle two, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 2, 9, 1])).toBe(5.5);
  });

  it('is refused where nothing was measured', () => {
    expect(() => median([])).toThrow('nothing was measured');
    expect(() => percentile([], 0.5)).toThrow('nothing was measured');
  });
});

describe('a percentile', () => {
  it('is a value that was measured', () => {
    const values = Array.from({ length: 200 }, (_, at) => 200 - at);
    expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 100, 198, 200]);
  });
});

describe('what is written', () => {
  it('has three digits that mean something', () => {
    expect([0.12345, 1.2345, 12.345, 123.45, 12345].map(digits)).toEqual(['0.123', '1.23', '12.3', '123', '12345']);
  });

  it('names the spread', () => {
    expect(range([3, 1, 2])).toBe('1.00 to 3.00');
    expect(middle(Array.from({ length: 10 }, (_, at) => at + 1))).toBe('1.00 to 9.00 (p10 to p90)');
  });

  it('compares each repetition with the one beside it', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
  });

  it('says plainly that a goal is not met, and that a figure has none', () => {
    const row = { figure: 'a', ours: '1', reference: '2', ratio: '3', spread: '4', goal: '5' };
    const lines = table([
      { ...row, met: true },
      { ...row, met: false },
      { ...row, met: null },
    ]).split('\n');
    expect(lines.map((line) => line.split('|').at(-2)?.trim())).toEqual(['met', '---', 'yes', 'NO', '-']);
  });
});
