/** scripts/prepare.mjs on a fresh clone, on a stale one, and where there is nothing to do; npm is a stand-in that records. */

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectRoot } from './planted-tree.ts';

/** Installs as npm ci does: exactly what the lock file says, without what is for other machines. */
const npmStandIn = `#!${process.execPath}
const fs = require('node:fs');
fs.appendFileSync('npm.log', process.argv.slice(2).join(' ') + '\\n');
if (fs.existsSync('npm-fails')) process.exit(7);
const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
const installed = Object.fromEntries(Object.entries(packages).filter(([path, entry]) => path !== '' && !entry.optional));
fs.rmSync('node_modules', { recursive: true, force: true });
for (const path of Object.keys(installed)) fs.mkdirSync(path, { recursive: true });
fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: installed }));
`;

let root: string;

const lock = (changes: Readonly<Record<string, unknown>> = {}): void => {
  const packages = {
    '': { name: 'homelab' },
    'node_modules/zod': { version: '4.0.0', integrity: 'sha512-a' },
    'node_modules/vitest': { version: '4.0.0', integrity: 'sha512-b', dev: true },
    'node_modules/for-other-machines': { version: '1.0.0', optional: true, os: ['plan9'] },
    ...changes,
  };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
};
const prepare = (...flags: readonly string[]): { readonly status: number | null; readonly said: string; readonly npmRuns: number } => {
  const env = { ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH']}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/prepare.mjs', '--no-build', ...flags], { cwd: root, env, encoding: 'utf8' });
  let log = '';
  try {
    log = readFileSync(join(root, 'npm.log'), 'utf8');
  } catch {
    // npm never ran.
  }
  return { status, said: stdout + stderr, npmRuns: log.split('\n').filter((line) => line.startsWith('ci')).length };
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'homelab-prepare-'));
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin/npm'), npmStandIn);
  chmodSync(join(root, 'bin/npm'), 0o755);
  cpSync(join(projectRoot, 'scripts'), join(root, 'scripts'), { recursive: true });
  lock();
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

it('installs on a fresh clone, says why, and is silent the second time', () => {
  expect(prepare()).toEqual({ status: 0, said: 'prepare: node_modules is missing: running npm ci\n', npmRuns: 1 });
  expect(prepare()).toEqual({ status: 0, said: '', npmRuns: 1 });
});

it('installs again when the lock file wants another version', () => {
  prepare();
  lock({ 'node_modules/zod': { version: '4.1.0', integrity: 'sha512-c' } });
  expect(prepare()).toMatchObject({ status: 0, said: expect.stringContaining('node_modules/zod is 4.0.0, package-lock.json wants 4.1.0'), npmRuns: 2 });
  expect(prepare()).toMatchObject({ said: '', npmRuns: 2 });
});

it('installs again when the lock file wants one package more, and when one was deleted', () => {
  prepare();
  lock({ 'node_modules/pino': { version: '1.0.0', integrity: 'sha512-d' } });
  expect(prepare()).toMatchObject({ said: expect.stringContaining('node_modules/pino is not installed'), npmRuns: 2 });
  rmSync(join(root, 'node_modules/pino'), { recursive: true });
  expect(prepare()).toMatchObject({ said: expect.stringContaining('node_modules/pino is gone'), npmRuns: 3 });
});

it('does without the packages of developers where only the program is to run', () => {
  prepare();
  const installed = { 'node_modules/zod': { version: '4.0.0', integrity: 'sha512-a' } };
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  expect(prepare('--runtime')).toMatchObject({ status: 0, said: '', npmRuns: 1 });
  expect(prepare()).toMatchObject({ said: expect.stringContaining('node_modules/vitest is not installed'), npmRuns: 2 });
});

it('fails with what to look at when npm fails', () => {
  writeFileSync(join(root, 'npm-fails'), '');
  expect(prepare()).toMatchObject({ status: 1, said: expect.stringContaining('npm ci failed with exit code 7') });
});
