/** docs/actors/stability-agent.md against its code: every check with its waits and events, and a written reason for every number, in both places. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { checks } from '../../actors/stability-agent/checks.ts';
import { stabilityCheckIntervalMs } from '../../contracts/defaults.ts';
import { limits, parsed } from '../kit/actor-source.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/actors/stability-agent.md'), 'utf8');
const source = parsed('actors/stability-agent');

/** Rows of the table whose head begins with this cell. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const lines = page.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const rows = lines.slice(at + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

const shown = (ms: number): string => (ms === 0 ? 'at once' : ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`);

describe('the table of checks', () => {
  const rows = rowsOf('check');

  it('has a row for each check, in the order in which they look', () => {
    expect(rows.map(([name]) => name)).toEqual(checks.map(({ name }) => `\`${name}\``));
  });

  it.each(checks.map((check, at) => [check.name, check, rows[at] ?? []] as const))('says of %s what its code does', (_name, check, row) => {
    const [, every = '', , raiseAfter = '', , clearAfter = '', events = ''] = row;
    expect(every).toBe(check.source === 'upstream' ? '5 min' : '1 min');
    // A service adds what its declaration gives it.
    expect(raiseAfter.replace(/^its grace \+ /, '')).toBe(shown(check.raiseAfterMs));
    expect(clearAfter).toBe(shown(check.clearAfterMs));
    expect(events).toBe(`\`${check.raised}\`, \`${check.cleared}\``);
  });

  it('looks as often as the page says', () => {
    expect(page).toContain(`One round each minute (\`STABILITY_CHECK_INTERVAL\`, ${stabilityCheckIntervalMs / 1000} s)`);
  });
});

describe('each number', () => {
  it('has its reason on the page', () => {
    const rows = rowsOf('limit');
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter(([, , why = '']) => why.length < 5).map(([name]) => name)).toEqual([]);
  });

  it('has its reason in the code, right before it', () => {
    const unexplained: string[] = [];
    for (const file of source) {
      for (const statement of file.statements) {
        if (!ts.isVariableStatement(statement)) continue;
        const names = statement.declarationList.declarations.map(({ name }) => name.getText()).filter((name) => limits([file]).has(name));
        const comments = ts.getLeadingCommentRanges(file.text, statement.pos) ?? [];
        // Directly above: one comment for two numbers explains only one of them.
        const last = comments.at(-1);
        const isExplained = last !== undefined && file.text.slice(last.end, statement.getStart()).trim() === '' && file.text.startsWith('/**', last.pos);
        if (!isExplained) unexplained.push(...names.map((name) => `${file.fileName}: ${name}`));
      }
    }
    expect(unexplained).toEqual([]);
  });

  it('of the waits of a check has a name, so that it has a reason', () => {
    const bare: string[] = [];
    const visit =
      (file: ts.SourceFile) =>
      (node: ts.Node): void => {
        if (ts.isPropertyAssignment(node) && /^(raise|clear)AfterMs$/.test(node.name.getText()) && ts.isNumericLiteral(node.initializer))
          bare.push(`${file.fileName}: ${node.getText()}`);
        ts.forEachChild(node, visit(file));
      };
    // look.ts gives no check its patience: it ends at once what is not there any more.
    for (const file of source.filter(({ fileName }) => fileName.startsWith('checks/'))) visit(file)(file);
    expect(bare).toEqual([]);
  });
});
