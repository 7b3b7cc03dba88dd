/** A yes of the hub that is older than an approval may be, when it reaches the site, in seeds of two sites that go on with their storms. */
import { describe, expect, it } from 'vitest';
import { explain } from './report.ts';
import { runSeed } from './run-seed.ts';

/** Five seconds each, for 90 virtual minutes; a machine that does much else was seen to take thirty. Stops only what hangs. */
const timeoutMs = 120_000;

describe('an evening without the uplink', () => {
  // One in which the cut is silent, and one in which it is told.
  it.each([4, 21])('leaves no yes to be obeyed that has grown too old meanwhile, in seed %i', { timeout: timeoutMs }, async (seed) => {
    const report = await runSeed(seed, { hasLongCut: true });
    expect(report.breach === null ? null : explain(report)).toBeNull();
  });
});
