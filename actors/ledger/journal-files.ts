/**
 * The files of a ledger's journal, oldest first: those that were put away, compressed or not yet, and the one that is written.
 *
 * Read by the ledger's own commands and by `homelab actions history`. Nothing is ever deleted: a put-away file of 10,000 lines
 * is about 1 MB compressed, which at 50 changes a day is 2 MB a year, and it is the only record of who agreed to what.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import type { LedgerEntry } from './desk-state.ts';
import { Entry } from './journal-entry.ts';

const putAway = /^journal-.+\.jsonl(\.gz)?$/;

/** Empty when there is no such directory. */
export async function journalFiles(dataDir: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(dataDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const old = names.filter((name) => putAway.test(name)).sort();
  return [...old, ...names.filter((name) => name === 'journal.jsonl')].map((name) => join(dataDir, name));
}

/** The entries of one file, in order. What is not an entry (half a line, a broken one) is passed over and counted. */
export async function* entriesOf(file: string, onBroken: () => void = () => undefined): AsyncGenerator<LedgerEntry> {
  const raw = createReadStream(file);
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  // Errors of the file itself do not travel through a pipe.
  raw.on('error', (error) => input.destroy(error));
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const entry = parse(line);
    if (entry === null) onBroken();
    else yield entry;
  }
}

function parse(line: string): LedgerEntry | null {
  try {
    return Entry.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/** Replaces a put-away file by its compressed self: write → fsync → rename. A crash leaves the plain one, or both. */
export async function compress(file: string): Promise<void> {
  const next = `${file}.gz.next`;
  const bytes = await promisify(gzip)(await readFile(file));
  await rm(next, { force: true });
  const handle = await open(next, 'a');
  try {
    await handle.appendFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, `${file}.gz`);
  const directory = await open(dirname(file), 'r');
  await directory.sync();
  await directory.close();
  await rm(file, { force: true });
}
