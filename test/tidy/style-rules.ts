/** How we write, as functions from a file to what is wrong with it. Each returns lines such as `bus/a.ts:12 …`. */
import { basename } from 'node:path';
import { allTopics } from '../../contracts/topics.ts';
import { literalsOf, type SourceFile } from './source-files.ts';

/** From the rules of style: a source file is read in one go, a test and what it stands on may be longer, tables are data. */
const sourceLinesMax = 300;
const testLinesMax = 400;

/** kebab-case, then what kind of file it is: `claim-machine.test.ts`, `reduce.property.test.ts`, `event-types.table.ts`. */
const fileName = /^[a-z0-9]+(-[a-z0-9]+)*(\.property)?(\.(test|table|config|d))?\.[mc]?[jt]sx?$/;

export const tooLong = (file: SourceFile): readonly string[] => {
  const most = file.isTest || file.path.startsWith('test/') ? testLinesMax : sourceLinesMax;
  return file.isTable || file.lines.length <= most ? [] : [`${file.path} has ${file.lines.length} lines; at most ${most}: split it by idea`];
};

export const badName = (file: SourceFile): readonly string[] => {
  const name = basename(file.path);
  if (name.startsWith('index.')) return [`${file.path}: no index files; name the file after what is in it`];
  return fileName.test(name) && !/[A-Z_]/.test(file.path) ? [] : [`${file.path}: file and folder names are kebab-case`];
};

export const noHeader = (file: SourceFile): readonly string[] => {
  const first = file.text.replace(/^#!.*\n/, '');
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(first)?.[1] ?? /^\/\/(.*)/.exec(first)?.[1] ?? '';
  return header.replaceAll('*', '').trim().length >= 10 ? [] : [`${file.path}: begins with no comment that says what it is for`];
};

const linesWith = (file: SourceFile, pattern: RegExp, what: string): readonly string[] =>
  file.lines.flatMap((line, at) => (pattern.test(line) ? [`${file.path}:${at + 1} ${what}: ${line.trim().slice(0, 100)}`] : []));

export const defaultExport = (file: SourceFile): readonly string[] =>
  // A declaration says what somebody else's package exports.
  file.path.endsWith('.d.ts') ? [] : linesWith(file, /^\s*export\s+(default\b|\{[^}]*\bas default\b)/, 'default export');

/** A part of the machine may be missing, and then `skipIf` says so in the report; anything else that is left out is forgotten. */
export const leftOutTest = (file: SourceFile): readonly string[] =>
  linesWith(file, /\b(it|test|describe|suite)(\.\w+)*\.(skip|only|todo|fails)\b(?!If)|\b(xit|xtest|xdescribe|fit|fdescribe)\(/, 'left-out test');

/** Home directories and work trees of whoever wrote it. `/opt`, `/var` and `/tmp` mean the same on every machine. */
export const machinePath = (file: SourceFile): readonly string[] =>
  linesWith(file, /(?<![\w.$}~-])\/(work|root|Users|home\/(?!<|\$|you\b|pi\b|user\b|alice\b|node\b)[a-z])[/\w-]*/, 'path of one machine');

/** First levels of the topic table: `events`, `health`, … */
const firstLevels = [...new Set(allTopics.map(([, topic]) => topic.pattern.split('/')[0] ?? ''))];
const topicLiteral = new RegExp(`^(homelab/|(${firstLevels.join('|')})/)|[\\s"'(]homelab/(${firstLevels.join('|')})\\b`);

/** Topics are built, filtered and matched by the rows of contracts/topics.ts, so that there is one place to look. */
export const topicOutsideTheTable = (file: SourceFile): readonly string[] => {
  if (!file.isProduction || file.path === 'contracts/topics.ts') return [];
  return literalsOf(file)
    .filter(({ text }) => topicLiteral.test(text))
    .map(({ text, line }) => `${file.path}:${line} topic outside contracts/topics.ts: ${JSON.stringify(text).slice(0, 100)}`);
};
