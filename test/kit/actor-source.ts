/**
 * What an actor's source says about itself, for the test of its page: events it emits, words for its mode, numbers it
 * goes by, codes it refuses with. Read with the TypeScript compiler, so that a renamed or added one is seen.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import * as defaults from '../../contracts/defaults.ts';
import { eventTypes } from '../../contracts/event-types.table.ts';

const root = join(import.meta.dirname, '../..');

/** The production files of a folder, parsed; of subfolders too. */
export function parsed(folder: string): readonly ts.SourceFile[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => ts.createSourceFile(name, readFileSync(join(root, folder, name), 'utf8'), ts.ScriptTarget.ESNext, true));
}

function walk(files: readonly ts.SourceFile[], see: (node: ts.Node) => void): void {
  const visit = (node: ts.Node): void => {
    see(node);
    ts.forEachChild(node, visit);
  };
  for (const file of files) visit(file);
}

const nameOf = (node: ts.Node | undefined): string => (node === undefined ? '' : node.getText().replaceAll(/['"]/g, ''));

/** Literals that an expression may come to be: itself, or the branches of a choice. */
function literals(node: ts.Expression): readonly string[] {
  if (ts.isParenthesizedExpression(node)) return literals(node.expression);
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  return ts.isStringLiteralLike(node) ? [node.text] : [];
}

// -- events ---------------------------------------------------------------------------------------------------------------

/** The last two: a check of the stability-agent names its pair of events. */
const emittingProperties = new Set(['type', 'raised', 'cleared']);
const readingCalls = new Set(['has', 'get', 'includes', 'eventTypeRow']);
/** Some words are a type of event and a kind of incident or a reason at once. */
const readingProperties = new Set(['trigger', 'trigger_type', 'code', 'kind', 'reason', 'resolved_by']);

/** Whether a literal of an event type stands where an event is made; throws where that cannot be told. */
function isEmitted(literal: ts.StringLiteralLike): boolean {
  let node: ts.Node = literal;
  while (ts.isConditionalExpression(node.parent) || ts.isParenthesizedExpression(node.parent) || ts.isAsExpression(node.parent)) node = node.parent;
  const { parent } = node;
  if (ts.isCaseClause(parent) || ts.isBinaryExpression(parent) || ts.isArrayLiteralExpression(parent) || ts.isLiteralTypeNode(parent)) return false;
  if (ts.isCallExpression(parent)) {
    const callee = ts.isPropertyAccessExpression(parent.expression) ? parent.expression.name : parent.expression;
    // An event's type always comes first; what comes later is the kind of an incident, or text for the log.
    return parent.arguments[0] === node && !readingCalls.has(nameOf(callee));
  }
  if (ts.isPropertyAssignment(parent)) {
    if (emittingProperties.has(nameOf(parent.name))) return true;
    if (readingProperties.has(nameOf(parent.name))) return false;
    const owner = parent.parent.parent;
    if (ts.isVariableDeclaration(owner) && nameOf(owner.type).includes('KnownEventType')) return true;
  }
  const at = literal.getSourceFile().getLineAndCharacterOfPosition(literal.getStart()).line + 1;
  throw new Error(`${literal.getSourceFile().fileName}:${at}: is ${literal.text} emitted here, or only read? Teach test/kit/actor-source.ts`);
}

export function emittedTypes(files: readonly ts.SourceFile[]): ReadonlySet<string> {
  const emitted = new Set<string>();
  walk(files, (node) => {
    if (ts.isStringLiteralLike(node) && Object.hasOwn(eventTypes, node.text) && isEmitted(node)) emitted.add(node.text);
  });
  return emitted;
}

// -- topics ---------------------------------------------------------------------------------------------------------------

/** Names of the topics it sends to, besides its documents. */
export function sentTopics(files: readonly ts.SourceFile[]): ReadonlySet<string> {
  const sent = new Set<string>();
  walk(files, (node) => {
    if (!ts.isCallExpression(node)) return;
    if (['io.send', 'io.announce'].includes(node.expression.getText())) sent.add(nameOf(node.arguments[0]).replace(/^topics\./, ''));
    if (node.expression.getText() === 'io.emit') sent.add('events');
  });
  return sent;
}

// -- numbers --------------------------------------------------------------------------------------------------------------

function numberOf(node: ts.Expression | undefined): number | null {
  if (node === undefined) return null;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isParenthesizedExpression(node)) return numberOf(node.expression);
  if (!ts.isBinaryExpression(node)) return null;
  const [left, right] = [numberOf(node.left), numberOf(node.right)];
  if (left === null || right === null) return null;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.AsteriskToken:
      return left * right;
    case ts.SyntaxKind.LessThanLessThanToken:
      return left << right;
    default:
      return null;
  }
}

/** Lengths of texts and the number of a file format are no limits that anybody meets. */
const isNoLimit = (name: string): boolean => /(Chars|CharsMax|Length)$/.test(name) || name === 'version';

/** Constants with a number, options with a number of milliseconds, and the shared defaults it imports: by name. */
export function limits(files: readonly ts.SourceFile[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  walk(files, (node) => {
    if (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent)) {
      const value = numberOf(node.initializer);
      if (value !== null) found.set(nameOf(node.name), value);
    }
    if (ts.isPropertyAssignment(node) && nameOf(node.name).endsWith('Ms')) {
      const value = numberOf(node.initializer);
      // Zero is where something begins, not a limit.
      if (value !== null && value !== 0) found.set(nameOf(node.name), value);
    }
    if (ts.isImportDeclaration(node) && nameOf(node.moduleSpecifier).endsWith('contracts/defaults.ts')) {
      const { namedBindings } = node.importClause ?? {};
      if (namedBindings === undefined || !ts.isNamedImports(namedBindings)) throw new Error('defaults are imported by name');
      for (const { name } of namedBindings.elements) {
        const value = (defaults as Readonly<Record<string, unknown>>)[name.text];
        if (typeof value === 'number') found.set(name.text, value);
      }
    }
  });
  return new Map([...found].filter(([name]) => !isNoLimit(name)));
}

// -- codes ----------------------------------------------------------------------------------------------------------------

function codeOf(object: ts.Node | undefined): readonly string[] {
  if (object === undefined || !ts.isObjectLiteralExpression(object)) return [];
  return object.properties.flatMap((each) => (ts.isPropertyAssignment(each) && nameOf(each.name) === 'code' ? literals(each.initializer) : []));
}

const says = (object: ts.ObjectLiteralExpression, name: string, value: ts.SyntaxKind): boolean =>
  object.properties.some((each) => ts.isPropertyAssignment(each) && nameOf(each.name) === name && each.initializer.kind === value);

const wordsOf = (alias: ts.TypeAliasDeclaration): readonly string[] =>
  alias.type
    .getText()
    .split('|')
    .map((word) => word.trim().replaceAll("'", ''))
    .filter((word) => word !== '');

/** What the ledger refuses with: the machine's codes, and those of the desk before it comes to the machine. */
export function refusalCodes(files: readonly ts.SourceFile[]): ReadonlySet<string> {
  const codes = new Set<string>();
  walk(files, (node) => {
    let found: readonly string[] = [];
    if (ts.isTypeAliasDeclaration(node) && node.name.text === 'RefusalCode') found = wordsOf(node);
    if (ts.isCallExpression(node) && nameOf(node.expression) === 'refuse') found = codeOf(node.arguments[1]);
    if (ts.isCallExpression(node) && nameOf(node.expression) === 'no') found = node.arguments.slice(0, 1).flatMap(literals);
    if (ts.isObjectLiteralExpression(node) && says(node, 'ok', ts.SyntaxKind.FalseKeyword)) found = codeOf(node);
    for (const code of found) codes.add(code);
  });
  return codes;
}

/** What the ledger answers when it does what was asked. */
export function grantCodes(files: readonly ts.SourceFile[]): ReadonlySet<string> {
  const codes = new Set<string>();
  walk(files, (node) => {
    let found: readonly string[] = [];
    if (ts.isTypeAliasDeclaration(node) && node.name.text === 'ChangeCode') found = wordsOf(node);
    if (ts.isObjectLiteralExpression(node) && says(node, 'ok', ts.SyntaxKind.TrueKeyword)) found = codeOf(node);
    for (const code of found) codes.add(code);
  });
  return codes;
}

/** What an execution can end with: second argument of `outcome(…)`, a `code` of an effect, or the engine's refusal. */
export function outcomeCodes(files: readonly ts.SourceFile[]): ReadonlySet<string> {
  const codes = new Set<string>();
  walk(files, (node) => {
    let found: readonly string[] = [];
    if (ts.isCallExpression(node) && nameOf(node.expression) === 'outcome') found = node.arguments.slice(1, 2).flatMap(literals);
    if (ts.isNewExpression(node) && nameOf(node.expression) === 'ControlError') found = (node.arguments ?? []).slice(0, 1).flatMap(literals);
    if (ts.isNewExpression(node) && nameOf(node.expression) === 'EngineTroubleError') found = codeOf(node.arguments?.[0]);
    // What is no refusal of the engine is a bug, and has a code of its own.
    if (ts.isVariableDeclaration(node) && nameOf(node.name) === 'codeOf' && node.initializer !== undefined && ts.isArrowFunction(node.initializer))
      found = ts.isBlock(node.initializer.body) ? [] : literals(node.initializer.body);
    if (ts.isObjectLiteralExpression(node) && ['effects.ts', 'clean-disk.ts'].includes(node.getSourceFile().fileName)) found = codeOf(node);
    for (const code of found) codes.add(code);
  });
  return codes;
}

// -- modes ----------------------------------------------------------------------------------------------------------------

/** The words a function can return, as the type checker knows them; `<any text>` where it does not. By `<file>#<function>`. */
export function returnedWords(functions: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as { readonly config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const wanted = functions.map((each) => each.split('#') as [string, string]);
  const program = ts.createProgram([...new Set(wanted.map(([file]) => join(root, file)))], options);
  const checker = program.getTypeChecker();
  const words = new Map<string, readonly string[]>();
  for (const [file, name] of wanted) {
    const source = program.getSourceFile(join(root, file));
    if (source === undefined) throw new Error(`${file}: no such file`);
    const found = new Set<string>();
    for (const expression of returned(source, name)) for (const word of wordsOfType(checker.getTypeAtLocation(expression))) found.add(word);
    words.set(`${file}#${name}`, [...found].toSorted());
  }
  return words;
}

function wordsOfType(type: ts.Type): readonly string[] {
  if (type.isUnion()) return type.types.flatMap(wordsOfType);
  return [type.isStringLiteral() ? type.value : '<any text>'];
}

function returned(source: ts.SourceFile, name: string): readonly ts.Expression[] {
  const expressions: ts.Expression[] = [];
  const collect = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) expressions.push(node.expression);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, collect);
  };
  walk([source], (node) => {
    if (ts.isFunctionDeclaration(node) && node.name?.text === name && node.body !== undefined) collect(node.body);
    if (!ts.isVariableDeclaration(node) || nameOf(node.name) !== name || node.initializer === undefined || !ts.isArrowFunction(node.initializer)) return;
    if (ts.isBlock(node.initializer.body)) collect(node.initializer.body);
    else expressions.push(node.initializer.body);
  });
  if (expressions.length === 0) throw new Error(`${source.fileName}: no function ${name}`);
  return expressions;
}
