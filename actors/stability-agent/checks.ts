/** Every check there is, in the order in which they look. */
import type { Check } from './check.ts';
import { clockOffset } from './checks/clock-offset.ts';
import { cpuPressure } from './checks/cpu-pressure.ts';
import { desiredServices } from './checks/desired-services.ts';
import { diskFilling } from './checks/disk-filling.ts';
import { diskInodes } from './checks/disk-inodes.ts';
import { diskSpace } from './checks/disk-space.ts';
import { engineHung } from './checks/engine-hung.ts';
import { ioPressure } from './checks/io-pressure.ts';
import { memoryPressure } from './checks/memory-pressure.ts';
import { ownBroker } from './checks/own-broker.ts';
import { tailscaleDown } from './checks/tailscale-down.ts';
import { tailscaleKey } from './checks/tailscale-key.ts';
import { tailscalePeer } from './checks/tailscale-peer.ts';
import { tailscalePeerName } from './checks/tailscale-peer-name.ts';
import { upstreamBroker } from './checks/upstream-broker.ts';
import { zigbeeBridge } from './checks/zigbee-bridge.ts';

export const checks: readonly Check[] = [
  diskSpace,
  diskInodes,
  diskFilling,
  memoryPressure,
  cpuPressure,
  ioPressure,
  tailscaleDown,
  tailscaleKey,
  tailscalePeer,
  tailscalePeerName,
  ownBroker,
  upstreamBroker,
  desiredServices,
  zigbeeBridge,
  clockOffset,
  engineHung,
];
