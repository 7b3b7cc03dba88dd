/** What is asked of Compose, and what is refused before anything is touched: a script stands in for the program, an object for the engine. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlError } from '../../actors/executor/ports.ts';
import { systemClock } from '../../bus/clock.ts';
import { ScriptedCompose } from '../../test/kit/scripted-compose.ts';
import { type Engine, EngineRefusedError } from '../docker/engine.ts';
import { containerIn, isSameOutside } from './own-container.ts';
import type { ComposePrograms } from './programs.ts';
import { createComposeRedeploy } from './redeploy.ts';

const id = '1'.repeat(64);
let root: string;
let checkout: string;
let script: ScriptedCompose;
let labels: Record<string, string>;
let containers: { Id: string; Names: string[]; State: string; Labels: Record<string, string> }[];
let image: object | null;
let programs: ComposePrograms;

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'homelab-redeploy-'));
  checkout = join(root, 'checkout');
  write(join(checkout, 'services/web/docker-compose.yml'), '');
  write(join(checkout, 'hosts/vps/override.yml'), '');
  script = new ScriptedCompose(root, 'echo "services: {web: {environment: {PASSWORD: secret12}}}"');
  labels = {
    'com.docker.compose.project': 'web',
    'com.docker.compose.service': 'web',
    'com.docker.compose.project.working_dir': join(checkout, 'services/web'),
    'com.docker.compose.project.config_files': 'services/web/docker-compose.yml,hosts/vps/override.yml',
  };
  containers = [{ Id: id, Names: ['/web'], State: 'running', Labels: labels }];
  image = { ContainerConfig: {} };
  programs = { v1: script.program(), v2: null };
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** As far as it is asked. */
function engine(): Engine {
  const inspected = { Id: id, Name: '/web', Image: 'sha256:1', State: { Status: 'running' }, Config: { Env: ['PASSWORD=secret12', 'EMPTY='], Labels: labels } };
  const docker = {
    getContainer: () => ({ inspect: () => Promise.resolve(inspected) }),
    getImage: () => ({ inspect: () => (image === null ? Promise.reject(new EngineRefusedError(404, 'image', 'no such image')) : Promise.resolve(image)) }),
    listContainers: () => Promise.resolve(containers),
  };
  const call = (_what: string, run: (docker: never, signal: AbortSignal) => Promise<unknown>) => run(docker as never, new AbortController().signal);
  return { where: 'here', clock: systemClock, call, open: () => Promise.reject(new Error('not asked for')) } as unknown as Engine;
}

function ports() {
  script.write();
  return createComposeRedeploy({
    ...{ engine: engine(), dockerHost: 'unix:///engine.sock', inventoryDirectory: checkout },
    ...{ configDirectory: join(root, 'config'), outputDirectory: join(root, 'out') },
    programs: () => Promise.resolve(programs),
  });
}
async function refusal(): Promise<ControlError> {
  const error = await ports()
    .redeployService(id)
    .then(
      () => null,
      (caught: unknown) => caught,
    );
  expect(error).toMatchObject({ name: 'ControlError' });
  return error as ControlError;
}

describe('redeploying through Compose', () => {
  it('makes exactly this service of this project again, from the files its labels name', async () => {
    write(join(root, 'config/web/.env'), 'PASSWORD=secret12\n');
    expect(await ports().redeployService(id)).toEqual(['Recreating web ... done']);
    const directory = join(checkout, 'services/web');
    const project = `--project-name web --project-directory ${directory} --env-file ${join(root, 'config/web/.env')}`;
    const files = `--file ${join(directory, 'docker-compose.yml')} --file ${join(checkout, 'hosts/vps/override.yml')}`;
    expect(script.calls).toEqual([`${project} ${files} config`, `${project} ${files} up -d --no-deps --no-build --force-recreate web`]);
  });

  it('gives it an environment of its own, and leaves no file behind', async () => {
    process.env['COMPOSE_FILE'] = '/elsewhere.yml';
    try {
      await ports().redeployService(id);
    } finally {
      delete process.env['COMPOSE_FILE'];
    }
    const { env } = script;
    expect(env).toContain('DOCKER_HOST=unix:///engine.sock');
    expect(env).not.toMatch(/COMPOSE_FILE|HOMELAB|VITEST/);
    expect(existsSync(join(root, 'out/web.log'))).toBe(false);
  });

  it('tells version 2, which can be told, to pull only what is missing', async () => {
    programs = { v1: script.program(), v2: script.program('2.26.1') };
    await ports().redeployService(id);
    expect(script.ups).toEqual([expect.stringMatching(/ up -d --no-deps --no-build --force-recreate --pull missing web$/)]);
  });

  it('keeps the number of containers that the service has, ghosts not counted', async () => {
    const ghost = { Id: '3'.repeat(64), Names: [`/${'3'.repeat(12)}_web`], State: 'exited', Labels: labels };
    containers = [...containers, { Id: '2'.repeat(64), Names: ['/web_2'], State: 'running', Labels: labels }, ghost];
    await ports().redeployService(id);
    expect(script.ups).toEqual([expect.stringMatching(/ --scale web=2 web$/)]);
  });

  it('says how it failed, in the last lines and without secrets, and what is left', async () => {
    script.up = 'for i in 1 2 3 4 5 6 7; do echo line $i; done; echo "ERROR: password secret12 refused" >&2; exit 1';
    containers = [{ ...containers[0]!, Names: [`/${id.slice(0, 12)}_web`], State: 'exited' }];
    const error = await refusal();
    expect(error.code).toBe('compose_failed');
    expect(error.message).toBe(`Compose ended with 1: ERROR: password *** refused; ${id.slice(0, 12)}_web is exited`);
    expect(error.result).toEqual({ output: ['line 3', 'line 4', 'line 5', 'line 6', 'line 7', 'ERROR: password *** refused'] });
  });

  it('is done for one service of a project after the other', async () => {
    script.up = 'echo begin >> "$0.calls"; sleep 0.2; echo end >> "$0.calls"';
    const same = ports();
    await Promise.all([same.redeployService(id), same.redeployService(id)]);
    expect(script.calls.filter((each) => each === 'begin' || each === 'end')).toEqual(['begin', 'end', 'begin', 'end']);
  });
});

