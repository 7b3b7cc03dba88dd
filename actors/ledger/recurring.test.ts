/** Recurring maintenance windows: the clock of the operator, at its edges, through what the ledger publishes. */
import { describe, expect, it } from 'vitest';
import { DesiredMaintenance } from '../../contracts/desired.ts';
import { desiredNode, TestDesk } from '../../test/kit/ledger-desk.ts';
import { nextChangeMs, openUntilMs } from './recurring.ts';

const second = 1_000;
const window = (rest: object = {}): DesiredMaintenance =>
  DesiredMaintenance.parse({ time_zone: 'Europe/Warsaw', from: '03:30', minutes: 60, reason: 'backup', ...rest });

/** The end of the window at a moment, as ISO; null: closed. */
function end(at: string, rest: object = {}): string | null {
  const untilMs = openUntilMs(window(rest), Date.parse(at));
  return untilMs === null ? null : new Date(untilMs).toISOString();
}

/** All openings and closings between two moments, found by going from one change to the next. */
function changes(from: string, to: string, rest: object = {}): readonly string[] {
  const found: string[] = [];
  let now = Date.parse(from);
  for (;;) {
    now = nextChangeMs(window(rest), now);
    if (now >= Date.parse(to)) return found;
    found.push(`${openUntilMs(window(rest), now) === null ? 'closes' : 'opens'} ${new Date(now).toISOString().slice(0, 16)}Z`);
  }
}

describe('a recurring window', () => {
  it('is meant on the wall clock of its time zone, in winter and in summer', () => {
    expect(end('2026-01-15T02:29:59Z')).toBeNull();
    expect(end('2026-01-15T02:30:00Z')).toBe('2026-01-15T03:30:00.000Z');
    expect(end('2026-01-15T03:29:59.999Z')).toBe('2026-01-15T03:30:00.000Z');
    expect(end('2026-01-15T03:30:00Z')).toBeNull();
    expect(end('2026-07-15T01:30:00Z')).toBe('2026-07-15T02:30:00.000Z');
    expect(end('2026-07-15T02:30:00Z')).toBeNull();
  });

  it('opens on its days only, and goes on past midnight', () => {
    const saturdayNight = { days: ['sat'], from: '23:30', minutes: 120 };
    expect(end('2026-01-17T22:29:59.999Z', saturdayNight)).toBeNull();
    expect(end('2026-01-17T22:30:00Z', saturdayNight)).toBe('2026-01-18T00:30:00.000Z');
    expect(end('2026-01-18T00:29:59.999Z', saturdayNight)).toBe('2026-01-18T00:30:00.000Z');
    expect(end('2026-01-18T00:30:00Z', saturdayNight)).toBeNull();
    expect(end('2026-01-18T22:45:00Z', saturdayNight)).toBeNull();
  });

  it('that falls into the hour which summer time leaves out opens an hour later, once', () => {
    expect(end('2026-03-29T01:45:00Z', { from: '02:30' })).toBe('2026-03-29T02:30:00.000Z');
    expect(changes('2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z', { from: '02:30' })).toEqual([
      'opens 2026-03-29T01:30Z',
      'closes 2026-03-29T02:30Z',
      'opens 2026-03-30T00:30Z',
      'closes 2026-03-30T01:30Z',
    ]);
  });

  it('that falls into the hour which comes twice when summer time ends opens once, for as long as it says', () => {
    const opened = changes('2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z', { from: '02:30' });
    expect(opened).toHaveLength(2);
    expect(['opens 2026-10-25T00:30Z', 'opens 2026-10-25T01:30Z']).toContain(opened[0]);
  });

  it.each([
    ['begins', '2026-03-28T22:30Z', '2026-03-29T02:30Z', '2026-03-28T12:00:00Z'],
    ['ends', '2026-10-24T21:30Z', '2026-10-25T01:30Z', '2026-10-24T12:00:00Z'],
  ])('over the night in which summer time %s lasts its four hours', (_what, opens, closes, from) => {
    const until = new Date(Date.parse(from) + 24 * 3_600_000 - second).toISOString();
    expect(changes(from, until, { from: '23:30', minutes: 240 })).toEqual([`opens ${opens}`, `closes ${closes}`]);
  });

  it('may last a whole day, and then never closes', () => {
    expect(end('2026-01-15T02:29:00Z', { minutes: 1440 })).toBe('2026-01-15T02:30:00.000Z');
    expect(changes('2026-01-15T00:00:00Z', '2026-01-17T00:00:00Z', { minutes: 1440 })).toEqual(['opens 2026-01-15T02:30Z', 'opens 2026-01-16T02:30Z']);
  });

  it('on one day of the week is found a week ahead', () => {
    expect(changes('2026-01-18T23:00:00Z', '2026-01-26T00:00:00Z', { days: ['sun'] })).toEqual(['opens 2026-01-25T02:30Z', 'closes 2026-01-25T03:30Z']);
  });
});

