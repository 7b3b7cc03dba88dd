/** The rules themselves: each refuses what Home Assistant would refuse, or take and then not do. */
import { describe, expect, it } from 'vitest';
import { announcementFaults, payloadFaults } from './ha-payload-rules.ts';

const topic = 'homeassistant/device/homelab_node_vps/config';
const sensor = { platform: 'sensor', name: 'CPU', unique_id: 'vps_cpu', default_entity_id: 'sensor.vps_cpu', state_topic: 'homelab/health/vps' };
const good = {
  device: { identifiers: ['homelab_node_vps'], name: 'vps' },
  origin: { name: 'homelab', sw_version: '1' },
  components: { cpu: sensor },
  availability: [{ topic: 'homelab/health/vps', value_template: '{{ value_json.status }}' }],
  availability_mode: 'all',
};
type Payload = Readonly<Record<string, unknown>>;
const faultsOf = (payload: Payload): readonly string[] => payloadFaults(topic, JSON.stringify(payload));
const withSensor = (more: Payload): Payload => ({ ...good, components: { cpu: { ...sensor, ...more } } });

it('takes a device that is as it should be, and one that is taken away', () => {
  expect(faultsOf(good)).toEqual([]);
  expect(faultsOf({ ...good, components: { cpu: sensor, code: { platform: 'text' } } })).toEqual([]);
  expect(payloadFaults(topic, '')).toEqual([]);
});

describe('refuses', () => {
  it.each<[string, Payload, RegExp]>([
    ['a key at the top that is not known', { ...good, '~': 'homelab' }, /Unrecognized key: "~"/],
    ['a mark of our own', { ...good, simulated: true }, /simulated/],
    ['a key of the device that is not known', { ...good, device: { ...good.device, colour: 'red' } }, /device: .*colour/],
    ['a key of the origin that is not known', { ...good, origin: { ...good.origin, url: 'x' } }, /origin: .*url/],
    ['an origin without a name', { ...good, origin: {} }, /origin\.name/],
    ['a device that nothing identifies', { ...good, device: { name: 'vps' } }, /identifiers or connections/],
    ['a support address that is none', { ...good, origin: { ...good.origin, support_url: 'ftp://x' } }, /support_url/],
    [
      'several sources where the last word counts',
      { ...good, availability: [...good.availability, { topic: 'a' }], availability_mode: undefined },
      /need `all`/,
    ],
    ['no components', { ...good, components: {} }, /an empty device/],
    ['a payload that MQTT Explorer cuts', { ...good, device: { ...good.device, model: 'x'.repeat(20_000) } }, /above 20000/],
    ['a platform that is not used here', withSensor({ platform: 'switch' }), /no platform/],
    ['an entity without an id', withSensor({ unique_id: undefined }), /unique_id/],
    ['the option that was removed', withSensor({ object_id: 'x' }), /object_id/],
    ['an entity id of another domain', withSensor({ default_entity_id: 'button.vps' }), /not of sensor/],
    ['an entity id with a dot too many', withSensor({ default_entity_id: 'sensor.a.b' }), /an entity id/],
    ['a name that repeats the device', withSensor({ name: 'VPS CPU' }), /repeats/],
    ['a sensor that can be configured', withSensor({ entity_category: 'config' }), /entity_category/],
    ['an enum without options', withSensor({ device_class: 'enum' }), /belong together/],
    ['options without enum', withSensor({ options: ['a'] }), /belong together/],
    ['an enum with a unit', withSensor({ device_class: 'enum', options: ['a'], unit_of_measurement: '%' }), /neither unit/],
    ['unknown as an option', withSensor({ device_class: 'enum', options: ['unknown'] }), /cannot be an option/],
    ['a topic with a wildcard', withSensor({ state_topic: 'homelab/+' }), /without wildcards/],
    ['a template that does not end', withSensor({ value_template: '{{ value_json.x }' }), /balanced/],
    [
      'an attribute that is dropped',
      withSensor({ json_attributes_topic: 'a', json_attributes_template: "{{ dict({'state': 1}) }}" }),
      /state would be dropped/,
    ],
    ['a text: it sends before its state is written', { ...good, components: { code: { platform: 'text', unique_id: 'vps_code' } } }, /no platform/],
    ['a topic of availability beside a shared one', withSensor({ availability_topic: 'a' }), /beside a shared/],
  ])('%s', (_, payload, words) => {
    expect(faultsOf(payload).join('\n')).toMatch(words);
  });

  it('an id with a dot', () => {
    expect(payloadFaults('homeassistant/device/my.app/config', '{}')).toHaveLength(1);
  });

  it('ids that two share, and a device that hangs on nothing', () => {
    const text = JSON.stringify({ ...good, device: { ...good.device, via_device: 'homelab_site_hub' } });
    expect(
      announcementFaults([
        { topic, text },
        { topic: topic.replace('vps', 'piha'), text },
      ]),
    ).toEqual([
      'unique_id vps_cpu is there twice',
      'device homelab_node_vps is there twice',
      'via_device homelab_site_hub is announced by nobody',
      'via_device homelab_site_hub is announced by nobody',
    ]);
  });
});
