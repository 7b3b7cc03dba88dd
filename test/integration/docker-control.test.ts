/** What the acting half of the Docker adapter does to real containers: finding, restarting, probing, diagnosing; ghosts included. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPorts } from '../../actors/executor/ports.ts';
import { createDockerControl } from '../../adapters/docker/control.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { groupByService } from '../../contracts/canonical-name.ts';
import { Watching } from '../kit/docker-watching.ts';
import { composeProgram, type Dockerd, haveCompose, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { waitFor } from '../kit/wait.ts';

describe.skipIf(!haveDockerd())('acting on a real engine', () => {
  let dockerd: Dockerd;
  let watch: ReturnType<typeof createDockerWatch>;
  let control: ControlPorts;
  beforeAll(async () => {
    dockerd = await startDockerd();
    await dockerd.importBusybox();
    const engine = createEngine({ socketPath: dockerd.socketPath, deadlineMs: 10_000, clock: systemClock });
    watch = createDockerWatch(engine);
    control = createDockerControl(engine);
  });
  afterAll(async () => {
    await dockerd.stop();
  });
  afterEach(async () => {
    const left = (await dockerd.docker('ps', '-aq')).split('\n').filter(Boolean);
    if (left.length > 0) await dockerd.docker('rm', '-f', ...left);
  });

  const run = (...args: string[]): Promise<string> => dockerd.docker('run', '-d', '--network', 'none', ...args);
  const asService = (name: string): string[] => ['--label', `com.docker.compose.service=${name}`, '--label', 'com.docker.compose.project=lab'];
  const statusOf = async (id: string): Promise<string | undefined> => (await watch.inspectContainer(id))?.status;
  const becomes = (id: string, status: string) => waitFor(`status ${status}`, async () => (await statusOf(id)) === status);

  describe('finding the container of a service', () => {
    it('goes by the compose label, and else by the name', async () => {
      const web = await run('--name', 'lab_web_1', ...asService('web'), busyboxImage, ...politeCommand);
      const lone = await run('--name', 'lone', busyboxImage, ...politeCommand);
      expect(await control.findContainer('web')).toEqual({ id: web, name: 'lab_web_1', startedAt: (await watch.inspectContainer(web))?.startedAt });
      expect((await control.findContainer('lone'))?.id).toBe(lone);
      expect(await control.findContainer('lab_web_1')).toBeNull();
      expect(await control.findContainer('nothing')).toBeNull();
    });

    it('prefers a running one, then the newest', async () => {
      const running = await run('--name', 'web-a', ...asService('web'), busyboxImage, ...politeCommand);
      const exited = await run('--name', 'web-b', ...asService('web'), busyboxImage, 'true');
      await becomes(exited, 'exited');
      expect((await control.findContainer('web'))?.id).toBe(running);
      await dockerd.docker('rm', '-f', running);
      expect((await control.findContainer('web'))?.id).toBe(exited);
    });

    it('never prefers a ghost, even a running one, and takes it when there is nothing else', async () => {
      const ghost = await run('--name', 'web', ...asService('web'), busyboxImage, ...politeCommand);
      await dockerd.docker('rename', 'web', `${ghost.slice(0, 12)}_web`);
      expect(await control.findContainer('web')).toMatchObject({ id: ghost, name: `${ghost.slice(0, 12)}_web` });
      const real = await run('--name', 'web', ...asService('web'), busyboxImage, 'true');
      await becomes(real, 'exited');
      expect((await control.findContainer('web'))?.id).toBe(real);
    });

    it.skipIf(!haveCompose())('finds what a killed docker-compose recreate leaves behind', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'homelab-compose-'));
      try {
        const file = (command: string): string =>
          JSON.stringify({ version: '2.4', services: { web: { image: busyboxImage, network_mode: 'none', container_name: 'web', command } } });
        await writeFile(join(directory, 'docker-compose.yml'), file('sleep 3600'));
        const compose = (...args: string[]) =>
          spawn(composeProgram, ['-p', 'lab', ...args], { cwd: directory, env: { ...process.env, ...dockerd.env }, stdio: 'ignore' });
        const [code] = (await once(compose('up', '-d'), 'exit')) as [number];
        expect(code).toBe(0);
        const before = (await control.findContainer('web'))!;
        await writeFile(join(directory, 'docker-compose.yml'), file('sleep 3601'));
        const watching = await Watching.open(watch);
        const recreate = compose('up', '-d', '-t', '0');
        const gone = once(recreate, 'exit');
        await waitFor('the rename', () => watching.of(before.id).includes('rename'), { deadlineMs: 30_000 });
        recreate.kill('SIGKILL');
        await gone;
        watching.stop();
        const all = await watch.listContainers();
        expect(all.map(({ name }) => name)).toContain(`${before.id.slice(0, 12)}_web`);
        expect(groupByService(all).get('web')).toHaveLength(all.filter(({ status }) => status !== 'created').length);
        const found = (await control.findContainer('web'))!;
        await control.restartContainer(found.id, { stopTimeoutS: 0 });
        expect(await statusOf(found.id)).toBe('running');
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  });

  describe('restarting', () => {
    it('restarts a running container once, and starts what is stopped', async () => {
      const id = await run(busyboxImage, ...politeCommand);
      const watching = await Watching.open(watch);
      await control.restartContainer(id, { stopTimeoutS: 5 });
      expect(await watching.sees(id, 'restart')).toEqual(['kill 15', 'die 0', 'stop', 'start', 'restart']);
      await dockerd.docker('kill', id);
      await becomes(id, 'exited');
      await control.restartContainer(id, { stopTimeoutS: 5 });
      expect(await statusOf(id)).toBe('running');
      watching.stop();
    });

    it('kills what does not stop in its time', async () => {
      const id = await run(busyboxImage, 'sleep', '3600');
      const watching = await Watching.open(watch);
      await control.restartContainer(id, { stopTimeoutS: 1 });
      expect(await watching.sees(id, 'restart')).toEqual(['kill 15', 'kill 9', 'die 137', 'stop', 'start', 'restart']);
      watching.stop();
    });

    it('restarts a paused container', async () => {
      const id = await run(busyboxImage, ...politeCommand);
      await dockerd.docker('pause', id);
      await control.restartContainer(id, { stopTimeoutS: 1 });
      expect(await statusOf(id)).toBe('running');
    });

    it('says container_missing for one that is gone', async () => {
      await expect(control.restartContainer('f'.repeat(64), { stopTimeoutS: 1 })).rejects.toMatchObject({
        name: 'ControlError',
        code: 'container_missing',
        retryable: false,
      });
    });

    it('says refused, with the reason, when the program cannot start', async () => {
      await expect(run('--name', 'broken', busyboxImage, '/no/such/program')).rejects.toThrow();
      const id = await dockerd.docker('inspect', '--format', '{{.Id}}', 'broken');
      await expect(control.restartContainer(id, { stopTimeoutS: 1 })).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('/no/such/program'),
      });
    });

    it('says refused when it exits or loops at once, although the engine restarted it', async () => {
      const id = await run('--restart', 'always', busyboxImage, 'false');
      await becomes(id, 'restarting');
      // A program that ends in a moment may still be seen running once: then the next look says so.
      const outcomes = new Set<unknown>();
      await waitFor('a refusal', async () => {
        outcomes.add(
          await control.restartContainer(id, { stopTimeoutS: 1 }).then(
            () => 'ran',
            (error: { code: string }) => error.code,
          ),
        );
        return outcomes.has('refused');
      });
      expect([...outcomes].every((each) => each === 'ran' || each === 'refused')).toBe(true);
    });
  });

  describe('running a health check', () => {
    const withCheck = (command: string, ...more: string[]): Promise<string> =>
      run('--health-cmd', command, '--health-interval', '1h', ...more, busyboxImage, ...politeCommand);

    it('gives its exit code and what it said, both streams, in its environment', async () => {
      const id = await withCheck('echo out $NAME; echo err >&2; exit 3', '-e', 'NAME=world');
      const { exitCode, output } = await control.runHealthcheck(id);
      expect(exitCode).toBe(3);
      expect(output.split('\n').sort()).toEqual(['err', 'out world']);
    });

    it('keeps the end of a long output, and no secret in it', async () => {
      const id = await withCheck('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo $API_TOKEN', '-e', 'API_TOKEN=hunter22');
      const { output } = await control.runHealthcheck(id);
      expect(output).toHaveLength(2000);
      expect(output).toMatch(/line 2999\n\*\*\*$/);
    });

    it('says no_healthcheck where there is none, or it is switched off', async () => {
      await expect(control.runHealthcheck(await run(busyboxImage, ...politeCommand))).rejects.toMatchObject({ code: 'no_healthcheck' });
      await expect(control.runHealthcheck(await run('--no-healthcheck', busyboxImage, ...politeCommand))).rejects.toMatchObject({ code: 'no_healthcheck' });
    });

    it('says timeout when it takes longer than its own time and some', async () => {
      const id = await withCheck('sleep 60', '--health-timeout', '1s');
      await expect(control.runHealthcheck(id)).rejects.toMatchObject({ code: 'timeout' });
    });

    it('says refused when the container does not run', async () => {
      const id = await withCheck('true');
      await dockerd.docker('stop', id);
      await expect(control.runHealthcheck(id)).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('409') });
    });
  });

  describe('collecting diagnostics', () => {
    const print =
      'echo plain; echo token=$API_TOKEN >&2; sleep 0.5; i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; echo $API_TOKEN; echo {}; sleep 3600';

    it.each([
      ['without a terminal', []],
      ['with a terminal', ['-t']],
    ])('gives inspect and the last 200 log lines, without secrets, %s', async (_, tty) => {
      const id = await run(...tty, '-e', 'API_TOKEN=hunter22', '-e', 'PLAIN=yes', '--label', 'copy=hunter22', busyboxImage, 'sh', '-c', `${print}; : hunter22`);
      await waitFor('the last line', async () => (await dockerd.docker('logs', '--tail', '1', id)).trim() === '{}');
      const { inspect, log } = await control.collectDiagnostics(id);
      expect(log).toHaveLength(200);
      expect(log.at(-1)).toMatch(tty.length === 0 ? /^\d{4}-\d\d-\d\dT[\d:.]+Z \{\}$/ : /^\{\}$/);
      expect(log.at(-2)).toMatch(/\*\*\*$/);
      expect(JSON.stringify({ inspect, log })).not.toContain('hunter22');
      expect(inspect).toMatchObject({
        Id: id,
        State: { Status: 'running' },
        Config: { Env: expect.arrayContaining(['API_TOKEN=***', 'PLAIN=yes']), Labels: { copy: '***' } },
      });
    });

    it('keeps a secret whole that stands across two frames of a long line, and redacts it', async () => {
      // The engine cuts lines at 16 KiB.
      const id = await run('-e', 'API_TOKEN=hunter22hunter22', busyboxImage, 'sh', '-c', 'printf "%016376d%s%0100d\\n" 0 $API_TOKEN 0; echo end');
      await becomes(id, 'exited');
      const { log } = await control.collectDiagnostics(id);
      expect(log).toHaveLength(2);
      expect(log.join('')).not.toMatch(/hunter|22\*/);
    });

    it('has the rest of a diagnosis when the logging driver keeps nothing', async () => {
      const id = await run('--log-driver', 'none', busyboxImage, ...politeCommand);
      const { inspect, log } = await control.collectDiagnostics(id);
      expect(inspect).toMatchObject({ Id: id });
      expect(log).toEqual([expect.stringMatching(/^\(no log: .*HTTP 5/)]);
    });

    it('says container_missing for one that is gone', async () => {
      await expect(control.collectDiagnostics('f'.repeat(64))).rejects.toMatchObject({ code: 'container_missing' });
    });
  });
});
