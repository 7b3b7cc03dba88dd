/** What a clean-up removes from an engine, and what it leaves: the same on a real one and on the simulated one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanDisk } from '../../actors/executor/clean-disk.ts';
import type { CleanupPlan } from '../../actors/executor/cleanup.ts';
import type { CleanupPorts, HistoryPorts } from '../../actors/executor/ports.ts';
import { createDockerCleanup } from '../../adapters/docker/cleanup.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createSimulatedControl } from '../../adapters/simulated/control.ts';
import { SimulatedEngine } from '../../adapters/simulated/engine.ts';
import { type Clock, systemClock } from '../../bus/clock.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { waitFor } from '../kit/wait.ts';

interface Subject {
  readonly ports: CleanupPorts;
  /** Names of all containers, sorted. */
  containers(): Promise<readonly string[]>;
  danglingImages(): Promise<number>;
  start(name: string): Promise<unknown>;
  close(): Promise<void>;
}

const hour = 3_600_000;
/** By this clock everything that is stopped has been so for two hours. */
const later: Clock = { ...systemClock, now: () => systemClock.now() + 2 * hour };
const noHistory: HistoryPorts = {
  removeOldEvents: () => Promise.resolve({ count: 0, bytes: 0 }),
  removeDeployLogs: () => Promise.resolve({ count: 0, bytes: 0 }),
};
const rules: Omit<CleanupPlan, 'listed'> = {
  kinds: ['stopped_containers', 'dangling_images', 'build_cache'],
  desired: {
    node: 'vps',
    services: [
      { name: 'web', origin: 'declared', monitor: true },
      { name: 'db', origin: 'declared', monitor: true },
    ],
  },
};
/** All that stands on the engine now was shown to whoever agreed, but for what is called so. */
async function planFor({ ports }: Subject, notShown = ''): Promise<CleanupPlan> {
  const shown = (await ports.listCandidates()).filter(({ name }) => name !== notShown);
  return { ...rules, listed: shown.map(({ id }) => id.slice(0, 12)) };
}
const labels = (service: string) => ({ 'com.docker.compose.service': service, 'com.docker.compose.project': 'lab' });
/** A running service, a stopped one, a job of their project, one that somebody wants back, and two experiments, of which one runs. */
const given = [
  { name: 'lab_db_1', labels: labels('db'), status: 'running' },
  { name: 'lab_web_1', labels: labels('web'), status: 'exited' },
  { name: 'lab_init_1', labels: labels('init'), status: 'exited' },
  { name: 'wanted', labels: {}, restartPolicy: 'unless-stopped', status: 'exited' },
  { name: 'experiment', labels: {}, status: 'exited' },
  { name: 'running-experiment', labels: {}, status: 'running' },
] as const;

let dockerd: Dockerd;
function docker(...args: readonly string[]): Promise<string> {
  return dockerd.docker(...args);
}

