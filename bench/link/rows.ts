/** What was measured on the link, as rows: ours beside mosquitto's bridge as it is written at first and at its best. Pure. */
import type { Row } from '../figure.ts';
import { digits, median, range } from '../statistics.ts';
import type { Round } from './documents.ts';
import type { Idle } from './idle.ts';
import type { Outage } from './outage.ts';
import type { Compared, Kind } from './subject.ts';

/** From the requirements: a site in a month, everything counted. */
const monthMaxMB = 20;
const hoursOfMonth = 30 * 24;

type Of<T> = Readonly<Record<Compared, T>>;

/** One cell for both references. */
const both = (atFirst: string, atBest: string): string => `${atFirst} at first, ${atBest} at best`;
const noRow = { ratio: '-', spread: '-', goal: '-', met: null };

export function outageRows(of: Of<Outage>): readonly Row[] {
  const { ours, 'at first': first, 'at best': best } = of;
  const emitted = ours.emitted.toLocaleString('en');
  const wrong = ({ twice, disordered }: Outage): string => `${twice} and ${disordered}`;
  return [
    {
      ...noRow,
      figure: `link, events lost of ${emitted} over cuts and kills`,
      ...{ ours: String(ours.lost), reference: both(String(first.lost), String(best.lost)), goal: '0', met: ours.lost === 0 },
    },
    {
      ...noRow,
      figure: 'link, of these twice, and out of order',
      ...{ ours: wrong(ours), reference: both(wrong(first), wrong(best)), goal: '0', met: ours.twice + ours.disordered === 0 },
    },
    {
      ...noRow,
      figure: 'link, from the end of the last cut to the last event',
      ours: `${digits(ours.catchUpS)} s`,
      reference: both(lastEvent(first), lastEvent(best)),
      ratio: digits(ours.catchUpS / best.catchUpS),
      goal: 'as fast as the best',
      // One that lost some had less to send.
      met: ours.lost === 0 && (best.lost > 0 || ours.catchUpS <= best.catchUpS),
    },
    {
      ...noRow,
      figure: 'link, most memory meanwhile, resident (of mosquitto: all of it)',
      ours: `${digits(ours.peakMiB)} MiB`,
      reference: both(`${digits(first.peakMiB)} MiB`, `${digits(best.peakMiB)} MiB`),
    },
  ];
}

const lastEvent = ({ catchUpS, lost }: Outage): string => `${digits(catchUpS)} s${lost === 0 ? '' : ' (what was left)'}`;

export function documentRows(of: Of<readonly Round[]>): readonly Row[] {
  const { ours, 'at first': first, 'at best': best } = of;
  const wrong = (rounds: readonly Round[]): number => rounds.reduce((sum, round) => sum + round.wrong.length, 0);
  const total = ours.reduce((sum, { documents }) => sum + documents, 0);
  const missing = (rounds: readonly Round[]): string => String(rounds.reduce((sum, { eventsMissing }) => sum + eventsMissing, 0));
  const cuts = (rounds: readonly Round[]): readonly Round[] => rounds.filter(({ name }) => !isHalfOpen(name));
  return [
    {
      ...noRow,
      figure: `link, documents wrong after ${ours.length} outages, of ${total}`,
      ...{ ours: String(wrong(ours)), reference: both(String(wrong(first)), String(wrong(best))), goal: '0', met: wrong(ours) === 0 },
      spread: `by outage ${each(ours)} : ${each(first)} : ${each(best)}`,
    },
    secondsRow('link, from link-up to every document right', { ours: cuts(ours), first: cuts(first), best: cuts(best) }, ({ documentsS }) => documentsS),
    {
      ...secondsRow('link, from link-up to documents and 1,000 events', { ours: cuts(ours), first: cuts(first), best: cuts(best) }, ({ allS }) => allS),
      spread: `events missing ${missing(ours)} : ${missing(first)} : ${missing(best)}`,
    },
    ...(ours.some(({ name }) => isHalfOpen(name))
      ? [
          secondsRow(
            'link, the same after it went half-open',
            {
              ours: ours.filter(({ name }) => isHalfOpen(name)),
              first: first.filter(({ name }) => isHalfOpen(name)),
              best: best.filter(({ name }) => isHalfOpen(name)),
            },
            ({ allS }) => allS,
          ),
        ]
      : []),
  ];
}

