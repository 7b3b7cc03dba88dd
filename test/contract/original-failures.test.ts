/** docs/decisions/0013: every failure of the original is a test that exists, cannot exist, or waits for a part that is not built; none is left out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
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
  const tests = [...here.matchAll(/`([\w/.-]+\.ts)`: ([^;]+?)\s*(?:;|$)/g)].map(([, file = '', title = '']) => ({ file, title }));
  return { name, here, tests };
});

/** The calls of a file that are tests which run: `it(title, …)`, `test.each(…)(title, …)`. */
function testsOf(file: string): ReadonlyMap<string, string> {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ESNext, true);
  const found = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title, body] = node.arguments;
      const runs = /^(it|test)(\.each\([\s\S]*\)|\.for\([\s\S]*\))?$/.test(node.expression.getText());
      if (runs && title !== undefined && body !== undefined && ts.isStringLiteralLike(title)) found.set(title.text, node.arguments.at(-1)?.getText() ?? '');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the failures of the original', () => {
  it('are all there, each once', () => {
    expect(failures.map(({ name }) => name)).toEqual(Array.from({ length: failuresKnown }, (_, at) => `R${at + 1}`));
  });

  it.each(failures)('$name is a test, or says why there is none', ({ here, tests }) => {
    // A file that is named without being understood here would be a test that nobody looks up.
    expect(tests).toHaveLength([...here.matchAll(/\.ts`/g)].length);
    if (tests.length === 0) expect(here).toMatch(/^(Cannot exist|Not built yet): \S/);
  });

  it('share no test: one that serves two failures is named after neither', () => {
    const all = failures.flatMap(({ tests }) => tests.map(({ file, title }) => `${file}: ${title}`));
    expect(all.filter((each, at) => all.indexOf(each) !== at)).toEqual([]);
  });

  it('of parts that are not built wait for them by name', () => {
    const waiting = failures.filter(({ here }) => here.includes('Not built yet'));
    expect(waiting.map(({ name }) => name)).toEqual(['R14', 'R15', 'R30', 'R33', 'R36']);
  });

  it.each(failures.flatMap(({ name, tests }) => tests.map((test) => ({ name, ...test }))))('$name: $file expects something in "$title"', ({ file, title }) => {
    const bodies = [...testsOf(file)].flatMap(([each, body]) => (each.startsWith(title) ? [body] : []));
    expect(bodies).not.toEqual([]);
    for (const body of bodies) expect(body).toMatch(/\bexpect\(|waitFor\(/);
  });
});
