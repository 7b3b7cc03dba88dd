/**
 * Runs the checks and the tests, and ends with one plain line: `N passed, N failed, N skipped`.
 *
 *   node scripts/check.mjs          everything (npm test)
 *   node scripts/check.mjs --fast   without integration and e2e tests (npm run check)
 *   further arguments go to vitest, and then nothing but vitest runs: `npm test -- bus/journal.test.ts`
 *
 * The static checks (format, lint, types, imports, unused code) come first, all of them even when one fails, then one
 * vitest run over all projects. Exit code 1 when anything failed. Writes nothing but a report in the temporary directory.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
/** They use about one core each, and the smallest machine this must run on has two. */
const staticChecksAtOnce = 2;

/** Resolves to the exit code; the output is kept together, so that checks running side by side stay readable. */
function runQuietly([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Names of the checks that failed. */
async function runStaticChecks() {
  const waiting = [...staticChecks];
  const failed = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
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

function runVitest() {
  const directory = mkdtempSync(join(tmpdir(), 'homelab-check-'));
  const reportFile = join(directory, 'report.json');
  const projects = fast ? ['--project', 'unit', '--project', 'contract'] : [];
  const args = ['run', ...projects, '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...forVitest];
  return new Promise((resolve) => {
    const child = spawn('vitest', args, { cwd: root, env, stdio: 'inherit' });
    const end = (code) => {
      let counts = null;
      try {
        counts = readCounts(reportFile);
      } catch (error) {
        console.error(`no report of the tests: ${error.message}`);
      }
      rmSync(directory, { recursive: true, force: true });
      resolve({ code, counts });
    };
    child.on('error', () => {
      end(1);
    });
    child.on('close', (code) => {
      end(code ?? 1);
    });
  });
}

const failedChecks = forVitest.length > 0 ? [] : await runStaticChecks();
const { code, counts } = await runVitest();
if (failedChecks.length > 0) console.log(`\nFAILED before the tests: ${failedChecks.join(', ')} (see above)`);
if (code !== 0 && counts?.failed === 0) console.log('\nFAILED outside the tests: vitest reports an error of its own (see above)');
if (counts !== null) console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = failedChecks.length > 0 || code !== 0 || counts === null ? 1 : 0;
