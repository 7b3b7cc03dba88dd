/** What the table says of a link: counts of all three bridges, times beside the best settings, and never where it never came. */
import { describe, expect, it } from 'vitest';
import type { Round } from './documents.ts';
import type { Idle } from './idle.ts';
import type { Outage } from './outage.ts';
import { documentRows, idleRows, outageRows } from './rows.ts';

const round = (name: string, documentsS: number | null, wrong: readonly string[] = []): Round => ({
  ...{ name, documents: 30, wrong, eventsMissing: 0, documentsS, allS: documentsS },
});
const outage = (lost: number, catchUpS: number): Outage => ({
  ...{ lost, twice: 0, disordered: 0, emitted: 20_000, beganS: 1, catchUpS, catchUpBytes: 0, peakMiB: 0 },
});
const met = (rows: readonly { readonly met: boolean | null }[]): readonly (boolean | null)[] => rows.map((row) => row.met);

describe('documents', () => {
  it('are right in time when ours always are, and the best settings are slower or never come there', () => {
    const at = (...seconds: readonly (number | null)[]): readonly Round[] => seconds.map((each) => round('cut', each, each === null ? ['a'] : []));
    expect(met(documentRows({ ours: at(2, 4), 'at first': at(null, null), 'at best': at(5, 5) }))).toEqual([true, true, true]);
    expect(met(documentRows({ ours: at(2, 4), 'at first': at(1, 1), 'at best': at(null, 1) }))).toEqual([true, true, true]);
    expect(met(documentRows({ ours: at(5, 7), 'at first': at(1, 1), 'at best': at(5, 5) }))).toEqual([true, false, false]);
    expect(met(documentRows({ ours: at(1, null), 'at first': at(9, 9), 'at best': at(9, 9) }))).toEqual([false, false, false]);
  });

  it('that never were right are said to be so', () => {
    const [counted, times] = documentRows({
      ours: [round('cut', 2)],
      'at first': [round('cut', null, ['a', 'b'])],
      'at best': [round('cut', 3)],
    });
    expect(counted).toMatchObject({ ours: '0', reference: '2 at first, 0 at best', spread: 'by outage 0 : 2 : 0' });
    expect(times).toMatchObject({ ours: '2.00 s', reference: 'never in 1 of 1 at first, 3.00 s at best', ratio: '0.667' });
  });

  it('over a half-open link have a row of their own', () => {
    const of = (s: number): readonly Round[] => [round('clean cut', 1), round('half-open link', s)];
    const rows = documentRows({ ours: of(80), 'at first': of(90), 'at best': of(85) });
    expect(rows.map(({ ours }) => ours)).toEqual(['0', '1.00 s', '1.00 s', '80.0 s']);
  });
});

describe('events', () => {
  it('that are lost are never made up for by being fast', () => {
    expect(met(outageRows({ ours: outage(1, 1), 'at first': outage(0, 9), 'at best': outage(0, 9) }))).toEqual([false, true, false, null]);
    expect(met(outageRows({ ours: outage(0, 9), 'at first': outage(5, 0), 'at best': outage(3, 1) }))).toEqual([true, true, true, null]);
    expect(met(outageRows({ ours: outage(0, 9), 'at first': outage(5, 0), 'at best': outage(0, 8) }))).toEqual([true, true, false, null]);
  });
});

describe('bytes', () => {
  const of = (kind: Idle['kind'], hour: number): Idle => ({ kind, hour, weighed: 0, hourWithChanges: 2 * hour, mib: 25, residentMiB: 70, brokerMiB: 2 });

  it('of an hour are scaled to a month of 30 days, and judged by it', () => {
    const rows = idleRows([of('ours', 25_000), of('ours, TLS', 28_000), of('at first', 1e6), of('at best', 1e5)], 'scaled');
    expect(rows[0]).toMatchObject({ ours: '25.0 kB, 18.0 MB a month', reference: '1000 kB at first, 100 kB at best', ratio: '0.250', met: true });
    expect(rows[1]).toMatchObject({ ours: '28.0 kB, 20.2 MB a month', met: false });
  });
});
