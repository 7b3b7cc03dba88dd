/** Whether a file is still the one that was read: its inode, size, times and mode in one text; where it cannot be looked at, why. Never throws. */
import { statSync } from 'node:fs';

export function stampOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs, mode } = statSync(file);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
