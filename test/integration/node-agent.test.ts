/** What the node-agent says of containers that really live and die: a real dockerd, the real adapter, a fake bus. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { AgentOnDocker, realPorts } from '../kit/node-agent-on-docker.ts';
import { nodeDoc, says, service } from '../kit/node-agent-world.ts';
import { waitFor } from '../kit/wait.ts';

/** Waits for a file, then does what it was told. */
const onSignal = (then: string): readonly string[] => ['sh', '-c', `while [ ! -e /tmp/go ]; do sleep 0.1; done; ${then}`];
/** The kernel hands signals to a first process only where it asked for them. */
const deafCommand: readonly string[] = ['sleep', '3600'];

describe.skipIf(!haveDockerd())('the node-agent on a real engine', () => {
  let engine: Dockerd;
  let agent: AgentOnDocker;

  const run = (name: string, command: readonly string[], ...options: readonly string[]): Promise<string> =>
    engine.docker('run', '-d', '--network', 'none', '--name', name, ...options, busyboxImage, ...command);
  const go = (name: string): Promise<string> => engine.docker('exec', name, 'touch', '/tmp/go');

  beforeAll(async () => {
    engine = await startDockerd();
    await engine.importBusybox();
    agent = await AgentOnDocker.start(realPorts(engine.socketPath));
    // All at once: each needs 10 s to settle.
    await run('killed', politeCommand, '--restart', 'unless-stopped');
    await run('stopped', politeCommand);
    await run('deaf', deafCommand);
    await run('shot', politeCommand);
    await run('crashing', onSignal('exit 7'));
    await run('job', onSignal('exit 0'));
    await run('hungry', onSignal('exec dd if=/dev/zero of=/dev/null bs=256M count=1'), '--memory', '16m', '--memory-swap', '16m');
    await run('restarted', politeCommand);
    await run('paused', politeCommand);
    await run('ghosted', politeCommand);
    await run('removed', politeCommand);
    await run('first', politeCommand, '--label', 'com.docker.compose.service=pair', '--label', 'com.docker.compose.project=lab');
    await run('second', politeCommand, '--label', 'com.docker.compose.service=pair', '--label', 'com.docker.compose.project=lab');
  });
  afterAll(async () => {
    await agent.stop();
    await engine.stop();
    expect(agent.life.failures).toEqual([]);
  });

  it('finds everything, lets it settle and announces it once', async () => {
    for (const name of ['killed', 'stopped', 'deaf', 'shot', 'crashing', 'job', 'hungry', 'restarted', 'paused', 'ghosted', 'removed', 'pair']) {
      await agent.until(name, 'healthy/running');
      expect(agent.newsOf(name)).toEqual(['service_healthy']);
    }
    expect(nodeDoc(agent.io)).toMatchObject({ status: 'online', engine: 'up', services_count: 12, services_digest: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(agent.life.mode).toBe('watching');
    expect(agent.io.completed()).toBe(true);
  });

  // Each has containers of its own, and most of the time waits for one to settle: side by side.
  it.concurrent('tells a kill through the API from a stop', async () => {
    await engine.docker('kill', 'killed');
    await engine.docker('stop', 'stopped');
    await engine.docker('stop', '-t', '1', 'deaf');
    expect(await agent.until('killed', 'down/killed')).toMatchObject({ exit_code: 137, restart_policy: 'unless-stopped', oom_killed: false });
    await agent.until('stopped', 'stopped/stopped_by_person');
    expect(await agent.until('deaf', 'stopped/stopped_by_person')).toMatchObject({ exit_code: 137 });
    expect(agent.newsOf('killed')).toEqual(['service_healthy', 'containers_not_running']);
    expect(agent.newsOf('stopped')).toEqual(['service_healthy', 'service_stopped']);
  });

  it.concurrent('tells a crash from a kill, and from a job that ended', async () => {
    await engine.killFromHost('shot');
    await go('crashing');
    await go('job');
    expect(await agent.until('shot', 'down/crashed')).toMatchObject({ exit_code: 137 });
    expect(await agent.until('crashing', 'down/crashed')).toMatchObject({ exit_code: 7 });
    await agent.until('job', 'stopped/completed');
    const event = agent.io.events.find((each) => each.service === 'crashing' && each.type === 'containers_not_running');
    expect(event?.payload).toMatchObject({
      reason: 'crashed',
      exit_code: 7,
      container: 'crashing',
      started_at: expect.any(String),
      finished_at: expect.any(String),
    });
  });

  it.concurrent('sees that a container ran out of memory', async () => {
    await go('hungry');
    expect(await agent.until('hungry', 'down/oom_killed')).toMatchObject({ oom_killed: true });
  });

  it.concurrent('sees a restart by a person as no trouble', async () => {
    const before = service(agent.io, 'restarted')?.['started_at'];
    await engine.docker('restart', 'restarted');
    await waitFor('the new start', () => service(agent.io, 'restarted')?.['started_at'] !== before);
    await agent.until('restarted', 'healthy/running');
    expect(agent.newsOf('restarted')).not.toContain('containers_not_running');
  });

  it.concurrent('says one thing about a restart loop, and sees a person end it', async () => {
    await run('looping', ['sh', '-c', 'exit 3'], '--restart', 'always');
    await waitFor('a few rounds', () => Number(service(agent.io, 'looping')?.['restart_count'] ?? 0) >= 3, { state: () => service(agent.io, 'looping') });
    await agent.until('looping', 'down/restarting');
    expect(agent.newsOf('looping')).toEqual(['containers_not_running']);
    await engine.docker('stop', 'looping');
    await agent.until('looping', 'stopped/stopped_by_person');
  });

  it.concurrent('follows a health check both ways', async () => {
    await run(
      'checked',
      politeCommand,
      '--health-cmd',
      'test ! -e /tmp/sick || { echo feverish; exit 1; }',
      '--health-interval',
      '1s',
      '--health-retries',
      '1',
    );
    await agent.until('checked', 'healthy/running');
    await engine.docker('exec', 'checked', 'touch', '/tmp/sick');
    expect(await agent.until('checked', 'unhealthy/health_check_failed')).toMatchObject({ health_log: 'feverish' });
    await engine.docker('exec', 'checked', 'rm', '/tmp/sick');
    await agent.until('checked', 'healthy/running');
    expect(agent.newsOf('checked')).toEqual(['service_healthy', 'healthcheck_failed', 'service_healthy']);
    await engine.docker('rm', '-f', 'checked');
  });

  it.concurrent('takes a paused container for one that a person put aside', async () => {
    await engine.docker('pause', 'paused');
    await agent.until('paused', 'stopped/paused');
    await engine.docker('unpause', 'paused');
    await agent.until('paused', 'healthy/running');
  });

  it.concurrent('keeps the name of a service whose container became a ghost, and prefers its successor', async () => {
    const id = (await engine.docker('inspect', '--format', '{{.Id}}', 'ghosted')).slice(0, 12);
    await engine.docker('rename', 'ghosted', `${id}_ghosted`);
    await waitFor('the new name', () => service(agent.io, 'ghosted')?.['container'] === `${id}_ghosted`);
    await engine.docker('kill', `${id}_ghosted`);
    await agent.until('ghosted', 'down/killed');
    await run('ghosted', politeCommand);
    expect(await agent.until('ghosted', 'healthy/running')).toMatchObject({ container: 'ghosted' });
    expect([...agent.io.held.keys()].filter((topic) => topic.includes('ghosted'))).toEqual(['health/vps/ghosted']);
  });

  it.concurrent('is as bad as the worst of two containers', async () => {
    await engine.docker('kill', 'second');
    expect(await agent.until('pair', 'down/killed')).toMatchObject({ container: 'second', project: 'lab' });
    await engine.docker('rm', 'second');
    expect(await agent.until('pair', 'healthy/running')).toMatchObject({ container: 'first' });
  });

  it.concurrent('removes what is removed, and never shows what could not start', async () => {
    await engine.docker('rm', '-f', 'removed');
    await expect(run('hopeless', ['/no/such/program'])).rejects.toThrow('no such file');
    await waitFor('its removal', () => service(agent.io, 'removed') === undefined);
    expect(agent.newsOf('removed')).toEqual(['service_healthy', 'service_removed']);
    expect(service(agent.io, 'hopeless')).toBeUndefined();
  });

  it('keeps every reason over a restart of itself, whether or not the engine remembers', async () => {
    const reasons = (of: AgentOnDocker): Record<string, string> =>
      Object.fromEntries(['killed', 'stopped', 'deaf', 'shot', 'crashing', 'job', 'hungry', 'looping', 'pair'].map((name) => [name, says(of.io, name)]));
    const before = reasons(agent);
    expect(before).toMatchObject({ killed: 'down/killed', deaf: 'stopped/stopped_by_person', hungry: 'down/oom_killed', looping: 'stopped/stopped_by_person' });
    const forgetful = await AgentOnDocker.start({ ...realPorts(engine.socketPath), history: () => Promise.resolve([]) }, agent);
    await waitFor('its documents', () => forgetful.io.completed());
    expect(reasons(forgetful)).toEqual(before);
    expect(forgetful.io.events).toEqual([]);
    await forgetful.stop();
  });

  it('asks the engine for the reasons of deaths that it did not see', async () => {
    const name = 'unseen';
    await run(name, politeCommand);
    await engine.docker('kill', name);
    const fresh = await AgentOnDocker.start(realPorts(engine.socketPath));
    await fresh.until(name, 'down/killed');
    await engine.docker('start', name);
    await engine.docker('stop', name);
    const another = await AgentOnDocker.start(realPorts(engine.socketPath));
    expect(await another.until(name, 'stopped/stopped_by_person')).toMatchObject({ exit_code: 0 });
    await fresh.stop();
    await another.stop();
  });
});
