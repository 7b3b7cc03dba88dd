/**
 * A day of a 100-service node: what people are told, proposed and what is sent under a flapping service, a netsplit and a power cut, beside
 * what the original system's rules (bench/day/original-rules.ts) make of the same engine on the same day. In virtual time, from one
 * seed: the same program gives the same figures on every machine.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Account, count, noticed, type Told } from './day/account.ts';
import type { Day } from './day/run-day.ts';
import { type DayTrace, dayTrace } from './day/trace.ts';
import type { Figure, Row } from './figure.ts';
import type { Session } from './session.ts';
import { digits } from './statistics.ts';

const seed = 1;
/** An account of a day is some 20 kB. */
const outputBytesMax = 1 << 24;
const everything: readonly Told[] = ['incident', 'reopened', 'louder', 'flapping', 'resolved', 'proposal', 'withdrawn'];

export const day: Figure = {
  name: 'day',
  needs: [],
  run: async (session): Promise<readonly Row[]> => {
    session.say('a day of a node, in virtual time');
    const beganMs = performance.now();
    const { ours, original } = await runDay(session);
    for (const { atMs, what, about } of ours.lines) session.say(`  ${clockTime(atMs)} ${what}: ${about}`);
    session.say(`the day took ${digits((performance.now() - beganMs) / 1000)} s; ${ours.totalMessages} messages, ${digits(ours.totalBytes / 1e6)} MB in all`);
    const trace = dayTrace(seed);
    const rowOf = rowFor(trace, ours, original);
    const { troubles } = trace;
    return [
      {
        ...rowOf('incidents opened', ['incident']),
        goal: 'one for each trouble',
        met: count(ours, trace, ['incident']).each.every((opened, at) => opened === (at < troubles.length ? 1 : 0)),
      },
      rowOf('lines that a person is told', everything),
      rowOf('proposals', ['proposal']),
      {
        ...noGoal,
        figure: 'a day of a node, troubles told of while they lasted',
        ours: `${noticed(ours, trace)} of ${troubles.length}`,
        reference: `${noticed(original, trace)} of ${troubles.length}`,
        ratio: '-',
        spread: '-',
        goal: 'all',
        met: noticed(ours, trace) === troubles.length,
      },
      traffic('messages sent by the node', ours.traffic.messages, original.traffic.messages, ''),
      traffic('sent by the node', ours.traffic.bytes / 1e6, original.traffic.bytes / 1e6, ' MB'),
    ];
  },
};

const noGoal = { goal: '-', met: null } as const;

/** In a process of its own, whose file operations run one at a time: then their order does not depend on the machine. */
async function runDay(session: Session): Promise<Day> {
  const args = [session.program('day'), String(seed), session.temporaryDirectory()];
  const env = { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1' };
  const running = promisify(execFile)(process.execPath, args, { env, maxBuffer: outputBytesMax });
  session.defer(() => {
    running.child.kill('SIGKILL');
  });
  return JSON.parse((await running).stdout) as Day;
}

const rowFor =
  (trace: DayTrace, ours: Account, original: Account) =>
  (figure: string, kinds: readonly Told[]): Row => {
    const [mine, theirs] = [count(ours, trace, kinds), count(original, trace, kinds)];
    const each = [...trace.troubles.map(({ name }) => name), 'otherwise'].map((name, at) => ({
      name,
      ours: mine.each[at] ?? 0,
      original: theirs.each[at] ?? 0,
    }));
    return {
      ...noGoal,
      figure: `a day of a node, ${figure}`,
      ours: String(mine.total),
      reference: String(theirs.total),
      ratio: theirs.total === 0 ? '-' : digits(mine.total / theirs.total),
      spread: each
        .filter((one) => one.ours + one.original > 0)
        .map((one) => `${one.name} ${one.ours} : ${one.original}`)
        .join(', '),
    };
  };

const traffic = (figure: string, ours: number, original: number, unit: string): Row => ({
  ...noGoal,
  figure: `a day of a node, ${figure}`,
  ours: `${unit === '' ? ours.toLocaleString('en') : digits(ours)}${unit}`,
  reference: `${unit === '' ? original.toLocaleString('en') : digits(original)}${unit}`,
  ratio: digits(ours / original),
  spread: '-',
});

/** 02:31:08 */
const clockTime = (sinceMidnightMs: number): string => new Date(sinceMidnightMs).toISOString().slice(11, 19);
