import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diagnosticsKeptMax, keepDiagnostics } from './diagnostics.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'diagnostics-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

it('keeps the newest 50 files, the one just written among them', async () => {
  for (let n = 0; n < diagnosticsKeptMax + 5; n += 1) {
    const file = join(directory, `old-${String(n).padStart(2, '0')}-1.json`);
    writeFileSync(file, '{}');
    utimesSync(file, 1_000 + n, 1_000 + n);
  }
  await keepDiagnostics(directory, { id: 'collect-diagnostics-vps-web', attempt: 1, content: {} });
  const names = readdirSync(directory).sort();
  expect(names).toHaveLength(diagnosticsKeptMax);
  expect(names).toContain('collect-diagnostics-vps-web-1.json');
  expect(names).not.toContain('old-05-1.json');
  expect(names).toContain('old-06-1.json');
});

it('writes whole files for their owner only, even over what a killed process left', async () => {
  writeFileSync(join(directory, 'x-1.json.next'), 'half', { mode: 0o644 });
  const { file, bytes } = await keepDiagnostics(directory, { id: 'x', attempt: 1, content: { log: ['one'] } });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ log: ['one'] });
  expect({ bytes, mode: statSync(file).mode & 0o777, names: readdirSync(directory) }).toEqual({ bytes: statSync(file).size, mode: 0o600, names: ['x-1.json'] });
});

it('makes a file name of any id', async () => {
  const { file } = await keepDiagnostics(directory, { id: 'collect-diagnostics-vps-a:b*ü', attempt: 3, content: {} });
  expect(file).toBe(join(directory, 'collect-diagnostics-vps-a_b__-3.json'));
});
