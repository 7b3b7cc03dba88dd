/**
 * Runs Compose for as long as it takes, and waits for it only so long. It is never killed: docker-compose 1.29 interrupted between rename and
 * start leaves the service down, under another name. So it has a group of its own and writes to a file instead of to us: it also
 * survives the end of this process (a pipe that nobody reads would kill it).
 *
 * Writes the file, and removes it when it has been read. Fails: never by rejecting.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, DeadlineError, withDeadline } from '../../bus/clock.ts';

export type UpEnd = { readonly kind: 'ended'; readonly code: number; readonly printed: string } | { readonly kind: 'missing' } | { readonly kind: 'late' };

export interface UpRun {
  /** What came of it in time. */
  readonly end: Promise<UpEnd>;
  /** When it has really ended. */
  readonly over: Promise<unknown>;
}

interface UpOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly cwd: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly outputFile: string;
}

export function runUp(command: string, args: readonly string[], { clock, deadlineMs, cwd, env, outputFile }: UpOptions): UpRun {
  mkdirSync(dirname(outputFile), { recursive: true, mode: 0o700 });
  // A leftover of a killed process could carry other permissions; who still writes to it keeps its own.
  rmSync(outputFile, { force: true });
  const output = openSync(outputFile, 'wx', 0o600);
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const over = new Promise<UpEnd>((resolve) => {
    child.on('error', () => {
      resolve({ kind: 'missing' });
    });
    child.on('exit', (code, signal) => {
      const printed = read(outputFile);
      resolve({ kind: 'ended', code: code ?? 1, printed: signal === null ? printed : `${printed}\nended by ${signal}` });
    });
  }).finally(() => {
    rmSync(outputFile, { force: true });
  });
  const end = withDeadline(clock, deadlineMs, 'Compose', over).catch((error: unknown): UpEnd => {
    if (!(error instanceof DeadlineError)) throw error;
    // It may take for ever; this process need not.
    child.unref();
    return { kind: 'late' };
  });
  return { end, over };
}

/** How it ended matters more than what it said. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
