/** The files of the project as the style rules see them. Reads the working tree; writes nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { projectRoot } from './planted-tree.ts';

export interface SourceFile {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly isTest: boolean;
  /** Data, not logic: may be long. */
  readonly isTable: boolean;
  /** Part of the running program. */
  readonly isProduction: boolean;
}

const productionFolders = ['contracts', 'bus', 'actors', 'adapters', 'cli'];
const codeFolders = [...productionFolders, 'scripts', 'test', 'bench'];

export const describeFile = (path: string, text: string): SourceFile => ({
  path,
  text,
  lines: text.replace(/\n$/, '').split('\n'),
  isTest: path.endsWith('.test.ts'),
  isTable: path.endsWith('.table.ts'),
  isProduction: productionFolders.some((folder) => path.startsWith(`${folder}/`)) && !path.endsWith('.test.ts'),
});

function filesUnder(folder: string): readonly string[] {
  try {
    return readdirSync(join(projectRoot, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length + 1))
      .toSorted();
  } catch {
    // A folder that does not exist yet has no files.
    return [];
  }
}

const read = (path: string): SourceFile => describeFile(path, readFileSync(join(projectRoot, path), 'utf8'));

/** All TypeScript and JavaScript. */
export const sourceFiles = (): readonly SourceFile[] =>
  codeFolders
    .flatMap(filesUnder)
    .filter((path) => /\.[mc]?[jt]sx?$/.test(path))
    .map(read);

/** What people read and write besides code: documents, data, configuration. */
export const otherFiles = (): readonly SourceFile[] => {
  const atRoot = readdirSync(projectRoot, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'package-lock.json')
    .map((entry) => entry.name);
  return [...atRoot, ...['docs', 'hosts', 'inventory', 'services', '.ci'].flatMap(filesUnder)]
    .filter((path) => !/\.(png|jpg|gif|ico)$/.test(basename(path)))
    .map(read);
};

export interface Literal {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Texts of string literals and of the fixed parts of templates; comments and module names are not among them. */
export function literalsOf(file: SourceFile): readonly Literal[] {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true);
  const literals: Literal[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      literals.push({ text: node.text, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return literals;
}
