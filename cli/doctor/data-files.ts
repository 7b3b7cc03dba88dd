/**
 * Reads the data directory for the checks: locks, journals, quarantine, spool, what was set aside. Changes nothing,
 * and never reads without bound: of a file above 16 MiB the end only. A directory that is not there is empty.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { lockHolder } from '../../bus/lock-file.ts';
import { demoRoot } from '../demo/demo-root.ts';
import { codeOf, messageOf } from './finding.ts';
import { OutboxLine } from './outbox.ts';
import type { DataSeen, JournalSeen } from './stale-files.ts';

/** Twice what an outbox may hold, and the whole of a ledger's or executor's journal. Parsed in some 0.2 s on a Pi. */
const readBytesMax = 16 * 1024 * 1024;
/** A line that is being written right now has no end yet either. */
const quietMs = 2_000;
/** Days of the event store that are looked at: a crash leaves its half line in the files of that day. */
const daysMax = 2;

export interface DataFiles extends DataSeen {
  readonly outboxLines: readonly OutboxLine[];
}

export async function readDataFiles(dataRoot: string, nowMs: number): Promise<DataFiles> {
  // What a demo keeps says nothing about this machine.
  const names = (await list(dataRoot)).filter((name) => name !== basename(demoRoot({ dataRoot })));
  const files = (await Promise.all(names.map(async (name) => (await list(join(dataRoot, name))).map((each) => join(dataRoot, name, each))))).flat();
  const journalFiles = [...files.filter((file) => file.endsWith('.jsonl')), ...(await eventFiles(join(dataRoot, 'observer', 'events')))];
  const outboxLines: OutboxLine[] = [];
  const journals: JournalSeen[] = [];
  // One after the other: side by side they would all be in memory at once.
  for (const file of journalFiles) journals.push(await readJournalFile(file, nowMs, basename(file) === 'outbox.jsonl' ? outboxLines : null));
  const quarantineDir = join(dataRoot, 'observer', 'quarantine');
  const quarantine = await Promise.all(
    (await list(quarantineDir)).map(async (name) => ({ file: join(quarantineDir, name), lines: await countLines(join(quarantineDir, name)) })),
  );
  const spooled = files.filter((file) => file.startsWith(join(dataRoot, 'spool', '/')));
  return {
    dataRoot,
    locks: files.filter((file) => basename(file) === 'lock').map((file) => ({ file, holder: lockHolder(file) })),
    journals,
    quarantine,
    spool: (await Promise.all(spooled.map(async (file) => ({ file, ageMs: await ageOf(file, nowMs) })))).filter(isThere),
    setAside: names.filter((name) => /\.corrupt-\d+/.test(name)).map((name) => join(dataRoot, name)),
    outboxLines,
  };
}

const isThere = <T extends { readonly ageMs: number | null }>(seen: T): seen is T & { readonly ageMs: number } => seen.ageMs !== null;

async function list(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch {
    return []; // not there, or not a directory; what may not be read is the business of the permissions check
  }
}

async function eventFiles(directory: string): Promise<readonly string[]> {
  const days = (await list(directory)).slice(-daysMax);
  const found = await Promise.all(days.map(async (day) => (await list(join(directory, day))).map((node) => join(directory, day, node, 'events.jsonl'))));
  return found.flat();
}

async function ageOf(file: string, nowMs: number): Promise<number | null> {
  try {
    return nowMs - (await stat(file)).mtimeMs;
  } catch {
    return null; // taken meanwhile
  }
}

async function readJournalFile(file: string, nowMs: number, outbox: OutboxLine[] | null): Promise<JournalSeen> {
  const nothing: JournalSeen = { file, broken: [], bytesHalf: 0, unreadable: null };
  try {
    const { text, isWhole, mtimeMs } = await readEnd(file);
    const lines = text.split('\n');
    const half = lines.pop() ?? '';
    const broken: number[] = [];
    for (const [at, line] of lines.entries()) {
      if (at === 0 && !isWhole) continue; // begins in the middle of a line
      const value = parsed(line);
      if (value === undefined) broken.push(at + 1);
      const waiting = outbox === null ? null : OutboxLine.safeParse(value);
      if (waiting?.success === true) outbox?.push(waiting.data);
    }
    return { ...nothing, broken, bytesHalf: nowMs - mtimeMs < quietMs ? 0 : Buffer.byteLength(half) };
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? nothing : { ...nothing, unreadable: messageOf(error) };
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function readEnd(file: string): Promise<{ readonly text: string; readonly isWhole: boolean; readonly mtimeMs: number }> {
  const handle: FileHandle = await open(file, 'r');
  try {
    const { size, mtimeMs } = await handle.stat();
    const length = Math.min(size, readBytesMax);
    const data = Buffer.alloc(length);
    const { bytesRead } = await handle.read(data, 0, length, size - length);
    return { text: data.toString('utf8', 0, bytesRead), isWhole: length === size, mtimeMs };
  } finally {
    await handle.close();
  }
}

async function countLines(file: string): Promise<number> {
  try {
    return (await readEnd(file)).text.split('\n').filter((line) => line !== '').length;
  } catch {
    return 1; // it is there and cannot be read: not empty
  }
}
