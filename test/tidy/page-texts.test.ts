/** The web page says nothing that is not in its catalogue: a second language is one file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { projectRoot } from './planted-tree.ts';

const folder = 'adapters/http/page/src';
/** Attributes and fields that are read, by eye or by ear. Others are names for machines. */
const spoken: ReadonlySet<string> = new Set(['aria-label', 'title', 'alt', 'placeholder', 'label', 'note', 'word', 'line', 'desired', 'actual']);
/** A word beside a space is prose; a name for a machine has neither. */
const isProse = (text: string): boolean => /\p{L}{2,}\s|\s\p{L}{2,}/u.test(text);
const hasLetters = (text: string): boolean => /\p{L}/u.test(text);

/** `element.matches('input, select')` */
const isSelecting = (node: ts.Node): boolean =>
  ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && /^(matches|closest|querySelector(All)?)$/.test(node.expression.name.text);

/** Fixed parts of strings and templates, and text between tags, that a person would read. */
function wordsIn(path: string, code: string): readonly string[] {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.ESNext, true, path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const found: string[] = [];
  const visit = (node: ts.Node, suspect: (text: string) => boolean): void => {
    // What a bug says goes to the console.
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isThrowStatement(node) || isSelecting(node)) return;
    let inner = suspect;
    if (ts.isJsxAttribute(node)) inner = spoken.has(node.name.getText(source)) ? hasLetters : () => false;
    else if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) inner = spoken.has(node.name.text) ? hasLetters : isProse;
    // Within what is spoken a function is asked or a choice is made: names there are names again.
    else if (ts.isCallExpression(node) || ts.isBinaryExpression(node) || ts.isElementAccessExpression(node) || ts.isArrowFunction(node)) inner = isProse;
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
    if ((isText && suspect(node.text)) || (ts.isJsxText(node) && hasLetters(node.text)))
      found.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} ${JSON.stringify(node.text.trim())}`);
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(source, isProse);
  return found;
}

it('finds words between tags, in what is read aloud, and between the parts of a template', () => {
  const page = (code: string): readonly string[] => wordsIn('page.tsx', code).map((line) => line.replace(/^\S+ /, ''));
  expect(page('const V = () => <p class="a big one">Hello {name}</p>;')).toEqual(['"Hello"']);
  expect(page(`const V = () => <button aria-label="Close" type="button" class={\`status tone-\${tone}\`} />;`)).toEqual(['"Close"']);
  expect(page(`const phrase = \`\${service} on \${node}\`;`)).toEqual(['"on"']);
  expect(page("const row = { desired: 'up', kind: 'engine', label: t.engine };")).toEqual(['"up"']);
  expect(page("const v = { word: texts.words['healthy'] ?? status }; if (status === 'healthy') throw new Error('there is no page');")).toEqual([]);
});

it('finds none in the page outside its catalogue', () => {
  const paths = readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts') && !path.startsWith('texts'))
    .toSorted();
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.flatMap((path) => wordsIn(`${folder}/${path}`, readFileSync(join(projectRoot, folder, path), 'utf8')))).toEqual([]);
});
