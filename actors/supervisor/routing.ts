/**
 * The routing table: which trouble asks for which action. Pure; the only place that says so.
 *
 * | what happened | action |
 * |---|---|
 * | `containers_not_running`, `mqtt_unreachable` | container_restart |
 * | any other, or an unknown one, of a service | redeploy; container_restart of an adopted service, and of a container that Compose did not make (docs/decisions/0003) |
 * | a disk is nearly full | disk_cleanup (docs/decisions/0011) |
 * | `ha_websocket_dead` | container_restart of Home Assistant; in shadow mode a notice under the same id |
 * | `ha_websocket_recovered` | takes that back |
 * | the six other events of Home Assistant | alert_only |
 */
import type { ActionType } from '../../contracts/action.ts';
import type { DesiredService } from '../../contracts/desired.ts';
import type { KnownEventType } from '../../contracts/event-types.table.ts';

/** Event types after which the container is fine and only has to run again. Everything else may be the image's or the configuration's fault. */
const restartTriggers: readonly string[] = ['containers_not_running', 'mqtt_unreachable'];

export function repairFor(desired: DesiredService, triggerType: string): Extract<ActionType, 'container_restart' | 'redeploy'> {
  if (restartTriggers.includes(triggerType)) return 'container_restart';
  return desired.origin === 'adopted' ? 'container_restart' : 'redeploy';
}

export const [haDead, haRecovered] = ['ha_websocket_dead', 'ha_websocket_recovered'] as const satisfies readonly KnownEventType[];

/** Each asks for a notice of its own. */
export const haAlerts = [
  'ha_integration_failed',
  'ha_entity_unavailable_long',
  'ha_automation_failing',
  'ha_update_available',
  'ha_recorder_lag',
  'ha_system_health_degraded',
] as const satisfies readonly KnownEventType[];

export const isHaEvent = (type: string): boolean => type === haDead || type === haRecovered || haAlerts.some((each) => each === type);
