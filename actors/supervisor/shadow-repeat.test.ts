/** Shadow mode holds for a silence that is said again and again, not only for its first word. */
import { expect, it } from 'vitest';
import { minuteMs, SupervisorWorld } from '../../test/kit/supervisor-world.ts';
import { usualHaRules } from './judge-home-assistant.ts';

const dead = 'ha_websocket_dead';
const id = 'container-restart-vps-homeassistant';
const notice = { type: 'alert_only', params: { instead_of: 'container_restart' } };

it('asks for a notice, and no restart, also when the silence goes on after the first notice was read', () => {
  const w = new SupervisorWorld({ haRules: { ...usualHaRules, shadowMode: true } })
    .desired([{ name: 'homeassistant', monitor: false }])
    .node()
    .synced()
    .event(dead)
    .pass(minuteMs);
  expect(w.proposal).toMatchObject(notice);
  w.action('completed', { service: 'homeassistant', evidence: { trigger_type: dead, incident_id: null }, ...notice }, id).forgetAsked();
  for (let said = 0; said < 4; said += 1) w.pass(10 * minuteMs).event(dead);
  w.pass(minuteMs);
  expect(new Set(w.proposed)).toEqual(new Set([id]));
  expect(w.proposal).toMatchObject(notice);
});
