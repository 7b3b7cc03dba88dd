/** The seeds that every run of the tests simulates: those that failed once first, then 1 to 200, halved for two test files that run side by side. */
import { describe, expect, it } from 'vitest';
import { regressionSeeds } from './regression-seeds.ts';
import { explain } from './report.ts';
import { runSeed } from './run-seed.ts';

const seedsMax = 200;
const seedsInTest = 20;
/** A seed takes about a second; a busy machine may take several times as long. */
const timeoutMs = seedsInTest * 6_000;

export function simulateHalf(half: 'odd' | 'even'): void {
  const isOurs = (seed: number): boolean => (seed % 2 === 1) === (half === 'odd');
  describe(`sites under faults, ${half} seeds`, () => {
    for (const { seed, found } of regressionSeeds().filter((each) => isOurs(each.seed)))
      it(`keeps every rule in seed ${seed}, which once broke ${found}`, () => keepsEveryRule([seed]), timeoutMs);
    for (let first = 1; first <= seedsMax; first += seedsInTest) {
      const seeds = Array.from({ length: seedsInTest }, (_, at) => first + at).filter(isOurs);
      it(`keeps every rule in the ${half} seeds of ${first} to ${first + seedsInTest - 1}`, () => keepsEveryRule(seeds), timeoutMs);
    }
  });
}

async function keepsEveryRule(seeds: readonly number[]): Promise<void> {
  for (const seed of seeds) {
    const report = await runSeed(seed);
    expect(report.breach === null ? null : explain(report)).toBeNull();
  }
}
