import { appendFileSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deskStartMs, TestDesk } from '../../test/kit/ledger-desk.ts';
import { TwoLedgers } from '../../test/kit/two-ledgers.ts';
import type { LedgerEntry } from './desk-state.ts';
import { LedgerJournal } from './journal.ts';
import { Entry } from './journal-entry.ts';
import { entriesOf, journalFiles } from './journal-files.ts';

let dataDir: string;
const opened: LedgerJournal[] = [];
let troubles: unknown[];
beforeEach(() => {
  troubles = [];
  dataDir = mkdtempSync(join(tmpdir(), 'homelab-ledger-'));
});
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function open(linesMax?: number): Promise<LedgerJournal> {
  const journal = await LedgerJournal.open({
    dataDir,
    now: () => deskStartMs,
    onTrouble: (error) => troubles.push(error),
    ...(linesMax === undefined ? {} : { linesMax }),
  });
  opened.push(journal);
  return journal;
}

const file = (): string => join(dataDir, 'journal.jsonl');

/** What a desk writes down while two actions are worked through and a window is declared. */
function someEntries(): { readonly desk: TestDesk; readonly entries: readonly LedgerEntry[] } {
  const desk = TestDesk.ready();
  desk.bring('completed');
  desk.bring('approved', { node: 'piha', service: 'db' });
  desk.maintain('alice', { node: 'vps', until: '2026-03-01T18:00:00.000Z', reason: 'disk' });
  return { desk, entries: desk.entries };
}

async function write(entries: readonly LedgerEntry[], linesMax?: number): Promise<LedgerJournal> {
  const journal = await open(linesMax);
  for (const entry of entries) await journal.append(entry);
  return journal;
}

it('that is empty remembers nothing', async () => {
  const journal = await open();
  expect(journal.problems).toEqual([]);
  expect(journal.remembered).toEqual({ actions: new Map(), maintenance: new Map(), relays: new Map(), verdicts: new Map() });
});

it('remembers the last word on each action and node', async () => {
  const { desk, entries } = someEntries();
  await write(entries);
  const again = await open();
  expect(again.problems).toEqual([]);
  expect(again.remembered).toEqual({ actions: desk.state.actions, maintenance: desk.state.maintenance, relays: new Map(), verdicts: new Map() });
});

it('ignores half a line at the end, says so, and goes on after it', async () => {
  const { entries } = someEntries();
  await write(entries.slice(0, 2));
  appendFileSync(file(), JSON.stringify(entries[2]).slice(0, 100));
  const again = await open();
  expect(again.problems).toEqual([{ file: file(), line: 3, detail: expect.stringContaining('half a line') }]);
  expect(again.remembered.actions.get('container-restart-vps-web')?.state).toBe('approved');
  for (const entry of entries.slice(2)) await again.append(entry);
  const third = await open();
  expect(third.problems).toEqual([]);
  expect(third.remembered.actions.get('container-restart-vps-web')?.state).toBe('completed');
});

it('passes over a broken line, names it, and keeps it in the file', async () => {
  const { desk, entries } = someEntries();
  await write(entries);
  const lines = readFileSync(file(), 'utf8').split('\n');
  writeFileSync(file(), [lines[0], '{"kind":"action","at":"yesterday"}', 'not json', ...lines.slice(1)].join('\n'));
  const again = await open();
  expect(again.problems.map(({ line }) => line)).toEqual([2, 3]);
  expect(again.remembered.actions).toEqual(desk.state.actions);
  expect(readFileSync(file(), 'utf8')).toContain('yesterday');
});

it('that is long is kept under its date, and a new one begins with the last word on everything', async () => {
  const { desk, entries } = someEntries();
  const linesMax = entries.length - 1;
  await (await write(entries, linesMax)).close();
  const names = readdirSync(dataDir).sort();
  expect(names).toEqual(['journal-2026-03-01T120000.000Z.jsonl.gz', 'journal.jsonl']);
  const old = gunzipSync(readFileSync(join(dataDir, names[0] ?? '')))
    .toString()
    .trim()
    .split('\n');
  expect(old.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(JSON.stringify(entries)));
  expect(readFileSync(file(), 'utf8').trim().split('\n')).toHaveLength(3);
  const again = await open();
  expect(again.remembered).toEqual({ actions: desk.state.actions, maintenance: desk.state.maintenance, relays: new Map(), verdicts: new Map() });
});

