/** The stand-in engine and the real one are held to the same expectations, so that tests on the stand-in mean something. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutorPorts } from '../../actors/executor/ports.ts';
import { createDockerControl } from '../../adapters/docker/control.ts';
import { createEngine, type Engine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { Watching, word } from '../kit/docker-watching.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { type StandIn, startStandIn } from '../kit/stand-in-engine-process.ts';
import { waitFor } from '../kit/wait.ts';

interface Subject {
  readonly engine: Engine;
  /** The container `web` (label, policy always, a health check that says fine), running, without a health verdict of interest. */
  readonly id: string;
  person(deed: 'stop' | 'start' | 'kill' | 'remove'): Promise<void>;
  close(): Promise<void>;
}

const engineAt = (socketPath: string): Engine => createEngine({ socketPath, deadlineMs: 10_000, clock: systemClock });
const label = 'com.docker.compose.service';

async function realSubject(): Promise<Subject> {
  const dockerd: Dockerd = await startDockerd();
  await dockerd.importBusybox();
  const args = [
    '--network',
    'none',
    '--name',
    'lab_web',
    '--label',
    `${label}=web`,
    '--restart',
    'always',
    '-e',
    'API_TOKEN=hunter22',
    '--health-cmd',
    'echo fine',
    '--health-interval',
    '1h',
  ];
  const id = await dockerd.docker('run', '-d', ...args, busyboxImage, ...politeCommand);
  const deeds = { stop: ['stop'], start: ['start'], kill: ['kill'], remove: ['rm', '-f'] } as const;
  return {
    engine: engineAt(dockerd.socketPath),
    id,
    person: async (deed) => {
      await dockerd.docker(...deeds[deed], id);
    },
    close: () => dockerd.stop(),
  };
}

async function standInSubject(): Promise<Subject> {
  const healthTest = ['CMD-SHELL', 'echo fine'];
  const probe = { exitCode: 0, output: 'fine\n' };
  const standIn: StandIn = await startStandIn({
    containers: [{ name: 'lab_web', labels: { [label]: 'web' }, restartPolicy: 'always', env: ['API_TOKEN=hunter22'], healthTest, probe }],
  });
  const engine = engineAt(standIn.socketPath);
  const id = (await createDockerControl(engine).findContainer('web'))!.id;
  return { engine, id, person: (deed) => standIn.script({ do: deed, container: id }), close: () => standIn.stop() };
}

describe.each([
  ['the real engine', realSubject, haveDockerd()],
  ['the stand-in', standInSubject, true],
] as const)('%s', (_, make, isHere) => {
  describe.skipIf(!isHere)('as the adapters see it', () => {
    let subject: Subject;
    let watch: ReturnType<typeof createDockerWatch>;
    let control: ExecutorPorts;
    let watching: Watching;
    beforeAll(async () => {
      subject = await make();
      watch = createDockerWatch(subject.engine);
      control = createDockerControl(subject.engine);
      watching = await Watching.open(watch);
    });
    afterAll(async () => {
      watching?.stop();
      await subject?.close();
    });
    /** What is seen of a deed, without health verdicts (the real one probes when it likes). */
    const seen = async (deed: () => Promise<void>, last: string): Promise<string[]> => {
      const before = watching.hints.length;
      await deed();
      const words = (): string[] =>
        watching.hints
          .slice(before)
          .map(word)
          .filter((each) => !each.startsWith('health'));
      await waitFor(last, () => words().at(-1) === last, { state: words });
      return words();
    };

    it('lists and finds the container', async () => {
      const listed = await watch.listContainers();
      expect(listed).toMatchObject([
        { id: subject.id, name: 'lab_web', labels: { [label]: 'web' }, status: 'running', exitCode: null, restartPolicy: 'always', oomKilled: false },
      ]);
      expect(listed[0]).toEqual(await watch.inspectContainer(subject.id));
      expect(await control.findContainer('web')).toEqual({ id: subject.id, name: 'lab_web', startedAt: listed[0]!.startedAt });
    });

    it('restarts it', async () => {
      const before = (await watch.inspectContainer(subject.id))!.startedAt!;
      expect(await seen(() => control.restartContainer(subject.id, { stopTimeoutS: 5 }), 'restart')).toEqual(['kill 15', 'die 0', 'stop', 'start', 'restart']);
      expect((await watch.inspectContainer(subject.id))!.startedAt! > before).toBe(true);
    });

    it('runs its health check', async () => {
      expect(await control.runHealthcheck(subject.id)).toEqual({ exitCode: 0, output: 'fine' });
    });

    it('tells stop, start and kill apart', async () => {
      expect(await seen(() => subject.person('stop'), 'stop')).toEqual(['kill 15', 'die 0', 'stop']);
      expect(await watch.inspectContainer(subject.id)).toMatchObject({ status: 'exited', exitCode: 0 });
      expect(await seen(() => subject.person('start'), 'start')).toEqual(['start']);
      expect(await seen(() => subject.person('kill'), 'die 137')).toEqual(['kill 9', 'die 137']);
      expect(await seen(() => control.restartContainer(subject.id, { stopTimeoutS: 5 }), 'restart')).toEqual(['start', 'restart']);
    });

    it('recalls its past', async () => {
      const words = (await watch.history(subject.id, 0)).map(word).filter((each) => !each.startsWith('health'));
      expect(words.slice(-5)).toEqual(['start', 'kill 9', 'die 137', 'start', 'restart']);
    });

    it('is diagnosed without its secrets', async () => {
      const { inspect } = await control.collectDiagnostics(subject.id);
      expect(inspect).toMatchObject({ Config: { Env: expect.arrayContaining(['API_TOKEN=***']) } });
    });

    it('removes it', async () => {
      expect(await seen(() => subject.person('remove'), 'destroy')).toEqual(['kill 9', 'die 137', 'destroy']);
      expect(await watch.inspectContainer(subject.id)).toBeNull();
      await expect(control.restartContainer(subject.id, { stopTimeoutS: 1 })).rejects.toMatchObject({ code: 'container_missing' });
    });
  });
});
