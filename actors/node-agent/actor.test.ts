/** What the agent says about services, through its wiring: engine in, documents and events out. */
import { afterEach, describe, expect, it } from 'vitest';
import { servicesDigest } from '../../contracts/services-digest.ts';
import { endWorlds, type LivingWorld, news, nodeDoc, old, says, service, startedWorld } from '../../test/kit/node-agent-world.ts';
import type { ContainerFacts } from './ports.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

describe('what is running', () => {
  it('is said healthy and announced once, 10 s after its start', async () => {
    const { clock, engine, io, life } = await startedWorld();
    expect(life.mode).toBe('watching');
    const id = engine.run('web');
    await clock.run(100);
    expect(service(io, 'web')).toMatchObject({ status: 'starting', reason: 'settling', container: 'web', container_id: id.slice(0, 12), exit_code: null });
    expect(news(io)).toEqual([]);
    await clock.run(9_900);
    expect(says(io, 'web')).toBe('healthy/running');
    await clock.run(300_000);
    expect(news(io)).toEqual(['service_healthy web']);
  });

  it('is found at start without any event, together with the node and the digest of its services', async () => {
    const { clock, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
      engine.run('lab_db_1', old(clock, { labels: { 'com.docker.compose.service': 'db', 'com.docker.compose.project': 'lab' }, health: 'healthy' }));
      engine.run('never-started', { status: 'created', startedAt: null });
    });
    await clock.run(1_000);
    expect([...io.held.keys()].sort()).toEqual(['health/vps', 'health/vps/db', 'health/vps/web']);
    expect(service(io, 'db')).toMatchObject({ status: 'healthy', project: 'lab', container: 'lab_db_1' });
    expect(nodeDoc(io)).toMatchObject({ status: 'online', engine: 'up', services_count: 2, services_digest: servicesDigest(['db', 'web']), cpu_pct: 12.3 });
    expect(io.completed()).toBe(true);
    expect(news(io).sort()).toEqual(['service_healthy db', 'service_healthy web']);
  });

  it('keeps its heartbeat every 30 s, with what can be reclaimed once measured', async () => {
    const { clock, io } = await startedWorld();
    await clock.run(6_000);
    const before = io.history.length;
    await clock.run(300_000);
    const beats = io.history.slice(before).filter(({ topic }) => topic === 'health/vps');
    expect(beats).toHaveLength(10);
    expect(nodeDoc(io)).toMatchObject({ heartbeat_ms: 30_000, reclaimable_bytes: 1_234_567, uptime_s: 1000 });
  });

  it('keeps its heartbeat when the host cannot be measured', async () => {
    const { clock, engine, io } = await startedWorld();
    engine.readMetrics = () => new Promise(() => undefined);
    const before = io.history.length;
    await clock.run(105_000);
    expect(io.history.length - before).toBeGreaterThanOrEqual(3);
    expect(nodeDoc(io)).toMatchObject({ status: 'online', memory_pct: 50 });
  });
});

