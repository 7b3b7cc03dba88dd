/**
 * `npm run sim -- --seeds 1000` runs that many seeds, `--seed 17` one of them, `--minutes 90` lets the
 * faults go on for longer, `--sites 2` (or 1) runs only seeds with so many sites, `--first` stops at the first seed that fails, `--trace` tells all of it as it happens.
 * A seed that fails is printed with its last steps, exit code 1 then. `--record` also adds it to regression-seeds.json, which the
 * tests run first and for ever: only a person knows whether a seed found a bug or ran on a tree that is being changed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { hasSecondSite } from './homelab.ts';
import { type RegressionSeed, regressionFile } from './regression-seeds.ts';
import { explain } from './report.ts';
import { runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    sites: { type: 'string' },
    'long-cut': { type: 'boolean', default: false },
    lines: { type: 'string', default: '60' },
  },
});
const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

// Another duration is another run: only what the tests would run too is kept.
if (values.record && values.minutes !== undefined) throw new Error('--record and --minutes do not go together: the tests run every seed for the usual time');

const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const failed: RegressionSeed[] = [];
const startedMs = performance.now();
let ran = 0;
let virtualMs = 0;
let steps = 0;
let slowestMs = 0;
for (let seed = from; seed < from + count; seed += 1) {
  if (values['long-cut'] && !hasSecondSite(seed)) continue;
  if (values.sites !== undefined && hasSecondSite(seed) !== (values.sites === '2')) continue;
  const report = await runSeed(seed, {
    isVerbose: values.trace,
    hasLongCut: values['long-cut'],
    tailLines: Number(values.lines),
    ...(values.minutes === undefined ? {} : { stormMs: Number(values.minutes) * 60_000 }),
  });
  ran += 1;
  virtualMs += report.virtualMs;
  steps += report.steps;
  slowestMs = Math.max(slowestMs, report.convergedAfterMs ?? 0);
  if (report.breach === null) continue;
  failed.push({ seed, found: report.breach.rule });
  write(explain(report));
  if (values.first) break;
}
const seconds = (performance.now() - startedMs) / 1000;
write(
  `${ran} seeds, ${failed.length} failed; ${Math.round(virtualMs / 60_000)} virtual minutes and ${steps} steps in ${seconds.toFixed(1)} s (${((seconds / ran) * 1000).toFixed(0)} ms a seed); slowest recovery ${slowestMs / 1000} s`,
);
if (failed.length > 0) {
  write(`failed: ${failed.map(({ seed, found }) => `${seed} (${found})`).join(', ')}`);
  if (values.record) record(failed);
  process.exitCode = 1;
}

function record(seeds: readonly RegressionSeed[]): void {
  const known = JSON.parse(readFileSync(regressionFile, 'utf8')) as RegressionSeed[];
  const fresh = seeds.filter(({ seed }) => !known.some((each) => each.seed === seed));
  writeFileSync(regressionFile, `${JSON.stringify([...known, ...fresh], null, 2)}\n`);
}
