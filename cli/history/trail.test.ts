/** The audit log: who, when, from where and on what evidence, from the ledger's real lines and documents. */
import { describe, expect, it } from 'vitest';
import { actionDocument } from '../../actors/ledger/documents.ts';
import type { Action } from '../../contracts/action.ts';
import { TestDesk } from '../../test/kit/ledger-desk.ts';
import { TwoLedgers } from '../../test/kit/two-ledgers.ts';
import { fromWhere, pageOf, type Row, rowKey, rowOfEntry, rowsOfDocument } from './trail.ts';

const id = 'container-restart-vps-web';
const cabinId = 'container-restart-cabin-1-web';

/** A repair from its proposal to its end; a minute between all moves. */
function repaired(): TestDesk {
  const desk = TestDesk.ready();
  const evidence = { trigger_type: 'containers_not_running', message: 'exit 137', incident_id: 'inc-1' };
  const claim = { id, attempt: 1, nonce: '0123456789abcdef' };
  const moves: readonly (readonly [string, string, object])[] = [
    ['supervisor-vps', 'pending', { type: 'container_restart', node: 'vps', service: 'web', evidence }],
    ['telegram-bot-vps', 'approved', { id, on_behalf_of: 'alice', note: 'go on' }],
    ['executor-vps', 'running', claim],
    ['executor-vps', 'completed', { ...claim, outcome: { ok: true, code: 'verified' } }],
  ];
  for (const [login, state, payload] of moves) {
    desk.ask(login, state, payload);
    desk.now += 60_000;
  }
  return desk;
}
const rowsOf = ({ entries }: Pick<TestDesk, 'entries'>): readonly Row[] => entries.flatMap((entry) => rowOfEntry(entry) ?? []);
const move = ({ from, to, who, login, front_end, site }: Row): unknown => [from, to, who, login, front_end, site];

const moves = [
  [null, 'pending', 'supervisor-vps', 'supervisor-vps', null, 'hub'],
  ['pending', 'approved', 'alice', 'telegram-bot-vps', 'telegram-bot', 'hub'],
  ['approved', 'running', 'executor-vps', 'executor-vps', null, 'hub'],
  ['running', 'completed', 'executor-vps', 'executor-vps', null, 'hub'],
];

