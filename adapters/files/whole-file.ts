/** Writes a small file: whole or not at all, with exactly these rights, durable when it returns. Throws what the file system says, and leaves the old one. */
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export function writeWholeFile(file: string, text: string, mode: number): void {
  const next = `${file}.${process.pid}.next`;
  try {
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
    throw error;
  }
  syncDirectory(dirname(file));
}

/** The new name is on disk too. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