describe('nothing is touched, and the refusal names what is in the way', () => {
  it.each<[string, string, RegExp, () => void]>([
    ['a container that Compose did not make', 'not_compose', /not made by Compose/, () => delete labels['com.docker.compose.project']],
    ['no labels of files', 'compose_files_missing', /do not say which/, () => delete labels['com.docker.compose.project.config_files']],
    [
      'a checkout that is not mounted',
      'compose_files_missing',
      /checkout\/.*docker-compose\.yml is not there; .*same path/,
      () => rmSync(checkout, { recursive: true }),
    ],
    ['one file of two that is gone', 'compose_files_missing', /is not there/, () => rmSync(join(checkout, 'hosts'), { recursive: true })],
    [
      'an env file that version 2 was given',
      'compose_files_missing',
      /^\/elsewhere\/\.env is not there/,
      () => (labels['com.docker.compose.project.environment_file'] = '/elsewhere/.env'),
    ],
    ['no Compose at all', 'compose_missing', /services\/node-agent\/README\.md/, () => (programs = { v1: null, v2: null })],
    ['version 1 on an engine that breaks it', 'compose_too_old', /ContainerConfig.*install version 2/, () => (image = {})],
    [
      'files that Compose refuses',
      'compose_refused',
      /Unsupported config option/,
      () => (script.config = 'echo "Unsupported config option for services.web: \'x\'" >&2; exit 1'),
    ],
    ['files without this service', 'compose_refused', /do not declare web/, () => (script.config = 'echo "services: {other: {}}"')],
    [
      'a secret that would become empty',
      'compose_env_missing',
      /^PASSWORD would be empty/,
      () => (script.config = "echo \"services: {web: {environment: {PASSWORD: '', EMPTY: '', NEW: ''}}}\""),
    ],
    [
      'a variable that version 1 finds unset',
      'compose_env_missing',
      /^HOST_PORT would be empty/,
      () => (script.config = 'echo "services: {web: {}}"; echo "The HOST_PORT variable is not set. Defaulting to a blank string." >&2'),
    ],
    [
      'a variable that version 2 finds unset',
      'compose_env_missing',
      /^HOST_PORT would be empty/,
      () =>
        (script.config = `echo "services: {web: {}}"; printf '%s\\n' 'level=warning msg="The \\"HOST_PORT\\" variable is not set. Defaulting to a blank string."' >&2`),
    ],
  ])('%s', async (_, code, words, change) => {
    change();
    const error = await refusal();
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
    expect(script.ups).toEqual([]);
  });

  it('an image that is gone is no reason not to try: version 1 does not read it then', async () => {
    image = null;
    await ports().redeployService(id);
    expect(script.ups).toHaveLength(1);
  });
});

describe('the container that a process runs in', () => {
  const line = (path: string, at: string): string => `731 710 254:1 ${path} ${at} rw,relatime - ext4 /dev/vda1 rw\n`;
  it('is known by the files that the engine mounts into it', () => {
    expect(containerIn(line('/', '/') + line(`/var/lib/docker/containers/${id}/resolv.conf`, '/etc/resolv.conf'))).toBe(id);
  });
  it('has a path that is the same one outside where the nearest mount is at the same path, and not in its own files', () => {
    const mounts = ['/srv /srv', '/checkout /srv/inventory', '/other /inventory'].map((each) => each.split(' ') as [string, string]);
    const isSame = (path: string): boolean =>
      isSameOutside(
        path,
        mounts.map(([Source, Destination]) => ({ Source, Destination })),
      );
    expect(['/srv', '/srv/homelab', '/srv/inventory/lab', '/inventory', '/inventory-2', '/app'].map(isSame)).toEqual([true, true, false, false, false, false]);
  });
  it('is none on the machine itself, which sees the mounts of all of them', () => {
    expect(containerIn(line('/', `/var/lib/docker/containers/${id}/mounts/shm`))).toBeNull();
  });
});
