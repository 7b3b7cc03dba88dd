/** The modes of the agent: gaps in the stream, and engines that are away. */
import { afterEach, describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { endWorlds, news, nodeDoc, old, says, service, startedWorld } from '../../test/kit/node-agent-world.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { nodeAgentMachine } from './machine.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

describe('hints', () => {
  it('that were lost are made good by the list, within a minute', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock, { restartPolicy: 'no' }));
      engine.run('job', old(clock, { restartPolicy: 'no' }));
    });
    const [web, job] = [...engine.containers.keys()] as [string, string];
    engine.isTelling = false;
    engine.exit(web, 2);
    engine.remove(job);
    engine.run('late', old(clock));
    await clock.run(64_000);
    // The engine itself remembers why: the agent asked it.
    expect(says(io, 'web')).toBe('down/crashed');
    expect(service(io, 'job')).toBeUndefined();
    expect(says(io, 'late')).toBe('healthy/running');
  });

  it('in a storm cause one inspect at a time for each container', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.inspects = 0;
    for (let n = 0; n < 500; n += 1) engine.say(id, n % 2 === 0 ? 'exec_start: probe' : 'top');
    engine.change(id, { health: 'unhealthy' });
    await clock.run(0);
    expect(engine.inspectsAtOnceMax).toBe(1);
    expect(engine.inspects).toBeLessThanOrEqual(3);
    expect(says(io, 'web')).toBe('unhealthy/health_check_failed');
  });

  it('that come while a list is under way are newer than that list', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock, { restartPolicy: 'no' }));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.listTakesMs = 2_000;
    await clock.run(61_000);
    engine.exit(id, 1);
    const late = engine.run('late', { health: 'healthy' });
    await clock.run(30_000);
    expect(says(io, 'web')).toBe('down/crashed');
    expect(says(io, 'late')).toBe('healthy/running');
    expect(service(io, 'late')).toMatchObject({ container_id: late.slice(0, 12) });
    expect(news(io)).toEqual(['service_healthy web', 'containers_not_running web', 'service_healthy late']);
  });

  it('that come while an inspect is under way cause one more after it', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock, { health: 'healthy' }));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.inspectTakesMs = 50;
    engine.say(id, 'update');
    await clock.run(10);
    engine.exit(id, 1);
    await clock.run(100);
    expect(says(io, 'web')).toBe('down/crashed');
    expect(engine.inspectsAtOnceMax).toBe(1);
  });

  it('about what a health check executes cost the engine nothing', async () => {
    const { clock, engine } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    const id = [...engine.containers.keys()][0]!;
    const before = engine.inspects;
    for (const action of ['exec_create: probe', 'exec_start: probe', 'exec_die']) engine.say(id, action);
    await clock.run(1_000);
    expect(engine.inspects).toBe(before);
  });

  it('for a container that cannot be inspected end nothing, and the list is tried soon', async () => {
    const { clock, engine, io, life } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
      engine.run('other', old(clock));
    });
    const [web, other] = [...engine.containers.keys()] as [string, string];
    engine.broken.add(web);
    engine.exit(web, 1);
    await clock.run(1_000);
    engine.exit(other, 1);
    await clock.run(0);
    expect(says(io, 'other')).toBe('down/crashed');
    expect(says(io, 'web')).toBe('healthy/running');
    await clock.run(5_000);
    expect(says(io, 'web')).toBe('down/crashed');
    expect(life.mode).toBe('watching');
    expect(nodeDoc(io)).toMatchObject({ status: 'online' });
  });

  it('for a container that cannot be inspected leave it to the list that is under way', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    const id = [...engine.containers.keys()][0]!;
    await clock.run(59_900);
    engine.broken.add(id);
    engine.listTakesMs = 1_000;
    engine.isTelling = false;
    engine.exit(id, 1);
    engine.isTelling = true;
    await clock.run(200);
    engine.say(id, 'update');
    await clock.run(1_000);
    expect(says(io, 'web')).toBe('down/crashed');
  });
});

