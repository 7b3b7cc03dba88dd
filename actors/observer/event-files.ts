/**
 * Where the event store keeps its lines, and how they are read: `events/YYYY-MM-DD/<node>/events.jsonl`.
 *
 * Reads in chunks, never a whole file. Writes nothing. A missing directory is an empty store.
 */
import { isAscii } from 'node:buffer';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryOf, nodeOfDirectory } from './node-directory.ts';

/** Large enough that reading is not what costs (measured: parsing is), small enough that its text dies young: with 1 MiB, a replay takes 8 % longer. */
const chunkBytes = 1 << 16;
/** Room before each chunk for the beginning of its first line, so that a chunk is not copied for the sake of it. Larger than any event. */
const carriedBytesMax = 1 << 18;

const datePattern = /^\d{4}-\d{2}-\d{2}$/;

export function eventFile(dataDir: string, date: string, node: string): string {
  const directory = directoryOf(node);
  if (directory === null) throw new Error(`node ${JSON.stringify(node.slice(0, 40))}…: its name is too long for a directory`);
  return join(dataDir, 'events', date, directory, 'events.jsonl');
}

async function listOrNothing(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Every node of the store with its dates, oldest first. All dates are looked at for all nodes: none can be skipped by sorting earlier (R7). */
export async function listStore(dataDir: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const dates = (await listOrNothing(join(dataDir, 'events'))).filter((name) => datePattern.test(name)).sort();
  const nodes = new Map<string, string[]>();
  for (const date of dates) {
    for (const directory of await listOrNothing(join(dataDir, 'events', date))) {
      const node = nodeOfDirectory(directory);
      nodes.set(node, [...(nodes.get(node) ?? []), date]);
    }
  }
  return nodes;
}

export interface LinesRead {
  /** Where the last whole line ends. */
  readonly bytesGood: number;
  /** Bytes after it: half a line that a crash left. */
  readonly bytesHalf: number;
}

/** Calls `onLine` for each whole line from `offset` on. A file that is not there has no lines. */
export async function readLines(file: string, offset: number, onLine: (line: string) => void): Promise<LinesRead> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { bytesGood: 0, bytesHalf: 0 };
    throw error;
  }
  try {
    const { size } = await handle.stat();
    // A file that lost its end (a restored backup): what is left has been read before.
    if (offset > size) return { bytesGood: size, bytesHalf: 0 };
    return await readChunks(handle, offset, onLine);
  } finally {
    await handle.close();
  }
}

/** The next chunk is on its way while the lines of this one are dealt with. */
async function readChunks(handle: FileHandle, offset: number, onLine: (line: string) => void): Promise<LinesRead> {
  const chunks = [Buffer.allocUnsafe(carriedBytesMax + chunkBytes), Buffer.allocUnsafe(carriedBytesMax + chunkBytes)] as const;
  const read = (turn: number, at: number): Promise<{ readonly bytesRead: number; readonly buffer: Buffer }> => {
    const reading = handle.read(chunks[turn % 2 === 0 ? 0 : 1], carriedBytesMax, chunkBytes, at);
    // Nobody waits for it any more when a line threw.
    reading.catch(() => undefined);
    return reading;
  };
  let carried: Buffer = Buffer.alloc(0);
  let bytesGood = offset;
  let reading = read(0, offset);
  for (let turn = 1, at = offset; ; turn += 1) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) return { bytesGood, bytesHalf: carried.length };
    at += bytesRead;
    reading = read(turn, at);
    const bytes = behind(carried, buffer, bytesRead);
    const end = bytes.lastIndexOf(10);
    if (end === -1) {
      carried = Buffer.from(bytes);
      continue;
    }
    splitLines(textOf(bytes.subarray(0, end + 1)), onLine);
    bytesGood += end + 1;
    carried = Buffer.from(bytes.subarray(end + 1));
  }
}

/** What was read, with what was carried before it. */
function behind(carried: Buffer, buffer: Buffer, bytesRead: number): Buffer {
  const end = carriedBytesMax + bytesRead;
  if (carried.length > carriedBytesMax) return Buffer.concat([carried, buffer.subarray(carriedBytesMax, end)]);
  carried.copy(buffer, carriedBytesMax - carried.length);
  return buffer.subarray(carriedBytesMax - carried.length, end);
}

/** Nearly all events are plain ASCII, which is read in a third of the time. */
const textOf = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');

function splitLines(text: string, onLine: (line: string) => void): void {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    if (end > start) onLine(text.slice(start, end));
    start = end + 1;
  }
}
