/** `npm start` and `npm run demo` as a service manager ends them: by the process id of npm alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../kit/wait.ts';
import { projectRoot } from '../tidy/planted-tree.ts';

/** In the place of the program: says who it is and what it was asked for, and runs until it is told to end. */
const standIn = `
import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 1000);
writeFileSync('said', JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }));
`;

let directory: string;
let npm: ChildProcess | null = null;
let program: { readonly pid: number; readonly args: readonly string[] } | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homelab-npm-'));
  // The project's own lines; what npm runs before them has nothing to do here.
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const { start, demo } = scripts;
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'stand-in', scripts: { start, demo } }));
  mkdirSync(join(directory, 'cli'));
  writeFileSync(join(directory, 'cli', 'homelab.mjs'), standIn);
});
afterEach(() => {
  if (program !== null && isThere(program.pid)) process.kill(program.pid, 'SIGKILL');
  npm?.kill('SIGKILL');
  [npm, program] = [null, null];
  rmSync(directory, { recursive: true });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('npm', () => {
  it.each([
    ['start', ['up', '--port', '0']],
    ['demo', ['up', '--demo', '--port', '0']],
  ])('run %s gives on its arguments, and ends the program when it is ended', async (script, args) => {
    npm = spawn('npm', ['run', '--silent', script, '--', '--port', '0'], { cwd: directory, stdio: 'ignore' });
    const { pid, args: given } = await waitFor('the program to run', () => {
      program = JSON.parse(readFileSync(join(directory, 'said'), 'utf8')) as typeof program;
      return program;
    });
    expect(given).toEqual(args);
    npm.kill('SIGTERM');
    await waitFor('the program to end', () => !isThere(pid));
  });
});
