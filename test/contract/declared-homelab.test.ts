/** The repository's own homelab is right, and a broken one is told all of its faults, each once and at its line; without docker-compose. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { judge } from '../../actors/inventory/rules/judge.ts';
import { programRules, ruleRows } from '../../actors/inventory/rules/rules.table.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { actorNames } from '../../cli/compose.ts';
import { validation } from '../../cli/validate/validation.ts';
import { version } from '../../cli/version.ts';
import { plantedFaults, rightHomelab, withFaults } from '../kit/broken-homelab.table.ts';
import { findingsIn, shown } from '../kit/declared-files.ts';

const root = join(import.meta.dirname, '../..');

/** Asked of programs of the machine; test/integration/validate.test.ts has them. */
const ofPrograms: readonly string[] = Object.keys(programRules);

it('finds no error in the homelab of this repository', async () => {
  const findings = judge(await readTree(root), { version, actors: actorNames });
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

it('finds no secret in it, and no health check that a shell would not take', async () => {
  const { findings, services } = await validation({ directory: root, program: { version, actors: actorNames }, compose: null, strict: false });
  expect(findings.filter(({ rule }) => rule.startsWith('secret-') || rule === 'healthcheck-shell')).toEqual([]);
  expect(services).toBeGreaterThan(15);
});

it('finds nothing in the homelab that is about to be broken', async () => {
  expect(await findingsIn(rightHomelab)).toEqual([]);
});

it('names every planted fault once, at its line, and nothing else', async () => {
  const { files, expected } = withFaults(plantedFaults.filter(({ rule }) => !ofPrograms.includes(rule)));
  expect(expected.length).toBeGreaterThanOrEqual(40);
  expect((await findingsIn(files)).map(shown).sort()).toEqual([...expected].sort());
});

it('plants a fault for every rule that looks at files', () => {
  const rules = ruleRows.map(([rule]) => /`(.*?)`/.exec(rule)?.[1] ?? '');
  const planted = new Set(plantedFaults.map(({ rule }) => rule));
  // A file that cannot be read is planted in the tests of the reader, a missing program in those of the programs.
  expect(rules.filter((rule) => !planted.has(rule))).toEqual(['unreadable', 'check-skipped']);
});
