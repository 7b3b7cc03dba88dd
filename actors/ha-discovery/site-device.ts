/** A site as a device: how it is, its uplink where it has one, and, for the site of this broker, the inbox (inbox-entities.ts). Pure. */
import { topics } from '../../contracts/topics.ts';
import { type ComponentOptions, type Device, deviceOf, template } from './device.ts';
import { type Called, inboxEntities, inboxRemoved } from './inbox-entities.ts';
import { idOf } from './names.ts';
import { actorSource, type Directory, observerSources, topicAt } from './sources.ts';

export function siteDevice(at: Directory, site: string): Device {
  const world = topicAt(at, topics.site.build({ site }));
  const called = (...words: readonly string[]): readonly string[] => [at.maker.root, site, ...words];
  const components: readonly ComponentOptions[] = [
    {
      key: 'status',
      platform: 'sensor',
      name: null,
      called: called(),
      options: {
        state_topic: world,
        value_template: template.status,
        device_class: 'enum',
        options: ['nominal', 'degraded', 'critical'],
        icon: 'mdi:home-heart',
        json_attributes_topic: world,
        json_attributes_template: template.attributes(['summary', 'worst', 'nodes', 'services', 'incidents_active', 'actions_pending', 'actions_running']),
      },
    },
    {
      key: 'problem',
      platform: 'binary_sensor',
      name: 'Problem',
      called: called('problem'),
      options: { state_topic: world, value_template: template.onOff(['degraded', 'critical'], ['nominal']), device_class: 'problem' },
    },
    {
      key: 'incidents',
      platform: 'sensor',
      name: 'Incidents',
      called: called('incidents'),
      options: { state_topic: world, value_template: template.field('incidents_active'), state_class: 'measurement', icon: 'mdi:alert-circle-outline' },
    },
    {
      key: 'last_update',
      platform: 'sensor',
      name: 'Last word',
      called: called('last', 'word'),
      options: { state_topic: world, value_template: template.field('last_update'), device_class: 'timestamp', entity_category: 'diagnostic' },
    },
    ...(site === at.site ? inboxEntities(at, called) : [elsewhere(world, called)]),
    ...(at.links.has(site) ? link(at, site, called) : []),
  ];
  return deviceOf(at.maker, {
    id: idOf(at.maker.root, 'site', site),
    name: `${at.maker.root} ${site}`,
    model: 'Site',
    via: null,
    availability: observerSources(at, site),
    components,
    ...(site === at.site ? { removed: inboxRemoved } : {}),
  });
}

/** Said yes to at the broker of this site too: it is in its inbox. */
const elsewhere = (world: string, called: Called): ComponentOptions => ({
  key: 'waiting',
  platform: 'sensor',
  name: 'Waiting for a yes',
  called: called('waiting'),
  options: { state_topic: world, value_template: template.field('actions_pending'), state_class: 'measurement', icon: 'mdi:inbox-arrow-down' },
});

/** At the hub a will says `down`, so nothing else need vouch for it; at the site's own broker the bridge must be there. */
function link(at: Directory, site: string, called: Called): readonly ComponentOptions[] {
  const topic = topicAt(at, topics.link.build({ site }));
  const availability = site === at.site && at.bridge !== null ? [actorSource(at, at.bridge, 'bridge')] : [];
  const shared = { state_topic: topic, entity_category: 'diagnostic', availability };
  return [
    {
      key: 'uplink',
      platform: 'binary_sensor',
      name: 'Uplink',
      called: called('uplink'),
      options: { ...shared, value_template: template.onOff(['up', 'degraded'], ['down']), device_class: 'connectivity' },
    },
    {
      key: 'uplink_status',
      platform: 'sensor',
      name: 'Uplink status',
      called: called('uplink', 'status'),
      options: {
        ...shared,
        value_template: template.status,
        device_class: 'enum',
        options: ['up', 'degraded', 'down'],
        icon: 'mdi:transit-connection-variant',
        json_attributes_topic: topic,
        json_attributes_template: template.attributes(['summary', 'since', 'backlog', 'dropped', 'clock_offset_ms']),
      },
    },
  ];
}
