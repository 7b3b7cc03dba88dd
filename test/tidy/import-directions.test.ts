/** Which part may import which: each rule of .dependency-cruiser.cjs refuses a planted violation, and lets the legal ones pass. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlantedTree, plantTree, projectRoot } from './planted-tree.ts';

/** What may be imported. */
const targets: Readonly<Record<string, string>> = {
  'contracts/thing.ts': `import { z } from 'zod';\nexport const Thing = z.object({});\n`,
  'bus/clock.ts': `import { Thing } from '../contracts/thing.ts';\nexport const clock = Thing;\nexport type Clock = typeof clock;\n`,
  'bus/link.ts': `import { connect } from 'mqtt';\nimport { clock } from './clock.ts';\nexport const link = [connect, clock];\nexport type Link = typeof link;\n`,
  'actors/cook/ports.ts': `import type { Thing } from '../../contracts/thing.ts';\nimport type { Clock } from '../../bus/clock.ts';\nexport interface Ports { thing: typeof Thing; clock: Clock }\n`,
  'actors/cook/reduce.ts': `import { fromTransition } from 'xstate';\nimport type { Link } from '../../bus/link.ts';\nimport { Thing } from '../../contracts/thing.ts';\nimport type { Ports } from './ports.ts';\nexport const reduce = [fromTransition, Thing];\nexport type All = Ports | Link;\n`,
  'actors/cook/actor.ts': `import { link } from '../../bus/link.ts';\nimport { reduce } from './reduce.ts';\nexport const cook = [link, reduce];\n`,
  'actors/waiter/actor.ts': `import { link } from '../../bus/link.ts';\nexport const waiter = link;\n`,
  'adapters/docker/watch.ts': `import Docker from 'dockerode';\nimport type { Ports } from '../../actors/cook/ports.ts';\nimport type { Clock } from '../../bus/clock.ts';\nexport const watch = (ports: Ports, clock: Clock): unknown[] => [ports, clock, Docker];\n`,
  'cli/main.ts': `import { cook } from '../actors/cook/actor.ts';\nimport { waiter } from '../actors/waiter/actor.ts';\nimport { watch } from '../adapters/docker/watch.ts';\nconsole.log(cook, waiter, watch);\n`,
  'test/kit/fake.ts': `import { cook } from '../../actors/cook/actor.ts';\nexport const fake = cook;\n`,
  'bench/cooking.ts': `import { cook } from '../actors/cook/actor.ts';\nimport { fake } from '../test/kit/fake.ts';\nexport const cooking = [cook, fake];\n`,
  'actors/cook/reduce.test.ts': `import { fake } from '../../test/kit/fake.ts';\nimport { reduce } from './reduce.ts';\nconsole.log(fake, reduce);\n`,
};

