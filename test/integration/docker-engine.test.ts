/** How the engine adapter takes what engines and sockets do wrong; against the stand-in engine, which can be made to. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineHint, EngineTrouble, NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { createDockerControl } from '../../adapters/docker/control.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { systemClock } from '../../bus/clock.ts';
import { type StandIn, startStandIn } from '../kit/stand-in-engine-process.ts';
import { waitFor } from '../kit/wait.ts';

/** Short, so that a hang is seen soon; the stand-in answers in a millisecond. */
const deadlineMs = 500;
const engineAt = (socketPath: string, ms = deadlineMs): ReturnType<typeof createEngine> => createEngine({ socketPath, deadlineMs: ms, clock: systemClock });
const troubleIn = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no trouble',
    (error: { trouble?: unknown }) => error.trouble ?? error,
  );

interface Watched {
  readonly said: string[];
  readonly hints: EngineHint[];
  readonly closed: EngineTrouble[];
  readonly stop: () => void;
}

function watch(ports: Pick<NodeAgentPorts, 'watchEngine'>): Watched {
  const [said, hints, closed]: [string[], EngineHint[], EngineTrouble[]] = [[], [], []];
  const stop = ports.watchEngine({ onOpen: () => said.push('open'), onHint: (hint) => hints.push(hint), onClosed: (trouble) => closed.push(trouble) });
  return { said, hints, closed, stop };
}
const opened = ({ said }: Watched): Promise<unknown> => waitFor('the event stream to open', () => said.includes('open'));

describe('an engine that misbehaves', () => {
  let standIn: StandIn;
  let ports: ReturnType<typeof createDockerWatch>;
  beforeEach(async () => {
    standIn = await startStandIn({
      containers: [
        { name: 'web', log: ['hello'] },
        { name: 'db', labels: { note: 'grüße 😀' } },
      ],
    });
    ports = createDockerWatch(engineAt(standIn.socketPath));
  });
  afterEach(async () => {
    await standIn.stop();
  });

  it('answers old and new clients alike: no call insists on an API version (Docker 29 refuses below 1.44)', async () => {
    const control = createDockerControl(engineAt(standIn.socketPath));
    expect((await ports.listContainers()).map(({ name }) => name).sort()).toEqual(['db', 'web']);
    const target = await control.findContainer('web');
    await control.restartContainer(target!.id, { stopTimeoutS: 1 });
    expect((await control.collectDiagnostics(target!.id)).log).toEqual([expect.stringMatching(/Z hello$/)]);
    expect(standIn.effects()).toMatchObject([{ effect: 'restart', container: 'web' }]);
  });

  it('dies inside a body: the call ends with its deadline (dockerode alone hangs for ever)', async () => {
    await standIn.script({ do: 'die', during: '/json' });
    expect(await troubleIn(ports.listContainers())).toMatchObject({ code: 'timeout', retryable: true });
    await standIn.dead();
    expect(await troubleIn(ports.pingEngine())).toMatchObject({ code: 'unreachable', retryable: true });
  });

  it('cuts one inspect of a list: the list fails as a whole and the next one works', async () => {
    const { id } = (await ports.listContainers())[0]!;
    await standIn.script({ do: 'cut', during: `${id}/json` });
    expect(await troubleIn(ports.listContainers())).toMatchObject({ code: 'timeout' });
    expect(await ports.listContainers()).toHaveLength(2);
  });

  it('hangs: every call says timeout, and works again afterwards', async () => {
    const { id } = (await ports.listContainers())[0]!;
    await standIn.script({ do: 'hang' });
    const calls = [ports.pingEngine(), ports.listContainers(), ports.inspectContainer(id), ports.history(id, 0)];
    const troubles = await Promise.all(calls.map(troubleIn));
    expect(troubles).toMatchObject(calls.map(() => ({ code: 'timeout', retryable: true })));
    const watched = watch(ports);
    await waitFor('the opening to time out', () => watched.closed.length > 0);
    expect([watched.said, watched.closed]).toMatchObject([[], [{ code: 'timeout' }]]);
    await standIn.script({ do: 'hang', off: true });
    await ports.pingEngine();
  });

  it('hangs over a restart: the answer is a timeout, and the restart is asked for once', async () => {
    const { id } = (await createDockerControl(engineAt(standIn.socketPath)).findContainer('web'))!;
    // 40 times as fast, so that the 30 s of a restart pass in 0.75 s.
    const clock = { ...systemClock, setTimeout: (fn: () => void, ms: number) => setTimeout(fn, ms / 40) };
    const control = createDockerControl(createEngine({ socketPath: standIn.socketPath, deadlineMs, clock }));
    await standIn.script({ do: 'delay-restarts', ms: 3_600_000 });
    await expect(control.restartContainer(id, { stopTimeoutS: 0 })).rejects.toMatchObject({ code: 'timeout' });
    expect(standIn.effects()).toHaveLength(1);
  });

  it('refuses: the HTTP status and its words are told', async () => {
    await standIn.script({ do: 'refuse', during: '/containers/json', httpStatus: 500, message: 'layer store is broken' });
    expect(await troubleIn(ports.listContainers())).toMatchObject({
      code: 'refused',
      retryable: true,
      detail: expect.stringMatching(/HTTP 500.*layer store is broken/),
    });
  });

  it('cannot inspect one container: the others are listed, and that one as far as the list knows it', async () => {
    const web = (await ports.listContainers()).find(({ name }) => name === 'web')!;
    await standIn.script({ do: 'refuse', during: `${web.id}/json`, httpStatus: 500, message: 'no such layer' });
    const listed = await ports.listContainers();
    expect(listed.map(({ name, status, startedAt }) => [name, status, startedAt === null]).sort(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
      ['db', 'running', false],
      ['web', 'running', true],
    ]);
  });

  it('answers nonsense: that is trouble of the engine, not a crash', async () => {
    for (const [during, ask] of [
      ['/containers/json', () => ports.listContainers()],
      ['/images/json', () => ports.reclaimableBytes()],
      ['/web/json', () => ports.inspectContainer('web')],
    ] as const) {
      await standIn.script({ do: 'answer', during, body: '{"a login page": 1}' });
      expect(await troubleIn(ask())).toMatchObject({ code: 'refused', retryable: false });
    }
  });

  it('loses a container between list and inspect: it is left out', async () => {
    const { id } = (await ports.listContainers())[0]!;
    await standIn.script({ do: 'refuse', during: `${id}/json`, httpStatus: 404, message: `No such container: ${id}` });
    expect(await ports.listContainers()).toHaveLength(1);
    expect(await ports.inspectContainer('f'.repeat(64))).toBeNull();
  });

  it('sends events byte by byte: none is lost, and no character is broken', async () => {
    const watched = watch(ports);
    await opened(watched);
    await standIn.script({ do: 'trickle' });
    for (const name of ['db', 'web']) await standIn.script({ do: 'crash', container: name, exitCode: 3 });
    await waitFor('both hints', () => watched.hints.length === 2);
    expect(watched.hints).toMatchObject([
      { action: 'die', exitCode: 3 },
      { action: 'die', exitCode: 3 },
    ]);
    watched.stop();
  });

  it('sends probes and garbage: they are dropped, the rest arrives in order', async () => {
    const watched = watch(ports);
    await opened(watched);
    await standIn.script({ do: 'tell', line: '{"Type":"container","Action":"exec_start: x","Actor":{"ID":"a"},"timeNano":1}' });
    await standIn.script({ do: 'tell', line: 'garbage' });
    await standIn.script({ do: 'kill', container: 'web' });
    await waitFor('the hints', () => watched.hints.length >= 2);
    expect(watched.hints.map(({ action, signal, exitCode }) => [action, signal, exitCode])).toEqual([
      ['kill', 9, null],
      ['die', null, 137],
    ]);
    watched.stop();
  });

  it.each(['die', 'cut'] as const)('ends in the middle of an event (%s): the watch says so exactly once, and the half event is none', async (how) => {
    const watched = watch(ports);
    await opened(watched);
    const other = watch(ports);
    await opened(other);
    await standIn.kill9();
    await waitFor('both ends', () => watched.closed.length > 0 && other.closed.length > 0);
    await standIn.restart();
    await standIn.script({ do: how, during: '/events' });
    const half = watch(ports);
    await opened(half);
    await standIn.script({ do: 'crash', container: 'web' }).catch(() => undefined);
    await waitFor('the end', () => half.closed.length > 0);
    if (how === 'die') await standIn.dead();
    await new Promise((resolve) => setImmediate(resolve));
    for (const { closed, hints } of [watched, other, half]) expect([closed.map(({ code }) => code), hints]).toEqual([['unreachable'], []]);
  });

  it('is not reported as closed by a watch that was stopped', async () => {
    const watched = watch(ports);
    await opened(watched);
    watched.stop();
    const early = watch(ports);
    early.stop();
    await standIn.kill9();
    expect(await troubleIn(ports.pingEngine())).toMatchObject({ code: 'unreachable' });
    expect([watched.closed, early.closed, early.said]).toEqual([[], [], []]);
  });
});

