/** Brokers: what counts as not answering, when that may be told, and that a broker that is well again gets no incident. */
import { afterEach, describe, expect, it } from 'vitest';
import { endWorlds, StabilityWorld, type WorldOptions } from '../../../test/kit/stability-world.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const second = 1_000;
const minute = 60 * second;
const probes = ({ io }: StabilityWorld): number => io.sent.filter(({ topic }) => topic === 'probes/stability-agent-vps').length;

describe('the broker of the node', () => {
  it('is tried with one message a minute that comes back, and at each connect', async () => {
    const world = await StabilityWorld.started();
    const before = probes(world);
    await world.run(10 * minute);
    expect(probes(world) - before).toBe(10);
    expect(world.news).toEqual([]);
    expect(world.life.mode).toBe('watching');
  });

  it('that was away for less than half a minute was never away', async () => {
    const world = await StabilityWorld.started();
    world.disconnect();
    await world.run(29_999);
    world.connect();
    await world.run(10 * minute);
    expect(world.news).toEqual([]);
  });

  it('that was away is told of afterwards, in one event that opens nothing', async () => {
    const world = await StabilityWorld.started();
    await world.run(20 * second);
    world.disconnect();
    await world.run(14 * minute);
    expect(world.news).toEqual([]);
    expect(world.detail).toBe('raised own-broker: error; cannot check desired-services');
    world.connect();
    await world.run(0);
    expect(world.news).toEqual(['mqtt_reachable']);
    expect(world.io.events[0]).toMatchObject({
      severity: 'info',
      message: 'the broker mqtt://127.0.0.1:1883 answers within 0 ms: well again after 14 min (since 2026-03-01T12:00:20.000Z)',
      payload: { lasted_s: 840, since: '2026-03-01T12:00:20.000Z', until: '2026-03-01T12:14:20.000Z' },
    });
  });

  it('that is away is in the log of its machine at once, and once: no event can say it', async () => {
    const world = await StabilityWorld.started();
    world.disconnect();
    await world.run(minute - 1);
    expect(world.logged).toEqual([]);
    await world.run(60 * minute);
    expect(world.logged).toEqual([{ check: 'own-broker', trouble: 'the broker mqtt://127.0.0.1:1883 does not answer: there is no connection' }]);
    world.connect();
    await world.run(minute);
    world.disconnect();
    await world.run(2 * minute);
    expect(world.logged).toHaveLength(2);
  });

  it('that takes messages and hands none out is away too', async () => {
    const world = await StabilityWorld.started();
    world.brokerAnswers = false;
    await world.run(5 * minute);
    expect(world.detail).toContain('own-broker: error');
    world.brokerAnswers = true;
    await world.run(2 * minute);
    expect(world.news).toEqual(['mqtt_reachable']);
    expect(world.io.events[0]?.payload).toMatchObject({ since: '2026-03-01T12:01:10.000Z' });
  });

  it('has ten seconds to hand a message back', async () => {
    const world = await StabilityWorld.started();
    world.brokerAnswers = false;
    await world.run(minute + 9_999);
    expect(world.life.actor.getSnapshot()).toMatchObject({ context: { state: { seen: { ownBroker: { ok: true } } } } });
    await world.run(1);
    expect(world.life.actor.getSnapshot()).toMatchObject({ context: { state: { seen: { ownBroker: { ok: false } } } } });
  });

  it('that was away while the agent was restarted is told of all the same', async () => {
    const first = await StabilityWorld.started();
    first.disconnect();
    await first.run(5 * minute);
    await first.life.stop();
    const then = await StabilityWorld.open({ dataDir: first.dataDir, clock: first.clock });
    await then.run(5 * minute);
    then.connect();
    await then.run(minute);
    expect([first.news, then.news]).toEqual([[], ['mqtt_reachable']]);
    expect(then.io.events[0]?.payload).toMatchObject({ lasted_s: 600 });
  });

  it('does not take the answer to an earlier message for one to the last', async () => {
    const world = await StabilityWorld.started();
    world.brokerAnswers = false;
    await world.run(minute);
    world.hearMessage('probe', { nonce: 'of somebody else' });
    await world.run(10 * second);
    expect(world.life.actor.getSnapshot()).toMatchObject({ context: { state: { seen: { ownBroker: { ok: false } } } } });
  });
});

