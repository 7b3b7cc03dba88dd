/** What zigbee2mqtt says of itself: JSON since 2.0, bare text before (docs of zigbee2mqtt, "MQTT topics and messages"). */
import { z } from 'zod';

const State = z.enum(['online', 'offline']);

export const ZigbeeBridgeState = z.union([z.object({ state: State }), State.transform((state) => ({ state }))]);
export type ZigbeeBridgeState = z.infer<typeof ZigbeeBridgeState>;
