import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Inbox } from '../../contracts/home-assistant.ts';
import { DiscoveryWorld, endDiscoveryWorlds } from '../../test/kit/ha-discovery-world.ts';
import { announcementFaults } from '../../test/kit/ha-payload-rules.ts';
import { birthEarliestMs, birthSpreadMs, gatherMs, offerAfterMs, repairMs } from './reduce.ts';
import { leftAfterMs } from './settle.ts';

afterEach(endDiscoveryWorlds);

const web = 'homelab_service_vps_web';
const webTopic = `homeassistant/device/${web}/config`;
const all = ['+ homelab_site_hub', '+ homelab_node_vps', `+ ${web}`];

/** A hub with one machine and one service, all read. */
async function hub(options: Parameters<typeof DiscoveryWorld.open>[0] = {}): Promise<DiscoveryWorld> {
  const world = await DiscoveryWorld.open(options);
  world.site();
  world.node('vps');
  world.service('vps', 'web');
  world.actor('vps', 'ledger');
  world.manifest('vps', ['world/nodes/vps', 'world/services/vps/web', 'world/sites/hub']);
  await world.connect();
  return world;
}

describe('devices', () => {
  it('are announced once everything is read, each after the one that it hangs on, and pass the rules of Home Assistant', async () => {
    const world = await DiscoveryWorld.open();
    world.service('vps', 'web');
    world.node('vps');
    world.site();
    expect(world.life.mode).toBe('reading');
    expect(world.said()).toEqual([]);
    await world.connect();
    expect(world.said()).toEqual(all);
    expect(announcementFaults(world.announcements)).toEqual([]);
    expect(world.life.mode).toBe('announced');
  });

  it('that the broker holds already are not announced again', async () => {
    const first = await hub();
    first.said();
    const again = await hub({ dataDir: first.dataDir, retained: first.retained });
    expect(again.said()).toEqual([]);
    await again.disconnect();
    await again.reconnect();
    expect(again.said()).toEqual([]);
  });

  it('come with their service, a second after it, together with others that came meanwhile', async () => {
    const world = await hub();
    world.said();
    world.service('vps', 'db');
    world.service('vps', 'cache');
    expect(world.life.mode).toBe('settling');
    await world.run(gatherMs - 1);
    expect(world.said()).toEqual([]);
    await world.run(1);
    expect(world.said()).toEqual(['+ homelab_service_vps_db', '+ homelab_service_vps_cache']);
  });

  it('are not made of what nobody declared or adopted, nor of the troubles of a site', async () => {
    const world = await hub();
    world.said();
    world.service('vps', 'clever_turing', { desired: 'no' });
    world.node('site-hub');
    await world.run(gatherMs);
    expect(world.said()).toEqual([]);
  });

  it('are put back where the broker has lost them, or somebody overwrote them', async () => {
    const world = await hub();
    world.said();
    await world.disconnect();
    world.retained.clear();
    await world.reconnect();
    expect(world.said()).toEqual(all);
    world.retained.set(webTopic, '{}');
    world.hearDevice(webTopic, '{}', { retained: false });
    await world.run(repairMs);
    expect(world.said()).toEqual([`+ ${web}`]);
  });

  it('are sent once more after Home Assistant has started, 2 to 8 s later, and not for its will', async () => {
    const world = await hub();
    world.said();
    world.homeAssistant('offline');
    await world.run(birthEarliestMs + birthSpreadMs);
    expect(world.said()).toEqual([]);
    world.homeAssistant('online');
    await world.run(birthEarliestMs + birthSpreadMs / 2 - 1);
    expect(world.said()).toEqual([]);
    await world.run(1);
    expect(world.said()).toEqual(all);
  });
});

