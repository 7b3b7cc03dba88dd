/** What counts as lost, twice, out of order and wrong. */
import { describe, expect, it } from 'vitest';
import { cutsOf } from './plan.ts';
import { type Numbered, tallyEvents, tickedBytes, wrongDocuments } from './tally.ts';

const from = (source: string, ...numbers: readonly number[]): readonly Numbered[] => numbers.map((n) => ({ n, source, lane: 'info' }));

describe('events that arrived', () => {
  it('are right when each came once and in the order of its source, whatever was between them', () => {
    expect(tallyEvents(4, [...from('a', 0), ...from('b', 3), ...from('a', 1, 2)])).toEqual({ lost: 0, twice: 0, disordered: 0 });
  });

  it('are counted where they are missing, repeated, or late', () => {
    expect(tallyEvents(5, from('a', 0, 2, 1, 1))).toEqual({ lost: 2, twice: 1, disordered: 1 });
  });

  it('are not out of order when only a repetition is', () => {
    expect(tallyEvents(3, from('a', 0, 1, 2, 0, 1, 2))).toEqual({ lost: 0, twice: 3, disordered: 0 });
  });

  it('may overtake those of another lane', () => {
    expect(tallyEvents(2, [{ n: 1, source: 'a', lane: 'urgent' }, ...from('a', 0)]).disordered).toBe(0);
  });
});

describe('documents', () => {
  it('are wrong when they differ, are missing, or are still there', () => {
    const said = new Map([
      ['same', '1'],
      ['other', '1'],
      ['missing', '1'],
      ['ended', null],
      ['gone', null],
    ]);
    const held = new Map([
      ['same', '1'],
      ['other', '2'],
      ['ended', '1'],
      ['not asked for', '1'],
    ]);
    expect(wrongDocuments(said, held)).toEqual(['other', 'missing', 'ended']);
  });

  it('that only ticked are weighed when they are sent again', () => {
    const before = new Map([
      ['a', '1'],
      ['b', '1'],
    ]);
    expect(tickedBytes(before, before)).toBe(0);
    expect(tickedBytes(before, new Map([...before, ['b', '22']]))).toBe(1 + 2 + 173);
  });
});

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(cutsOf(1, 10)).toEqual(cutsOf(1, 10));
    expect(cutsOf(2, 10)).not.toEqual(cutsOf(1, 10));
  });

  it("has every kind of cut and kills both, and the site's broker in the last cut, which is clean", () => {
    const cuts = cutsOf(1, 10);
    expect(new Set(cuts.map(({ kind }) => kind)).size).toBe(3);
    expect(new Set(cuts.map(({ victim }) => victim)).size).toBe(2);
    expect(cuts.at(-1)).toMatchObject({ kind: 'clean', victim: 'broker' });
    expect(cuts.at(-1)!.killedAfterMs).toBeLessThan(cuts.at(-1)!.lastsMs);
  });
});