describe('an engine that is away', () => {
  it('from the start is said in words and announced once, and found when it comes', async () => {
    const { clock, engine, io, life } = await startedWorld((engine) => {
      engine.die();
    });
    await clock.run(120_000);
    expect(nodeDoc(io)).toMatchObject({ status: 'degraded', engine: 'unreachable', engine_detail: 'ping: connect ENOENT /run/docker.sock' });
    expect(news(io)).toEqual(['engine_unreachable']);
    expect(life.mode).toBe('connecting');
    expect(io.completed()).toBe(false);
    engine.run('web', old(clock));
    engine.comeBack();
    await clock.run(5_000);
    expect(nodeDoc(io)).toMatchObject({ status: 'online', engine: 'up', engine_detail: null });
    expect(says(io, 'web')).toBe('healthy/running');
    expect(news(io)).toEqual(['engine_unreachable', 'engine_recovered', 'service_healthy web']);
  });

  it('makes its services unknown, and each comes back as it was, without news', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
      engine.run('sick', old(clock, { health: 'unhealthy' }));
    });
    await clock.run(1_000);
    const since = service(io, 'web')?.['since'];
    engine.die();
    await clock.run(0);
    expect(says(io, 'web')).toBe('unknown/engine_unreachable');
    expect(says(io, 'sick')).toBe('unknown/engine_unreachable');
    await clock.run(60_000);
    engine.comeBack();
    await clock.run(5_000);
    expect(service(io, 'web')).toMatchObject({ status: 'healthy', since });
    expect(says(io, 'sick')).toBe('unhealthy/health_check_failed');
    expect(news(io)).toEqual(['service_healthy web', 'healthcheck_failed sick', 'engine_unreachable', 'engine_recovered']);
  });

  it('and hangs is said within 10 s, and recovers by itself', async () => {
    const { clock, engine, io, life } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    engine.hang();
    await clock.run(10_000);
    expect(nodeDoc(io)).toMatchObject({ status: 'degraded', engine: 'hung' });
    expect(says(io, 'web')).toBe('unknown/engine_unreachable');
    expect(life.mode).toBe('hung');
    await clock.run(60_000);
    engine.comeBack();
    await clock.run(10_000);
    expect(nodeDoc(io)).toMatchObject({ engine: 'up' });
    expect(news(io)).toEqual(['service_healthy web', 'engine_unreachable', 'engine_recovered']);
  });

  it('first hung and then gone is one outage with two faces', async () => {
    const { clock, engine, io } = await startedWorld();
    engine.hang();
    await clock.run(12_000);
    engine.die();
    await clock.run(12_000);
    expect(nodeDoc(io)).toMatchObject({ engine: 'unreachable' });
    expect(news(io)).toEqual(['engine_unreachable']);
  });

  it('only in its stream is not away, and nothing that happened meanwhile is lost', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock, { restartPolicy: 'no' }));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.breakStream();
    engine.kill(id);
    await clock.run(3_000);
    expect(says(io, 'web')).toBe('down/killed');
    expect(nodeDoc(io)).toMatchObject({ status: 'online' });
    expect(news(io)).toEqual(['service_healthy web', 'containers_not_running web']);
  });

  it('for long and then steady is looked for quickly again when its stream breaks', async () => {
    const { clock, engine, life } = await startedWorld((engine) => {
      engine.die();
    });
    await clock.run(600_000);
    engine.comeBack();
    await clock.run(20_000);
    engine.breakStream();
    await clock.run(500);
    expect(life.mode).toBe('connecting');
    await clock.run(600);
    expect(life.mode).toBe('watching');
  });

  it('in that it answers pings and refuses every list counts as away after three tries', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    engine.isListBroken = true;
    await clock.run(65_500);
    expect(says(io, 'web')).toBe('healthy/running');
    await clock.run(5_000);
    expect(says(io, 'web')).toBe('unknown/engine_unreachable');
    expect(nodeDoc(io)).toMatchObject({ engine: 'unreachable', engine_detail: 'HTTP 500 driver failed' });
    engine.isListBroken = false;
    await clock.run(5_000);
    expect(says(io, 'web')).toBe('healthy/running');
    expect(news(io)).toEqual(['service_healthy web', 'engine_unreachable', 'engine_recovered']);
  });

  it('and leaves a container stopped when it returns is the reason given', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.die();
    await clock.run(2_000);
    engine.comeBack();
    engine.stop(id, 143);
    await clock.run(8_000);
    expect(says(io, 'web')).toBe('down/engine_restart');
    expect(news(io)).toEqual(['service_healthy web', 'engine_unreachable', 'engine_recovered', 'containers_not_running web']);
  });

  it('before it could tell about the last container it stopped is the reason too', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock, { restartPolicy: 'no' }));
      engine.run('db', old(clock, { restartPolicy: 'no' }));
    });
    const [web, db] = [...engine.containers.keys()] as [string, string];
    engine.inspectTakesMs = 100;
    for (const id of [web, db]) {
      engine.say(id, 'kill', { signal: 15 });
      engine.exit(id, 0);
    }
    await clock.run(10);
    engine.die();
    engine.inspectTakesMs = 0;
    await clock.run(2_000);
    engine.comeBack();
    await clock.run(8_000);
    expect([says(io, 'web'), says(io, 'db')]).toEqual(['down/engine_restart', 'down/engine_restart']);
  });

  it('after it stopped everything itself is the reason too', async () => {
    const { clock, engine, io } = await startedWorld((engine, clock) => {
      engine.run('web', old(clock, { restartPolicy: 'no' }));
    });
    const id = [...engine.containers.keys()][0]!;
    engine.stop(id, 143);
    await clock.run(500);
    engine.die();
    await clock.run(5_000);
    engine.comeBack();
    await clock.run(8_000);
    expect(says(io, 'web')).toBe('down/engine_restart');
  });
});

describe('the module', () => {
  it('says which port is missing instead of doing nothing', async () => {
    const clock = new StepClock();
    const errors: unknown[] = [];
    const bare = createActor(nodeAgentMachine, { input: { node: 'vps' }, clock });
    bare.subscribe({ error: (error) => errors.push(error) });
    bare.start();
    await clock.run(3_000);
    expect(errors.map(String)).toEqual([expect.stringContaining('port not injected')]);
  });
});