describe('a device of what is no more', () => {
  it('is taken away, and forgotten two seconds later', async () => {
    const world = await hub();
    world.said();
    world.serviceGone('vps', 'web');
    await world.run(gatherMs);
    expect(world.said()).toEqual([`- ${web}`]);
    expect(world.retained.has(webTopic)).toBe(false);
    expect(readFileSync(join(world.dataDir, 'announced.json'), 'utf8')).toContain(web);
    await world.run(leftAfterMs);
    expect(readFileSync(join(world.dataDir, 'announced.json'), 'utf8')).not.toContain(web);
    expect(world.said()).toEqual([]);
    expect(world.life.mode).toBe('announced');
  });

  it('is taken away again when something stands there two seconds later', async () => {
    const world = await hub();
    world.serviceGone('vps', 'web');
    await world.run(gatherMs);
    world.said();
    world.retained.set(webTopic, '{"device":{}}');
    world.hearDevice(webTopic, '{"device":{}}', { retained: false });
    await world.run(leftAfterMs);
    expect(world.said()).toEqual([`- ${web}`]);
    await world.run(leftAfterMs);
    expect(world.said()).toEqual([]);
    expect(world.retained.has(webTopic)).toBe(false);
  });

  it('is announced anew when it comes back', async () => {
    const world = await hub();
    world.serviceGone('vps', 'web');
    await world.run(gatherMs);
    world.service('vps', 'web');
    await world.run(gatherMs);
    await world.run(leftAfterMs);
    expect(world.retained.has(webTopic)).toBe(true);
    expect(world.life.detail).toBeNull();
  });

  it.each([
    ['the file remembers', (dataDir: string) => dataDir],
    ['only the broker remembers', () => undefined],
  ])('while nobody was here is taken away once the observer does not list it: %s', async (_, keep) => {
    const first = await hub();
    const dataDir = keep(first.dataDir);
    const later = await DiscoveryWorld.open({ retained: first.retained, ...(dataDir === undefined ? {} : { dataDir }) });
    later.site();
    later.node('vps');
    await later.connect();
    expect(later.said().filter((each) => each.startsWith('-'))).toEqual([]);
    later.manifest('vps', ['world/nodes/vps', 'world/sites/hub']);
    await later.run(gatherMs);
    expect(later.said().filter((each) => each.startsWith('-'))).toEqual([`- ${web}`]);
  });

  it('stays while its observer has said nothing: a broker that came back empty proves nothing', async () => {
    const first = await hub();
    const later = await DiscoveryWorld.open({ dataDir: first.dataDir });
    await later.connect();
    await later.run(60_000);
    expect(later.said()).toEqual([]);
  });

  it('of another site stays while only the observer of this one speaks', async () => {
    const first = await hub();
    first.site('cabin');
    first.node('cabin-1', { site: 'cabin' });
    await first.run(gatherMs);
    const later = await DiscoveryWorld.open({ dataDir: first.dataDir });
    later.site();
    later.manifest('vps', ['world/sites/hub']);
    await later.connect();
    expect(
      later
        .said()
        .filter((each) => each.startsWith('-'))
        .sort(),
    ).toEqual(['- homelab_node_vps', `- ${web}`]);
  });
});

describe('a device that a person deleted in Home Assistant', () => {
  it('stays deleted through a reconnect and a restart of Home Assistant, and comes back at the next start', async () => {
    const world = await hub();
    world.said();
    world.retained.delete(webTopic);
    world.hearDevice(webTopic, '', { retained: false });
    await world.run(60_000);
    expect(world.life.detail).toBe(`2 devices; 1 deleted in Home Assistant, until the next start: ${web}`);
    await world.disconnect();
    await world.reconnect();
    world.homeAssistant('online');
    await world.run(birthEarliestMs + birthSpreadMs);
    expect(world.said()).toEqual(['+ homelab_site_hub', '+ homelab_node_vps']);
    const next = await hub({ dataDir: world.dataDir, retained: world.retained });
    expect(next.said()).toEqual([`+ ${web}`]);
  });

  it('is taken away again when our own announcement was on its way meanwhile', async () => {
    const world = await hub();
    world.said();
    const text = world.retained.get(webTopic) ?? '';
    world.hearDevice(webTopic, '', { retained: false });
    world.hearDevice(webTopic, text, { retained: false });
    await world.run(60_000);
    expect(world.said()).toEqual([`- ${web}`]);
    expect(world.retained.has(webTopic)).toBe(false);
  });

  it('is not one that this actor took away itself', async () => {
    const world = await hub();
    world.serviceGone('vps', 'web');
    await world.run(gatherMs);
    expect(world.life.detail).toBeNull();
  });

  it('is not one whose end and return come back late from the broker', async () => {
    const world = await hub();
    world.holdsEchoes = true;
    world.serviceGone('vps', 'web');
    await world.run(gatherMs);
    world.service('vps', 'web');
    await world.run(gatherMs);
    world.holdsEchoes = false;
    await world.run(60_000);
    expect(world.retained.has(webTopic)).toBe(true);
    expect(world.life.detail).toBeNull();
  });

  it('leaves devices of other programs alone', async () => {
    const world = await hub();
    world.said();
    const theirs = 'homeassistant/device/0x00158d0001/config';
    world.hearDevice(theirs, '{"dev":{"ids":["x"]}}', { retained: true });
    world.hearDevice(theirs, '', { retained: false });
    await world.run(60_000);
    expect([world.said(), world.life.detail]).toEqual([[], null]);
  });
});

describe('the memory', () => {
  it('is written before anything is announced', async () => {
    const world = await hub();
    const { announced } = JSON.parse(readFileSync(join(world.dataDir, 'announced.json'), 'utf8')) as { readonly announced: readonly object[] };
    expect(announced).toEqual([
      { id: 'homelab_site_hub', topic: 'world/sites/hub', site: 'hub' },
      { id: 'homelab_node_vps', topic: 'world/nodes/vps', site: 'hub' },
      { id: web, topic: 'world/services/vps/web', site: 'hub' },
    ]);
  });

  it('that cannot be read stops nothing', async () => {
    const first = await hub();
    writeFileSync(join(first.dataDir, 'announced.json'), '{"announced": [{');
    const later = await hub({ dataDir: first.dataDir });
    expect(later.said()).toEqual(all);
    expect(later.life.failures).toEqual([]);
  });
});

