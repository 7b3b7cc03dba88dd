/**
 * Which tests there are, and how many run at once. `npm test` runs all projects; a single one with
 * `npx vitest run --project unit`, a single file with `npx vitest run bus/journal.test.ts`.
 *
 * Two groups, one after the other here, beside each other in scripts/check.mjs: what computes (unit, contract, sim), and what mostly waits
 * for brokers and engines (integration, e2e). Within a group the longest files begin first.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Two processes for what computes: the smallest machine this must run on has two cores, and vitest by itself would leave one idle. */
const computingWorkers = 2;
/** These only stop what hangs. 60 s: what computes for two seconds alone may take half a minute at the lowest priority on a loaded machine. */
const computingTimeoutMs = 60_000;
/** A test that waits for a broker or an engine has its own deadlines; these only stop what hangs. */
const integrationTimeoutMs = 60_000;
const e2eTimeoutMs = 180_000;

/** Files that take half a minute or more: begun last, each would be waited for alone. */
const longest = [
  'seeds-even',
  'seeds-odd',
  'kill-matrix',
  'edge-site',
  'walk',
  'bridge-storm',
  'bridge-silence',
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
          // Loading libraries anew for each of 220 files is half of the work; no test here replaces a module or leaves one changed.
          isolate: false,
          maxWorkers: computingWorkers,
          testTimeout: computingTimeoutMs,
          hookTimeout: computingTimeoutMs,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/{contract,tidy}/**/*.test.ts'],
          maxWorkers: computingWorkers,
          testTimeout: computingTimeoutMs,
          hookTimeout: computingTimeoutMs,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'sim',
          include: ['test/sim/**/*.test.ts'],
          maxWorkers: computingWorkers,
          testTimeout: computingTimeoutMs,
          hookTimeout: computingTimeoutMs,
          sequence: { groupOrder: 0 },
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
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
