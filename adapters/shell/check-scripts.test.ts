import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkScripts, type ScriptComplaint } from './check-scripts.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scripts-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function complaints(text: string, shell = 'sh'): Promise<readonly ScriptComplaint[]> {
  writeFileSync(join(directory, 'a.sh'), text);
  return (await checkScripts(directory, [{ path: 'a.sh', shell }])).complaints;
}

it('parses a script and performs nothing of it', async () => {
  expect(await complaints('#!/bin/sh\ntouch ran\nexit 1\n')).toEqual([]);
  expect(() => rmSync(join(directory, 'ran'))).toThrow(/ENOENT/);
});

it('gives the line that the shell names, once', async () => {
  expect(await complaints('#!/bin/sh\nif true; then\n  exit 0\n')).toEqual([
    { script: 'a.sh', line: 4, column: 1, detail: expect.stringMatching(/^sh -n: .*(unexpected|expecting)/) },
  ]);
});

it('says that a shell is missing', async () => {
  expect(await complaints('#!/bin/sh\n', 'no-such-shell')).toEqual([
    { script: 'a.sh', line: 1, column: 1, detail: 'there is no no-such-shell to parse it with' },
  ]);
});

it('has nothing to say of no scripts', async () => {
  expect(await checkScripts(directory, [])).toEqual({ complaints: [], isShellcheckMissing: false });
});
