/**
 * History on this machine that only grows, as files below its data directory: implements HistoryPorts (docs/decisions/0011).
 *
 * Reads `observer/checkpoints/<node>.json`. Deletes `observer/events/<day>/<node>/events.jsonl`, `observer/quarantine/<node>.jsonl` and
 * `logs/deploy/deploy_*.log`: single files whose names fit, never through a link, and directories only once they are empty. A place that is
 * not there has nothing. Fails by rejecting: no permission.
 */
import { lstat, readdir, readFile, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Freed, HistoryPorts } from '../../actors/executor/ports.ts';

/** All that a deletion needs to know of a checkpoint: everything before the day of its position has been read, and is in it. */
const Checkpoint = z.object({ position: z.object({ date: z.iso.date() }) });

const nothing: Freed = { count: 0, bytes: 0 };
const sum = (all: readonly Freed[]): Freed => ({ count: all.reduce((n, { count }) => n + count, 0), bytes: all.reduce((n, { bytes }) => n + bytes, 0) });

export function createHistoryFiles({ dataRoot }: { readonly dataRoot: string }): HistoryPorts {
  const observer = join(dataRoot, 'observer');
  return {
    removeOldEvents: async (beforeMs) =>
      sum([await removeOldDays(observer, beforeMs), await removeOldFiles(join(observer, 'quarantine'), /^[^/]+\.jsonl$/, beforeMs)]),
    removeDeployLogs: (beforeMs) => removeOldFiles(join(dataRoot, 'logs', 'deploy'), /^deploy_[^/]+\.log$/, beforeMs),
  };
}

/** Days that ended before `beforeMs`, of the nodes whose checkpoint is on a later day (R8, R38). */
async function removeOldDays(observer: string, beforeMs: number): Promise<Freed> {
  const limit = new Date(beforeMs).toISOString().slice(0, 'YYYY-MM-DD'.length);
  const days = (await namesIn(join(observer, 'events'), 'directory')).filter((day) => z.iso.date().safeParse(day).success && day < limit);
  const freed: Freed[] = [];
  const checkpoints = new Map<string, string | null>();
  for (const day of days.sort()) {
    for (const node of await namesIn(join(observer, 'events', day), 'directory')) {
      if (!checkpoints.has(node)) checkpoints.set(node, await checkpointDay(observer, node));
      const reached = checkpoints.get(node) ?? null;
      if (reached === null || day >= reached) continue;
      const directory = join(observer, 'events', day, node);
      freed.push(await removeFile(join(directory, 'events.jsonl')));
      await removeIfEmpty(directory);
    }
    await removeIfEmpty(join(observer, 'events', day));
  }
  return sum(freed);
}

/** null: there is none, or it cannot be read; then everything would be replayed, and must stay. */
async function checkpointDay(observer: string, node: string): Promise<string | null> {
  try {
    return Checkpoint.parse(JSON.parse(await readFile(join(observer, 'checkpoints', `${node}.json`), 'utf8'))).position.date;
  } catch {
    return null;
  }
}

async function removeOldFiles(directory: string, pattern: RegExp, beforeMs: number): Promise<Freed> {
  const freed: Freed[] = [];
  for (const name of (await namesIn(directory, 'file')).filter((each) => pattern.test(each))) {
    const file = join(directory, name);
    if ((await lstat(file)).mtimeMs < beforeMs) freed.push(await removeFile(file));
  }
  return sum(freed);
}

async function namesIn(directory: string, kind: 'file' | 'directory'): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => (kind === 'file' ? entry.isFile() : entry.isDirectory())).map(({ name }) => name);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function removeFile(file: string): Promise<Freed> {
  try {
    const { size } = await lstat(file);
    await unlink(file);
    return { count: 1, bytes: size };
  } catch (error) {
    if (isCode(error, 'ENOENT')) return nothing;
    throw error;
  }
}

/** What somebody else put there stays, and so does the directory. */
async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

const isCode = (error: unknown, ...codes: readonly string[]): boolean => codes.includes((error as NodeJS.ErrnoException).code ?? '');