interface Violation {
  readonly from: string;
  readonly imports: string;
  readonly rule: string;
}
/** [file that must not, what it imports, the rule that must say so]. One violation each. */
const planted: readonly Violation[] = [
  { from: 'contracts/uses-bus.ts', imports: '../bus/clock.ts', rule: 'contracts-import-zod-only' },
  { from: 'contracts/uses-xstate.ts', imports: 'xstate', rule: 'contracts-import-zod-only' },
  { from: 'contracts/uses-node.ts', imports: 'node:fs', rule: 'contracts-import-zod-only' },
  { from: 'bus/uses-actor.ts', imports: '../actors/cook/reduce.ts', rule: 'bus-imports-contracts-only' },
  { from: 'bus/uses-adapter.ts', imports: '../adapters/docker/watch.ts', rule: 'bus-imports-contracts-only' },
  { from: 'bus/uses-docker.ts', imports: 'dockerode', rule: 'bus-packages' },
  { from: 'actors/waiter/uses-cook.ts', imports: '../cook/reduce.ts', rule: 'actors-know-only-bus-and-contracts' },
  { from: 'actors/waiter/uses-ports-of-cook.ts', imports: '../cook/ports.ts', rule: 'actors-know-only-bus-and-contracts' },
  { from: 'actors/waiter/uses-adapter.ts', imports: '../../adapters/docker/watch.ts', rule: 'actors-know-only-bus-and-contracts' },
  { from: 'actors/waiter/uses-docker.ts', imports: 'dockerode', rule: 'actors-packages' },
  { from: 'actors/waiter/uses-mqtt.ts', imports: 'mqtt', rule: 'only-the-bus-speaks-mqtt' },
  { from: 'actors/waiter/machine.ts', imports: 'node:fs', rule: 'logic-is-pure' },
  { from: 'actors/waiter/reduce.ts', imports: 'zod', rule: 'logic-is-pure' },
  { from: 'actors/waiter/reduce-orders.ts', imports: '../../bus/link.ts', rule: 'logic-takes-only-types-of-the-bus' },
  { from: 'actors/cook/uses-wiring.ts', imports: './actor.ts', rule: 'logic-does-not-know-its-wiring' },
  { from: 'actors/waiter/ports.ts', imports: '../../bus/link.ts', rule: 'ports-promise-only' },
  { from: 'adapters/docker/uses-actor.ts', imports: '../../actors/cook/reduce.ts', rule: 'adapters-import-ports-and-contracts' },
  { from: 'adapters/docker/uses-bus.ts', imports: '../../bus/link.ts', rule: 'adapters-import-ports-and-contracts' },
  { from: 'adapters/docker/uses-mqtt.ts', imports: 'mqtt', rule: 'only-the-bus-speaks-mqtt' },
  { from: 'cli/uses-aedes.ts', imports: 'aedes', rule: 'only-the-bus-speaks-mqtt' },
  { from: 'scripts/uses-bus.ts', imports: '../bus/clock.ts', rule: 'scripts-import-contracts-only' },
  { from: 'bus/uses-cli.ts', imports: '../cli/table.ts', rule: 'cli-is-the-top' },
  { from: 'bus/uses-kit.ts', imports: '../test/kit/fake.ts', rule: 'production-never-imports-tests' },
  { from: 'cli/uses-a-test.ts', imports: '../actors/cook/reduce.test.ts', rule: 'production-never-imports-tests' },
  { from: 'cli/uses-a-developers-package.ts', imports: 'vitest', rule: 'production-uses-listed-packages' },
  { from: 'cli/uses-the-bench.ts', imports: '../bench/cooking.ts', rule: 'production-never-imports-the-bench' },
  { from: 'test/kit/uses-the-bench.ts', imports: '../../bench/cooking.ts', rule: 'production-never-imports-the-bench' },
  { from: 'bench/uses-a-test.ts', imports: '../actors/cook/reduce.test.ts', rule: 'bench-uses-the-kit-of-tests-only' },
  { from: 'bench/uses-what-only-tests-use.ts', imports: '../test/integration/rig.ts', rule: 'bench-uses-the-kit-of-tests-only' },
  { from: 'cli/leads-nowhere.ts', imports: './gone.ts', rule: 'everything-resolves' },
];
/** These need more than one import, or none. */
const special: Readonly<Record<string, string>> = {
  'bus/hen.ts': `import { egg } from './egg.ts';\nexport const hen = () => egg;\n`,
  'bus/egg.ts': `import { hen } from './hen.ts';\nexport const egg = () => hen;\n`,
  'bus/left-over.ts': 'export const leftOver = 1;\n',
  'test/integration/rig.ts': `import { clock } from '../../bus/clock.ts';\nexport const rig = clock;\n`,
  'cli/table.ts': `import { clock } from '../bus/clock.ts';\nexport const table = clock;\n`,
};

const parts = ['contracts', 'bus', 'actors', 'adapters', 'cli', 'scripts', 'test', 'bench'];
const asFile = ({ imports }: Violation): string => `import * as it from '${imports}';\nexport const kept = it;\n`;

interface CruiseResult {
  readonly summary: { readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[] };
}

let tree: PlantedTree;
let found: readonly (readonly [from: string, rule: string])[];

beforeAll(async () => {
  tree = plantTree({ ...targets, ...special, ...Object.fromEntries(planted.map((each) => [each.from, asFile(each)])) }, ['.dependency-cruiser.cjs']);
  const { output } = await tree.run('depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...parts);
  found = (JSON.parse(output) as CruiseResult).summary.violations.map(({ from, rule }) => [from, rule.name] as const);
});
afterAll(() => {
  tree.remove();
});

describe('imports run one way', () => {
  it.each(planted)('$from may not import $imports', ({ from, rule }) => {
    expect(found.filter(([each]) => each === from).map(([, each]) => each)).toContain(rule);
  });

  it('refuses two files that need each other', () => {
    expect(found.filter(([, rule]) => rule === 'no-cycles').map(([from]) => from)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^bus\/(hen|egg)\.ts$/)]),
    );
  });

  it('refuses a file that nobody imports and that imports nobody', () => {
    expect(found).toContainEqual(['bus/left-over.ts', 'no-orphans']);
  });

  it.each(Object.keys(targets))('lets %s pass, which does as it should', (file) => {
    expect(found.filter(([from]) => from === file)).toEqual([]);
  });

  it('has no rule that nothing was planted for', () => {
    const { forbidden } = createRequire(import.meta.url)(join(projectRoot, '.dependency-cruiser.cjs')) as {
      readonly forbidden: readonly { readonly name: string }[];
    };
    const proven = new Set(found.map(([, rule]) => rule));
    expect(forbidden.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
  });
});
