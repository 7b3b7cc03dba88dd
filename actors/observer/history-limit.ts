/**
 * Keeps the observer's own history within limits, wherever it runs: days of events, and the quarantine.
 *
 * Removes `events/<day>/<node>/events.jsonl` of whole days that are older than the limit, and, oldest day first, those above the
 * limit in bytes; only of days before the one that the node's checkpoint on disk has reached. Removes `quarantine/*.jsonl` not written
 * for as long, and, oldest first, those above their share. Never through a link. What disk_cleanup removed meanwhile is gone already.
 * Writes `history.json`: what was removed and not told of yet, so that it is told once a day, across restarts.
 * Fails by rejecting (no permission): then the rest stays, and is tried again an hour later.
 */
import { lstat, readdir, readFile, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../bus/journal.ts';
import { nodeOfDirectory } from './node-directory.ts';

export interface HistoryLimits {
  readonly days: number;
  /** Of events and quarantine together. */
  readonly bytesMax: number;
}

/** The quarantine repeats what the store holds, with reasons: a sixteenth is enough to see what is wrong. */
const quarantineShare = 16;
const dayMs = 86_400_000;

interface HistoryFile {
  readonly path: string;
  /** A day, or the time it was written last: what is smallest goes first. */
  readonly age: string;
  readonly bytes: number;
  readonly isPast: boolean;
}

interface Removed {
  readonly files: number;
  readonly bytes: number;
}

export interface HistoryReport {
  readonly removed: Removed;
  /** What is left. */
  readonly bytes: number;
  /** It is more than it should be, because the rest is not past its checkpoint. */
  readonly isOver: boolean;
  /** To be told now: what was removed since it was last told. null: nothing, or it was told within a day. */
  readonly untold: Removed | null;
}

export interface HistoryLook {
  readonly dataDir: string;
  readonly limits: HistoryLimits;
  readonly now: number;
  /** Day of the node's checkpoint on disk; null: it has none, and everything is kept. */
  readonly reachedDay: (node: string) => string | null;
}

export async function limitHistory(look: HistoryLook): Promise<HistoryReport> {
  const { dataDir, limits, now } = look;
  const before = new Date(now - limits.days * dayMs).toISOString();
  const events = await eventFiles(look);
  const quarantines = await quarantineFiles(dataDir);
  const doomed = [
    // As days, so that a day goes only when all of it is older.
    ...tooMuch(events, { before: before.slice(0, 'YYYY-MM-DD'.length), bytesMax: limits.bytesMax - limits.bytesMax / quarantineShare }),
    ...tooMuch(quarantines, { before, bytesMax: limits.bytesMax / quarantineShare }),
  ];
  const removed = { files: doomed.length, bytes: sum(doomed) };
  // Counted first: a crash in between counts something twice, and never hides it.
  const untold = await countUntold(dataDir, removed, now);
  for (const { path } of doomed) await remove(path);
  for (const directory of new Set(doomed.map(({ path }) => join(path, '..')))) await removeIfEmpty(directory, join(dataDir, 'events'));
  const bytes = sum(events) + sum(quarantines) - removed.bytes;
  return { removed, bytes, isOver: bytes > limits.bytesMax, untold };
}

const sum = (files: readonly HistoryFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

/** What is older than `before`, and then whole ages, oldest first, until the rest fits. */
function tooMuch(files: readonly HistoryFile[], { before, bytesMax }: { readonly before: string; readonly bytesMax: number }): readonly HistoryFile[] {
  const doomed: HistoryFile[] = [];
  let left = sum(files);
  const ages = [...new Set(files.map(({ age }) => age))].sort();
  for (const age of ages) {
    if (age >= before && left <= bytesMax) break;
    const gone = files.filter((file) => file.age === age && file.isPast);
    doomed.push(...gone);
    left -= sum(gone);
  }
  return doomed;
}

async function eventFiles({ dataDir, reachedDay }: HistoryLook): Promise<readonly HistoryFile[]> {
  const found: HistoryFile[] = [];
  for (const day of await namesIn(join(dataDir, 'events'), 'directory')) {
    if (!z.iso.date().safeParse(day).success) continue;
    for (const directory of await namesIn(join(dataDir, 'events', day), 'directory')) {
      const path = join(dataDir, 'events', day, directory, 'events.jsonl');
      const reached = reachedDay(nodeOfDirectory(directory));
      const stat = await statOf(path);
      if (stat !== null) found.push({ path, age: day, bytes: stat.size, isPast: reached !== null && day < reached });
    }
  }
  return found;
}

async function quarantineFiles(dataDir: string): Promise<readonly HistoryFile[]> {
  const found: HistoryFile[] = [];
  for (const name of await namesIn(join(dataDir, 'quarantine'), 'file')) {
    if (!name.endsWith('.jsonl')) continue;
    const path = join(dataDir, 'quarantine', name);
    const stat = await statOf(path);
    if (stat !== null) found.push({ path, age: stat.mtime.toISOString(), bytes: stat.size, isPast: true });
  }
  return found;
}

const Memory = z.object({ told_ms: z.number(), files: z.int(), bytes: z.number() });

/** Adds to what is to be told; says it, and forgets it, when a day has passed since the last time. */
async function countUntold(dataDir: string, removed: Removed, now: number): Promise<Removed | null> {
  const file = join(dataDir, 'history.json');
  const known = await readFile(file, 'utf8').then(
    (text) => Memory.safeParse(parsed(text)).data,
    () => undefined,
  );
  const files = (known?.files ?? 0) + removed.files;
  const bytes = (known?.bytes ?? 0) + removed.bytes;
  if (files === 0) return null;
  // A clock that was set back would otherwise be waited for.
  const isDue = known === undefined || Math.abs(now - known.told_ms) >= dayMs;
  if (!isDue && removed.files === 0) return null;
  const memory = isDue ? { told_ms: now, files: 0, bytes: 0 } : { told_ms: known.told_ms, files, bytes };
  await writeFileAtomic(file, `${JSON.stringify(memory)}\n`);
  return isDue ? { files, bytes } : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isCode = (error: unknown, ...codes: readonly string[]): boolean => codes.includes((error as NodeJS.ErrnoException).code ?? '');

async function namesIn(directory: string, kind: 'file' | 'directory'): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => (kind === 'file' ? entry.isFile() : entry.isDirectory())).map(({ name }) => name);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function statOf(path: string): Promise<{ readonly size: number; readonly mtime: Date } | null> {
  try {
    const stat = await lstat(path);
    return stat.isFile() ? stat : null;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/** Upwards to `root`. What somebody else put there stays, and so does the directory. */
async function removeIfEmpty(directory: string, root: string): Promise<void> {
  for (let each = directory; each.startsWith(root) && each !== root; each = join(each, '..')) {
    try {
      await rmdir(each);
    } catch (error) {
      if (isCode(error, 'ENOENT')) continue;
      if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return;
      throw error;
    }
  }
}
