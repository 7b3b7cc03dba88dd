import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { Journal, readJournal, writeFileAtomic } from './journal.ts';

const Entry = z.object({ n: z.number() });
let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-journal-'));
  file = join(dir, 'deep', 'journal.jsonl');
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function opened(): Promise<Journal<{ n: number }>> {
  const journal = new Journal<{ n: number }>(file);
  await journal.open(readJournal(file, Entry).bytesGood);
  return journal;
}

it('keeps what was appended, in call order', async () => {
  const journal = await opened();
  await Promise.all([1, 2, 3].map((n) => journal.append({ n })));
  await journal.append({ n: 4 });
  await journal.close();
  expect(readJournal(file, Entry).entries.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
});

it('ignores half a line at the end, says so, and appends after cutting it off', async () => {
  const journal = await opened();
  await journal.append({ n: 1 });
  await journal.close();
  appendFileSync(file, '{"n":');
  expect(readJournal(file, Entry).problems).toMatchObject([{ file, line: 2, detail: expect.stringContaining('half a line') as string }]);
  const again = await opened();
  await again.append({ n: 2 });
  await again.close();
  expect(readJournal(file, Entry)).toMatchObject({ entries: [{ n: 1 }, { n: 2 }], problems: [] });
});

it('skips a broken line in the middle, names it, and keeps the rest', async () => {
  const journal = await opened();
  await journal.append({ n: 1 });
  await journal.close();
  appendFileSync(file, '{"n":"two"}\n{"n":3}\n');
  const { entries, problems } = readJournal(file, Entry);
  expect(entries).toEqual([{ n: 1 }, { n: 3 }]);
  expect(problems).toMatchObject([{ line: 2 }]);
});

it('rewrites atomically, with the appends queued before it and without losing those after it', async () => {
  const journal = await opened();
  const before = journal.append({ n: 1 });
  const held: { n: number }[] = [{ n: 1 }];
  const rewriting = journal.rewrite(() => held);
  const after = journal.append({ n: 2 });
  await Promise.all([before, rewriting, after]);
  await journal.close();
  expect(readJournal(file, Entry).entries).toEqual([{ n: 1 }, { n: 2 }]);
});

it('replaces a whole file or leaves the old one', async () => {
  const target = join(dir, 'state.json');
  writeFileSync(target, 'old');
  await writeFileAtomic(target, 'new');
  expect(readFileSync(target, 'utf8')).toBe('new');
});
