/** What the node-agent says when the engine itself hangs, dies and returns, or keeps things to itself. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { AgentOnDocker, realPorts } from '../kit/node-agent-on-docker.ts';
import { service } from '../kit/node-agent-world.ts';

/** Healthy after a second instead of ten. */
const quick = ['--health-cmd', 'true', '--health-interval', '1s'];

/** An engine of its own for each test, with three containers, and an agent that is started when the test wants it. */
class Trouble {
  readonly engine: Dockerd;
  private started: AgentOnDocker | null = null;

  private constructor(engine: Dockerd) {
    this.engine = engine;
  }

  static async open(): Promise<Trouble> {
    const trouble = new Trouble(await startDockerd());
    opened.push(trouble);
    const run = (name: string, ...options: readonly string[]): Promise<string> =>
      trouble.engine.docker('run', '-d', '--network', 'none', '--name', name, ...quick, ...options, busyboxImage, ...politeCommand);
    await trouble.engine.importBusybox();
    await run('always', '--restart', 'always');
    await run('unless-stopped', '--restart', 'unless-stopped');
    await run('plain');
    return trouble;
  }

  get agent(): AgentOnDocker {
    if (this.started === null) throw new Error('no agent was started');
    return this.started;
  }

  async start(ports: NodeAgentPorts = realPorts(this.engine.socketPath)): Promise<AgentOnDocker> {
    this.started = await AgentOnDocker.start(ports);
    return this.started;
  }

  /** The same, and waits until it has seen every service well. */
  async watch(ports?: NodeAgentPorts): Promise<AgentOnDocker> {
    const agent = await this.start(ports);
    await this.settled();
    return agent;
  }

  async settled(): Promise<void> {
    for (const name of ['always', 'unless-stopped', 'plain']) await this.agent.until(name, 'healthy/running');
  }

  /** What the agent said of the engine itself. */
  get news(): readonly string[] {
    return this.agent.newsOf(null);
  }

  /** What killed the agent, if anything did. */
  get failures(): readonly Error[] {
    return this.started?.life.failures ?? [];
  }

  async close(): Promise<void> {
    await this.started?.stop();
    await this.engine.stop();
  }
}

const opened: Trouble[] = [];

// Side by side, because nearly all of it is waiting for one engine or the other.
describe.skipIf(!haveDockerd()).concurrent('the node-agent and an engine in trouble', () => {
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    expect(opened.flatMap(({ failures }) => failures)).toEqual([]);
  });

  it('says that it hangs, says nothing of its services, and sees it come back', async () => {
    const trouble = await Trouble.open();
    const { engine } = trouble;
    const agent = await trouble.watch();
    engine.pause();
    expect(await agent.untilNode('the hang', (doc) => doc['engine'] === 'hung')).toMatchObject({
      status: 'degraded',
      engine_detail: expect.stringContaining('no answer within'),
    });
    expect(service(agent.io, 'plain')).toMatchObject({ status: 'unknown', reason: 'engine_unreachable' });
    expect(agent.life.mode).toBe('hung');
    engine.resume();
    await agent.untilNode('the engine', (doc) => doc['engine'] === 'up');
    await trouble.settled();
    expect(trouble.news).toEqual(['engine_unreachable', 'engine_recovered']);
    expect(agent.newsOf('plain')).toEqual(['service_healthy']);
  });

  it('says why a container is still stopped after the engine was killed and started again', async () => {
    const trouble = await Trouble.open();
    const { engine } = trouble;
    const agent = await trouble.watch();
    await engine.kill9();
    await agent.untilNode('the loss', (doc) => doc['engine'] === 'unreachable');
    expect(service(agent.io, 'always')).toMatchObject({ status: 'unknown' });
    await engine.restart();
    await agent.until('unless-stopped', 'down/engine_restart');
    await agent.until('plain', 'down/engine_restart');
    await agent.until('always', 'healthy/running');
    expect(trouble.news).toEqual(['engine_unreachable', 'engine_recovered']);
    expect(agent.newsOf('unless-stopped')).toEqual(['service_healthy', 'containers_not_running']);
    expect(agent.newsOf('always')).toEqual(['service_healthy']);
  });

  it('says the same when the engine was told to end, and stopped its containers first', async () => {
    const trouble = await Trouble.open();
    const { engine } = trouble;
    const agent = await trouble.watch();
    await engine.terminate();
    await agent.untilNode('the loss', (doc) => doc['engine'] === 'unreachable');
    await engine.restart();
    await agent.until('plain', 'down/engine_restart');
    await agent.until('always', 'healthy/running');
    await agent.until('unless-stopped', 'healthy/running');
    expect(agent.newsOf('plain')).toContain('containers_not_running');
  });

  it('finds by a list what the stream did not say', async () => {
    const trouble = await Trouble.open();
    const { engine } = trouble;
    const ports = realPorts(engine.socketPath);
    let breakStream: () => void = () => undefined;
    let isDeaf = false;
    const agent = await trouble.watch({
      ...ports,
      watchEngine: (handlers) => {
        isDeaf = false;
        const stop = ports.watchEngine({
          ...handlers,
          onHint: (hint) => {
            if (!isDeaf) handlers.onHint(hint);
          },
        });
        breakStream = () => {
          stop();
          handlers.onClosed({ code: 'unreachable', retryable: true, detail: 'broken by the test' });
        };
        return stop;
      },
    });
    isDeaf = true;
    await engine.docker('kill', 'plain');
    await engine.docker('rm', '-f', 'unless-stopped');
    breakStream();
    await agent.until('plain', 'down/killed');
    await agent.untilNode('the removal', (doc) => doc['services_count'] === 2);
    expect(trouble.news).toEqual([]);
    expect(agent.newsOf('unless-stopped')).toEqual(['service_healthy', 'service_removed']);
  });

  it('starts without an engine, says where it looked, and finds it later', async () => {
    const trouble = await Trouble.open();
    const { engine } = trouble;
    await engine.terminate();
    const agent = await trouble.start();
    const doc = await agent.untilNode('the trouble', (each) => each['engine'] === 'unreachable');
    expect(doc).toMatchObject({ status: 'degraded', engine_detail: expect.stringContaining(engine.socketPath) });
    await engine.restart();
    await agent.until('always', 'healthy/running');
    expect(trouble.news).toEqual(['engine_unreachable', 'engine_recovered']);
  });
});

describe('the node-agent where there has never been an engine', () => {
  it('says so once and goes on with its heartbeat', async () => {
    const agent = await AgentOnDocker.start(realPorts(join(tmpdir(), 'no-such-engine.sock')));
    await agent.untilNode('the trouble and the metrics', (doc) => doc['engine'] === 'unreachable' && doc['memory_bytes'] !== null);
    await agent.stop();
    expect(agent.newsOf(null)).toEqual(['engine_unreachable']);
    expect(agent.life.mode).toBe('connecting');
  });
});
