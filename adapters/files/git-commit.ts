/**
 * Which Git commit the declared files are: asked of the `git` program, which alone knows its own formats.
 * Reads: the checkout. Changes nothing in it. Fails: without git, or outside a checkout, there is no commit to name.
 */
import { execFile } from 'node:child_process';

/** A status of three small directories takes milliseconds; what takes longer is a disk or share that hangs. */
const deadlineMs = 5_000;
/** A line of output is a changed file; more of them than this say no more than one. */
const outputBytesMax = 1024 * 1024;

/** Forty hex digits, with `+` where inventory/, hosts/ or services/ differ from it; null: nobody can say. */
export function gitCommit(directory: string): Promise<string | null> {
  const status = ['status', '--porcelain=v2', '--branch', '--untracked-files=normal', '--', 'inventory', 'hosts', 'services'];
  // No lock, so that a person's own git is never in the way; no program that the repository's configuration names.
  const args = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-C', directory, ...status];
  return new Promise((resolve) => {
    execFile('git', args, { timeout: deadlineMs, maxBuffer: outputBytesMax }, (error, stdout) => {
      const commit = /^# branch\.oid ([0-9a-f]{40,64})$/m.exec(error === null ? stdout : '')?.[1];
      const differs = stdout.split('\n').some((line) => line !== '' && !line.startsWith('#'));
      resolve(commit === undefined ? null : `${commit}${differs ? '+' : ''}`);
    });
  });
}
