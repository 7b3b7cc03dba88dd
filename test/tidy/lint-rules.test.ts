/** The linters catch the mistakes that cost us most: a promise that nobody waits for, and the shapes that style forbids. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlantedTree, plantTree } from './planted-tree.ts';

const withClient = (body: string): string => `import { connect } from 'mqtt';\nexport const client = connect('mqtt://127.0.0.1');\n${body}\n`;

/** What type-aware oxlint must refuse, and by which rule. */
const promises: Readonly<Record<string, readonly [rule: string, text: string]>> = {
  'bus/floating.ts': ['no-floating-promises', withClient(`client.publishAsync('a', 'b', { qos: 1 });`)],
  'bus/void.ts': ['no-floating-promises', withClient(`void client.publishAsync('a', 'b', { qos: 1 });`)],
  'bus/listener.ts': ['no-misused-promises', withClient(`client.on('message', async () => {\n  await client.publishAsync('a', 'b');\n});`)],
  'bus/condition.ts': ['no-misused-promises', withClient(`if (client.endAsync()) client.removeAllListeners();`)],
  'bus/escaping.ts': [
    'return-await',
    `export async function safe(risky: () => Promise<void>): Promise<void> {\n  try {\n    return risky();\n  } catch {\n    return undefined;\n  }\n}\n`,
  ],
};

/** What biome must refuse, and by which rule. */
const shapes: Readonly<Record<string, readonly [rule: string, text: string]>> = {
  'bus/default.ts': ['noDefaultExport', 'export default 1;\n'],
  'bus/CamelCase.ts': ['useFilenamingConvention', 'export const a = 1;\n'],
  'bus/enum.ts': ['noEnum', 'export enum Colour {\n  red,\n}\n'],
  'bus/parameter-property.ts': ['noParameterProperties', 'export class A {\n  constructor(readonly a: number) {}\n}\n'],
  'bus/barrel.ts': ['noBarrelFile', "export { a } from './a.ts';\n"],
  'bus/any.ts': ['noExplicitAny', 'export const a = (b: any): unknown => b;\n'],
  'bus/console.ts': ['noConsole', "console.log('a');\n"],
  'bus/long.ts': ['noExcessiveLinesPerFunction', `export function long(): number {\n${'  Math.random();\n'.repeat(70)}  return 1;\n}\n`],
  'bus/skipped.test.ts': ['noSkippedTests', "import { it } from 'vitest';\n\nit.skip('does', () => {});\n"],
  'bus/only.test.ts': ['noFocusedTests', "import { it } from 'vitest';\n\nit.only('does', () => {});\n"],
};

const texts = (planted: typeof shapes): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(planted).map(([path, [, text]]) => [path, text]));

describe('oxlint', () => {
  let tree: PlantedTree;
  let output: string;
  beforeAll(async () => {
    tree = plantTree({ ...texts(promises), 'bus/fine.ts': withClient(`await client.publishAsync('a', 'b');`) }, ['.oxlintrc.json']);
    ({ output } = await tree.run('oxlint', '--type-aware', '--format', 'unix'));
  });
  afterAll(() => {
    tree.remove();
  });

  it.each(Object.entries(promises))('refuses the promise of %s', (path, [rule]) => {
    expect(
      output
        .split('\n')
        .filter((line) => line.includes(path))
        .join('\n'),
    ).toContain(rule);
  });

  it('lets a promise pass that is waited for', () => {
    expect(output).not.toContain('bus/fine.ts');
  });
});

describe('biome', () => {
  let tree: PlantedTree;
  let output: string;
  beforeAll(async () => {
    tree = plantTree({ ...texts(shapes), '.gitignore': 'node_modules\n' }, ['biome.json']);
    ({ output } = await tree.run('biome', 'lint', '--reporter=github', '--max-diagnostics=none', '.'));
  });
  afterAll(() => {
    tree.remove();
  });

  it.each(Object.entries(shapes))('refuses %s', (path, [rule]) => {
    expect(
      output
        .split('\n')
        .filter((line) => line.includes(path))
        .join('\n'),
    ).toContain(rule);
  });
});
