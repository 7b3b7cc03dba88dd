/** Writes a file that nobody but its owner may read: whole or not at all, durable when it returns. Fails with a UsageError that names the file. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../settings.ts';

const secretMode = 0o600;
const publicMode = 0o644;

/** `isPublic`: everybody may read it, such as a certificate. */
export function writeSecret(file: string, text: string, { isPublic = false } = {}): void {
  const mode = isPublic ? publicMode : secretMode;
  const next = `${file}.${process.pid}.next`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const handle = openSync(next, 'w', mode);
    try {
      // Whatever mask this process has.
      chmodSync(next, mode);
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw new UsageError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
