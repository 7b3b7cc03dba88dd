/** A machine as a device: how it is, whether it is connected, and how full it is. Pure. */
import { topics } from '../../contracts/topics.ts';
import { type ComponentOptions, type Device, deviceOf, template } from './device.ts';
import { idOf } from './names.ts';
import { type Directory, linkSources, nodeSource, observerSources, topicAt } from './sources.ts';

export interface NodeSubject {
  readonly node: string;
  readonly site: string;
  /** No node-agent is expected there: nobody says more of it than that. */
  readonly isMonitored: boolean;
  readonly area: string | undefined;
}

/** Of what the node-agent measures. */
const measured = [
  ['cpu', 'CPU', 'cpu_pct', 'mdi:cpu-64-bit'],
  ['memory', 'Memory', 'memory_pct', 'mdi:memory'],
  ['disk', 'Disk', 'disk_pct', 'mdi:harddisk'],
] as const;

export function nodeDevice(at: Directory, { node, site, isMonitored, area }: NodeSubject): Device {
  const { root } = at.maker;
  const world = topicAt(at, topics.worldNode.build({ node }));
  const components: readonly ComponentOptions[] = [
    {
      key: 'status',
      platform: 'sensor',
      name: null,
      called: [node],
      options: {
        state_topic: world,
        value_template: template.status,
        device_class: 'enum',
        options: ['online', 'degraded', 'offline', 'unmonitored'],
        entity_category: 'diagnostic',
        icon: 'mdi:server',
        json_attributes_topic: world,
        json_attributes_template: template.attributes(['summary', 'site', 'engine', 'since', 'services_count', 'incident_id']),
      },
    },
    ...(isMonitored ? [connection(node, world), ...measured.map((each) => measurement(at, { node, site }, each))] : []),
  ];
  return deviceOf(at.maker, {
    id: idOf(root, 'node', node),
    name: node,
    model: 'Node',
    via: at.sites.has(site) ? idOf(root, 'site', site) : null,
    area,
    // Not the node itself: who is away must be seen to be away.
    availability: observerSources(at, site),
    components,
  });
}

const connection = (node: string, world: string): ComponentOptions => ({
  key: 'connection',
  platform: 'binary_sensor',
  name: 'Connection',
  called: [node, 'connection'],
  options: {
    state_topic: world,
    value_template: template.onOff(['online', 'degraded'], ['offline']),
    device_class: 'connectivity',
    entity_category: 'diagnostic',
  },
});

function measurement(at: Directory, { node, site }: Pick<NodeSubject, 'node' | 'site'>, [key, name, field, icon]: (typeof measured)[number]): ComponentOptions {
  return {
    key,
    platform: 'sensor',
    name,
    called: [node, key],
    options: {
      state_topic: topicAt(at, topics.nodeHealth.build({ node })),
      value_template: template.field(field),
      unit_of_measurement: '%',
      state_class: 'measurement',
      suggested_display_precision: 0,
      entity_category: 'diagnostic',
      icon,
      // The node-agent's own word: its will stands on the same topic.
      availability: [nodeSource(at, node), ...linkSources(at, site)],
    },
  };
}
