/** What the documents on the bus tell: services while the observer is away, zigbee2mqtt, the clock, an engine that hangs. */
import { afterEach, describe, expect, it } from 'vitest';
import { topics } from '../../../contracts/topics.ts';
import { endWorlds, StabilityWorld } from '../../../test/kit/stability-world.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const second = 1_000;
const minute = 60 * second;

/** Heartbeats every 30 s, each answered by the observer unless it is away, or sees the time differently. */
async function live(
  world: StabilityWorld,
  ms: number,
  how: { readonly observer?: boolean; readonly health?: object; readonly aheadMs?: number; readonly delayMs?: number; readonly ofMostMs?: number } = {},
): Promise<readonly string[]> {
  for (let passed = 0; passed < ms; passed += 30 * second) {
    world.heartbeat(how.health);
    const { delayMs = 0, aheadMs = 0 } = how;
    await world.run(delayMs);
    const there = new Date(world.clock.now() + aheadMs).toISOString();
    await world.run(delayMs);
    if (how.observer !== false) {
      const body = { status: 'online', node: 'vps', site: 'hub', last_seen: there, since: there, ts: there, observer_ahead_ms: how.ofMostMs ?? null };
      world.life.hearDocument(topics.worldNode, { node: 'vps' }, body);
    }
    await world.run(30 * second - 2 * delayMs);
  }
  return world.news;
}

const desired = (world: StabilityWorld, ...services: readonly object[]): void => {
  world.life.hearDocument(topics.desired, { node: 'vps' }, { status: 'declared', node: 'vps', site: 'hub', services });
};
const web = { name: 'web', origin: 'declared' };

describe('a desired service that does not run', () => {
  it('is the business of the observer while there is one', async () => {
    const world = await StabilityWorld.started();
    desired(world, web);
    world.service('web', 'down');
    expect(await live(world, 30 * minute)).toEqual([]);
  });

  it('is said when no observer has been heard for three heartbeats, its grace and a minute', async () => {
    const world = await StabilityWorld.started();
    desired(world, web);
    world.service('web', 'down');
    // Away since the start: nobody is missed before 90 s, then come 20 s of grace and 60 s, seen by the round at 4 min.
    expect(await live(world, 3.5 * minute, { observer: false })).toEqual([]);
    expect(await live(world, 1 * minute, { observer: false })).toEqual(['desired_not_running web']);
    expect(world.io.events[0]).toMatchObject({ severity: 'warning', payload: { status: 'down' } });
    expect(await live(world, 30 * minute, { observer: false })).toHaveLength(1);
    world.service('web', 'healthy');
    expect(await live(world, minute, { observer: false })).toEqual(['desired_not_running web', 'desired_running web']);
  });

  it('is left to the observer again as soon as it is back', async () => {
    const world = await StabilityWorld.started();
    desired(world, web);
    world.service('web', 'down');
    await live(world, 5 * minute, { observer: false });
    expect(await live(world, 2 * minute)).toEqual(['desired_not_running web', 'desired_running web']);
  });

  it('has the grace that its declaration gives it', async () => {
    const world = await StabilityWorld.started();
    desired(world, { ...web, grace_ms: 10 * minute });
    world.service('web', 'down');
    // Noticed with the round at 2 min.
    expect(await live(world, 12.5 * minute, { observer: false })).toEqual([]);
    expect(await live(world, minute, { observer: false })).toEqual(['desired_not_running web']);
  });

  it.each([
    ['stopped', 'declared', true],
    ['stopped', 'adopted', false],
    ['unhealthy', 'declared', false],
    ['starting', 'declared', false],
    ['unknown', 'declared', false],
  ])('%s and %s: %s', async (status, origin, isSaid) => {
    const world = await StabilityWorld.started();
    desired(world, { ...web, origin });
    world.service('web', status);
    expect(await live(world, 30 * minute, { observer: false })).toHaveLength(isSaid ? 1 : 0);
  });

  it('without a container is missing only where the node counts none', async () => {
    const world = await StabilityWorld.started();
    desired(world, web);
    expect(await live(world, 30 * minute, { observer: false, health: { services_count: 1 } })).toEqual([]);
    expect(await live(world, 5 * minute, { observer: false, health: { services_count: 0 } })).toEqual(['desired_not_running web']);
    expect(world.io.events[0]?.payload).toMatchObject({ status: 'missing' });
  });

  it.each([
    ['its node-agent is away', { status: 'offline' }],
    ['the engine hangs', { engine: 'hung' }],
  ])('cannot be seen while %s', async (_, health) => {
    const world = await StabilityWorld.started();
    desired(world, web);
    world.service('web', 'down');
    const news = await live(world, 4 * minute, { observer: false, health });
    expect(news).toEqual([]);
    expect(world.detail).toContain('cannot check desired-services');
  });

  it('that nobody monitors, or desires any more, is left alone', async () => {
    const world = await StabilityWorld.started();
    desired(world, { ...web, monitor: false });
    world.service('web', 'down');
    expect(await live(world, 10 * minute, { observer: false })).toEqual([]);
    desired(world, web);
    expect(await live(world, 5 * minute, { observer: false })).toEqual(['desired_not_running web']);
    desired(world);
    expect(await live(world, minute, { observer: false })).toEqual(['desired_not_running web', 'desired_running web']);
  });
});