describe('the windows of a node', () => {
  const opensMs = Date.parse('2026-03-29T01:30:00Z');
  const night = { time_zone: 'Europe/Warsaw', from: '02:30', minutes: 60, reason: 'backup' };

  function deskAt(ms: number, maintenance: readonly object[] = [night]): TestDesk {
    const desk = new TestDesk();
    desk.now = ms;
    desk.desired({ ...desiredNode({ node: 'vps' }), maintenance: maintenance.map((each) => DesiredMaintenance.parse(each)) });
    desk.send({ type: 'synced', now: desk.now });
    return desk;
  }

  it('are published when they open and taken back when they close, to the millisecond, in the night in which summer time begins', () => {
    const desk = deskAt(opensMs - 1);
    expect(desk.windows('vps')).toBeNull();
    expect(desk.nextDeadline).toBe(opensMs);
    desk.pass(1);
    expect(desk.windows('vps')).toEqual([{ service: null, until: '2026-03-29T02:30:00.000Z', reason: 'backup', by: 'inventory', recurring: true }]);
    desk.pass(3_600_000 - 1);
    expect(desk.windows('vps')).toHaveLength(1);
    desk.pass(1);
    expect(desk.windows('vps')).toEqual([]);
  });

  it('stand beside those that people asked for, and only these are in the journal', () => {
    const desk = deskAt(opensMs);
    desk.maintain('anna', { node: 'vps', service: 'web', until: '2026-03-29T02:00:00Z', reason: 'disk swap' });
    expect(desk.windows('vps')?.map(({ reason, by }) => `${reason} by ${by}`)).toEqual(['disk swap by anna', 'backup by inventory']);
    desk.pass(30 * 60_000);
    expect(desk.windows('vps')?.map(({ reason }) => reason)).toEqual(['backup']);
    expect(desk.entries.map((entry) => entry.what)).toEqual(['begun', 'expired']);
    expect(desk.entries.every((entry) => entry.kind === 'maintenance' && entry.windows.every(({ recurring }) => recurring === undefined))).toBe(true);
  });

  it('of a stack are one for each of its containers', () => {
    const desk = new TestDesk();
    desk.now = opensMs;
    const services = ['wiki', 'wiki-db', 'web'].map((name) => ({
      name,
      origin: 'declared' as const,
      monitor: true,
      ...(name === 'web' ? {} : { stack: 'wiki' }),
    }));
    desk.desired({ ...desiredNode({ node: 'vps' }), services, maintenance: [DesiredMaintenance.parse({ ...night, service: 'wiki' })] });
    expect(desk.windows('vps')?.map(({ service }) => service)).toEqual(['wiki', 'wiki-db']);
  });

  it('end at once when the declaration drops them, or the node', () => {
    const desk = deskAt(opensMs);
    desk.desired(desiredNode({ node: 'vps' }));
    expect(desk.windows('vps')).toEqual([]);
    expect(desk.nextDeadline).toBeNull();
    const other = deskAt(opensMs);
    other.send({ type: 'desired', node: 'vps', doc: null, now: other.now });
    expect(other.windows('vps')).toEqual([]);
  });

  it("of another site are that site's business", () => {
    const desk = new TestDesk();
    desk.now = opensMs;
    desk.desired({ ...desiredNode({ node: 'edge', site: 'chelsty' }), maintenance: [DesiredMaintenance.parse(night)] });
    expect(desk.windows('edge')).toBeNull();
  });

  it('are open again after a restart of the ledger, with nothing in its journal', () => {
    const desk = deskAt(opensMs + 60_000);
    expect(desk.windows('vps')).toHaveLength(1);
    expect(desk.entries).toEqual([]);
  });
});
