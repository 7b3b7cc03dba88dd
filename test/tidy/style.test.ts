/** How we write, checked over the whole tree; all violations of a rule come in one message. */
import { describe, expect, it } from 'vitest';
import vitestConfig from '../../vitest.config.ts';
import { describeFile, otherFiles, type SourceFile, sourceFiles } from './source-files.ts';
import { badName, defaultExport, leftOutTest, machinePath, noHeader, tooLong, topicOutsideTheTable } from './style-rules.ts';

const files = sourceFiles();
/** These plant what is forbidden. */
const isPlanting = (file: SourceFile): boolean => file.path.startsWith('test/tidy/');
/** As much of a glob as vitest.config.ts uses: braces, and stars for folders and names. */
const asRegExp = (glob: string): RegExp => {
  const parts = glob.split(/(\*\*\/|\*|\{[^}]*\})/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '*') return '[^/]*';
    if (part.startsWith('{')) return `(?:${part.slice(1, -1).replaceAll(',', '|')})`;
    return part.replaceAll('.', '\\.');
  });
  return new RegExp(`^${parts.join('')}$`);
};
const violations = (rule: (file: SourceFile) => readonly string[], among: readonly SourceFile[]): string => among.flatMap(rule).join('\n');

describe('the tree', () => {
  it('is read at all', () => {
    expect(files.map((file) => file.path)).toEqual(expect.arrayContaining(['contracts/topics.ts', 'scripts/build.mjs', 'test/tidy/style.test.ts']));
    expect(files.some((file) => file.isProduction)).toBe(true);
  });

  it('has no file that is too long to read in one go', () => {
    expect(violations(tooLong, files)).toBe('');
  });

  it('has kebab-case names, and no index files', () => {
    expect(violations(badName, files)).toBe('');
  });

  it('says at the top of each source file what it is for', () => {
    expect(
      violations(
        noHeader,
        files.filter((file) => !file.isTest),
      ),
    ).toBe('');
  });

  it('has no default exports', () => {
    expect(
      violations(
        defaultExport,
        files.filter((file) => !isPlanting(file)),
      ),
    ).toBe('');
  });

  it('leaves no test out, but for parts that the machine does not have', () => {
    expect(
      violations(
        leftOutTest,
        files.filter((file) => file.isTest && !isPlanting(file)),
      ),
    ).toBe('');
  });

  it('names no path of the machine it was written on', () => {
    expect(
      violations(
        machinePath,
        [...files, ...otherFiles()].filter((file) => !isPlanting(file)),
      ),
    ).toBe('');
  });

  it('names topics in contracts/topics.ts only', () => {
    expect(violations(topicOutsideTheTable, files)).toBe('');
  });

  it('has no test file that no project runs', () => {
    const projects = (vitestConfig.test?.projects ?? []) as readonly { readonly test: { readonly include: readonly string[] } }[];
    const patterns = projects.flatMap((project) => project.test.include);
    const owners = files.filter((file) => file.isTest).map((file) => [file.path, patterns.filter((pattern) => asRegExp(pattern).test(file.path)).length]);
    expect(owners.filter(([, count]) => count !== 1)).toEqual([]);
  });
});

describe('the rules', () => {
  const refused: readonly (readonly [string, (file: SourceFile) => readonly string[], SourceFile])[] = [
    ['a source file of 301 lines', tooLong, describeFile('bus/a.ts', 'a\n'.repeat(301))],
    ['a test file of 401 lines', tooLong, describeFile('bus/a.test.ts', 'a\n'.repeat(401))],
    ['a camel-case name', badName, describeFile('bus/runActor.ts', '')],
    ['a folder in capitals', badName, describeFile('actors/NodeAgent/actor.ts', '')],
    ['an index file', badName, describeFile('bus/index.ts', '')],
    ['a file without a header', noHeader, describeFile('bus/a.ts', 'export const a = 1;\n')],
    ['an empty header', noHeader, describeFile('bus/a.ts', '/** */\nexport const a = 1;\n')],
    ['a default export', defaultExport, describeFile('bus/a.ts', 'export default function a() {}\n')],
    ['a default export by name', defaultExport, describeFile('bus/a.ts', 'export { a as default };\n')],
    ['a skipped test', leftOutTest, describeFile('bus/a.test.ts', "it.skip('a', () => {});\n")],
    ['a lonely test', leftOutTest, describeFile('bus/a.test.ts', "describe.concurrent.only('a', () => {});\n")],
    ['a test to be written', leftOutTest, describeFile('bus/a.test.ts', "  test.todo('a');\n")],
    ['the home of one person', machinePath, describeFile('docs/guide.md', 'see /home/marvin/homelab\n')],
    ['the home of root', machinePath, describeFile('bus/a.ts', "const a = '/root/homelab';\n")],
    ['a topic with its root', topicOutsideTheTable, describeFile('cli/a.ts', "const a = 'homelab/events/vps';\n")],
    ['a topic in a template', topicOutsideTheTable, describeFile('bus/a.ts', 'const a = (n: string) => `health/$' + '{n}`;\n')],
    ['a topic in a sentence', topicOutsideTheTable, describeFile('cli/a.ts', "const a = 'approve on homelab/actions/approved';\n")],
  ];
  it.each(refused)('refuse %s', (_, rule, file) => {
    expect(rule(file)).toHaveLength(1);
  });

  const accepted: readonly (readonly [string, (file: SourceFile) => readonly string[], SourceFile])[] = [
    ['a long table', tooLong, describeFile('contracts/a.table.ts', 'a\n'.repeat(900))],
    ['300 lines', tooLong, describeFile('bus/a.ts', 'a\n'.repeat(300))],
    ['a test of a table', badName, describeFile('contracts/event-types.test.ts', '')],
    ['a header after #!', noHeader, describeFile('cli/a.mjs', '#!/usr/bin/env node\n/** Does what it says. */\n')],
    ['a visible part-skip', leftOutTest, describeFile('test/e2e/a.test.ts', "describe.skipIf(!hasDocker)('a', () => {});\n")],
    ['a regular expression test', leftOutTest, describeFile('bus/a.test.ts', 'pattern.test(only);\n')],
    ['paths that every machine has', machinePath, describeFile('docs/guide.md', '/opt/homelab, /var/run/docker.sock, $HOME/work/a, ~/root/b\n')],
    ['topics in comments', topicOutsideTheTable, describeFile('bus/a.ts', '/** homelab/events/vps */\nexport const a = 1; // health/vps\n')],
    ['module names', topicOutsideTheTable, describeFile('cli/a.ts', "import { a } from 'actors/a.ts';\n")],
    ['topics in tests', topicOutsideTheTable, describeFile('bus/a.test.ts', "const a = 'homelab/events/vps';\n")],
  ];
  it.each(accepted)('accept %s', (_, rule, file) => {
    expect(rule(file)).toEqual([]);
  });
});