describe('zigbee2mqtt', () => {
  it('that runs and says offline for two minutes is said, and online after half a minute', async () => {
    const world = await StabilityWorld.started();
    world.service('zigbee2mqtt', 'healthy');
    world.hearMessage('zigbeeBridge', { state: 'offline' });
    // Seen by the round at 1 min.
    await world.run(3 * minute - 1);
    expect(world.news).toEqual([]);
    await world.run(1);
    expect(world.news).toEqual(['zigbee_bridge_offline zigbee2mqtt']);
    world.hearMessage('zigbeeBridge', { state: 'online' });
    await world.run(minute);
    expect(world.news).toHaveLength(1);
    await world.run(minute);
    expect(world.news).toEqual(['zigbee_bridge_offline zigbee2mqtt', 'zigbee_bridge_online zigbee2mqtt']);
  });

  it.each(['down', 'stopped', 'starting', 'unknown'])('whose container is %s is the node-agent’s to say', async (status) => {
    const world = await StabilityWorld.started();
    world.service('zigbee2mqtt', status);
    world.hearMessage('zigbeeBridge', { state: 'offline' });
    await world.run(30 * minute);
    expect([world.news, world.life.mode]).toEqual([[], 'watching']);
  });

  it('of another machine, or one that never spoke, is not looked at', async () => {
    const world = await StabilityWorld.started();
    world.hearMessage('zigbeeBridge', { state: 'offline' });
    await world.run(30 * minute);
    expect([world.news, world.life.mode]).toEqual([[], 'watching']);
  });
});

