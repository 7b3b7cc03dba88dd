/** The container of a declared service that has none: what is asked of Compose, and when nothing is touched. A script stands in for Compose. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlError, Declaration } from '../../actors/executor/ports.ts';
import { systemClock } from '../../bus/clock.ts';
import { ScriptedCompose } from '../../test/kit/scripted-compose.ts';
import type { Engine } from '../docker/engine.ts';
import type { ComposePrograms } from './programs.ts';
import { createComposeRedeploy } from './redeploy.ts';

interface Row {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly ImageID: string;
}

let checkout: string;
let root: string;
let script: ScriptedCompose;
let rows: Row[];
let programs: ComposePrograms;

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const base = () => join(checkout, 'services/wiki/docker-compose.yml');
const override = () => join(checkout, 'hosts/vps/runtime/wiki/docker-compose.override.yml');
const row = (name: string, State: string, project: string | null, service = 'web'): Row => ({
  ...{ Id: name.padEnd(64, '0'), Names: [`/${name}`], State, ImageID: 'sha256:1' },
  Labels: project === null ? {} : { 'com.docker.compose.project': project, 'com.docker.compose.service': service },
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'homelab-create-'));
  checkout = join(root, 'checkout');
  write(join(checkout, 'hosts/vps/services.yaml'), 'services: {wiki: {}}\n');
  write(base(), '');
  write(join(root, 'config/wiki/.env'), 'PASSWORD=secret12\n');
  script = new ScriptedCompose(root, 'echo "services: {web: {container_name: wiki-web, environment: {PASSWORD: secret12, SAID: \'\'}}}"');
  script.up = 'echo "Creating wiki-web ... done" >&2';
  rows = [];
  programs = { v1: script.program(), v2: null };
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Of an engine on which version 1 can recreate nothing. */
function engine(): Engine {
  const docker = { listContainers: () => Promise.resolve(rows), getImage: () => ({ inspect: () => Promise.resolve({}) }) };
  const call = (_what: string, run: (docker: never, signal: AbortSignal) => Promise<unknown>) => run(docker as never, new AbortController().signal);
  return { where: 'here', clock: systemClock, call, open: () => Promise.reject(new Error('not asked for')) } as unknown as Engine;
}

function create(declaration: Partial<Declaration> = {}): Promise<readonly string[]> {
  script.write();
  const ports = createComposeRedeploy({
    ...{ engine: engine(), dockerHost: 'unix:///engine.sock', inventoryDirectory: checkout },
    ...{ configDirectory: join(root, 'config'), outputDirectory: join(root, 'out') },
    programs: () => Promise.resolve(programs),
  });
  return ports.createService({ node: 'vps', stack: 'wiki', service: 'web', ...declaration });
}
const refusal = (declaration: Partial<Declaration> = {}): Promise<ControlError> =>
  create(declaration).then(
    () => expect.unreachable('it was done'),
    (error: ControlError) => error,
  );

