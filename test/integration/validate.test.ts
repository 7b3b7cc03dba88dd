/** `homelab validate` with real docker-compose of both versions, a real shell and shellcheck, and as a process. */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { actorNames } from '../../cli/compose.ts';
import { ComposeCheck } from '../../cli/validate/compose-check.ts';
import { type Validation, validation } from '../../cli/validate/validation.ts';
import { version } from '../../cli/version.ts';
import { plantedFaults, withFaults } from '../kit/broken-homelab.table.ts';
import { haveValidators } from '../kit/compose-programs.ts';
import { type Files, oneMachine, program, shown, writeFiles } from '../kit/declared-files.ts';
import { buildBundle, HomelabProcess, homelab } from '../kit/homelab-process.ts';
import { waitFor } from '../kit/wait.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
function written(files: Files): string {
  const directory = writeFiles(files);
  directories.push(directory);
  return directory;
}

/** About fifty files put before two programs, on a machine that does other things too. */
const manyFilesTimeoutMs = 180_000;

describe.skipIf(!(await haveValidators()))('with docker-compose 1.x and 2.x', () => {
  const validated = (directory: string): Promise<Validation> => validation({ directory, program, compose: new ComposeCheck(directory), strict: true });

  it(
    'accepts every Compose file of this repository, with the override of each node',
    async () => {
      const { findings, compose } = await validation({
        directory: repository,
        program: { version, actors: actorNames },
        compose: new ComposeCheck(repository),
        strict: true,
      });
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(compose?.programs).toEqual([expect.stringMatching(/^docker-compose 1\.29/), expect.stringMatching(/^docker compose [2-9]/)]);
      expect(compose?.pairsAsked).toBeGreaterThan(20);
    },
    manyFilesTimeoutMs,
  );

  it(
    'names every planted fault once, whoever finds it, and nothing else',
    async () => {
      const { files, expected } = withFaults(plantedFaults);
      const { findings } = await validated(written(files));
      expect(findings.map(shown).sort()).toEqual([...expected].sort());
    },
    manyFilesTimeoutMs,
  );
});

describe('as a process', () => {
  const env = { NODE_NAME: 'lab' };
  beforeAll(() => {
    buildBundle();
  });

  it('ends with 0 where nothing is wrong, and says what it looked at', async () => {
    const { code, stdout, stderr } = await homelab(['validate', written(oneMachine()), '--no-compose'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^no errors, no warnings; 1 node, 1 service in \d+\.\d\d s; docker-compose was not asked\n$/);
  });

  it('ends with 0 for a warning, with 1 for an error, and gives file, line and column of each', async () => {
    const warned = await homelab(
      ['validate', written({ ...oneMachine(), 'hosts/alpha/services.yaml': 'agents: []\nservices:\n  mosquitto:\n' }), '--no-compose'],
      env,
    );
    expect(warned.code).toBe(0);
    expect(warned.stdout).toContain('hosts/alpha/services.yaml:1:1  warning  alpha has docker, and no node-agent among its agents  (node-without-agent)\n');
    const wrong = await homelab(['validate', written(oneMachine('ghost:\n')), '--no-compose'], env);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain('hosts/alpha/services.yaml:4:3  error  there is no directory services/ghost  (unknown-service)\n');
    expect(wrong.stdout).toMatch(/\n1 error, no warnings; .*\n$/);
  });

  it('gives one JSON object for each finding, and then a summary', async () => {
    const { code, stdout } = await homelab(['validate', '--json', '--no-compose', written(oneMachine('ghost:\n'))], env);
    const [finding, summary, ...more] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(code).toBe(1);
    expect(more).toEqual([]);
    expect(finding).toEqual({
      rule: 'unknown-service',
      severity: 'error',
      file: 'hosts/alpha/services.yaml',
      line: 4,
      column: 3,
      detail: 'there is no directory services/ghost',
    });
    expect(summary).toEqual({ status: 'invalid', errors: 1, warnings: 0, nodes: 1, services: 1, took_ms: expect.any(Number), compose: null });
  });

  it.each([
    ['a directory that is not there', () => '/nowhere/at/all', /there is no such directory/],
    ['a directory in which nothing is declared', () => written({ 'notes.txt': '' }), /nothing is declared there; expected inventory\/, hosts\/ or services\//],
  ])('ends with 2 for %s', async (_what, directory, words) => {
    const { code, stderr } = await homelab(['validate', directory()], env);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(words) });
  });

  it('says which checks it could not make, and fails for them with --strict', async () => {
    const directory = written(oneMachine());
    // Nothing on this path but a shell to parse the scripts with.
    const nothing = written({ 'bin/.keep': '' });
    symlinkSync('/bin/sh', join(nothing, 'bin/sh'));
    const poor = { ...env, PATH: join(nothing, 'bin') };
    const relaxed = await homelab(['validate', directory], poor);
    expect(relaxed.code).toBe(0);
    expect(relaxed.stdout).toMatch(/hosts\/alpha\/capabilities.yaml {2}warning {2}1 Compose file was not put before docker compose 2\.x.*\(check-skipped\)/);
    expect(relaxed.stdout).toMatch(/services {2}warning {2}1 scripts? .*shellcheck.*\(check-skipped\)/);
    expect(relaxed.stdout).toContain('asked of no docker-compose');
    expect((await homelab(['validate', directory, '--strict'], poor)).code).toBe(1);
  });

  it('validates again when a file changes, and ends at SIGINT with the last verdict', async () => {
    const directory = written(oneMachine());
    const watching = new HomelabProcess(['validate', directory, '--no-compose', '--watch'], env);
    try {
      await watching.says('no errors');
      // Watches are armed in the background: a change may come before them, and is made again as a person would.
      await waitFor(
        'the change to be seen',
        () => {
          if (!watching.out.includes('1 error'))
            writeFileSync(join(directory, 'hosts/alpha/services.yaml'), 'agents: [node-agent]\nservices:\n  mosquitto:\n  ghost:\n');
          return watching.out.includes('1 error');
        },
        { deadlineMs: 20_000, state: () => watching.out },
      );
      watching.child.kill('SIGINT');
      expect(await watching.exited()).toEqual({ code: 1, signal: null });
    } finally {
      await watching.kill9();
    }
  });
});
