/**
 * An append-only file of JSON lines that is on disk when `append` returns. A half line at the end (a crash in the middle
 * of a write) is ignored, cut off and reported; a broken line elsewhere is reported and skipped, and the file is kept.
 * A rejected append leaves nothing in the file: what a full disk took of it is cut off before anything else is written.
 * Compaction is write → fsync → rename.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';

export interface JournalHooks {
  beforeAppend?(): void;
  beforeFsync?(): void;
  afterFsync?(): void;
}

export interface JournalProblem {
  readonly file: string;
  readonly line: number;
  readonly detail: string;
}

/** What a journal file holds: its entries, and what could not be read. */
export function readJournal<T>(
  file: string,
  schema: z.ZodType<T>,
): { readonly entries: readonly T[]; readonly problems: readonly JournalProblem[]; readonly bytesGood: number } {
  let data: Buffer;
  try {
    data = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], problems: [], bytesGood: 0 };
    throw error;
  }
  const entries: T[] = [];
  const problems: JournalProblem[] = [];
  let start = 0;
  let line = 0;
  let bytesGood = 0;
  while (start < data.length) {
    line += 1;
    const end = data.indexOf(10, start);
    if (end === -1) {
      problems.push({ file, line, detail: `half a line of ${data.length - start} bytes at the end; it was never acknowledged` });
      break;
    }
    const text = data.toString('utf8', start, end);
    try {
      entries.push(schema.parse(JSON.parse(text)));
    } catch (error) {
      problems.push({ file, line, detail: `not an entry of this journal: ${error instanceof Error ? error.message : String(error)}` });
    }
    start = end + 1;
    bytesGood = start;
  }
  return { entries, problems, bytesGood };
}

export class Journal<T> {
  readonly file: string;
  private handle: FileHandle | null = null;
  private tail: Promise<void> = Promise.resolve();
  private readonly hooks: JournalHooks;
  private waiting: { lines: string[]; fsync: boolean; done: Promise<void> } | null = null;
  /** Bytes of acknowledged appends; the file may be longer only after a write that failed. */
  private bytesGood = 0;
  private isTorn = false;

  constructor(file: string, hooks: JournalHooks = {}) {
    this.file = file;
    this.hooks = hooks;
  }

  /** Opens for appending, cutting a half line off. Creates directories. What is appended from now on outlives a power cut, also in a file that is new. */
  async open(bytesGood: number): Promise<void> {
    mkdirSync(dirname(this.file), { recursive: true });
    this.handle = await open(this.file, 'a');
    const { size } = await this.handle.stat();
    if (size > bytesGood) {
      await this.handle.truncate(bytesGood);
      await this.handle.datasync();
    }
    // Also of a file that was there: a life that was killed in `rewrite` may have renamed it and not synced that.
    await syncDirectory(dirname(this.file));
    this.bytesGood = Math.min(size, bytesGood);
  }

  /** Appends in call order; concurrent calls share one write and one fsync. */
  append(entry: T, options: { readonly fsync: boolean } = { fsync: true }): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    if (this.waiting !== null) {
      this.waiting.lines.push(line);
      this.waiting.fsync ||= options.fsync;
      return this.waiting.done;
    }
    const group = { lines: [line], fsync: options.fsync, done: Promise.resolve() };
    group.done = this.tail.then(async () => {
      if (this.waiting === group) this.waiting = null;
      await this.write(group.lines, group.fsync);
    });
    this.waiting = group;
    this.tail = group.done.catch(() => undefined);
    return group.done;
  }

  private async write(lines: readonly string[], fsync: boolean): Promise<void> {
    const { handle } = this;
    if (handle === null) throw new Error(`journal ${this.file} is not open`);
    if (this.isTorn) await this.mend(handle);
    this.hooks.beforeAppend?.();
    const bytes = Buffer.from(lines.join(''));
    await this.orMend(handle, handle.appendFile(bytes));
    this.hooks.beforeFsync?.(); // outside: a test that dies here leaves the line, as a kill does
    if (fsync) await this.orMend(handle, handle.datasync());
    this.bytesGood += bytes.length;
    if (fsync) this.hooks.afterFsync?.();
  }

  private async orMend(handle: FileHandle, done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      this.isTorn = true;
      await this.mend(handle).catch(() => undefined); // tried again before the next write
      throw error;
    }
  }

  /** A line written behind half a line would be lost with it. */
  private async mend(handle: FileHandle): Promise<void> {
    await handle.truncate(this.bytesGood);
    this.isTorn = false;
  }

  /** Replaces the whole content atomically by what `entries` says once every append queued so far is written. */
  rewrite(entries: () => readonly T[]): Promise<void> {
    this.waiting = null; // appends from now on come behind the rewrite
    const run = this.tail.then(async () => {
      const next = `${this.file}.next`;
      const bytes = Buffer.from(
        entries()
          .map((entry) => `${JSON.stringify(entry)}\n`)
          .join(''),
      );
      await rm(next, { force: true });
      // Opened before the old one is let go: whatever fails on the way, there is a file to append to.
      const handle = await open(next, 'a');
      try {
        await handle.appendFile(bytes);
        await handle.sync();
        await rename(next, this.file);
      } catch (error) {
        await handle.close();
        throw error;
      }
      const old = this.handle;
      this.handle = handle;
      this.bytesGood = bytes.length;
      this.isTorn = false;
      await old?.close();
      await syncDirectory(dirname(this.file));
    });
    this.tail = run.catch(() => undefined);
    return run;
  }

  async close(): Promise<void> {
    await this.tail;
    await this.handle?.close();
    this.handle = null;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a whole file so that a crash leaves either the old or the new content: write → fsync → rename. */
export async function writeFileAtomic(file: string, text: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.next`;
  await writeDurably(next, text);
  await rename(next, file);
  await syncDirectory(dirname(file));
}
