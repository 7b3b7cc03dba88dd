/**
 * Runs the checks and the tests, and ends with one plain line: `N passed, N failed, N skipped`.
 *
 *   node scripts/check.mjs          everything (npm test)
 *   node scripts/check.mjs --fast   without integration and e2e tests (npm run check)
 *   further arguments go to vitest, and then nothing but vitest runs: `npm test -- bus/journal.test.ts`
 *
 * What computes (format, lint, types, imports, unused code, then the tests that need nothing but a processor) runs beside what mostly
 * waits (tests on brokers and engines, each for somebody's deadline), at a lower priority, so that it takes only the time in which those
 * wait. Everything runs, whatever fails. Exit code 1 when anything failed. Writes nothing but reports in the temporary directory.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` };
const fast = process.argv.includes('--fast');
const forVitest = process.argv.slice(2).filter((each) => each !== '--fast');

const staticChecks = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['promises', 'oxlint', '--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
  ['types', 'tsc', '--noEmit'],
  ['types of the page', 'tsc', '--noEmit', '-p', 'adapters/http/page'],
  ['imports', 'depcruise', '--config', '.dependency-cruiser.cjs', 'contracts', 'bus', 'actors', 'adapters', 'cli', 'scripts', 'test', 'bench'],
  ['unused', 'knip'],
];
/** Projects of vitest.config.ts; that each is in one of the two is checked in test/tidy/test-lanes.test.ts. */
const { computing, waiting } = JSON.parse(readFileSync(join(root, 'scripts', 'test-lanes.json'), 'utf8'));
const projectsOfFast = ['unit', 'contract'];
/** They use about one core each, and the smallest machine this must run on has two. */
const staticChecksAtOnce = 2;

/** A tenth of the processor where others want it, all of it where they do not. */
function giveWay(child) {
  // Undefined when it could not be started.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
}

/** Resolves to the exit code; the output is kept together, so that checks running side by side stay readable. */
function runQuietly([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    giveWay(child);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => {
      resolve({ code: 1, output: error.message });
    });
    child.on('close', (code) => {
      resolve({ code: code ?? 1, output: Buffer.concat(output).toString() });
    });
  });
}

function runAloud([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
    child.on('error', (error) => {
      console.error(error.message);
      resolve({ code: 1, output: '' });
    });
    child.on('close', (code) => {
      resolve({ code: code ?? 1, output: '' });
    });
  });
}

/** Names of the checks that failed. */
async function runStaticChecks() {
  const left = [...staticChecks];
  const failed = [];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name, ...command] = next;
      const startedMs = Date.now();
      const { code, output } = await runQuietly(command);
      const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok' : 'FAILED'}  ${name} (${command[0]}, ${seconds} s)`);
      if (code === 0) continue;
      failed.push(name);
      console.log(output.trimEnd());
    }
  };
  await Promise.all(Array.from({ length: staticChecksAtOnce }, worker));
  return failed;
}

/** Counts from vitest's JSON report. A file that could not be loaded, or whose set-up failed, has no failed test of its own: it counts as one. */
function readCounts(reportFile) {
  const report = JSON.parse(readFileSync(reportFile, 'utf8'));
  const brokenFiles = report.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Exit code and counts; a vitest that did not come so far as to write them counts as one failure. `run` is one of the two above. */
async function runVitest(run, projects) {
  const directory = mkdtempSync(join(tmpdir(), 'homelab-check-'));
  const reportFile = join(directory, 'report.json');
  const chosen = projects.flatMap((name) => ['--project', name]);
  const { code, output } = await run(['vitest', 'run', ...chosen, '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...forVitest]);
  if (output !== '') console.log(output.trimEnd());
  try {
    return { code, counts: readCounts(reportFile) };
  } catch (error) {
    console.error(`no report of the tests (${projects.join(', ') || 'all projects'}): ${error.message}`);
    return { code, counts: { passed: 0, failed: 1, skipped: 0 } };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runEverything() {
  const compute = async () => ({ failed: await runStaticChecks(), run: await runVitest(runQuietly, computing) });
  const [{ failed, run }, other] = await Promise.all([compute(), runVitest(runAloud, waiting)]);
  return { failed, runs: [run, other] };
}

async function runFast() {
  return { failed: await runStaticChecks(), runs: [await runVitest(runAloud, projectsOfFast)] };
}

async function runChosen() {
  return { failed: [], runs: [await runVitest(runAloud, fast ? projectsOfFast : [])] };
}

const { failed: failedChecks, runs } = await (forVitest.length > 0 ? runChosen() : fast ? runFast() : runEverything());
if (failedChecks.length > 0) console.log(`\nFAILED beside the tests: ${failedChecks.join(', ')} (see above)`);
if (runs.some(({ code, counts }) => code !== 0 && counts.failed === 0))
  console.log('\nFAILED outside the tests: vitest reports an error of its own (see above)');
const total = (name) => runs.reduce((sum, { counts }) => sum + counts[name], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exitCode = failedChecks.length > 0 || runs.some(({ code }) => code !== 0) ? 1 : 0;
