/**
 * Asks docker-compose itself whether it accepts a Compose file with its override (`config`): no engine is needed or asked.
 *
 * Reads: the files. Writes and remembers: nothing. Fails: a program that hangs or vanishes is a complaint like any other.
 */
import { join } from 'node:path';
import { runProgram } from '../shell/run-program.ts';
import { type Complaint, complaintsOf } from './complaints.ts';
import type { ComposeProgram } from './programs.ts';

export interface ComposePair {
  /** Relative to the directory: the service's own file, then the override of a node. */
  readonly files: readonly string[];
  /** env.example; null: there is none. */
  readonly envFile: string | null;
  /** Values for what env.example leaves empty. */
  readonly env: Readonly<Record<string, string>>;
}

/** An answer takes 0.5 s; on a machine that is busy with everything else, 20 times that. */
const configDeadlineMs = 20_000;

/** Nothing: it is accepted. */
export async function checkConfig(program: ComposeProgram, directory: string, pair: ComposePair): Promise<readonly Complaint[]> {
  const files = pair.files.flatMap((file) => ['-f', join(directory, file)]);
  const envFile = pair.envFile === null ? [] : ['--env-file', join(directory, pair.envFile)];
  const args = [...program.args, ...envFile, ...files, 'config', '--quiet'];
  // Nothing of our own environment: a COMPOSE_FILE or a variable of the person who asks would change the answer.
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', LC_ALL: 'C.UTF-8', ...pair.env };
  const ran = await runProgram(program.command, args, { deadlineMs: configDeadlineMs, cwd: directory, env });
  switch (ran.kind) {
    case 'missing':
      return [{ detail: 'the program is gone', path: [], location: null }];
    case 'too-late':
      return [{ detail: `no answer within ${configDeadlineMs / 1000} s`, path: [], location: null }];
    case 'ended':
      return ran.code === 0 ? [] : complaintsOf(ran.stderr, directory);
  }
}
