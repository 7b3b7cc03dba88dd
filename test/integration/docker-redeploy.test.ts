/** Redeploying through real docker-compose on a real engine: one service and nothing else, and what is left when everything dies in the middle. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ComposePorts, ControlPorts } from '../../actors/executor/ports.ts';
import { type ComposePrograms, findComposePrograms } from '../../adapters/compose/programs.ts';
import { createComposeRedeploy } from '../../adapters/compose/redeploy.ts';
import { createDockerControl } from '../../adapters/docker/control.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { groupByService, isGhost } from '../../contracts/canonical-name.ts';
import { Watching } from '../kit/docker-watching.ts';
import { composeProgram, type Dockerd, haveCompose, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage } from '../kit/images.ts';
import { waitFor } from '../kit/wait.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
const none: ComposePrograms = { v1: null, v2: null };
const installed = haveDockerd() && haveCompose() ? await findComposePrograms() : none;

describe.skipIf(installed.v1 === null)('redeploying through docker-compose 1.29.2', () => {
  let dockerd: Dockerd;
  let directory: string;
  let control: ControlPorts;
  let watch: ReturnType<typeof createDockerWatch>;
  let through: (programs: ComposePrograms) => ComposePorts;

  beforeAll(async () => {
    dockerd = await startDockerd();
    await dockerd.importBusybox();
    const engine = createEngine({ socketPath: dockerd.socketPath, deadlineMs: 10_000, clock: systemClock });
    control = createDockerControl(engine);
    watch = createDockerWatch(engine);
    directory = mkdtempSync(join(tmpdir(), 'homelab-redeploy-'));
    through = (programs) =>
      createComposeRedeploy({
        ...{ engine, dockerHost: `unix://${dockerd.socketPath}`, inventoryDirectory: directory },
        ...{ configDirectory: join(directory, 'config'), outputDirectory: join(directory, 'out') },
        programs: () => Promise.resolve(programs),
      });
    for (const part of ['services/web', 'hosts/lab/runtime/web', 'config/web', 'empty']) mkdirSync(join(directory, part), { recursive: true });
    writeFileSync(join(directory, 'config/web/.env'), 'WEB_PASSWORD=hunter22\n', { mode: 0o600 });
    writeFileSync(join(directory, 'hosts/lab/services.yaml'), 'services: {web: {}}\n');
    const overridden = { version: '2.4', services: { web: { environment: { NODE: 'lab runtime' } } } };
    writeFileSync(join(directory, 'hosts/lab/runtime/web/docker-compose.override.yml'), JSON.stringify(overridden));
    writeFileSync(join(directory, 'hosts/lab/override.yml'), JSON.stringify({ version: '2.4', services: { web: { environment: { NODE: 'lab' } } } }));
  });
  afterAll(async () => {
    await dockerd?.stop();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });
  afterEach(async () => {
    const left = (await dockerd.docker('ps', '-aq')).split('\n').filter(Boolean);
    if (left.length > 0) await dockerd.docker('rm', '-f', ...left);
    await dockerd.docker('volume', 'prune', '-f');
  });

  /** Deaf to SIGTERM: stopping takes all of the time that it is given. */
  const file = ({ image = busyboxImage, stop_grace_period = '0s', ...rest } = {}): string => {
    const common = { image, network_mode: 'none', command: 'sleep 3600', stop_grace_period };
    const web = { ...common, container_name: 'web', environment: { WEB_PASSWORD: `\${WEB_PASSWORD:-}` }, volumes: ['/anonymous', 'kept:/named'], ...rest };
    return JSON.stringify({
      version: '2.4',
      services: { web: { ...web, depends_on: ['db'] }, db: { ...common, container_name: 'db' } },
      volumes: { kept: {} },
    });
  };
  /** As hosts/README.md says: by hand, from the checkout, with relative names of files. */
  async function start(options = {}): Promise<string> {
    writeFileSync(join(directory, 'services/web/docker-compose.yml'), file(options));
    const args = ['--env-file', join(directory, 'config/web/.env'), '-f', 'services/web/docker-compose.yml', '-f', 'hosts/lab/override.yml', 'up', '-d'];
    await run(composeProgram, args, { cwd: directory, env: { ...process.env, ...dockerd.env } });
    return containerId('web');
  }
  const containerId = async (service: string): Promise<string> => (await control.findContainer(service))?.id ?? '';
  const factOf = (name: string, format: string): Promise<string> => dockerd.docker('inspect', '--format', format, name);
  const ghosts = async (): Promise<readonly string[]> => (await watch.listContainers()).filter(isGhost).map(({ name }) => name);

  /** In a process of its own, whose Compose is known by its pid. */
  function redeployApart(id: string): { readonly executor: ChildProcess; readonly compose: () => number } {
    const main = spawn(process.execPath, ['--import', 'tsx', 'test/kit/redeploy-main.ts', dockerd.socketPath, directory, id], {
      cwd: repository,
      stdio: 'ignore',
    });
    const compose = (): number => Number(readFileSync(`/proc/${main.pid}/task/${main.pid}/children`, 'utf8').trim().split(' ').at(-1));
    return { executor: main, compose };
  }

  it('makes the container of one service anew, with its variables, and leaves every other and all volumes', async () => {
    const before = await start();
    await dockerd.docker('exec', 'web', 'sh', '-c', 'echo a > /anonymous/file; echo n > /named/file');
    const db = await factOf('db', '{{.Id}} {{.State.StartedAt}}');
    const output = await through({ ...none, v1: installed.v1 }).redeployService(before);
    expect(output.at(-1)).toBe('Recreating web ... done');
    const after = await containerId('web');
    expect(after).not.toBe(before);
    expect(await factOf('web', '{{.Id}} {{.State.Status}}')).toBe(`${after} running`);
    expect(await factOf('db', '{{.Id}} {{.State.StartedAt}}')).toBe(db);
    expect(await dockerd.docker('exec', 'web', 'sh', '-c', 'cat /anonymous/file /named/file; echo $WEB_PASSWORD $NODE')).toBe('a\nn\nhunter22 lab');
    expect(await ghosts()).toEqual([]);
    // And once more, from the labels that we left.
    await through({ ...none, v1: installed.v1 }).redeployService(after);
    expect(await factOf('web', '{{.State.Status}}')).toBe('running');
  });

  it('touches nothing where the secrets are not, and keeps what runs where an image cannot be had', async () => {
    const before = await start();
    const again = () => through({ ...none, v1: installed.v1 }).redeployService(before);
    const envFile = join(directory, 'config/web/.env');
    rmSync(envFile);
    await expect(again()).rejects.toMatchObject({ code: 'compose_files_missing', message: expect.stringContaining(envFile) });
    writeFileSync(envFile, '');
    await expect(again()).rejects.toMatchObject({ code: 'compose_env_missing', message: expect.stringContaining('WEB_PASSWORD') });
    writeFileSync(envFile, 'WEB_PASSWORD=hunter22\n');
    writeFileSync(join(directory, 'services/web/docker-compose.yml'), file({ image: '127.0.0.1:1/no/such:image' }));
    await expect(again()).rejects.toMatchObject({ code: 'compose_failed', message: expect.stringContaining('web is running') });
    expect(await containerId('web')).toBe(before);
  });

  it('is carried to its end by Compose when the executor dies of kill -9 in the middle', async () => {
    // The middle of the recreate is long enough to die in.
    const before = await start({ stop_grace_period: '1s' });
    const watching = await Watching.open(watch);
    const { executor } = redeployApart(before);
    await waitFor('the old one to be stopped', () => watching.of(before).some((each) => each.startsWith('kill')), { deadlineMs: 30_000 });
    executor.kill('SIGKILL');
    await once(executor, 'exit');
    await waitFor(
      'the new one to run',
      async () => ![before, ''].includes(await containerId('web')) && (await factOf('web', '{{.State.Status}}')) === 'running',
    );
    await waitFor('the old one to be gone', async () => (await watch.inspectContainer(before)) === null);
    expect(await ghosts()).toEqual([]);
    watching.stop();
  });

  it('leaves a ghost when Compose dies with it, which stands for the service until the next redeployment makes it well', async () => {
    // The middle of the recreate is long enough to die in.
    const before = await start({ stop_grace_period: '1s' });
    const watching = await Watching.open(watch);
    const { executor, compose } = redeployApart(before);
    await waitFor('the old one to be stopped', () => watching.of(before).some((each) => each.startsWith('kill')), { deadlineMs: 30_000 });
    const pid = compose();
    await waitFor('the rename', () => watching.of(before).includes('rename'), { deadlineMs: 30_000 });
    process.kill(-pid, 'SIGKILL');
    executor.kill('SIGKILL');
    await once(executor, 'exit');
    watching.stop();
    expect(await ghosts()).toEqual([`${before.slice(0, 12)}_web`]);
    const all = await watch.listContainers();
    // One that was made and not started yet stands for nothing.
    const standing = (groupByService(all).get('web') ?? []).map(({ id }) => id);
    const found = await containerId('web');
    expect(standing).toContain(found);
    if (standing.length === 1) expect(found).toBe(before);
    await through({ ...none, v1: installed.v1 }).redeployService(found);
    expect(await ghosts()).toEqual([]);
    expect(await factOf('web', '{{.State.Status}}')).toBe('running');
    expect([before, found]).not.toContain(await containerId('web'));
  });

  it.for([
    ['1', installed.v1],
    ['2', installed.v2],
  ] as const)(
    'makes the container of a declared service that somebody removed, and touches no other and no volume: version %s',
    async ([major, program], { skip }) => {
      if (program === null) return skip('no docker-compose 2');
      const before = await start({ healthcheck: { test: ['CMD', 'true'], interval: '1s' } });
      await dockerd.docker('exec', 'web', 'sh', '-c', 'echo n > /named/file');
      const db = await factOf('db', '{{.Id}} {{.State.StartedAt}}');
      await dockerd.docker('rm', '-f', 'web');
      const compose = through(major === '1' ? { ...none, v1: program } : { ...none, v2: program });
      const make = () => compose.createService({ node: 'lab', stack: 'web', service: 'web' });
      const envFile = join(directory, 'config/web/.env');
      rmSync(envFile);
      await expect(make()).rejects.toMatchObject({ code: 'compose_env_missing', message: expect.stringContaining('WEB_PASSWORD') });
      writeFileSync(envFile, 'WEB_PASSWORD=hunter22\n');
      await make();
      await waitFor('it to be healthy', async () => (await factOf('web', '{{.State.Health.Status}}')) === 'healthy', { deadlineMs: 30_000 });
      expect(await containerId('web')).not.toBe(before);
      expect(await dockerd.docker('exec', 'web', 'sh', '-c', 'cat /named/file; echo $WEB_PASSWORD $NODE')).toBe('n\nhunter22 lab runtime');
      expect(await factOf('db', '{{.Id}} {{.State.StartedAt}}')).toBe(db);
      await expect(make()).rejects.toMatchObject({ code: 'container_present' });
      // It is one that can be replaced like any other.
      await compose.redeployService(await containerId('web'));
      // What has its name and is another's stays as it is.
      await dockerd.docker('rm', '-f', 'web');
      await dockerd.docker('run', '-d', '--name', 'web', '--label', 'com.docker.compose.service=other', busyboxImage, 'sleep', '3600');
      await expect(make()).rejects.toMatchObject({ code: 'container_present', message: expect.stringContaining('the name web is taken') });
      expect(await factOf('web', '{{.State.Status}}')).toBe('running');
    },
  );

  it.skipIf(installed.v2 === null)('does the same with version 2 for what version 1 has made', async () => {
    const before = await start();
    const db = await factOf('db', '{{.Id}} {{.State.StartedAt}}');
    await through({ ...none, v2: installed.v2 }).redeployService(before);
    expect(await containerId('web')).not.toBe(before);
    expect(await factOf('web', '{{.State.Status}} {{index .Config.Labels "com.docker.compose.service"}}')).toBe('running web');
    expect(await factOf('db', '{{.Id}} {{.State.StartedAt}}')).toBe(db);
  });
});
