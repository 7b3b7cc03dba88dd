/** One process per data directory: a file with the process id and start time of its holder. A holder that died leaves a lock that the next one takes over. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Start time of a process in clock ticks since boot (proc(5), stat field 22), or null where that cannot be known or it is gone. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The process that holds the lock, or null. */
export function lockHolder(file: string): number | null {
  try {
    const { pid, start } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; start: string | null };
    return isAlive(pid) && startTicks(pid) === start ? pid : null;
  } catch {
    return null;
  }
}

/** Takes the lock, and returns how to give it back. Throws when another living process holds it. */
export function takeLock(file: string, what: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const content = JSON.stringify({ pid: process.pid, start: startTicks(process.pid) });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, content, { flag: 'wx' });
      return () => {
        rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = lockHolder(file);
      if (holder !== null)
        throw new Error(`${what} already runs as process ${holder} (lock file ${file}); stop that one first, or give this one another data directory`);
      rmSync(file, { force: true });
    }
  }
  throw new Error(`${what}: cannot take the lock file ${file}`);
}
