/**
 * The real engine, the stand-in of the tests and the simulated engine of the demo are held to the same expectations, so that tests
 * on the stand-in mean something, and what the demo shows is what would happen.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPorts } from '../../actors/executor/ports.ts';
import type { NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { createDockerControl } from '../../adapters/docker/control.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import type { SimulatedContainer } from '../../adapters/simulated/container.ts';
import { createSimulatedControl } from '../../adapters/simulated/control.ts';
import { SimulatedEngine } from '../../adapters/simulated/engine.ts';
import { createSimulatedWatch } from '../../adapters/simulated/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { Watching, word } from '../kit/docker-watching.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { type StandIn, startStandIn } from '../kit/stand-in-engine-process.ts';
import { waitFor } from '../kit/wait.ts';

type Watch = Omit<NodeAgentPorts, 'readMetrics'>;

interface Subject {
  readonly watch: Watch;
  readonly control: ControlPorts;
  /** The same engine, asked by somebody who waits for less than a second. */
  readonly impatient: Watch;
  /** The container `web` (label, policy always, a health check that says fine), running, without a health verdict of interest. */
  readonly id: string;
  /** crash: its process is killed from outside the engine. */
  person(deed: 'stop' | 'start' | 'kill' | 'remove' | 'crash'): Promise<void>;
  hang(): Promise<void> | void;
  unhang(): Promise<void> | void;
  close(): Promise<void> | void;
}

/** A hung engine is asked once, and a machine with two cores answers a ping in milliseconds. */
const impatientMs = 800;
const patientMs = 10_000;

const dockerPorts = (socketPath: string): Pick<Subject, 'watch' | 'control' | 'impatient'> => {
  const engine = createEngine({ socketPath, deadlineMs: patientMs, clock: systemClock });
  const impatient = createDockerWatch(createEngine({ socketPath, deadlineMs: impatientMs, clock: systemClock }));
  return { watch: createDockerWatch(engine), control: createDockerControl(engine), impatient };
};
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
    ...dockerPorts(dockerd.socketPath),
    id,
    person: async (deed) => {
      if (deed === 'crash') await dockerd.killFromHost(id);
      else await dockerd.docker(...deeds[deed], id);
    },
    hang: () => {
      dockerd.pause();
    },
    unhang: () => {
      dockerd.resume();
    },
    close: () => dockerd.stop(),
  };
}

const web: SimulatedContainer = {
  name: 'lab_web',
  labels: { [label]: 'web' },
  restartPolicy: 'always',
  env: ['API_TOKEN=hunter22'],
  healthTest: ['CMD-SHELL', 'echo fine'],
  probe: { exitCode: 0, output: 'fine\n' },
};

async function standInSubject(): Promise<Subject> {
  const standIn: StandIn = await startStandIn({ containers: [web] });
  const ports = dockerPorts(standIn.socketPath);
  const id = (await ports.control.findContainer('web'))!.id;
  return {
    ...ports,
    id,
    person: (deed) => standIn.script(deed === 'crash' ? { do: 'crash', container: id, exitCode: 137 } : { do: deed, container: id }),
    hang: () => standIn.script({ do: 'hang' }),
    unhang: () => standIn.script({ do: 'hang', off: true }),
    close: () => standIn.stop(),
  };
}

async function simulatedSubject(): Promise<Subject> {
  const engine = new SimulatedEngine({ clock: systemClock, deadlineMs: impatientMs, machine: 'lab' });
  engine.world.add(web);
  const watch = createSimulatedWatch(engine);
  const control = createSimulatedControl(engine);
  const id = (await control.findContainer('web'))!.id;
  return {
    ...{ watch, control, impatient: watch, id },
    person: (deed) => {
      const container = engine.world.find(id)!;
      if (deed === 'crash') engine.world.die(container, 137);
      else if (deed === 'kill') engine.world.kill(container, 9);
      else engine.world[deed](container);
      return Promise.resolve();
    },
    hang: () => {
      engine.hang();
    },
    unhang: () => {
      engine.unhang();
    },
    close: () => {
      engine.close();
    },
  };
}

describe.each([
  ['the real engine', realSubject, haveDockerd()],
  ['the stand-in', standInSubject, true],
  ['the simulated engine', simulatedSubject, true],
] as const)('%s', (_, make, isHere) => {
  describe.skipIf(!isHere)('as the adapters see it', () => {
    let subject: Subject;
    let watch: Watch;
    let control: ControlPorts;
    let watching: Watching;
    beforeAll(async () => {
      subject = await make();
      ({ watch, control } = subject);
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

    it('is brought back by its policy after an end that nobody asked for, and counts it', async () => {
      expect(await seen(() => subject.person('crash'), 'start')).toEqual(['die 137', 'start']);
      expect(await watch.inspectContainer(subject.id)).toMatchObject({ status: 'running', restartCount: 1, oomKilled: false });
      await control.restartContainer(subject.id, { stopTimeoutS: 5 });
      expect(await watch.inspectContainer(subject.id)).toMatchObject({ status: 'running', restartCount: 0 });
      await watching.sees(subject.id, 'restart');
    });

    it('answers nobody while it hangs, and everybody again afterwards', async () => {
      await subject.hang();
      try {
        await expect(subject.impatient.pingEngine()).rejects.toMatchObject({ trouble: { code: 'timeout', retryable: true } });
      } finally {
        await subject.unhang();
      }
      await watch.pingEngine();
      expect(await watch.inspectContainer(subject.id)).toMatchObject({ status: 'running' });
      expect(watching.closed).toEqual([]);
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
