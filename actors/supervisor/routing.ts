/** Which repair a drift asks for. Pure; see docs/decisions/0003-adopted-services-are-restarted.md for the adopted ones. */
import type { ActionType } from '../../contracts/action.ts';
import type { DesiredService } from '../../contracts/desired.ts';

/** Event types after which the container is fine and only has to run again. Everything else may be the image's or the configuration's fault. */
const restartTriggers: readonly string[] = ['containers_not_running', 'mqtt_unreachable'];

export function repairFor(desired: DesiredService, triggerType: string): Extract<ActionType, 'container_restart' | 'redeploy'> {
  if (restartTriggers.includes(triggerType)) return 'container_restart';
  return desired.origin === 'adopted' ? 'container_restart' : 'redeploy';
}
