/** docs/decisions/0013: every failure of the original is a test that exists, cannot exist, or waits for a part that is not built; none is left out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/decisions/0013-the-originals-failures.md'), 'utf8');

/** As many as its list has. */
const failuresKnown = 38;

interface Failure {
  readonly name: string;
  readonly here: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const failures: readonly Failure[] = [...page.matchAll(/^\| (R\d+) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, name = '', here = '']) => {
  const tests = [...here.matchAll(/`([\w/.-]+\.ts)`: ([^;]+?)(?: \(rules? [^)]+\))?\s*(?:;|$)/g)].map(([, file = '', title = '']) => ({ file, title }));
  return { name, here, tests };
});

describe('the failures of the original', () => {
  it('are all there, each once', () => {
    expect(failures.map(({ name }) => name)).toEqual(Array.from({ length: failuresKnown }, (_, at) => `R${at + 1}`));
  });

  it.each(failures)('$name is a test, or says why there is none', ({ here, tests }) => {
    // A file that is named without being understood here would be a test that nobody looks up.
    expect(tests).toHaveLength([...here.matchAll(/\.ts`/g)].length);
    if (tests.length === 0) expect(here).toMatch(/^(Cannot exist|Not built yet): \S/);
  });

  it.each(failures.flatMap(({ name, tests }) => tests.map((test) => ({ name, ...test }))))('$name: $file has "$title"', ({ file, title }) => {
    const text = readFileSync(join(root, file), 'utf8');
    // At the beginning of a string, where the title of a test is.
    expect([`'${title}`, `"${title}`, `\`${title}`].some((quoted) => text.includes(quoted))).toBe(true);
  });
});