it('that was being put away when the machine died has every line, some of them twice', async () => {
  const { desk, entries } = someEntries();
  await (await write(entries)).close();
  // The second name exists, the new content does not yet: what a crash between the two leaves.
  linkSync(file(), join(dataDir, 'journal-2026-03-01T120000.000Z.jsonl'));
  const again = await open(entries.length);
  await again.append(entries.at(-1) as LedgerEntry);
  await again.close();
  expect(troubles).toEqual([]);
  expect(readdirSync(dataDir).sort()).toEqual(['journal-2026-03-01T120000.000Z-1.jsonl.gz', 'journal-2026-03-01T120000.000Z.jsonl.gz', 'journal.jsonl']);
  expect((await open()).remembered.actions).toEqual(desk.state.actions);
});

it('that can not be put away grows on and says so', async () => {
  const { desk, entries } = someEntries();
  const journal = await write(entries.slice(0, -1), entries.length - 1);
  mkdirSync(`${file()}.next`); // where the new content would be written
  await journal.append(entries.at(-1) as LedgerEntry);
  expect(troubles).toHaveLength(1);
  await journal.append(entries.at(-1) as LedgerEntry);
  expect(troubles).toHaveLength(1);
  expect((await open()).remembered.actions).toEqual(desk.state.actions);
});

it('loses nothing of the audit, however often it is put away: every line can be read back, oldest first', async () => {
  const { entries } = someEntries();
  const linesMax = 2;
  await (await write([...entries, ...entries, ...entries], linesMax)).close();
  const files = await journalFiles(dataDir);
  expect(files.length).toBeGreaterThan(2);
  expect(files.at(-1)).toBe(file());
  const read = new Set<string>();
  for (const each of files) for await (const entry of entriesOf(each)) read.add(JSON.stringify(entry));
  expect(read).toEqual(new Set(entries.map((entry) => JSON.stringify(Entry.parse(entry)))));
});

it('is never overwritten by a later one of the same moment', async () => {
  const { entries } = someEntries();
  for (let life = 0; life < 3; life += 1) await (await write(entries, entries.length - 1)).close();
  let lines = 0;
  for (const each of (await journalFiles(dataDir)).filter((name) => name.endsWith('.gz'))) for await (const _ of entriesOf(each)) lines += 1;
  // What was put away is everything that was ever written, and what each new file began with.
  expect(lines).toBeGreaterThanOrEqual(3 * entries.length);
});

it('remembers requests between sites as long as they matter, also in the file that follows one that was put away', async () => {
  const { hub, cabin } = twoLedgers();
  for (const { entries, state } of [hub, cabin]) {
    rmSync(dataDir, { recursive: true, force: true });
    const journal = await write(entries, 1);
    expect(journal.problems).toEqual([]);
    await journal.close();
    expect(readdirSync(dataDir).filter((name) => name.endsWith('.gz'))).not.toEqual([]);
    const again = await open();
    const { actions, relays, verdicts } = state;
    expect(again.remembered).toEqual({ actions, maintenance: new Map(), relays, verdicts });
  }
  expect([hub.state.relays.size, cabin.state.verdicts.size]).toEqual([1, 2]);
});

/** One request is answered, one is refused, and one waits for a link. */
function twoLedgers(): TwoLedgers {
  const two = new TwoLedgers();
  two.propose();
  for (const login of ['alice', 'bob']) two.ask(login, 'approved', 'container-restart-cabin-1-web');
  two.propose('db');
  two.cut().ask('alice', 'approved', 'next');
  // Evidence that goes on fills the journal.
  for (let minutes = 0; minutes < 15; minutes += 1) two.pass(60_000).propose();
  return two;
}
