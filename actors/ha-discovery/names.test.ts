import fc from 'fast-check';
import { expect, it } from 'vitest';
import { levelPattern } from '../../contracts/common.ts';
import { entityId, idOf, isOwnId } from './names.ts';

const name = fc.oneof(
  fc.constantFrom('vps', 'chelsty-infra', 'my.app', 'my_app', 'my-app', 'a', 'b_c', 'a_b', 'c', 'café', 'cafe', '__', '-', 'x'.repeat(128)),
  fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' }).filter((text) => levelPattern.test(text)),
);

it('keeps plain names as they are', () => {
  expect(idOf('homelab', 'service', 'chelsty-infra', 'zigbee2mqtt')).toBe('homelab_service_chelsty-infra_zigbee2mqtt');
  expect(idOf('homelab', 'service', 'vps', 'my.app')).toMatch(/^homelab_service_vps_my-app__[0-9a-f]{8}$/);
});

it('gives ids that may stand in a topic of Home Assistant, whatever the names', () => {
  fc.assert(
    fc.property(name, name, (node, service) => {
      const id = idOf('homelab', 'service', node, service);
      expect(id).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
      expect(isOwnId('homelab', id)).toBe(true);
      expect(isOwnId('lab', id)).toBe(false);
    }),
  );
});

it('gives two things that have different names different ids', () => {
  fc.assert(
    fc.property(fc.tuple(name, name), fc.tuple(name, name), (one, other) => {
      fc.pre(one.join('/') !== other.join('/'));
      expect(idOf('homelab', 'service', ...one)).not.toBe(idOf('homelab', 'service', ...other));
    }),
  );
});

it('gives entity ids that people can type', () => {
  expect(entityId('sensor', 'chelsty-infra', 'Zigbee 2.MQTT', 'status')).toBe('sensor.chelsty_infra_zigbee_2_mqtt_status');
  expect(entityId('sensor', 'żółw', 'ünïcode')).toMatch(/^sensor\.[a-z0-9]+(_[a-z0-9]+)*$/);
  fc.assert(
    fc.property(name, name, (node, service) => {
      expect(entityId('binary_sensor', node, service)).toMatch(/^binary_sensor\.[a-z0-9]+(?:_[a-z0-9]+)*$/);
    }),
  );
});
