import { describe, expect, it } from 'vitest';
import { memoryLimitBytes } from './memory-limit.ts';
import type { TextFile } from './tree.ts';

const MiB = 1024 ** 2;
const env = (text: string): TextFile => ({ path: 'services/web/env.example', text, isExecutable: false });

describe('the memory limit of a container', () => {
  it.each([
    ['a size', '64m', null, 64 * MiB],
    ['bytes', 1024, null, 1024],
    ['a variable with a default', `$\{LIMIT:-64m}`, null, 64 * MiB],
    ['a variable of env.example', `$\{LIMIT:-64m}`, env('LIMIT=128m\n'), 128 * MiB],
    ['a variable nobody has a value for', `$\{LIMIT}`, env('OTHER=1\n'), null],
    ['0, which is no limit to the engine', 0, null, null],
    ['nothing', undefined, null, null],
    ['words', 'plenty', null, null],
  ])('is read from %s', (_, given, envExample, bytes) => {
    expect(memoryLimitBytes(given === undefined ? {} : { mem_limit: given }, envExample)).toBe(bytes);
  });
});
