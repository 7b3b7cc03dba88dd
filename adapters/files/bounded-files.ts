/**
 * Reads files of a directory that anybody may have written into: nothing in it can hang, flood or stop the reader.
 *
 * A file is read up to a limit, and only if it is one (a named pipe would wait for ever); a bounded number is open at a time.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A services.yaml of a hundred services is about 10 kB; a megabyte is something else under that name. */
const fileBytesMax = 1024 * 1024;
/** More do not make it faster (four threads read), and a process may have 1,024 files open. */
const openMax = 32;

export type FileRead =
  | { readonly state: 'read'; readonly text: string; readonly isExecutable: boolean }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly detail: string };

export type DirectoryRead =
  | { readonly state: 'listed'; readonly names: readonly string[] }
  | { readonly state: 'absent' }
  /** `isOther`: it is there and no directory. */
  | { readonly state: 'unreadable'; readonly isOther: boolean; readonly detail: string };

export class BoundedFiles {
  private readonly root: string;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(root: string) {
    this.root = root;
  }

  /** `path` is relative to the root. */
  async read(path: string): Promise<FileRead> {
    return await this.inTurn(async () => {
      let file: FileHandle | null = null;
      try {
        // Without O_NONBLOCK opening a named pipe would wait for somebody who writes.
        file = await open(join(this.root, path), constants.O_RDONLY | constants.O_NONBLOCK);
        const stats = await file.stat();
        if (!stats.isFile()) return { state: 'unreadable', detail: `${stats.isDirectory() ? 'a directory' : 'no ordinary file'}; expected a file` };
        if (stats.size > fileBytesMax) return { state: 'unreadable', detail: `the file has ${stats.size} bytes; expected at most ${fileBytesMax}` };
        return { state: 'read', text: await readUpTo(file, stats.size), isExecutable: (stats.mode & 0o111) !== 0 };
      } catch (error) {
        const code = codeOf(error);
        // ENOTDIR: a plain file where a directory would be.
        if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
        return { state: 'unreadable', detail: `the file cannot be read (${code})` };
      } finally {
        await file?.close();
      }
    });
  }

  /** Names in alphabetical order. */
  async list(path: string): Promise<DirectoryRead> {
    return await this.inTurn(async () => {
      try {
        return { state: 'listed', names: (await readdir(join(this.root, path))).sort() };
      } catch (error) {
        const code = codeOf(error);
        if (code === 'ENOENT') return { state: 'absent' };
        return { state: 'unreadable', isOther: code === 'ENOTDIR', detail: `the directory cannot be listed (${code})` };
      }
    });
  }

  /** Every file below a directory, links not followed, at most `max`; what cannot be listed is left out. */
  async filesBelow(path: string, depth: number, max: number): Promise<readonly string[]> {
    const entries = await this.inTurn(() => readdir(join(this.root, path), { withFileTypes: true })).catch(() => []);
    const found: string[] = [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= max) break;
      const inside = `${path}/${entry.name}`;
      if (entry.isFile()) found.push(inside);
      else if (entry.isDirectory() && depth > 0) found.push(...(await this.filesBelow(inside, depth - 1, max - found.length)));
    }
    return found;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= openMax) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes to whoever waits, so that `running` stays as it is.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}

/** Not more than it had when it was looked at: something may be writing to it. */
async function readUpTo(file: FileHandle, size: number): Promise<string> {
  const buffer = Buffer.alloc(size);
  let read = 0;
  while (read < size) {
    const { bytesRead } = await file.read(buffer, read, size - read, read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.toString('utf8', 0, read);
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error));
