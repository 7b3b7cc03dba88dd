/** Seeds that failed once: run first, and for ever. `npm run sim -- --record` adds to the file. */
import { readFileSync } from 'node:fs';

export const regressionFile = new URL('regression-seeds.json', import.meta.url);

export interface RegressionSeed {
  readonly seed: number;
  /** The rule that was broken when it was found. */
  readonly found: string;
}

export const regressionSeeds = (): readonly RegressionSeed[] => JSON.parse(readFileSync(regressionFile, 'utf8')) as RegressionSeed[];