describe('the address of the engine', () => {
  it('is told when nothing is there', async () => {
    const absent = createDockerWatch(engineAt('/does/not/exist.sock'));
    expect(await troubleIn(absent.pingEngine())).toMatchObject({ code: 'unreachable', detail: expect.stringContaining('/does/not/exist.sock') });
    const watched = watch(absent);
    await waitFor('the end', () => watched.closed.length > 0);
    expect(watched.closed).toMatchObject([{ code: 'unreachable' }]);
  });

  it('is ours, whatever DOCKER_HOST the environment names', async () => {
    const standIn = await startStandIn();
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://192.0.2.1:2375';
    try {
      await createDockerWatch(engineAt(`unix://${standIn.socketPath}`)).pingEngine();
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
      await standIn.stop();
    }
  });

  it('may be a TCP port', async () => {
    const server = createServer((_, response) => response.end('OK'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await createDockerWatch(engineAt(`tcp://127.0.0.1:${port}`)).pingEngine();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await troubleIn(createDockerWatch(engineAt(`tcp://127.0.0.1:${port}`)).pingEngine())).toMatchObject({ code: 'unreachable' });
  });

  it.each(['ssh://me@host.example', 'docker.sock', '', 'tcp://'])('is refused with what is expected when it is %j', (text) => {
    expect(() => engineAt(text)).toThrow(/expected a socket path, unix:\/\/<path> or tcp:\/\/<host>:<port>/);
  });

  it('may have any port, and a path below the temporary directory', () => {
    expect(engineAt('tcp://engine.example').where).toBe('tcp://engine.example:2375');
    expect(engineAt(`unix://${join('/run', 'x.sock')}`).where).toBe('/run/x.sock');
  });
});
