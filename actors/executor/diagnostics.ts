/**
 * Keeps what was collected about a container: one file for each attempt, in `<dataDir>/diagnostics`.
 *
 * Writes whole files (temporary file → fsync → rename), readable by their owner only: a log may hold what redaction
 * missed. Keeps the newest 50. Fails by rejecting: no room, no permission.
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** An inspect and 200 log lines are some 50 kB: a few MB in all. */
export const diagnosticsKeptMax = 50;

export interface DiagnosticsFile {
  readonly file: string;
  readonly bytes: number;
}

export async function keepDiagnostics(
  directory: string,
  about: { readonly id: string; readonly attempt: number; readonly content: unknown },
): Promise<DiagnosticsFile> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Ids are made of topic levels, which may hold more than a file name should.
  const name = `${about.id.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${about.attempt}.json`;
  const file = join(directory, name);
  const data = Buffer.from(`${JSON.stringify(about.content, null, 2)}\n`);
  const next = `${file}.next`;
  // A leftover of a killed process could carry other permissions.
  await rm(next, { force: true });
  const handle = await open(next, 'wx', 0o600);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
  await forgetOldest(directory, name);
  return { file, bytes: data.length };
}

async function forgetOldest(directory: string, newest: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name !== newest);
  const aged = await Promise.all(names.map(async (name) => ({ name, modifiedMs: (await stat(join(directory, name))).mtimeMs })));
  aged.sort((a, b) => b.modifiedMs - a.modifiedMs || (a.name < b.name ? 1 : -1));
  for (const { name } of aged.slice(diagnosticsKeptMax - 1)) await rm(join(directory, name), { force: true });
}
