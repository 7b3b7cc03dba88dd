/** What the watching half of the Docker adapter sees on a real engine: the event sequences and states of docker-facts, by symptom. */
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../adapters/docker/engine.ts';
import { engineSeconds, eventNanos } from '../../adapters/docker/events.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { Watching, word } from '../kit/docker-watching.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { waitFor } from '../kit/wait.ts';

/** The real one answers in milliseconds; two busy cores get 10 s. */
const deadlineMs = 10_000;

describe.skipIf(!haveDockerd())('watching a real engine', () => {
  let dockerd: Dockerd;
  let engine: Engine;
  let ports: ReturnType<typeof createDockerWatch>;
  let watching: Watching;
  beforeAll(async () => {
    dockerd = await startDockerd();
    await dockerd.importBusybox();
    engine = createEngine({ socketPath: dockerd.socketPath, deadlineMs, clock: systemClock });
    ports = createDockerWatch(engine);
  });
  afterAll(async () => {
    await dockerd.stop();
  });
  beforeEach(async () => {
    watching = await Watching.open(ports);
  });
  afterEach(async () => {
    watching.stop();
    const left = (await dockerd.docker('ps', '-aq')).split('\n').filter(Boolean);
    if (left.length > 0) await dockerd.docker('rm', '-f', ...left);
  });

  /** Runs a container without a network (faster), returns its id. */
  const run = async (...args: string[]): Promise<string> => {
    const id = await dockerd.docker('run', '-d', '--network', 'none', ...args);
    // On a loaded machine a stop may come before the trap is set, and a first process without one is deaf.
    if (args.at(-1) === politeCommand.at(-1)) await waitFor('the trap to be set', async () => (await dockerd.docker('logs', id)).includes('polite'));
    return id;
  };
  const facts = async (id: string) => (await ports.inspectContainer(id))!;
  const becomes = (id: string, status: string) =>
    waitFor(`status ${status}`, async () => (await facts(id)).status === status, { state: () => watching.of(id) });

  it('sees a container start', async () => {
    const before = Date.now();
    const id = await run('--name', 'web', '--label', 'com.docker.compose.service=web', '--restart', 'unless-stopped', busyboxImage, ...politeCommand);
    expect(await watching.sees(id, 'start')).toEqual(['create', 'start']);
    const found = await facts(id);
    expect(found).toMatchObject({
      id,
      name: 'web',
      image: busyboxImage,
      status: 'running',
      exitCode: null,
      restartPolicy: 'unless-stopped',
      health: 'none',
      finishedAt: null,
    });
    expect(found.labels).toEqual({ 'com.docker.compose.service': 'web' });
    expect(Math.abs(Date.parse(found.startedAt!) - before)).toBeLessThan(60_000);
  });

  it('sees a stop by a person as kill, die, stop', async () => {
    const id = await run(busyboxImage, ...politeCommand);
    await dockerd.docker('stop', id);
    expect(await watching.sees(id, 'stop')).toEqual(['create', 'start', 'kill 15', 'die 0', 'stop']);
    expect(await facts(id)).toMatchObject({ status: 'exited', exitCode: 0 });
  });

  it('sees a stop of a deaf container with its second kill', async () => {
    const id = await run(busyboxImage, 'sleep', '3600');
    await dockerd.docker('stop', '-t', '0', id);
    expect((await watching.sees(id, 'stop')).slice(-4)).toEqual(['kill 15', 'kill 9', 'die 137', 'stop']);
  });

  it('sees a kill by a person as kill and die, without stop', async () => {
    const id = await run('--restart', 'always', busyboxImage, ...politeCommand);
    await dockerd.docker('kill', id);
    expect(await watching.sees(id, 'die 137')).toEqual(['create', 'start', 'kill 9', 'die 137']);
    expect(await facts(id)).toMatchObject({ status: 'exited', exitCode: 137, restartCount: 0 });
  });

  it('sees a crash as a death without a kill', async () => {
    const id = await run(busyboxImage, 'sh', '-c', 'exit 7');
    expect(await watching.sees(id, 'die 7')).toEqual(['create', 'start', 'die 7']);
    expect(await facts(id)).toMatchObject({ status: 'exited', exitCode: 7, oomKilled: false });
  });

  it('sees a kill by the host as a crash, and the restart by the policy', async () => {
    const id = await run('--restart', 'always', busyboxImage, ...politeCommand);
    await dockerd.killFromHost(id);
    await waitFor('the second start', () => watching.of(id).filter((each) => each === 'start').length === 2);
    expect(watching.of(id)).toEqual(['create', 'start', 'die 137', 'start']);
    expect(await facts(id)).toMatchObject({ status: 'running', restartCount: 1 });
  });

  it('sees a restart by a person as kill, die, stop, start, restart', async () => {
    const id = await run(busyboxImage, ...politeCommand);
    await dockerd.docker('restart', id);
    expect((await watching.sees(id, 'restart')).slice(2)).toEqual(['kill 15', 'die 0', 'stop', 'start', 'restart']);
  });

  it('says restarting, not running, in a restart loop (Running is true all the while)', async () => {
    const id = await run('--restart', 'always', busyboxImage, 'false');
    await becomes(id, 'restarting');
    await waitFor('a restart in the count', async () => (await facts(id)).restartCount > 2);
    await becomes(id, 'restarting');
    expect(await dockerd.docker('inspect', '--format', '{{.State.Running}}', id)).toBe('true');
    expect(await facts(id)).toMatchObject({ status: 'restarting', exitCode: 1 });
  });

  it('sees the oom of a child by its event alone (OOMKilled stays false)', async () => {
    const eat = 'sleep 1; x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done';
    const id = await run('--memory', '16m', '--memory-swap', '16m', busyboxImage, 'sh', '-c', `sh -c '${eat}'; sleep 3600`);
    expect(await watching.sees(id, 'oom')).toEqual(['create', 'start', 'oom']);
    expect(await facts(id)).toMatchObject({ status: 'running', oomKilled: false });
  });

  it('sees the oom of the main process as oom and die', async () => {
    const id = await run('--memory', '16m', '--memory-swap', '16m', busyboxImage, 'sh', '-c', 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done');
    const seen = await watching.sees(id, 'die 137');
    expect(seen).toEqual(['create', 'start', 'oom', 'die 137']);
    expect(await facts(id)).toMatchObject({ status: 'exited', oomKilled: true });
  });

  it('leaves a refused start as created, with its error', async () => {
    await expect(run('--name', 'broken', busyboxImage, '/no/such/program')).rejects.toThrow();
    const broken = (await ports.listContainers()).find(({ name }) => name === 'broken');
    expect(broken).toMatchObject({ status: 'created', exitCode: 127, startedAt: null, error: expect.stringContaining('/no/such/program') });
  });

  it('sees health changes and no probes', async () => {
    const probe = ['--health-cmd', 'echo probing; test -e /tmp/ok', '--health-interval', '1s', '--health-retries', '1', '--health-start-period', '0s'];
    const id = await run(...probe, busyboxImage, ...politeCommand);
    await watching.sees(id, 'health_status: unhealthy');
    expect(await facts(id)).toMatchObject({ status: 'running', health: 'unhealthy', healthLog: 'probing' });
    await dockerd.docker('exec', id, 'touch', '/tmp/ok');
    expect(await watching.sees(id, 'health_status: healthy')).toEqual(['create', 'start', 'health_status: unhealthy', 'health_status: healthy']);
  });

  it('sees pause, unpause, rename and removal', async () => {
    const id = await run('--name', 'one', busyboxImage, ...politeCommand);
    await dockerd.docker('pause', id);
    expect(await facts(id)).toMatchObject({ status: 'paused' });
    await dockerd.docker('unpause', id);
    await dockerd.docker('rename', 'one', 'two');
    expect(await facts(id)).toMatchObject({ name: 'two' });
    await dockerd.docker('rm', '-f', id);
    expect((await watching.sees(id, 'destroy')).slice(2)).toEqual(['pause', 'unpause', 'rename', 'kill 9', 'die 137', 'destroy']);
    expect(await ports.inspectContainer(id)).toBeNull();
  });

  it('recalls what happened to one container since a time', async () => {
    const id = await run(busyboxImage, ...politeCommand);
    const other = await run(busyboxImage, ...politeCommand);
    const startedMs = watching.hints.find((hint) => hint.id === id && hint.action === 'start')?.atMs ?? 0;
    await dockerd.docker('stop', id, other);
    await watching.sees(id, 'stop');
    expect((await ports.history(id, startedMs + 1)).map(word)).toEqual(['kill 15', 'die 0', 'stop']);
    expect((await ports.history(id, 0)).map(word)).toEqual(['create', 'start', 'kill 15', 'die 0', 'stop']);
    expect(await ports.history(id, Date.now() + 60_000)).toEqual([]);
  });

  it('keeps the nanoseconds of real events, which JSON.parse rounds', async () => {
    const id = await run(busyboxImage, 'true');
    await watching.sees(id, 'die 0');
    const raw = await engine.call('events', async (docker) => {
      const range = { since: '0', until: engineSeconds(Date.now()) } as unknown as { since: number; until: number };
      let text = '';
      for await (const chunk of (await docker.getEvents({ ...range, filters: { container: [id], type: ['container'] } })) as Readable) text += String(chunk);
      return text;
    });
    const lines = raw.split('\n').filter(Boolean);
    const exact = lines.map(eventNanos);
    const rounded = lines.map((line) => BigInt((JSON.parse(line) as { timeNano: number }).timeNano));
    expect(exact.filter((nanos, i) => nanos !== rounded[i]).length).toBeGreaterThan(0);
    expect(watching.hints.filter((hint) => hint.id === id).map(({ atMs }) => BigInt(atMs))).toEqual(exact.map((nanos) => nanos! / 1_000_000n));
  });

  it('lists 50 containers, newest first, with large labels', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `many-${i}`);
    for (const name of names) await dockerd.docker('create', '--name', name, '--label', `big=${'ä'.repeat(30_000)}`, busyboxImage, 'true');
    const listed = await ports.listContainers();
    expect(listed.map(({ name }) => name)).toEqual([...names].reverse());
    await waitFor('50 whole events', () => watching.hints.length >= 50, { state: () => watching.hints.length });
  });

  it('adds up dangling images', async () => {
    expect(await ports.reclaimableBytes()).toBe(0);
    const container = await run(busyboxImage, 'sh', '-c', 'dd if=/dev/zero of=/big bs=1M count=5');
    await becomes(container, 'exited');
    const image = await dockerd.docker('commit', container);
    expect(await ports.reclaimableBytes()).toBeGreaterThanOrEqual(5 * 1024 * 1024);
    await dockerd.docker('rm', container);
    await dockerd.docker('rmi', image);
  });
});
