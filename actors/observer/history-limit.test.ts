/** The observer's history has limits: what goes, in which order, at the edges; what never goes; and that it is told. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHistoryFiles } from '../../adapters/files/history.ts';
import { type HistoryLimits, limitHistory } from './history-limit.ts';
import { quarantine } from './quarantine.ts';

let root: string;
let dataDir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'history-limit-'));
  dataDir = join(root, 'observer');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const noon = Date.parse('2026-03-31T12:00:00Z');
const hourMs = 3_600_000;
const write = (path: string, bytes = 100, at?: string): void => {
  const file = join(dataDir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'x'.repeat(bytes));
  if (at !== undefined) utimesSync(file, new Date(at), new Date(at));
};
const events = (day: string, node = 'vps'): string => `events/${day}/${node}/events.jsonl`;
const isThere = (path: string): boolean => existsSync(join(dataDir, path));
const days = (): string[] => readdirSync(join(dataDir, 'events')).sort();
const limit = (limits: Partial<HistoryLimits> = {}, now = noon, reached: Readonly<Record<string, string>> = { vps: '2026-03-31' }) =>
  limitHistory({ dataDir, limits: { days: 30, bytesMax: 1e9, ...limits }, now, reachedDay: (node) => reached[node] ?? null });

describe('days', () => {
  it.each([
    ['the last moment of a day that counts', '2026-03-31T23:59:59.999Z', ['2026-03-01', '2026-03-31']],
    ['the first moment after it', '2026-04-01T00:00:00.000Z', ['2026-03-31']],
  ])('go when all of them is older than the limit: at %s', async (_, now, left) => {
    for (const day of ['2026-02-28', '2026-03-01', '2026-03-31']) write(events(day));
    await limit({}, Date.parse(now));
    expect(days()).toEqual(left);
  });

  it.each([
    ['2026-01-04', true],
    ['2026-01-05', true],
    ['2026-01-06', false],
  ])('stay from the day of the checkpoint on, which is %s, and without one all of them', async (reached, isKept) => {
    write(events('2026-01-05'));
    write(events('2026-01-05', 'new'));
    await limit({ bytesMax: 0 }, noon, { vps: reached });
    expect([isThere(events('2026-01-05')), isThere(events('2026-01-05', 'new'))]).toEqual([isKept, true]);
  });

  it('of names that a file system does not like are those of their node', async () => {
    write('events/2026-01-05/%2E/events.jsonl');
    await limit({}, noon, { '.': '2026-03-31' });
    expect(days()).toEqual([]);
  });
});

describe('bytes', () => {
  it.each([
    [1_600, ['2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31']],
    [1_599, ['2026-03-29', '2026-03-30', '2026-03-31']],
    [500, ['2026-03-31']],
    [0, ['2026-03-31']],
  ])('%d: whole days of all nodes go, the oldest first, until the rest fits; today never', async (bytesMax, left) => {
    for (const day of ['2026-03-28', '2026-03-29', '2026-03-30'])
      for (const node of ['vps', 'piha', 'solaria']) write(events(day, node), node === 'vps' ? 300 : 100);
    write(events('2026-03-31'), 0);
    const reached = { vps: '2026-03-31', piha: '2026-03-31', solaria: '2026-03-31' };
    // One sixteenth is the quarantine's.
    const report = await limit({ bytesMax }, noon, reached);
    expect(days()).toEqual(left);
    expect(report).toMatchObject({ removed: { files: (4 - left.length) * 3, bytes: (4 - left.length) * 500 }, bytes: (left.length - 1) * 500 });
  });

  it('that cannot go are said to be too many', async () => {
    write(events('2026-03-31'), 2_000);
    expect(await limit({ bytesMax: 1_000 })).toMatchObject({ removed: { files: 0 }, bytes: 2_000, isOver: true, untold: null });
  });
});

describe('the quarantine', () => {
  it('goes by its age, and by its share, the oldest first', async () => {
    write('quarantine/old.jsonl', 100, '2026-03-01T11:59:59Z');
    write('quarantine/large.jsonl', 100, '2026-03-20T12:00:00Z');
    write('quarantine/new.jsonl', 100, '2026-03-30T12:00:00Z');
    await limit();
    expect(readdirSync(join(dataDir, 'quarantine')).sort()).toEqual(['large.jsonl', 'new.jsonl']);
    await limit({ bytesMax: 1_600 });
    expect(readdirSync(join(dataDir, 'quarantine'))).toEqual(['new.jsonl']);
  });

  it('of one node begins a new file when it is full, so that the newest lines are not what goes', async () => {
    write('quarantine/vps.jsonl', 4 * 1024 * 1024);
    await quarantine(dataDir, 'vps', [{ reason: 'not JSON', file: null, line: null, text: '{' }]);
    expect(readdirSync(join(dataDir, 'quarantine')).sort()).toEqual(['vps%full.jsonl', 'vps.jsonl']);
    utimesSync(join(dataDir, 'quarantine/vps%full.jsonl'), new Date(noon - hourMs), new Date(noon - hourMs));
    await limit({ bytesMax: 16 * 1024 * 1024 });
    expect(readdirSync(join(dataDir, 'quarantine'))).toEqual(['vps.jsonl']);
  });
});

describe('what was removed', () => {
  it('is told once, and then at most once a day, with all that went since; also across restarts', async () => {
    write(events('2026-01-01'));
    expect((await limit()).untold).toEqual({ files: 1, bytes: 100 });
    for (const day of ['2026-01-02', '2026-01-03']) {
      write(events(day));
      expect((await limit({}, noon + hourMs)).untold).toBeNull();
    }
    expect((await limit({}, noon + 24 * hourMs - 1)).untold).toBeNull();
    expect((await limit({}, noon + 24 * hourMs)).untold).toEqual({ files: 2, bytes: 200 });
    expect((await limit({}, noon + 48 * hourMs)).untold).toBeNull();
  });

  it('is counted anew where the count cannot be read', async () => {
    write('history.json', 10);
    write(events('2026-01-01'));
    expect((await limit()).untold).toEqual({ files: 1, bytes: 100 });
  });
});

describe('nothing else goes', () => {
  it('not what somebody put there, nor what a link leads to', async () => {
    write(events('2026-01-01'));
    write('events/2026-01-01/vps/notes.txt');
    write('events/not-a-day/vps/events.jsonl');
    write('elsewhere/vps/events.jsonl');
    symlinkSync(join(dataDir, 'elsewhere'), join(dataDir, 'events/2026-01-02'));
    await limit({ bytesMax: 0 });
    expect(['events/2026-01-01/vps/notes.txt', 'events/not-a-day/vps/events.jsonl', 'elsewhere/vps/events.jsonl'].map(isThere)).toEqual([true, true, true]);
    expect(isThere(events('2026-01-01'))).toBe(false);
  });

  it('and a clean-up of the disk at the same time removes the rest, whichever comes first', async () => {
    for (const day of ['2026-02-01', '2026-03-20', '2026-03-31']) write(events(day));
    mkdirSync(join(dataDir, 'checkpoints'));
    writeFileSync(join(dataDir, 'checkpoints/vps.json'), JSON.stringify({ position: { date: '2026-03-31', offset: 0 } }));
    const cleanup = createHistoryFiles({ dataRoot: root });
    const [report, freed] = await Promise.all([limit(), cleanup.removeOldEvents(noon - 3 * 24 * hourMs)]);
    expect(days()).toEqual(['2026-03-31']);
    expect(report.removed.files + freed.count).toBeGreaterThanOrEqual(2);
  });

  it('where there is no history yet', async () => {
    expect(await limit()).toEqual({ removed: { files: 0, bytes: 0 }, bytes: 0, isOver: false, untold: null });
  });
});
