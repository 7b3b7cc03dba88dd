/** Writes a file that nobody but its owner may read: whole or not at all, durable when it returns. Fails with a UsageError that names the file. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeWholeFile } from '../../adapters/files/whole-file.ts';
import { UsageError } from '../settings.ts';

const secretMode = 0o600;
const publicMode = 0o644;

/** `isPublic`: everybody may read it, such as a certificate. */
export function writeSecret(file: string, text: string, { isPublic = false } = {}): void {
  const mode = isPublic ? publicMode : secretMode;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeWholeFile(file, text, mode);
  } catch (error) {
    throw new UsageError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