describe('the container of a declared service that has none', () => {
  it('is made from the files of the checkout, in the project that Compose would choose, with the variables of its stack', async () => {
    write(override(), '');
    expect(await create()).toEqual(['Creating wiki-web ... done']);
    const project = `--project-name wiki --project-directory ${dirname(base())} --env-file ${join(root, 'config/wiki/.env')}`;
    const files = `--file ${base()} --file ${override()}`;
    expect(script.calls).toEqual([`${project} ${files} config`, `${project} ${files} up -d --no-deps --no-build --no-recreate web`]);
  });

  it('needs no override, and none of what other nodes have', async () => {
    write(join(checkout, 'hosts/pi/runtime/wiki/docker-compose.override.yml'), '');
    await create();
    expect(script.ups[0]).toContain(`--file ${base()} up`);
  });

  it('belongs to a project without the characters that Compose leaves out', async () => {
    write(join(checkout, 'services/wiki.2/docker-compose.yml'), '');
    await create({ stack: 'wiki.2' });
    expect(script.ups[0]).toMatch(/^--project-name wiki2 /);
  });

  it('takes what was made and never started, as the files are now, where Compose can', async () => {
    rows = [row('wiki-web', 'created', 'wiki')];
    expect((await refusal()).code).toBe('compose_too_old');
    programs = { v1: null, v2: script.program('2.26.1') };
    await create();
    expect(script.ups).toEqual([expect.stringMatching(/ up -d --no-deps --no-build --pull missing web$/)]);
  });

  it('may have variables that somebody left empty on purpose, or that have a default', async () => {
    write(base(), `# \${COMMENT:-}\n\${SAID:-} \${PASSWORD:-} \${OTHER:-value} $\${LITERAL:-}`);
    write(join(root, 'config/wiki/.env'), 'PASSWORD=secret12\nSAID=\n');
    await create();
    expect(script.ups).toHaveLength(1);
  });

  it('that cannot be made says why, without secrets, and with the line that tells', async () => {
    script.up = 'echo "ERROR: for web  password secret12 refused"; echo "Encountered errors while bringing up the project."; exit 1';
    const error = await refusal();
    expect(error.code).toBe('compose_failed');
    expect(error.message).toBe('Compose ended with 1: ERROR: for web  password *** refused; no container is left');
  });
});

describe('nothing is touched, and the refusal names what is in the way', () => {
  it.each<[string, string, RegExp, () => void]>([
    ['no Compose file', 'compose_files_missing', /services\/wiki\/docker-compose\.yml is not there; HOMELAB_INVENTORY/, () => rmSync(base())],
    [
      'a checkout that does not know the node',
      'compose_files_missing',
      /hosts\/vps\/services\.yaml is not there/,
      () => rmSync(join(checkout, 'hosts'), { recursive: true }),
    ],
    ['no Compose at all', 'compose_missing', /services\/node-agent\/README\.md/, () => (programs = { v1: null, v2: null })],
    ['files that Compose refuses', 'compose_refused', /Unsupported/, () => (script.config = 'echo "Unsupported config option" >&2; exit 1')],
    [
      'files without this service',
      'compose_refused',
      /services\/wiki\/docker-compose\.yml do not declare web; nothing was done/,
      () => (script.config = 'echo "services: {other: {}}"'),
    ],
    ['a variable that falls back on nothing', 'compose_env_missing', /^SECRET would be empty: .*config\/wiki\/\.env/, () => write(base(), `\${SECRET:-}`)],
    [
      'a variable that Compose finds unset',
      'compose_env_missing',
      /^SECRET would/,
      () => (script.config = 'echo "services: {web: {}}"; echo "The SECRET variable is not set. Defaulting to a blank string." >&2'),
    ],
    [
      'a variable that is handed on, and nobody has',
      'compose_env_missing',
      /^SECRET would/,
      () => (script.config = 'echo "services: {web: {environment: {SECRET: null}}}"'),
    ],
    [
      'a container that stands for it meanwhile',
      'container_present',
      /^wiki-web stands for web by now \(it is exited\)/,
      () => (rows = [row('wiki-web', 'exited', 'wiki')]),
    ],
    [
      'one that stands for it beside that of another project',
      'container_present',
      /^wiki-web stands for web/,
      () => (rows = [row('shop-web', 'running', 'shop'), row('wiki-web', 'running', 'wiki')]),
    ],
    [
      'another container with its name',
      'container_present',
      /^the name wiki-web is taken by another container \(of project shop, it is exited\)/,
      () => (rows = [row('wiki-web', 'exited', 'shop', 'frontend')]),
    ],
    [
      'one with its name that Compose did not make',
      'container_present',
      /\(not made by Compose, it is running\)/,
      () => (rows = [row('wiki-web', 'running', null)]),
    ],
  ])('%s', async (_, code, words, change) => {
    change();
    const error = await refusal();
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(script.ups).toEqual([]);
  });

  it('a stack that is no name of a directory', async () => {
    expect((await refusal({ stack: '..' })).code).toBe('compose_files_missing');
    expect(script.calls).toEqual([]);
  });
});