describe('the clock', () => {
  it.each([
    ['agrees', 0, 0],
    ['is 4.99 s behind', 4_990, 0],
    ['is 4.99 s ahead', -4_990, 0],
    ['may be 4.99 s behind, for all that the way there and back lets be known', 5_990, 1_000],
  ])('that %s is fine', async (_, aheadMs, delayMs) => {
    const world = await StabilityWorld.started();
    expect(await live(world, 10 * minute, { aheadMs, delayMs })).toEqual([]);
    expect(world.life.mode).toBe('watching');
  });

  it.each([
    [5_000, 0, 'warning', "the clock of vps is 5.0 s behind that of the observer's machine (± 0.0 s)"],
    [-5_000, 0, 'warning', "the clock of vps is 5.0 s ahead of that of the observer's machine (± 0.0 s)"],
    [6_000, 1_000, 'warning', "the clock of vps is 6.0 s behind that of the observer's machine (± 1.0 s)"],
    [90_000, 0, 'error', "the clock of vps is 90.0 s behind that of the observer's machine (± 0.0 s)"],
  ])('that differs by %s ms, heard after %s ms, is a %s', async (aheadMs, delayMs, severity, message) => {
    const world = await StabilityWorld.started();
    // Three exchanges, then two minutes.
    expect(await live(world, 3 * minute, { aheadMs, delayMs })).toEqual([]);
    expect(await live(world, 2 * minute, { aheadMs, delayMs })).toEqual(['clock_offset_high']);
    expect(world.io.events[0]).toMatchObject({ severity, message, payload: { compared_with: 'observer', offset_ms: aheadMs, error_ms: delayMs } });
  });

  it.each([
    ['by as much as all others do is fine: the observer is wrong', 60_000, 60_000, []],
    ['not at all, while all others do, is wrong: the observer runs there', 0, -60_000, ['clock_offset_high']],
    ['by 4.9 s from most is fine', 64_900, 60_000, []],
    ['by 5 s from most is wrong', 65_000, 60_000, ['clock_offset_high']],
  ])('that differs %s', async (_, aheadMs, ofMostMs, news) => {
    const world = await StabilityWorld.started();
    expect(await live(world, 10 * minute, { aheadMs, ofMostMs })).toEqual(news);
    for (const event of world.io.events)
      expect(event).toMatchObject({
        message: expect.stringContaining('of most machines of its site'),
        payload: { compared_with: 'most_nodes', offset_ms: aheadMs - ofMostMs },
      });
  });

  it('is not called wrong by the one exchange that is under way when the clock of the observer is set', async () => {
    const world = await StabilityWorld.started();
    await live(world, 5 * minute, { ofMostMs: 0 });
    // It is set, and has heard none of the others since.
    await live(world, 30 * second, { aheadMs: 60_000, ofMostMs: 0 });
    expect(await live(world, 10 * minute, { aheadMs: 60_000, ofMostMs: 60_000 })).toEqual([]);
  });

  it('is fine again within two seconds, for two minutes', async () => {
    const world = await StabilityWorld.started();
    await live(world, 6 * minute, { aheadMs: 8_000 });
    expect(await live(world, 15 * minute, { aheadMs: 2_001 })).toEqual(['clock_offset_high']);
    expect(await live(world, 10 * minute, { aheadMs: 2_000 })).toEqual(['clock_offset_high', 'clock_offset_normal']);
  });

  it('is unknown, and not wrong, while nobody answers', async () => {
    const world = await StabilityWorld.started();
    await live(world, 4 * minute, { observer: false });
    expect([world.news, world.detail]).toEqual([[], null]);
    await live(world, 2 * minute, { observer: false });
    expect([world.news, world.detail]).toEqual([[], 'cannot check clock-offset']);
  });

  it.each([
    ['a stored copy', { retained: true }, 60_000],
    ['an old word said again', { retained: false }, null],
  ])('is not judged by %s', async (_, how, aheadMs) => {
    const world = await StabilityWorld.started();
    const first = new Date(world.clock.now() - 3_600_000).toISOString();
    for (let at = 0; at < 10; at += 1) {
      world.heartbeat();
      const there = aheadMs === null ? first : new Date(world.clock.now() + aheadMs).toISOString();
      world.life.hearDocument(
        topics.worldNode,
        { node: 'vps' },
        { status: 'online', node: 'vps', site: 'hub', last_seen: there, since: there, ts: there },
        how,
      );
      await world.run(30 * second);
    }
    expect([world.news, world.detail]).toEqual([[], 'cannot check clock-offset']);
  });

  it.each([
    [5_000, ['clock_offset_high']],
    [5_001, []],
  ])('is judged by an answer that was %s ms under way each way: %j', async (delayMs, news) => {
    const world = await StabilityWorld.started();
    expect(await live(world, 10 * minute, { aheadMs: 60_000, delayMs })).toEqual(news);
  });
});

describe('an engine that hangs', () => {
  const hung = { engine: 'hung', status: 'degraded', engine_detail: 'ping: no answer' };

  it('for five minutes is said, louder than the node-agent did, and over when it answers', async () => {
    const world = await StabilityWorld.started();
    expect(await live(world, 5 * minute, { health: hung })).toEqual([]);
    expect(await live(world, 1.5 * minute, { health: hung })).toEqual(['engine_hung']);
    expect(world.io.events[0]).toMatchObject({ severity: 'critical', message: 'the container engine hangs: ping: no answer' });
    expect(await live(world, 5 * minute, { health: { ...hung, engine: 'unreachable' } })).toHaveLength(1);
    expect(await live(world, 1.5 * minute)).toEqual(['engine_hung', 'engine_answering']);
  });

  it('that is only away is not hung', async () => {
    const world = await StabilityWorld.started();
    expect(await live(world, 30 * minute, { health: { ...hung, engine: 'unreachable' } })).toEqual([]);
  });

  it('cannot be seen behind a node-agent that is away', async () => {
    const world = await StabilityWorld.started();
    await live(world, 2 * minute, { health: hung });
    world.life.hearDocument(topics.nodeHealth, { node: 'vps' }, { status: 'offline', node: 'vps' }, { will: true });
    await world.run(10 * minute);
    expect(world.news).toEqual([]);
    expect(world.detail).toContain('engine-hung');
  });
});
