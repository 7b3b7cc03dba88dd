/** What one life of the agent leaves to the next: its own documents, read back before it judges anything. */
import { afterEach, describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import type { FakeEngine } from '../../test/kit/fake-engine.ts';
import type { FakeLife } from '../../test/kit/fake-io.ts';
import { bornWorld, endWorlds, news, nodeDoc, old, says, service, startedWorld } from '../../test/kit/node-agent-world.ts';
import type { StepClock } from '../../test/kit/step-clock.ts';
import type { ContainerFacts } from './ports.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

describe('a life that follows another', () => {
  const head = (at: number) => ({ status: 'stopped', summary: '', node: 'vps', since: new Date(at - 500_000).toISOString() });
  const restarted = async (prepare: (engine: FakeEngine, clock: StepClock) => void, docs: (life: FakeLife, clock: StepClock, engine: FakeEngine) => void) => {
    const all = await bornWorld(prepare);
    docs(all.life, all.clock, all.engine);
    await all.clock.run(0);
    expect(all.life.mode).toBe('reading_back');
    all.life.synced();
    await all.clock.run(4_000);
    return all;
  };

  it('keeps reasons and beginnings it can no longer see, and announces nothing again', async () => {
    let finishedAt = '';
    const { io } = await restarted(
      (engine, clock) => {
        finishedAt = new Date(clock.now() - 400_000).toISOString();
        engine.run('web', old(clock));
        engine.run('db', old(clock, { status: 'exited', exitCode: 137, finishedAt }));
        engine.ring = [];
      },
      (life, clock, engine) => {
        const [web, db] = [...engine.containers.values()] as [ContainerFacts, ContainerFacts];
        life.hearDocument(
          topics.serviceHealth,
          { node: 'vps', service: 'web' },
          { ...head(clock.now()), status: 'healthy', reason: 'running', service: 'web', container_id: web.id.slice(0, 12), started_at: web.startedAt },
        );
        life.hearDocument(
          topics.serviceHealth,
          { node: 'vps', service: 'db' },
          {
            ...head(clock.now()),
            reason: 'stopped_by_person',
            service: 'db',
            container_id: db.id.slice(0, 12),
            started_at: db.startedAt,
            finished_at: finishedAt,
          },
        );
        life.hearDocument(topics.nodeHealth, { node: 'vps' }, { status: 'offline', node: 'vps', engine: 'up' });
      },
    );
    expect(says(io, 'db')).toBe('stopped/stopped_by_person');
    expect(service(io, 'web')).toMatchObject({ status: 'healthy', since: expect.stringMatching(/T11:51:40/) });
    expect(news(io)).toEqual([]);
  });

  it('says again what the one before said, word for word, so that it is not swept as a leftover', async () => {
    const first = await startedWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    const { engine } = first;
    const second = await bornWorld((other) => {
      for (const facts of engine.containers.values()) other.containers.set(facts.id, facts);
    });
    second.life.hearDocument(topics.serviceHealth, { node: 'vps', service: 'web' }, service(first.io, 'web') ?? null);
    second.life.synced();
    await second.clock.run(1_000);
    expect(says(second.io, 'web')).toBe('healthy/running');
    expect(second.io.completed()).toBe(true);
    expect(news(second.io)).toEqual([]);
  });

  it('asks the engine about a death in between', async () => {
    const { io } = await restarted(
      (engine, clock) => {
        engine.run('web', old(clock));
        const id = [...engine.containers.keys()][0]!;
        engine.stop(id, 137);
      },
      (life, clock) => {
        life.hearDocument(
          topics.serviceHealth,
          { node: 'vps', service: 'web' },
          { ...head(clock.now()), status: 'healthy', reason: 'running', service: 'web' },
        );
      },
    );
    expect(says(io, 'web')).toBe('stopped/stopped_by_person');
    expect(news(io)).toEqual(['service_stopped web']);
  });

  it('announces the end of trouble that began before it, and the removal of what is gone', async () => {
    const { io } = await restarted(
      (engine, clock) => {
        engine.run('web', old(clock));
      },
      (life, clock) => {
        for (const name of ['web', 'lost'])
          life.hearDocument(topics.serviceHealth, { node: 'vps', service: name }, { ...head(clock.now()), status: 'down', reason: 'crashed', service: name });
        life.hearDocument(topics.nodeHealth, { node: 'vps' }, { status: 'degraded', node: 'vps', engine: 'hung' });
      },
    );
    expect(news(io)).toEqual(['engine_recovered', 'service_healthy web', 'service_removed lost']);
  });

  it('without an engine says unknown of everything the one before said', async () => {
    const { io } = await restarted(
      (engine) => {
        engine.die();
      },
      (life, clock) => {
        life.hearDocument(
          topics.serviceHealth,
          { node: 'vps', service: 'web' },
          { ...head(clock.now()), status: 'healthy', reason: 'running', service: 'web' },
        );
        life.hearDocument(topics.nodeHealth, { node: 'vps' }, { status: 'degraded', node: 'vps', engine: 'unreachable' });
      },
    );
    expect(says(io, 'web')).toBe('unknown/engine_unreachable');
    expect(news(io)).toEqual([]);
  });

  it('without a broker works after 3 s, and hears late what was said before', async () => {
    const { clock, io, life } = await bornWorld((engine, clock) => {
      engine.run('web', old(clock));
    });
    await clock.run(2_900);
    expect(life.mode).toBe('reading_back');
    await clock.run(200);
    expect(says(io, 'web')).toBe('healthy/running');
    life.hearDocument(topics.serviceHealth, { node: 'vps', service: 'lost' }, { ...head(clock.now()), status: 'down', reason: 'crashed', service: 'lost' });
    life.synced();
    await clock.run(5_000);
    expect(news(io)).toEqual(['service_healthy web', 'service_removed lost']);
  });

  it('does not take the echo of its own documents for something that was said before it', async () => {
    const { clock, io, life } = await startedWorld();
    life.hearDocument(topics.serviceHealth, { node: 'vps', service: 'echo' }, { ...head(clock.now()), reason: 'completed', service: 'echo' });
    await clock.run(70_000);
    expect(news(io)).toEqual([]);
  });

  it('calls its documents complete only when every service has been judged', async () => {
    let answer: () => void = () => undefined;
    const { clock, io } = await startedWorld((engine, clock) => {
      const id = engine.run('web', old(clock));
      engine.stop(id, 137);
      const remembered = [...engine.ring];
      engine.history = () =>
        new Promise((resolve) => {
          answer = () => {
            resolve(remembered);
          };
        });
    });
    await clock.run(2_000);
    expect(io.completed()).toBe(false);
    answer();
    await clock.run(1_000);
    expect(io.completed()).toBe(true);
    expect(says(io, 'web')).toBe('stopped/stopped_by_person');
    // Found stopped when first seen: that is no news.
    expect(news(io)).toEqual([]);
  });

  it('ends with a node document that says offline, as the will does', async () => {
    const { clock, io, life } = await startedWorld();
    await clock.run(1_000);
    await life.blueprint.farewell?.();
    expect(nodeDoc(io)).toMatchObject({ status: 'offline', engine: 'up' });
    const will = life.blueprint.will?.(7);
    expect(will?.topic).toBe('health/vps');
    expect(topics.nodeHealth.schema.parse(JSON.parse(will?.payload ?? ''))).toMatchObject({ status: 'offline', session: 7, node: 'vps' });
  });
});
