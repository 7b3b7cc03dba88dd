/**
 * Which tests there are, and how many run at once. `npm test` runs all projects in one go; a single one with
 * `npx vitest run --project unit`, a single file with `npx vitest run bus/journal.test.ts`.
 *
 * The groups run one after the other: what needs brokers and engines must not compete with the fast tests for a small machine. Within a
 * group the longest files begin first.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A test that waits for a broker or an engine has its own deadlines; these only stop what hangs. */
const integrationTimeoutMs = 60_000;
const e2eTimeoutMs = 180_000;

/** Files that take a minute or more, mostly waiting: begun last, each would be waited for alone. */
const longest = [
  'kill-matrix',
  'edge-site',
  'walk',
  'bridge-silence',
  'bridge-storm',
  'page-doubts',
  'demo',
  'broker-fuzz',
  'node-agent',
  'bus-documents-storm',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // A part whose folder is still empty is no failure; that every test file belongs to a project is checked in test/tidy.
    passWithNoTests: true,
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{contracts,bus,actors,adapters,cli,bench}/**/*.test.ts', 'test/kit/**/*.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/{contract,tidy}/**/*.test.ts'],
          // Some of these run the checkers themselves over a small tree.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'sim',
          include: ['test/sim/**/*.test.ts'],
          // Nothing but computing: two halves of the seeds, for the two cores of the smallest machine this must run on.
          maxWorkers: 2,
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: integrationTimeoutMs,
          hookTimeout: integrationTimeoutMs,
          // Three on the two cores of the smallest machine this must run on: most of their time they wait for somebody's deadline.
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: e2eTimeoutMs,
          hookTimeout: e2eTimeoutMs,
          // Among those above: each has an engine and a network of its own.
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
