/**
 * zigbee2mqtt runs and says that it is offline: its coordinator is gone, or it hangs while it starts. Costs a retained message.
 * When its container does not run that is the node-agent's to say, and this waits.
 */
import type { Check } from '../check.ts';

/** Its container, as everybody calls it. */
const zigbeeService = 'zigbee2mqtt';
/** A start with 100 devices takes a minute. */
const zigbeeRaiseAfterMs = 120_000;
/** One that restarts in a loop says online for seconds each time. */
const zigbeeClearAfterMs = 30_000;

export const zigbeeBridge: Check = {
  name: 'zigbee-bridge',
  source: 'bus',
  raised: 'zigbee_bridge_offline',
  cleared: 'zigbee_bridge_online',
  raiseAfterMs: zigbeeRaiseAfterMs,
  clearAfterMs: zigbeeClearAfterMs,
  look: ({ isConnected, services, zigbeeBridge: state }) => {
    const container = services.get(zigbeeService)?.status;
    // Another node's, or one that speaks under another name.
    if (container === undefined || state === null) return [];
    if (!isConnected) return 'unknown';
    const sight = container !== 'healthy' ? 'between' : state === 'offline' ? 'error' : 'well';
    return [{ subject: '', service: zigbeeService, sight, message: `zigbee2mqtt says that it is ${state}`, payload: { state } }];
  },
};
