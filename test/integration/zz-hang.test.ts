/** What the node-agent says when the engine itself hangs, dies and returns, or keeps things to itself. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { AgentOnDocker, realPorts } from '../kit/node-agent-on-docker.ts';
import { service } from '../kit/node-agent-world.ts';

/** Healthy after a second instead of ten. */
const quick = ['--health-cmd', 'true', '--health-interval', '1s'];

describe.skipIf(!haveDockerd())('the node-agent and an engine in trouble', () => {
  let engine: Dockerd;
  let agent: AgentOnDocker;

  const run = (name: string, ...options: readonly string[]): Promise<string> =>
    engine.docker('run', '-d', '--network', 'none', '--name', name, ...quick, ...options, busyboxImage, ...politeCommand);
  const engineNews = (): string[] => agent.newsOf(null);

  beforeEach(async () => {
    engine = await startDockerd();
    await engine.importBusybox();
    await run('always', '--restart', 'always');
    await run('unless-stopped', '--restart', 'unless-stopped');
    await run('plain');
  });
  afterEach(async () => {
    console.log('A', Date.now()); await agent.stop(); console.log('B', Date.now());
    await engine.stop(); console.log('C', Date.now());
    expect(agent.life.failures).toEqual([]);
  });

  const settled = async (): Promise<void> => {
    for (const name of ['always', 'unless-stopped', 'plain']) await agent.until(name, 'healthy/running');
  };

  it('says that it hangs, says nothing of its services, and sees it come back', async () => {
    agent = await AgentOnDocker.start(realPorts(engine.socketPath));
    await settled();
    engine.pause();
    expect(await agent.untilNode('the hang', (doc) => doc['engine'] === 'hung')).toMatchObject({
      status: 'degraded',
      engine_detail: expect.stringContaining('no answer within'),
    });
    expect(service(agent.io, 'plain')).toMatchObject({ status: 'unknown', reason: 'engine_unreachable' });
    expect(agent.life.mode).toBe('hung');
    engine.resume();
    await agent.untilNode('the engine', (doc) => doc['engine'] === 'up');
    await settled();
    expect(engineNews()).toEqual(['engine_unreachable', 'engine_recovered']);
    expect(agent.newsOf('plain')).toEqual(['service_healthy']);
  });

  it('says why a container is still stopped after the engine was killed and started again', async () => {
    agent = await AgentOnDocker.start(realPorts(engine.socketPath));
    await settled();
    await engine.kill9();
    await agent.untilNode('the loss', (doc) => doc['engine'] === 'unreachable');
    expect(service(agent.io, 'always')).toMatchObject({ status: 'unknown' });
    await engine.restart();
    await agent.until('unless-stopped', 'down/engine_restart');
    await agent.until('plain', 'down/engine_restart');
    await agent.until('always', 'healthy/running');
    expect(engineNews()).toEqual(['engine_unreachable', 'engine_recovered']);
    expect(agent.newsOf('unless-stopped')).toEqual(['service_healthy', 'containers_not_running']);
    expect(agent.newsOf('always')).toEqual(['service_healthy']);
  });

  it('says the same when the engine was told to end, and stopped its containers first', async () => {
    agent = await AgentOnDocker.start(realPorts(engine.socketPath));
    await settled();
    await engine.terminate();
    await agent.untilNode('the loss', (doc) => doc['engine'] === 'unreachable');
    await engine.restart();
    await agent.until('plain', 'down/engine_restart');
    await agent.until('always', 'healthy/running');
    await agent.until('unless-stopped', 'healthy/running');
    expect(agent.newsOf('plain')).toContain('containers_not_running');
  });

  it('finds by a list what the stream did not say', async () => {
    const ports = realPorts(engine.socketPath);
    let breakStream: () => void = () => undefined;
    let isDeaf = false;
    agent = await AgentOnDocker.start({
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
    await settled();
    isDeaf = true;
    await engine.docker('kill', 'plain');
    await engine.docker('rm', '-f', 'unless-stopped');
    breakStream();
    await agent.until('plain', 'down/killed');
    await agent.untilNode('the removal', (doc) => doc['services_count'] === 2);
    expect(engineNews()).toEqual([]);
    expect(agent.newsOf('unless-stopped')).toEqual(['service_healthy', 'service_removed']);
  });

  it('starts without an engine, says where it looked, and finds it later', async () => {
    await engine.terminate();
    agent = await AgentOnDocker.start(realPorts(engine.socketPath));
    const doc = await agent.untilNode('the trouble', (each) => each['engine'] === 'unreachable');
    expect(doc).toMatchObject({ status: 'degraded', engine_detail: expect.stringContaining(engine.socketPath) });
    await engine.restart();
    await agent.until('always', 'healthy/running');
    expect(engineNews()).toEqual(['engine_unreachable', 'engine_recovered']);
  });
});

describe('the node-agent where there has never been an engine', () => {
  it('says so once and goes on with its heartbeat', async () => {
    const agent = await AgentOnDocker.start(realPorts(join(tmpdir(), 'no-such-engine.sock')));
    await agent.untilNode('the trouble and the metrics', (doc) => doc['engine'] === 'unreachable' && doc['memory_bytes'] !== null);
    console.log('A', Date.now()); await agent.stop(); console.log('B', Date.now());
    expect(agent.newsOf(null)).toEqual(['engine_unreachable']);
    expect(agent.life.mode).toBe('connecting');
  });
});
