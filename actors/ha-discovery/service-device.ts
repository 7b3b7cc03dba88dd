/**
 * A service as a device that hangs on its node's: what the observer says of it. Pure.
 *
 * A device each, not components of the node's device: its payload is 2 kB however many services a node has, one that comes or goes is
 * one message, and a component left out of a device would stay in Home Assistant until it is taken out by a payload of its own.
 */
import { topics } from '../../contracts/topics.ts';
import { type ComponentOptions, type Device, deviceOf, template } from './device.ts';
import { idOf } from './names.ts';
import { type Directory, nodeSource, observerSources, topicAt } from './sources.ts';

export interface ServiceSubject {
  readonly node: string;
  readonly service: string;
  readonly site: string;
  readonly isNodeMonitored: boolean;
  readonly area: string | undefined;
}

export function serviceDevice(at: Directory, { node, service, site, isNodeMonitored, area }: ServiceSubject): Device {
  const { root } = at.maker;
  const world = topicAt(at, topics.worldService.build({ node, service }));
  const shared = { state_topic: world, entity_category: 'diagnostic' };
  const components: readonly ComponentOptions[] = [
    {
      key: 'status',
      platform: 'sensor',
      name: null,
      called: [node, service],
      options: {
        ...shared,
        value_template: template.status,
        device_class: 'enum',
        options: ['healthy', 'starting', 'unhealthy', 'down', 'stopped', 'missing'],
        icon: 'mdi:package-variant-closed',
        json_attributes_topic: world,
        json_attributes_template: template.attributes([
          'summary',
          'node',
          'service',
          'site',
          'reason',
          'since',
          'started_at',
          'desired',
          'monitor',
          'incident_id',
        ]),
      },
    },
    {
      key: 'running',
      platform: 'binary_sensor',
      name: 'Running',
      called: [node, service, 'running'],
      options: { ...shared, value_template: template.onOff(['healthy', 'starting', 'unhealthy'], ['down', 'stopped', 'missing']), device_class: 'running' },
    },
    {
      key: 'problem',
      platform: 'binary_sensor',
      name: 'Problem',
      called: [node, service, 'problem'],
      options: { ...shared, value_template: template.problem, device_class: 'problem' },
    },
  ];
  return deviceOf(at.maker, {
    id: idOf(root, 'service', node, service),
    name: `${service} on ${node}`,
    model: 'Service',
    via: at.nodes.has(node) ? idOf(root, 'node', node) : null,
    area,
    availability: [...(isNodeMonitored ? [nodeSource(at, node)] : []), ...observerSources(at, site)],
    components,
  });
}