describe('the inbox', () => {
  const inbox = (world: DiscoveryWorld): Record<string, unknown> | undefined => world.io.held.get('inbox/hub');

  it('says how much waits, oldest first, and follows at once', async () => {
    const world = await hub();
    expect(inbox(world)).toMatchObject({ status: 'empty', count: 0, summary: 'nothing waits for a yes', actions: [] });
    world.action('container-restart-vps-web');
    await world.run(0);
    expect(inbox(world)).toMatchObject({ status: 'one', count: 1, actions: [{ id: 'container-restart-vps-web', risk: 'low', attempt: 1, digest: 'd' }] });
    world.action('disk-cleanup-vps', 'pending', { type: 'disk_cleanup', risk: 'guarded', service: null, proposed_at: '2026-03-01T11:00:00.000Z' });
    await world.run(0);
    expect(inbox(world)).toMatchObject({ status: 'several', summary: '2 wait for a yes: disk-cleanup-vps, container-restart-vps-web' });
    world.action('container-restart-vps-web', 'approved');
    await world.run(0);
    expect(inbox(world)).toMatchObject({ status: 'one', actions: [{ id: 'disk-cleanup-vps' }] });
  });

  it('offers what waits alone to a button after 3 s, and nothing while several wait', async () => {
    const world = await hub();
    world.action('container-restart-vps-web');
    await world.run(offerAfterMs - 1);
    expect(inbox(world)).toMatchObject({ status: 'one', offered: null });
    await world.run(1);
    expect(inbox(world)).toMatchObject({ status: 'one', offered: { id: 'container-restart-vps-web', attempt: 1, digest: 'd', risk: 'low' } });
    world.action('disk-cleanup-vps', 'pending', { type: 'disk_cleanup', risk: 'guarded', service: null });
    await world.run(offerAfterMs);
    expect(inbox(world)).toMatchObject({ status: 'several', offered: null });
    world.action('container-restart-vps-web', 'approved');
    await world.run(offerAfterMs - 1);
    expect(inbox(world)).toMatchObject({ status: 'one', offered: null });
    await world.run(1);
    expect(inbox(world)).toMatchObject({ offered: { id: 'disk-cleanup-vps', risk: 'guarded' } });
  });

  it.each([
    ['attempt', { attempt: 2 }],
    ['digest', { digest: 'e' }],
  ])('does not put another %s under a finger that is on its way', async (_, more) => {
    const world = await hub();
    world.action('container-restart-vps-web');
    await world.run(offerAfterMs);
    world.action('container-restart-vps-web', 'pending', more);
    await world.run(0);
    expect(inbox(world)).toMatchObject({ status: 'one', offered: null });
    await world.run(offerAfterMs);
    expect(inbox(world)).toMatchObject({ offered: { attempt: 1, digest: 'd', ...more } });
  });

  it('goes on offering what has only newer evidence', async () => {
    const world = await hub();
    world.action('container-restart-vps-web');
    await world.run(offerAfterMs);
    world.action('container-restart-vps-web', 'pending', { evidence: { message: 'still down' } });
    await world.run(0);
    expect(inbox(world)).toMatchObject({ offered: { attempt: 1, digest: 'd', why: 'still down' } });
  });

  it('goes on offering the same through a reconnect', async () => {
    const world = await hub();
    world.action('container-restart-vps-web');
    await world.run(offerAfterMs);
    await world.disconnect();
    await world.reconnect();
    expect(inbox(world)).toMatchObject({ offered: { id: 'container-restart-vps-web' } });
  });

  it('stays below what Home Assistant records, however much waits and however long its words are', async () => {
    const world = await hub();
    const long = 'x'.repeat(400);
    for (let at = 0; at < 100; at += 1) world.action(`container-restart-vps-${'w'.repeat(100)}-${at}`, 'pending', { evidence: { message: long } });
    await world.run(0);
    expect(inbox(world)).toMatchObject({ count: 100 });
    expect(inbox(world)?.['actions']).toHaveLength(20);
    expect(Inbox.safeParse({ ...inbox(world), ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 }).error).toBeUndefined();
    await world.run(offerAfterMs);
    const [oldest] = (inbox(world)?.['actions'] ?? []) as readonly { readonly id: string }[];
    world.tap({ id: oldest?.id, attempt: 1, digest: 'd', at: 1, on_behalf_of: 'A'.repeat(128) });
    await world.run(0);
    expect(inbox(world)).toMatchObject({ asks: { id: oldest?.id }, confirm: { id: oldest?.id } });
    expect(JSON.stringify(inbox(world)).length).toBeLessThan(16 * 1024);
  });
});
