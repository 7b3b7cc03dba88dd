/** The tailnet: down, a key that expires, a peer that is lost; each at its edge, what nobody can see, and what is forgotten. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventTypeRow } from '../../../contracts/event-types.table.ts';
import { endWorlds, onTailnet, StabilityWorld, type WorldOptions } from '../../../test/kit/stability-world.ts';
import type { TailnetReading } from '../ports.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const started = (options: WorldOptions = {}): Promise<StabilityWorld> => StabilityWorld.started({ has: ['tailnet'], ...options });

async function minutes(world: StabilityWorld, count: number, tailnet: TailnetReading): Promise<readonly string[]> {
  world.machine.tailnet = tailnet;
  await world.run(count * minute);
  return world.news;
}

describe('a tailnet', () => {
  it.each(['NeedsLogin', 'NeedsMachineAuth', 'Stopped', 'Starting', 'NoState'])('that is %s for two minutes is down', async (backend) => {
    const world = await started();
    expect(await minutes(world, 2, { ...onTailnet, backend })).toEqual([]);
    expect(await minutes(world, 1, { ...onTailnet, backend })).toEqual(['tailscale_down']);
    expect(world.io.events[0]).toMatchObject({ severity: 'error', message: `tailscale is not running: ${backend}` });
  });

  it('is up again after a minute of running', async () => {
    const world = await started();
    await minutes(world, 3, { state: 'silent', detail: 'ECONNREFUSED' });
    expect(await minutes(world, 1, onTailnet)).toEqual(['tailscale_down']);
    expect(await minutes(world, 1, onTailnet)).toEqual(['tailscale_down', 'tailscale_normal']);
  });

  it('that was never there is not missed', async () => {
    const world = await StabilityWorld.open({ has: ['tailnet'] });
    world.machine.tailnet = { state: 'absent' };
    world.connect();
    await world.run(10 * minute);
    expect([world.news, world.life.mode, world.detail]).toEqual([[], 'watching', null]);
  });

  it('that was there once is missed when its socket is gone, also after a restart', async () => {
    const first = await started();
    await first.life.stop();
    const second = await StabilityWorld.open({ has: ['tailnet'], dataDir: first.dataDir, clock: first.clock });
    second.machine.tailnet = { state: 'absent' };
    second.connect();
    await second.run(1 * minute);
    expect(second.news).toEqual([]);
    await second.run(1 * minute);
    expect(second.news).toEqual(['tailscale_down']);
  });

  it('that nobody may ask about is unknown, and never down', async () => {
    const world = await started();
    expect(await minutes(world, 10, { state: 'unknown', detail: 'EACCES' })).toEqual([]);
    expect([world.life.mode, world.detail]).toEqual(['partly_blind', 'cannot check tailscale-down, tailscale-key']);
  });

  it('is not asked about where the operator says so', async () => {
    const world = await StabilityWorld.started();
    await world.run(minute);
    expect(world.machine.asked.tailnet).toBe(0);
    expect(world.life.mode).toBe('watching');
  });
});

describe('the key of the node', () => {
  const expiring = (world: StabilityWorld, ms: number): TailnetReading => ({ ...onTailnet, keyExpiresAtMs: world.clock.now() + ms });

  it('is said a week before it expires, and once more when it has', async () => {
    const world = await started();
    // The reading is a minute older than the round that judges it.
    expect(await minutes(world, 1, expiring(world, 7 * day + minute + 1))).toEqual([]);
    expect(await minutes(world, 1, expiring(world, 7 * day + minute))).toEqual(['tailscale_key_expiring']);
    expect(await minutes(world, 1, expiring(world, minute + 1))).toHaveLength(1);
    expect(await minutes(world, 1, expiring(world, minute))).toEqual(['tailscale_key_expiring', 'tailscale_key_expiring']);
    expect(world.io.events.map(({ severity }) => severity)).toEqual(['warning', 'error']);
  });

  it('that tailscaled calls expired has expired, whatever the clock says', async () => {
    const world = await started();
    expect(await minutes(world, 1, { ...onTailnet, keyExpired: true, keyExpiresAtMs: world.clock.now() + 30 * day })).toEqual(['tailscale_key_expiring']);
  });

  it('is fine again once it is renewed for more than eight days, or does not expire', async () => {
    const world = await started();
    await minutes(world, 1, expiring(world, day));
    expect(await minutes(world, 1, expiring(world, 8 * day + minute))).toHaveLength(1);
    expect(await minutes(world, 1, expiring(world, 8 * day + minute + 1))).toEqual(['tailscale_key_expiring', 'tailscale_normal']);
    expect(await minutes(world, 1, onTailnet)).toHaveLength(2);
  });

  it('and a tailnet that is down are one incident, which ends with the last of them', async () => {
    const world = await started();
    await minutes(world, 1, expiring(world, 3 * day));
    await minutes(world, 3, { ...onTailnet, backend: 'Stopped', keyExpiresAtMs: world.clock.now() + 3 * day });
    await minutes(world, 5, expiring(world, 3 * day));
    expect(world.news).toEqual(['tailscale_key_expiring', 'tailscale_down']);
    await minutes(world, 1, onTailnet);
    expect(world.news).toEqual(['tailscale_key_expiring', 'tailscale_down', 'tailscale_normal']);
  });
});

describe('a peer', () => {
  const named = { checks: { tailnetPeers: ['chelsty-ha'] } };

  it.each([
    ['is offline', { 'chelsty-ha': false }],
    ['is not on the tailnet', {}],
  ])('that %s for ten minutes is lost', async (_, peers: Readonly<Record<string, boolean>>) => {
    const world = await started(named);
    await minutes(world, 1, { ...onTailnet, peers: { 'chelsty-ha': true } });
    expect(await minutes(world, 10, { ...onTailnet, peers })).toEqual([]);
    expect(await minutes(world, 1, { ...onTailnet, peers })).toEqual(['tailscale_peer_lost']);
    expect(await minutes(world, 2, { ...onTailnet, peers: { 'chelsty-ha': true } })).toHaveLength(1);
    expect(await minutes(world, 1, { ...onTailnet, peers: { 'chelsty-ha': true } })).toEqual(['tailscale_peer_lost', 'tailscale_normal']);
  });

  it('that nobody named may come and go', async () => {
    const world = await started(named);
    expect(await minutes(world, 60, { ...onTailnet, peers: { 'chelsty-ha': true, phone: false } })).toEqual([]);
  });

  it.each([
    ['chelsty-haa', 'did you mean chelsty-ha?', 'chelsty-ha'],
    ['attic', 'correct it, or take it off the list', null],
  ])('that is called %s, as nobody is or was, is a fault of the configuration and never lost: %s', async (peer, hint, nearest) => {
    const world = await started({ checks: { tailnetPeers: [peer] } });
    const listed = { ...onTailnet, peers: { 'chelsty-ha': true, vps: false } };
    // Seen by the first round, said two minutes later.
    expect(await minutes(world, 1, listed)).toEqual([]);
    expect(await minutes(world, 20, listed)).toEqual(['tailscale_peer_unknown']);
    expect(world.io.events[0]).toMatchObject({
      severity: 'warning',
      message: `HOMELAB_TAILSCALE_PEERS names ${peer}, and no machine of the tailnet is called that; ${hint}`,
      payload: { peer, nearest },
    });
    expect(eventTypeRow('tailscale_peer_unknown')?.opens).toBeUndefined();
    expect(await minutes(world, 1, { ...onTailnet, peers: { [peer]: true } })).toEqual(['tailscale_peer_unknown', 'tailscale_peer_known']);
  });

  it('that is not there when the agent starts is known from an earlier life', async () => {
    const first = await started(named);
    await minutes(first, 1, { ...onTailnet, peers: { 'chelsty-ha': true } });
    await first.life.stop();
    const second = await StabilityWorld.open({ ...named, has: ['tailnet'], dataDir: first.dataDir, clock: first.clock });
    second.connect();
    expect(await minutes(second, 11, onTailnet)).toEqual(['tailscale_peer_lost']);
  });

  it('cannot be seen from a node that is off the tailnet itself', async () => {
    const world = await started(named);
    await minutes(world, 1, { ...onTailnet, peers: { 'chelsty-ha': true } });
    expect(await minutes(world, 30, { ...onTailnet, backend: 'Stopped', peers: { 'chelsty-ha': false } })).toEqual(['tailscale_down']);
    expect(world.detail).toContain('cannot check tailscale-peer');
  });
});

describe('what is away for a week is forgotten', () => {
  const named = { checks: { tailnetPeers: ['chelsty-ha'] }, intervalMs: 6 * hour };
  const round = (6 * hour) / minute;
  const week = 7 * day;
  const memory = (world: StabilityWorld): unknown => JSON.parse(readFileSync(join(world.dataDir, 'memory.json'), 'utf8'));

  it('a peer that was taken off the tailnet: from then on its name is a fault of the configuration', async () => {
    const world = await started(named);
    await minutes(world, round, { ...onTailnet, peers: { 'chelsty-ha': true } });
    // Missed by the next round.
    await minutes(world, week / minute, onTailnet);
    expect(new Set(world.news)).toEqual(new Set(['tailscale_peer_lost']));
    expect(memory(world)).toHaveProperty('tailnet_peers.chelsty-ha');
    const before = world.news.length;
    await minutes(world, 2 * round, onTailnet);
    expect(world.news.slice(before)).toEqual(['tailscale_normal', 'tailscale_peer_unknown']);
    expect(memory(world)).toHaveProperty('tailnet_peers', {});
  });

  it('a tailscaled that was taken off the machine, also when it is restarted meanwhile', async () => {
    const first = await started(named);
    await minutes(first, round, { ...onTailnet, peers: { 'chelsty-ha': true } });
    await minutes(first, (3 * day) / minute, { state: 'absent' });
    await first.life.stop();
    const second = await StabilityWorld.open({ ...named, has: ['tailnet'], dataDir: first.dataDir, clock: first.clock });
    second.machine.tailnet = { state: 'absent' };
    second.connect();
    await second.run(4 * day - 1);
    expect(second.life.mode).toBe('alarmed');
    await second.run(6 * hour + minute);
    expect([second.news.at(-1), second.life.mode, second.detail]).toEqual(['tailscale_normal', 'partly_blind', 'cannot check tailscale-peer-name']);
    expect(memory(second)).toMatchObject({ tailnet_known: false, tailnet_peers: {}, alarms: [] });
  });

  it('and not a moment before, nor when it was back for a moment', async () => {
    const world = await started(named);
    await minutes(world, round, { ...onTailnet, peers: { 'chelsty-ha': true } });
    await minutes(world, week / minute, onTailnet);
    await minutes(world, round, { ...onTailnet, peers: { 'chelsty-ha': false } });
    await minutes(world, week / minute, onTailnet);
    expect(new Set(world.news)).toEqual(new Set(['tailscale_peer_lost']));
  });

  it('at once: a peer that is not named any more, and a tailscaled that is not to be asked', async () => {
    const first = await started(named);
    await minutes(first, round, { ...onTailnet, peers: { 'chelsty-ha': true } });
    await minutes(first, 2 * round, onTailnet);
    expect(first.news).toEqual(['tailscale_peer_lost']);
    await first.life.stop();
    const second = await started({ dataDir: first.dataDir, clock: first.clock, checks: { tailnetPeers: [] } });
    expect([second.news, second.life.mode]).toEqual([['tailscale_normal'], 'watching']);
    expect(memory(second)).toHaveProperty('tailnet_peers', {});
    await minutes(second, 5, { state: 'silent', detail: 'ECONNREFUSED' });
    expect(second.news).toEqual(['tailscale_normal', 'tailscale_down']);
    await second.life.stop();
    const third = await StabilityWorld.started({ dataDir: first.dataDir, clock: first.clock });
    expect([third.news, third.life.mode]).toEqual([['tailscale_normal'], 'watching']);
  });
});