const isHalfOpen = (name: string): boolean => name.startsWith('half-open');
const each = (rounds: readonly Round[]): string => rounds.map(({ wrong }) => wrong.length).join('+');

interface Compare {
  readonly ours: readonly Round[];
  readonly first: readonly Round[];
  readonly best: readonly Round[];
}

/** Faster than the best, or it never came there. */
function secondsRow(figure: string, { ours, first, best }: Compare, secondsOf: (round: Round) => number | null): Row {
  const mine = seconds(ours, secondsOf);
  const theirs = seconds(best, secondsOf);
  return {
    ...noRow,
    figure,
    ours: written(ours, secondsOf),
    reference: both(written(first, secondsOf), written(best, secondsOf)),
    ratio: mine.length > 0 && theirs.length === best.length ? digits(median(mine) / median(theirs)) : '-',
    goal: 'as fast as the best',
    met: mine.length === ours.length && (theirs.length < best.length || median(mine) <= median(theirs)),
  };
}

const seconds = (rounds: readonly Round[], secondsOf: (round: Round) => number | null): readonly number[] => rounds.flatMap((round) => secondsOf(round) ?? []);

/** The middle one and all there are, and how often it never came. */
function written(rounds: readonly Round[], secondsOf: (round: Round) => number | null): string {
  const values = seconds(rounds, secondsOf);
  const never = rounds.length - values.length;
  const sometimes = values.length === 0 ? [] : [values.length === 1 ? `${digits(values[0] ?? 0)} s` : `${digits(median(values))} s (${range(values)})`];
  return [...sometimes, ...(never === 0 ? [] : [`never in ${never} of ${rounds.length}`])].join(', ');
}

export function idleRows(all: readonly Idle[], stretch: string): readonly Row[] {
  const of = (kind: Kind): Idle => {
    const found = all.find((one) => one.kind === kind);
    if (found === undefined) throw new Error(`nothing was measured of ${kind}`);
    return found;
  };
  const [ours, tls, first, best] = [of('ours'), of('ours, TLS'), of('at first'), of('at best')];
  const month = (bytes: number): string => `${digits((bytes * hoursOfMonth) / 1e6)} MB a month`;
  const kB = (bytes: number): string => `${digits(bytes / 1e3)} kB`;
  const row = (figure: string, mine: Idle, bytesOf: (one: Idle) => number): Row => ({
    ...noRow,
    figure,
    ours: kB(bytesOf(mine)),
    reference: both(kB(bytesOf(first)), kB(bytesOf(best))),
    ratio: digits(bytesOf(mine) / bytesOf(best)),
    spread: stretch,
  });
  const goal = { goal: `< ${monthMaxMB} MB a month` };
  const isMet = (bytes: number): boolean => (bytes * hoursOfMonth) / 1e6 < monthMaxMB;
  return [
    { ...row('link, idle hour of 20 services', ours, ({ hour }) => hour), ...goal, ours: `${kB(ours.hour)}, ${month(ours.hour)}`, met: isMet(ours.hour) },
    { ...row('link, the same with TLS', tls, ({ hour }) => hour), ...goal, ours: `${kB(tls.hour)}, ${month(tls.hour)}`, met: isMet(tls.hour) },
    row('link, hour with 20 changes', ours, ({ hourWithChanges }) => hourWithChanges),
    row('link, the same with TLS', tls, ({ hourWithChanges }) => hourWithChanges),
    {
      ...noRow,
      figure: 'link, memory at the site, PSS',
      ours: `${digits(ours.mib)} MiB (resident ${digits(ours.residentMiB)})`,
      reference: both(`${digits(first.mib - ours.brokerMiB)} MiB more`, `${digits(best.mib - ours.brokerMiB)} MiB more`),
      spread: `broker without it ${digits(ours.brokerMiB)} MiB`,
    },
  ];
}