describe('the audit log', () => {
  it('names who, when, from where, and on what evidence, from the lines of the journal', () => {
    const desk = repaired();
    const rows = rowsOf(desk);
    expect(rows.map(move)).toEqual(moves);
    expect(rows.map(({ at }) => at.slice(11, 16))).toEqual(['12:00', '12:01', '12:02', '12:03']);
    expect(rows[1]).toMatchObject({
      id,
      attempt: 1,
      note: 'go on',
      evidence: { trigger_type: 'containers_not_running', message: 'exit 137', incident_id: 'inc-1' },
    });
  });

  it('says the same from the document on the bus, as far as that reaches', () => {
    const desk = repaired();
    const doc = { ...actionDocument(desk.action(id)), ts: '2026-03-01T13:00:00.000Z', session: 1, rev: 1 } as Action;
    expect(rowsOfDocument(doc).map(move)).toEqual(moves);
  });

  it('knows of an earlier life on the bus neither its number nor its evidence', () => {
    const desk = TestDesk.ready();
    desk.bring('rejected');
    desk.now += 60 * 60_000;
    desk.ask('supervisor-vps', 'pending', { type: 'container_restart', node: 'vps', service: 'web', evidence: { message: 'anew' } });
    const doc = { ...actionDocument(desk.action(id)), ts: '2026-03-01T13:00:00.000Z', session: 1, rev: 1 } as Action;
    expect(rowsOfDocument(doc).map(({ attempt, evidence }) => [attempt, evidence?.message ?? null])).toEqual([
      [null, null],
      [null, null],
      [2, 'anew'],
    ]);
  });

  it.each([
    ['alice via operator-ui-vps', 'alice', 'operator-ui-vps', 'operator-ui', null],
    ['alice via hub/operator-ui-vps', 'alice', 'operator-ui-vps', 'operator-ui', 'hub'],
    ['anna', 'anna', 'anna', null, null],
    ['anna via hub/anna', 'anna', 'anna', null, 'hub'],
    ['anna for the night shift', 'anna for the night shift', 'anna', null, null],
    ['anna for the night shift via hub/anna', 'anna for the night shift', 'anna', null, 'hub'],
    ['anonymous', 'anonymous', 'anonymous', null, null],
    ['ledger', 'ledger', null, null, null],
  ])('reads "%s"', (by, who, login, front_end, asked_at) => {
    expect(fromWhere(by)).toEqual({ who, login, front_end, asked_at });
  });

  it('has maintenance in it', () => {
    const desk = TestDesk.ready();
    desk.maintain('telegram-bot-vps', { node: 'vps', service: 'web', until: '2026-03-01T13:00:00Z', reason: 'disk swap', on_behalf_of: 'bob' });
    desk.pass(60 * 60_000);
    expect(rowsOf(desk)).toMatchObject([
      { id: 'maintenance-vps', to: 'begun', who: 'bob', front_end: 'telegram-bot', note: expect.stringContaining('disk swap') as string },
      { id: 'maintenance-vps', to: 'expired', who: 'ledger' },
    ]);
  });

  it('has at the hub what was asked of another site and what came back, and at that site who did it from where', () => {
    const two = new TwoLedgers();
    two.propose();
    two.ask('telegram-bot-vps', 'approved', { id: cabinId, on_behalf_of: 'bob' });
    two.cut().ask('anna', 'maintenance', { node: 'cabin-1', until: '2026-03-01T18:00:00Z', reason: 'disk' });
    two.pass(60 * 60_000);
    expect(rowsOf(two.hub).map(({ id: about, site, to, who, asked_at }) => [about, site, to, who, asked_at])).toEqual([
      [cabinId, 'cabin', 'forwarded: approved', 'bob', null],
      [cabinId, 'cabin', 'answered', 'the ledger of cabin', null],
      ['maintenance-cabin-1', 'cabin', 'forwarded: maintenance', 'anna', null],
      ['maintenance-cabin-1', 'cabin', 'too old', 'anna', null],
    ]);
    expect(rowsOf(two.hub)[1]).toMatchObject({ attempt: 1, note: expect.stringMatching(/^Approved: restart web on cabin-1/) as string });
    const approval = { to: 'approved', who: 'bob', login: 'telegram-bot-vps', front_end: 'telegram-bot', asked_at: 'hub', site: 'cabin' };
    expect(rowsOf(two.cabin)).toContainEqual(expect.objectContaining(approval));
  });

  it('counts a line that stands in two files of the journal once', () => {
    const [entry] = repaired().entries;
    if (entry === undefined) throw new Error('nothing was written');
    const again = JSON.parse(JSON.stringify(entry)) as typeof entry;
    const [first, second] = rowsOf({ entries: [entry, again] }).map(rowKey);
    expect([first, second]).toEqual([expect.stringContaining(id), first]);
  });
});

describe('a page', () => {
  const rows = ['00', '01', '01', '01', '02', '03'].map((minute, index) => ({ at: `2026-03-01T12:${minute}:00.000Z`, id: `a-${index}` }) as Row);
  const ids = (limit: number, before: string | null = null): unknown => {
    const page = pageOf(rows, { limit, before });
    return [page.rows.map((row) => row.id), page.before];
  };

  it('begins with the newest, and says where the next one begins', () => {
    expect(ids(2)).toEqual([['a-5', 'a-4'], '2026-03-01T12:02:00.000Z']);
    expect(ids(10)).toEqual([['a-5', 'a-4', 'a-3', 'a-2', 'a-1', 'a-0'], null]);
  });

  it('is never cut within one moment, so that page after page shows every row once', () => {
    expect(ids(2, '2026-03-01T12:02:00.000Z')).toEqual([['a-3', 'a-2', 'a-1'], '2026-03-01T12:01:00.000Z']);
    expect(ids(2, '2026-03-01T12:01:00.000Z')).toEqual([['a-0'], null]);
  });
});