describe('the first of several brokers', () => {
  const several = (options: WorldOptions = {}): Promise<StabilityWorld> => StabilityWorld.started({ has: ['own_broker'], ...options });

  it('that died on this machine is told of at once, about its own service, over the other one', async () => {
    const world = await several();
    world.service('mosquitto', 'healthy');
    world.machine.ownBroker = { ok: false, detail: 'ECONNREFUSED' };
    await world.run(minute);
    expect(world.news).toEqual([]);
    await world.run(minute);
    expect(world.news).toEqual(['mqtt_unreachable mosquitto']);
    expect(world.io.events[0]?.severity).toBe('error');
    world.machine.ownBroker = { ok: true, ms: 2 };
    await world.run(minute);
    expect(world.news).toEqual(['mqtt_unreachable mosquitto', 'mqtt_reachable mosquitto']);
  });

  it('is not told of while there is no connection at all, and then only if it is still dead', async () => {
    const world = await several();
    world.machine.ownBroker = { ok: false, detail: 'ECONNREFUSED' };
    world.disconnect();
    await world.run(10 * minute);
    expect(world.news).toEqual([]);
    world.connect();
    await world.run(minute);
    expect(world.news).toEqual(['mqtt_unreachable']);
    world.machine.ownBroker = { ok: true, ms: 2 };
    await world.run(minute);
    expect(world.news).toEqual(['mqtt_unreachable', 'mqtt_reachable']);
  });

  it('that died and came back while there was no connection is history: nothing is opened for it', async () => {
    const world = await several();
    world.machine.ownBroker = { ok: false, detail: 'ECONNREFUSED' };
    world.disconnect();
    await world.run(10 * minute);
    world.machine.ownBroker = { ok: true, ms: 2 };
    await world.run(minute);
    world.connect();
    await world.run(10 * minute);
    expect(world.news).toEqual(['mqtt_reachable']);
    expect(world.io.events[0]?.payload).toMatchObject({ since: '2026-03-01T12:01:00.000Z', until: '2026-03-01T12:11:00.000Z', lasted_s: 600 });
  });

  it('that runs elsewhere is the other machine’s to tell of: one outage, one incident', async () => {
    const world = await several({ checks: { isBrokerHere: false } });
    world.machine.ownBroker = { ok: false, detail: 'ECONNREFUSED' };
    await world.run(10 * minute);
    world.machine.ownBroker = { ok: true, ms: 2 };
    await world.run(minute);
    expect(world.news).toEqual(['mqtt_reachable']);
  });
});

describe('the broker upstream', () => {
  it('is not tried where none is named', async () => {
    const world = await StabilityWorld.started();
    await world.run(10 * minute);
    expect([world.machine.asked.upstream, world.life.mode]).toEqual([0, 'watching']);
  });

  it('is tried every five minutes, missed after two attempts, and back with the first that works', async () => {
    const world = await StabilityWorld.started({ has: ['upstream'] });
    expect(world.machine.asked.upstream).toBe(1);
    world.machine.upstream = { ok: false, detail: 'timeout' };
    await world.run(5 * minute);
    expect([world.machine.asked.upstream, world.news]).toEqual([2, []]);
    await world.run(5 * minute - 1);
    expect(world.news).toEqual([]);
    await world.run(1);
    expect(world.news).toEqual(['upstream_unreachable']);
    expect(world.io.events[0]).toMatchObject({ severity: 'warning', message: 'the upstream broker mqtt://192.0.2.1:1883 does not answer: timeout' });
    world.machine.upstream = { ok: true, ms: 80 };
    await world.run(5 * minute);
    expect(world.news).toEqual(['upstream_unreachable', 'upstream_reachable']);
  });
});
