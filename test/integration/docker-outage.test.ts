/** A real engine that stops answering, dies, and comes back: what the adapter says, and that nothing hangs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerControl } from '../../adapters/docker/control.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { Watching } from '../kit/docker-watching.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { waitFor } from '../kit/wait.ts';

const troubleIn = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no trouble',
    (error: { trouble?: unknown }) => error.trouble ?? error,
  );

describe.skipIf(!haveDockerd())('an outage of a real engine', () => {
  let dockerd: Dockerd;
  const portsWithin = (deadlineMs: number) => createDockerWatch(createEngine({ socketPath: dockerd.socketPath, deadlineMs, clock: systemClock }));
  beforeAll(async () => {
    dockerd = await startDockerd();
    await dockerd.importBusybox();
  });
  afterAll(async () => {
    await dockerd.stop();
  });

  it('stopped by SIGSTOP: calls time out, the stream stays silent, and all is well after SIGCONT', async () => {
    const patient = portsWithin(20_000);
    const hasty = portsWithin(300);
    const watching = await Watching.open(patient);
    dockerd.pause();
    try {
      expect(await troubleIn(hasty.pingEngine())).toMatchObject({ code: 'timeout', retryable: true });
      expect(await troubleIn(hasty.listContainers())).toMatchObject({ code: 'timeout' });
      const closed = new Watching(hasty);
      await waitFor('the opening to time out', () => closed.closed.length > 0);
      expect([closed.opens, closed.closed]).toMatchObject([0, [{ code: 'timeout' }]]);
    } finally {
      dockerd.resume();
    }
    await patient.pingEngine();
    const id = await dockerd.docker('run', '-d', '--network', 'none', busyboxImage, 'true');
    await watching.sees(id, 'die 0');
    expect(watching.closed).toEqual([]);
    watching.stop();
  });

  it('killed: the stream ends once, calls say unreachable, and a new watch works after the restart', async () => {
    const ports = portsWithin(10_000);
    const id = await dockerd.docker('run', '-d', '--network', 'none', '--restart', 'always', busyboxImage, ...politeCommand);
    const watching = await Watching.open(ports);
    await dockerd.kill9();
    await waitFor('the end of the stream', () => watching.closed.length > 0);
    expect(await troubleIn(ports.pingEngine())).toMatchObject({ code: 'unreachable', retryable: true });
    await expect(
      createDockerControl(createEngine({ socketPath: dockerd.socketPath, deadlineMs: 10_000, clock: systemClock })).findContainer('x'),
    ).rejects.toMatchObject({
      code: 'unreachable',
      retryable: true,
    });
    await dockerd.restart();
    const again = await Watching.open(ports);
    await waitFor('the container to be started by its policy', async () => (await ports.inspectContainer(id))?.status === 'running');
    await dockerd.docker('kill', id);
    await again.sees(id, 'die 137');
    expect(watching.closed).toMatchObject([{ code: 'unreachable' }]);
    again.stop();
  });

  it('ended by SIGTERM: the stream tells the stops of its containers before it ends', async () => {
    const ports = portsWithin(10_000);
    const id = await dockerd.docker('run', '-d', '--network', 'none', busyboxImage, ...politeCommand);
    const watching = await Watching.open(ports);
    await dockerd.terminate();
    await waitFor('the end of the stream', () => watching.closed.length > 0);
    expect(watching.of(id)).toEqual(['kill 15', 'die 0', 'stop']);
    expect(watching.closed).toMatchObject([{ code: 'unreachable' }]);
    await dockerd.restart();
    expect(await ports.inspectContainer(id)).toMatchObject({ status: 'exited', exitCode: 0 });
  });
});
