/** Rules about networks of containers: the host network, the broker on it, and bridges that must find it. */
import type { Rule } from './rule.ts';
import { inCompose, type PlacedContainer, usesHostNetwork, viewOf } from './view.ts';

const hostNetworkPorts: Rule = {
  id: 'host-network-ports',
  severity: 'error',
  finds: '`ports` of a container with the host network, in one file or across a Compose file and its override',
  why: 'docker-compose 1.29.2 accepts it and fails at `up`; an override cannot take ports away, because the lists are joined',
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      const { compose, base, override, name } = container;
      if (!usesHostNetwork(container) || (compose.ports ?? []).length === 0) continue;
      const isAcross = override?.value.services?.[name]?.network_mode === 'host' && (base?.value.services?.[name]?.ports ?? []).length > 0;
      yield isAcross && base !== null
        ? inCompose(
            container,
            ['network_mode'],
            `the host network here, and ports in ${base.path}:${base.placeOf(['services', name, 'ports']).line}; the lists are joined, so move them out of there`,
          )
        : inCompose(container, ['ports'], 'ports together with network_mode: host; remove the ports');
    }
  },
};

const hostNetworkNetworks: Rule = {
  id: 'host-network-networks',
  severity: 'error',
  finds: '`networks` of a container that has a `network_mode`',
  why: 'docker-compose refuses the two together',
  saidByCompose: true,
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      const { network_mode: mode, networks } = container.compose;
      if (mode !== undefined && networks !== undefined)
        yield inCompose(container, ['networks'], `networks together with network_mode: ${mode}; keep one of them`);
    }
  },
};

const isMosquitto = ({ service, name, compose }: PlacedContainer): boolean =>
  /(^|\/)eclipse-mosquitto(:|@|$)/.test(compose.image ?? '') || (service === 'mosquitto' && name === 'mosquitto');

const mosquittoNetwork: Rule = {
  id: 'mosquitto-host-network',
  severity: 'error',
  finds: 'a mosquitto that is not on the host network',
  why: 'bridged ports hid the address of each client, and host network together with ports broke docker-compose 1.29.2',
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      if (!isMosquitto(container) || usesHostNetwork(container)) continue;
      yield inCompose(container, ['network_mode'], `network_mode is ${container.compose.network_mode ?? 'not set'}; expected network_mode: host`);
    }
  },
};

export const networkingRules: readonly Rule[] = [hostNetworkPorts, hostNetworkNetworks, mosquittoNetwork];
