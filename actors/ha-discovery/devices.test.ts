/** What is announced, device by device: held against the rules of Home Assistant and against the contracts of the documents that it reads. */
import { afterEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { findTopic } from '../../contracts/topics.ts';
import { DiscoveryWorld, endDiscoveryWorlds } from '../../test/kit/ha-discovery-world.ts';
import { announcementFaults } from '../../test/kit/ha-payload-rules.ts';
import { gatherMs } from './reduce.ts';

afterEach(endDiscoveryWorlds);

interface Seen {
  readonly device: { readonly name: string; readonly via_device?: string; readonly suggested_area?: string; readonly identifiers: readonly string[] };
  readonly availability: readonly { readonly topic: string; readonly value_template: string }[];
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const seen = (world: DiscoveryWorld): ReadonlyMap<string, Seen> =>
  new Map(
    world.announcements.map(({ text }): [string, Seen] => {
      const payload = JSON.parse(text) as Seen;
      return [payload.device.identifiers[0] ?? '', payload];
    }),
  );
const topicsOf = (sources: unknown): readonly string[] => (sources as readonly { readonly topic: string }[]).map(({ topic }) => topic);

/** The hub's broker, where the cabin comes in over its link. */
async function twoSites({ site = 'hub' }: { readonly site?: 'hub' | 'cabin' } = {}): Promise<DiscoveryWorld> {
  const world = await DiscoveryWorld.open({ site, node: site === 'hub' ? 'vps' : 'cabin-1' });
  if (site === 'hub') {
    world.site('hub');
    world.node('vps', { location: 'cellar' });
    world.service('vps', 'web');
    world.manifest('vps', ['world/sites/hub']);
    world.actor('vps', 'ledger');
  }
  world.site('cabin');
  world.node('cabin-1', { site: 'cabin' });
  world.node('cabin-ha', { site: 'cabin', status: 'unmonitored' });
  world.service('cabin-1', 'zigbee2mqtt', { site: 'cabin' });
  world.service('cabin-ha', 'homeassistant', { site: 'cabin' });
  world.manifest('cabin-1', ['world/sites/cabin']);
  world.actor('cabin-1', 'ledger');
  world.actor('cabin-1', 'bridge');
  world.link('cabin');
  await world.connect();
  return world;
}

describe('availability', () => {
  it('of a service is that of its node and of the observer that speaks of it', async () => {
    const web = seen(await twoSites()).get('homelab_service_vps_web');
    expect(topicsOf(web?.availability)).toEqual(['homelab/health/vps', 'homelab/actors/vps/observer']);
    expect(web).toMatchObject({ availability_mode: 'all', device: { via_device: 'homelab_node_vps', suggested_area: 'cellar' } });
  });

  it('at the hub is that of the link too, for all that comes over it', async () => {
    const devices = seen(await twoSites());
    expect(topicsOf(devices.get('homelab_service_cabin-1_zigbee2mqtt')?.availability)).toEqual([
      'homelab/health/cabin-1',
      'homelab/actors/cabin-1/observer',
      'homelab/links/cabin',
    ]);
    expect(topicsOf(devices.get('homelab_node_cabin-1')?.components['cpu']?.['availability'])).toEqual(['homelab/health/cabin-1', 'homelab/links/cabin']);
    expect(topicsOf(devices.get('homelab_site_cabin')?.availability)).toEqual(['homelab/actors/cabin-1/observer', 'homelab/links/cabin']);
  });

  it("at the site's own broker is never that of its link", async () => {
    const world = await twoSites({ site: 'cabin' });
    const sources = world.announcements.flatMap(({ text }) => {
      const { availability, components } = JSON.parse(text) as Seen;
      return [...topicsOf(availability), ...Object.values(components).flatMap((each) => topicsOf(each['availability'] ?? []))];
    });
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter((topic) => topic.startsWith('homelab/links/'))).toEqual([]);
    const uplink = seen(world).get('homelab_site_cabin')?.components['uplink'];
    expect(uplink).toMatchObject({ state_topic: 'homelab/links/cabin', availability: [{ topic: 'homelab/actors/cabin-1/bridge' }] });
  });

  it('of what a node is does not need the node: who is away must be seen to be away', async () => {
    const vps = seen(await twoSites()).get('homelab_node_vps');
    expect(topicsOf(vps?.availability)).toEqual(['homelab/actors/vps/observer']);
    expect(vps?.components['connection']).not.toHaveProperty('availability');
  });

  it('of what stands on a machine without a node-agent does not wait for one', async () => {
    const devices = seen(await twoSites());
    expect(Object.keys(devices.get('homelab_node_cabin-ha')?.components ?? {})).toEqual(['status']);
    expect(topicsOf(devices.get('homelab_service_cabin-ha_homeassistant')?.availability)).toEqual(['homelab/actors/cabin-1/observer', 'homelab/links/cabin']);
  });
});

describe('the device of a site', () => {
  it('has the inbox and its buttons only at its own broker', async () => {
    const devices = seen(await twoSites());
    const inbox = ['waiting', 'approve_next', 'reject_next', 'approve_ask', 'approve_confirm', 'answer'];
    const keysOf = (id: string): readonly string[] => Object.keys(devices.get(id)?.components ?? {}).filter((key) => inbox.includes(key));
    expect([keysOf('homelab_site_hub'), keysOf('homelab_site_cabin')]).toEqual([inbox, ['waiting']]);
    const {
      approve_next: approve,
      reject_next: reject,
      approve_ask: ask,
      approve_confirm: confirm,
      answer,
    } = devices.get('homelab_site_hub')?.components ?? {};
    for (const each of [approve, reject, ask, confirm]) {
      expect(each).toMatchObject({ retain: false, entity_category: 'config', json_attributes_topic: 'homelab/inbox/hub' });
      expect(topicsOf(each?.['availability'])).toEqual(['homelab/inbox/hub', 'homelab/actors/vps/ha-discovery', 'homelab/actors/vps/ledger']);
    }
    expect([approve, ask, confirm, reject].map((each) => each?.['command_topic'])).toEqual([
      'homelab/actions/approved/homeassistant',
      'homelab/taps/hub',
      'homelab/actions/approved/homeassistant',
      'homelab/actions/rejected/homeassistant',
    ]);
    expect(answer).toMatchObject({ state_topic: 'homelab/replies/homeassistant/hub' });
  });

  it('says yes by one tap to what is of low risk only, and always names what was shown', async () => {
    const {
      approve_next: approve,
      reject_next: reject,
      approve_ask: ask,
      approve_confirm: confirm,
    } = seen(await twoSites()).get('homelab_site_hub')?.components ?? {};
    const source = (each: typeof approve): string => ((each?.['availability'] ?? []) as Seen['availability'])[0]?.value_template ?? '';
    expect(source(approve)).toContain("value_json.offered.risk == 'low'");
    expect(source(reject)).not.toContain('risk');
    for (const each of [approve, reject, ask, confirm]) {
      const template = String(each?.['command_template']);
      expect(template).toMatch(/\bid=.+\battempt=.+\bdigest=/);
      expect(template).toContain('this.attributes');
      // A button: the one entity that writes its state, with who pressed it, before it renders.
      expect(each?.['platform']).toBe('button');
      // What would be sent where no template is rendered names nothing.
      expect(each).not.toHaveProperty('payload_press');
    }
  });

  it('says in a demo that it is one, as all devices do', async () => {
    const world = await DiscoveryWorld.open({ isSimulated: true });
    world.site();
    world.node('vps');
    await world.connect();
    expect([...seen(world).values()].map(({ device }) => device.name)).toEqual(['homelab hub (simulated)', 'vps (simulated)']);
  });
});

const oddNames = ['my.app', 'my_app', 'my-app', 'Zażółć.gęślą', 'ünïcode', '部屋', 'a'.repeat(128), '-', '_', "o'clock", '"quoted"', '{{x}}', '<b>', 'a,b;c=d'];

describe('names and numbers', () => {
  it('are taken by Home Assistant however odd', async () => {
    const world = await DiscoveryWorld.open();
    world.site();
    for (const node of ['vps', ...oddNames]) {
      world.node(node);
      for (const service of oddNames) world.service(node, service);
    }
    await world.connect();
    expect(world.announcements).toHaveLength(1 + (1 + oddNames.length) * (1 + oddNames.length));
    expect(announcementFaults(world.announcements)).toEqual([]);
  });

  it('do not swell a device: two hundred services of a node are two hundred small ones', async () => {
    const world = await twoSites();
    for (let at = 0; at < 200; at += 1) world.service('vps', `service-${at}`);
    await world.run(gatherMs);
    expect(world.announcements.length).toBeGreaterThan(200);
    expect(announcementFaults(world.announcements)).toEqual([]);
    expect(Math.max(...world.announcements.map(({ text }) => text.length))).toBeLessThan(10_000);
  });

  it('stay the same when a container is made anew, a node is away, or the actor runs elsewhere', async () => {
    const world = await twoSites();
    const before = world.announcements;
    world.node('vps', { status: 'offline', location: 'cellar' });
    world.service('vps', 'web');
    await world.run(gatherMs);
    expect(world.announcements).toEqual(before);
  });
});

// -- what the templates read ------------------------------------------------------------------------------------------------

const fieldsOf = (template: string): readonly string[] => [...new Set([...template.matchAll(/value_json\.(\w+)/g)].map(([, field]) => field ?? ''))];
const shapeOf = (topic: string): Readonly<Record<string, z.ZodType>> => {
  const found = findTopic(topic.replace(/^homelab\//, ''));
  if (found === null) throw new Error(`${topic} is no topic of the table`);
  return (found.row.schema as unknown as { readonly shape: Readonly<Record<string, z.ZodType>> }).shape;
};
const statusesOf = (topic: string): readonly string[] => {
  const status = shapeOf(topic)['status'] as unknown as { readonly options?: readonly string[] };
  return (status.options ?? []).filter((each) => each !== 'gone' && each !== 'unknown');
};

/** Every pair of a topic and the template that reads it. */
function readings(payload: Seen): readonly { readonly topic: string; readonly template: string }[] {
  const ofComponent = (each: Readonly<Record<string, unknown>>) => [
    { topic: each['state_topic'], template: each['value_template'] },
    { topic: each['json_attributes_topic'], template: each['json_attributes_template'] },
    ...((each['availability'] ?? []) as Seen['availability']).map(({ topic, value_template: template }) => ({ topic, template })),
  ];
  const all = [
    ...payload.availability.map(({ topic, value_template: template }) => ({ topic, template })),
    ...Object.values(payload.components).flatMap(ofComponent),
  ];
  return all.filter((each): each is { topic: string; template: string } => typeof each.topic === 'string');
}

describe('every template', () => {
  it('reads a topic of the table, and fields that its contract has', async () => {
    const world = await twoSites();
    const all = [...seen(world).values()].flatMap(readings);
    expect(all.length).toBeGreaterThan(50);
    const missing = all.flatMap(({ topic, template }) => fieldsOf(template).flatMap((field) => (field in shapeOf(topic) ? [] : [`${topic}: ${field}`])));
    expect(missing).toEqual([]);
  });

  it('knows every status that its document can have', async () => {
    const components = [...seen(await twoSites()).values()].flatMap((payload) => Object.values(payload.components));
    const enums = components.filter((each) => each['device_class'] === 'enum');
    const binary = components.filter((each) => each['platform'] === 'binary_sensor');
    for (const each of enums) expect(each['options']).toEqual(statusesOf(String(each['state_topic'])));
    for (const each of binary) {
      const named = [...String(each['value_template']).matchAll(/'([a-z]+)'/g)].map(([, word]) => word);
      // Nobody reports from there, so nobody knows.
      const expected = statusesOf(String(each['state_topic'])).filter((status) => status !== 'unmonitored');
      expect([String(each['unique_id']), expected.filter((status) => !named.includes(status))]).toEqual([String(each['unique_id']), []]);
    }
    expect([enums.length > 5, binary.length > 5]).toEqual([true, true]);
  });
});