describe('what ends', () => {
  const running = async (over: Partial<ContainerFacts> = {}): Promise<LivingWorld & { id: string }> => {
    let id = '';
    const all = await startedWorld((engine, clock) => {
      id = engine.run('web', old(clock, over));
    });
    await all.clock.run(1_000);
    return { ...all, id };
  };

  it('by a crash is down at once, with what is known of it in the event', async () => {
    const { clock, engine, io, id } = await running({ restartPolicy: 'no' });
    engine.exit(id, 1, { restartCount: 2 });
    await clock.run(0);
    expect(service(io, 'web')).toMatchObject({ status: 'down', reason: 'crashed', exit_code: 1, restart_count: 2 });
    const event = io.events.at(-1);
    expect(event).toMatchObject({ type: 'containers_not_running', severity: 'error', service: 'web' });
    expect(event?.payload).toMatchObject({
      reason: 'crashed',
      exit_code: 1,
      oom_killed: false,
      restart_count: 2,
      container: 'web',
      container_id: id.slice(0, 12),
    });
    expect(event?.correlation_id).toBe(`vps-web-${Math.floor(Date.parse(String(service(io, 'web')?.['finished_at'])) / 1000)}`);
  });

  it('by a kill is down after the wait for a stop that does not come', async () => {
    const { clock, engine, io, id } = await running();
    engine.kill(id);
    await clock.run(200);
    expect(says(io, 'web')).toBe('healthy/running');
    await clock.run(50);
    expect(says(io, 'web')).toBe('down/killed');
    expect(news(io)).toEqual(['service_healthy web', 'containers_not_running web']);
  });

  it('by a person is stopped, which is no trouble', async () => {
    const { clock, engine, io, id } = await running();
    engine.stop(id);
    await clock.run(1_100);
    expect(says(io, 'web')).toBe('stopped/stopped_by_person');
    expect(io.events.at(-1)).toMatchObject({ type: 'service_stopped', severity: 'info' });
  });

  it('and starts again within a restart was never away', async () => {
    const { clock, engine, io, id } = await running();
    engine.stop(id);
    await clock.run(200);
    engine.start(id);
    engine.say(id, 'restart');
    await clock.run(60_000);
    expect(says(io, 'web')).toBe('healthy/running');
    expect(news(io)).toEqual(['service_healthy web']);
  });

  it('in a restart loop is announced once, and once more when it has settled', async () => {
    const { clock, engine, io, id } = await running();
    for (let round = 1; round <= 5; round += 1) {
      engine.change(id, { status: 'restarting', exitCode: 1, restartCount: round, finishedAt: new Date(clock.now()).toISOString() });
      engine.say(id, 'die', { exitCode: 1 });
      await clock.run(100 * 2 ** round);
      engine.start(id);
      await clock.run(1_000);
    }
    expect(says(io, 'web')).toBe('starting/settling');
    await clock.run(10_000);
    expect(news(io)).toEqual(['service_healthy web', 'containers_not_running web', 'service_healthy web']);
    expect(service(io, 'web')).toMatchObject({ status: 'healthy', restart_count: 5 });
  });

  it('and is back before anybody looks, by its restart policy, is heard of all the same, and is well once it has settled', async () => {
    const { clock, engine, io, id } = await running({ restartPolicy: 'always' });
    engine.start(id, { restartCount: 1 });
    await clock.run(0);
    expect(says(io, 'web')).toBe('starting/settling');
    expect(io.events.at(-1)).toMatchObject({ type: 'service_unhealthy', severity: 'error', payload: { restart_count: 1 } });
    await clock.run(10_000);
    expect(news(io)).toEqual(['service_healthy web', 'service_unhealthy web', 'service_healthy web']);
  });

  it('by failing its health check and then by a crash is two different troubles', async () => {
    const { clock, engine, io, id } = await running({ health: 'healthy' });
    engine.change(id, { health: 'unhealthy', healthLog: 'HTTP 503' });
    engine.say(id, 'health_status: unhealthy');
    await clock.run(0);
    expect(service(io, 'web')).toMatchObject({ status: 'unhealthy', reason: 'health_check_failed', health_log: 'HTTP 503' });
    engine.exit(id, 1);
    await clock.run(0);
    engine.start(id, { health: 'healthy', healthLog: null });
    await clock.run(0);
    expect(news(io)).toEqual(['service_healthy web', 'healthcheck_failed web', 'containers_not_running web', 'service_healthy web']);
  });

  it('keeps its reason when the engine can still list it, but no longer inspect it', async () => {
    const { clock, engine, io, id } = await running();
    engine.stop(id);
    await clock.run(2_000);
    // What a list alone tells: no times.
    engine.change(id, { startedAt: null, finishedAt: null });
    await clock.run(60_000);
    expect(says(io, 'web')).toBe('stopped/stopped_by_person');
    engine.run('other', { status: 'exited', startedAt: null, finishedAt: null, exitCode: 1 });
    await clock.run(1_000);
    expect(says(io, 'other')).toBe('down/crashed');
  });

  it('with its removal is gone, after the time a recreate takes', async () => {
    const { clock, engine, io, id } = await running();
    engine.kill(id);
    engine.remove(id);
    await clock.run(2_900);
    expect(service(io, 'web')).toBeDefined();
    await clock.run(200);
    expect(service(io, 'web')).toBeUndefined();
    expect(news(io)).toEqual(['service_healthy web', 'service_removed web']);
    expect(nodeDoc(io)).toMatchObject({ services_count: 0 });
  });

  it('and is recreated under the same name was never gone', async () => {
    const { clock, engine, io, id } = await running();
    engine.kill(id);
    engine.remove(id);
    await clock.run(500);
    engine.run('web');
    await clock.run(60_000);
    expect(news(io)).toEqual(['service_healthy web']);
  });
});

describe('several containers of one service', () => {
  const labels = { 'com.docker.compose.service': 'web', 'com.docker.compose.project': 'lab' };

  it('are as bad as the worst, and one service in events', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('lab_web_1', old(clock, { labels }));
      engine.run('lab_web_2', old(clock, { labels }));
    });
    const second = [...engine.containers.keys()][1]!;
    engine.exit(second, 1);
    await clock.run(0);
    expect(service(io, 'web')).toMatchObject({ status: 'down', container: 'lab_web_2' });
    expect(news(io)).toEqual(['service_healthy web', 'containers_not_running web']);
  });

  it('are not harmed by a ghost of an interrupted recreate, unless it is all there is', async () => {
    const id = 'abcdef012345'.padEnd(64, '0');
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('abcdef012345_lab_web_1', old(clock, { id, labels, status: 'exited', exitCode: 1, finishedAt: new Date(clock.now() - 1_000).toISOString() }));
      engine.run('lab_web_1', old(clock, { labels }));
    });
    expect(service(io, 'web')).toMatchObject({ status: 'healthy', container: 'lab_web_1' });
    const real = [...engine.containers.values()].find(({ name }) => name === 'lab_web_1')!.id;
    engine.remove(real);
    await clock.run(100);
    expect(service(io, 'web')).toMatchObject({ status: 'down', container: 'abcdef012345_lab_web_1' });
  });

  it('renamed follow their name', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('old-name', old(clock));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.change(id, { name: 'new-name' });
    engine.say(id, 'rename');
    await clock.run(5_000);
    expect([...io.held.keys()].sort()).toEqual(['health/vps', 'health/vps/new-name']);
  });
});