async function realSubject(): Promise<Subject> {
  dockerd = await startDockerd();
  await dockerd.importBusybox();
  for (const { name, labels: all, status, ...rest } of given) {
    const labelled = Object.entries(all).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    const policy = 'restartPolicy' in rest ? ['--restart', rest.restartPolicy] : [];
    const volume = name === 'experiment' ? ['-v', 'precious:/data'] : [];
    const write = 'dd if=/dev/zero of=/big bs=1M count=3; echo kept > /data/file 2>/dev/null; exec ';
    await docker('run', '-d', '--network', 'none', '--name', name, ...labelled, ...policy, ...volume, busyboxImage, 'sh', '-c', write + quoted(politeCommand));
    if (status === 'exited') {
      await waitFor('the data to be written', async () => (await docker('logs', name)).includes('polite'));
      await docker('stop', name);
    }
  }
  await docker('tag', busyboxImage, 'unused:tagged');
  // Without a name, and behind a stopped container: the image goes only after the container.
  const dangling = await docker('commit', 'experiment');
  await docker('create', '--network', 'none', '--name', 'never-started', dangling, 'true');
  await docker('rm', 'never-started');
  return {
    ports: createDockerCleanup(createEngine({ socketPath: dockerd.socketPath, deadlineMs: 10_000, clock: systemClock })),
    containers: async () => (await docker('ps', '-a', '--format', '{{.Names}}')).split('\n').filter(Boolean).sort(),
    danglingImages: async () => (await docker('images', '-q', '--filter', 'dangling=true')).split('\n').filter(Boolean).length,
    start: (name): Promise<unknown> => docker('start', name),
    close: (): Promise<void> => dockerd.stop(),
  };
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

const always = (): boolean => true;

function simulatedSubject(): Promise<Subject> {
  const engine = new SimulatedEngine({ clock: systemClock, deadlineMs: 1_000, machine: 'lab' });
  for (const { status, ...container } of given) {
    engine.world.add(container);
    if (status === 'exited') engine.world.stop(engine.world.find(container.name)!);
  }
  engine.danglingImages.push({ bytes: 3_000_000, createdMs: systemClock.now() - 1_000 });
  engine.buildCacheBytes = 1;
  return Promise.resolve({
    ports: createSimulatedControl(engine),
    containers: () =>
      Promise.resolve(
        engine.world
          .all()
          .map(({ name }) => name)
          .sort(),
      ),
    danglingImages: () => Promise.resolve(engine.danglingImages.length),
    start: (name) => {
      engine.world.start(engine.world.find(name)!);
      return Promise.resolve();
    },
    close: () => {
      engine.close();
      return Promise.resolve();
    },
  });
}

describe.each([
  ['a real engine', haveDockerd, realSubject],
  ['the simulated engine', always, simulatedSubject],
] as const)('cleaning %s', (_, have, make) => {
  describe.skipIf(!have())('', () => {
    let subject: Subject;
    const all = given.map(({ name }) => name).sort();
    beforeAll(async () => {
      subject = await make();
    });
    afterAll(async () => {
      await subject?.close();
    });

    it('leaves young images without a tag, and everything that stopped within the hour', async () => {
      const done = await cleanDisk({ ...subject.ports, ...noHistory } as never, await planFor(subject), systemClock);
      expect(done.result).toMatchObject({ freed: { stopped_containers: { count: 0 }, dangling_images: { count: 0 } } });
      expect(await subject.containers()).toEqual(all);
      expect(await subject.danglingImages()).toBe(1);
    });

    it('leaves a container that was started after it had been listed', async () => {
      const listed = (await subject.ports.listCandidates()).find(({ name }) => name === 'wanted')!;
      await subject.start('wanted');
      expect(await subject.ports.removeStopped(listed)).toBeNull();
      expect(await subject.containers()).toEqual(all);
    });

    it('leaves the experiment that was not shown to whoever agreed', async () => {
      const { kinds, ...rest } = await planFor(subject, 'experiment');
      await cleanDisk({ ...subject.ports, ...noHistory } as never, { ...rest, kinds: kinds.slice(0, 1) }, later);
      expect(await subject.containers()).toEqual(all);
    });

    it('removes the experiment that has ended, and nothing else', async () => {
      const done = await cleanDisk({ ...subject.ports, ...noHistory } as never, await planFor(subject), later);
      expect(done.code).toBe('cleaned');
      expect(done.result).toMatchObject({ freed: { stopped_containers: { count: 1, names: ['experiment'] } } });
      expect(await subject.containers()).toEqual(all.filter((name) => name !== 'experiment'));
    });

    it('removes images without a tag that are old enough, and says how much that was', async () => {
      let bytes = 0;
      // The engine counts whole seconds: one made within this second is not older than none.
      await waitFor('the image to be removed', async () => {
        const freed = await subject.ports.removeDanglingImages(0);
        bytes += freed.bytes;
        return freed.count > 0;
      });
      expect(bytes).toBeGreaterThanOrEqual(3_000_000);
      expect(await subject.danglingImages()).toBe(0);
      expect(await subject.ports.removeDanglingImages(0)).toEqual({ count: 0, bytes: 0 });
    });

    if (make !== realSubject) return;
    it('leaves a tagged image that nobody uses, and a named volume with what was in it', async () => {
      expect(await docker('run', '--rm', '--network', 'none', '-v', 'precious:/data', 'unused:tagged', 'cat', '/data/file')).toBe('kept');
    });
  });
});
