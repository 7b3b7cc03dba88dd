/** Rules about ports: two that want the same one, and two files that say different ones. */
import type { DeclaredTree, HostFiles } from '../tree.ts';
import { collide, type PublishedPort, portItems, portsOf, shownPort } from './compose-ports.ts';
import { at, type Fault, type Rule } from './rule.ts';
import { type EnvLine, envLines } from './variables.ts';
import { isClear, type Placement, usesHostNetwork, viewOf } from './view.ts';

const envOf = (tree: DeclaredTree, service: string): readonly EnvLine[] => envLines(tree.services.get(service)?.envExample ?? null);

const badPort: Rule = {
  id: 'bad-port',
  severity: 'error',
  finds: 'an item under `ports` that is no port, range or mapping of them',
  why: 'docker-compose 1.29.2 accepts port 99999 and fails at `up`',
  saidByCompose: true,
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      for (const { file, path, published } of portItems(container, envOf(tree, container.service))) {
        if (published === 'not-a-port') yield at(file, path, 'expected [address:]<port of the machine>:<port of the container>, each 1 to 65535');
      }
    }
  },
};

/** A port of a machine, and whom it belongs to. */
interface Taken {
  readonly port: PublishedPort;
  readonly by: string;
  readonly fault: (detail: string) => Fault;
}

const portClash: Rule = {
  id: 'port-clash',
  severity: 'error',
  finds: 'two that want one port of a machine: published ports, ports of host-network services, reserved ports',
  why: 'whichever starts second does not start',
  *find(tree) {
    for (const host of tree.hosts.values()) {
      const taken: Taken[] = [];
      for (const next of takenOn(tree, host)) {
        const holder = taken.find(({ port, by }) => by !== next.by && collide(port, next.port));
        if (holder !== undefined) yield next.fault(`port ${shownPort(next.port)} of ${host.node} is already taken by ${holder.by}`);
        taken.push(next);
      }
    }
  },
};

/** Reserved ones first, so that the service is named as the one to change. */
function takenOn(tree: DeclaredTree, host: HostFiles): readonly Taken[] {
  const reserved = typeof host.networking === 'string' ? [] : host.networking.value.reserved_ports.map((_, index) => reservedPort(host, index));
  const here = viewOf(tree).placements.filter(({ node }) => node === host.node);
  return [...reserved.flat(), ...here.flatMap((placement) => [...composePorts(tree, placement), ...hostNetworkPorts(placement)])];
}

function reservedPort({ networking }: HostFiles, index: number): readonly Taken[] {
  if (typeof networking === 'string') return [];
  const reserved = networking.value.reserved_ports[index];
  if (reserved === undefined) return [];
  const port = { host: reserved.port, container: reserved.port, protocol: reserved.protocol, address: '0.0.0.0' };
  return [{ port, by: `${reserved.by} (reserved in ${networking.path})`, fault: (detail) => at(networking, ['reserved_ports', index], detail) }];
}

const composePorts = (tree: DeclaredTree, placement: Placement): readonly Taken[] =>
  placement.containers.flatMap((container) =>
    // With the host network they are a fault of their own.
    usesHostNetwork(container)
      ? []
      : portItems(container, envOf(tree, placement.service)).flatMap((item) =>
          portsOf(item).map((port) => ({ port, by: `${placement.service} (${container.name})`, fault: (detail: string) => at(item.file, item.path, detail) })),
        ),
  );

/** What service.yaml says of a service with a container on the host network, and of one that docker-compose does not start. */
function hostNetworkPorts({ service, files, containers, declared }: Placement): readonly Taken[] {
  const isDirect = containers.some(usesHostNetwork) || declared.deployment_model === 'systemd';
  const file = files?.service;
  if (!isDirect || file === undefined || typeof file === 'string') return [];
  const published = containers.flatMap((container) => (usesHostNetwork(container) ? [] : portItems(container, envLines(files?.envExample ?? null))));
  return file.value.service.ports.flatMap(({ host, container, protocol }, index): readonly Taken[] => {
    const isPublished = published.some((item) => portsOf(item).some((port) => port.host === host && port.protocol === protocol));
    if (isPublished) return [];
    const port = { host, container, protocol, address: '0.0.0.0' };
    return [{ port, by: `${service} (${file.path})`, fault: (detail) => at(file, ['service', 'ports', index], detail) }];
  });
}

const portsDiffer: Rule = {
  id: 'ports-differ',
  severity: 'error',
  finds: 'ports of service.yaml that are not those of the Compose file, where the containers are not on the host network',
  why: 'firewalls and proxies are set from one file, and the other one counts',
  *find(tree) {
    for (const { name, service, compose } of tree.services.values()) {
      if (typeof service === 'string' || typeof compose === 'string' || !isClear(tree, name)) continue;
      const containers = viewOf(tree).containers.filter((container) => container.service === name);
      const items = containers.filter((each) => !usesHostNetwork(each)).flatMap((each) => portItems(each, envOf(tree, name)));
      const published = items.flatMap((item) => portsOf(item).map((port) => ({ item, port })));
      const said = service.value.service.ports;
      const unsaid = published.filter(({ port }) => !said.some((each) => same(each, port)));
      const isSure = !containers.some(usesHostNetwork) && items.every((item) => typeof item.published !== 'string');
      for (const [index, port] of said.entries()) {
        if (published.some((each) => same(port, each.port))) continue;
        // Two ports of the machine for one of the container: one fault, not two.
        const other = unsaid.findIndex((each) => each.port.container === port.container && each.port.protocol === port.protocol);
        const [partner] = other === -1 ? [] : unsaid.splice(other, 1);
        if (partner === undefined && !isSure) continue;
        const found = partner === undefined ? 'no container publishes it' : `${partner.item.file.path} publishes ${shownMapping(partner.port)}`;
        yield at(service, ['service', 'ports', index], `${shownMapping(port)}: ${found}`);
      }
      for (const { item, port } of unsaid) yield at(item.file, item.path, `${service.path} does not have ${shownMapping(port)} under ports`);
    }
  },
};

type Mapping = Pick<PublishedPort, 'host' | 'container' | 'protocol'>;
const same = (a: Mapping, b: Mapping): boolean => a.host === b.host && a.container === b.container && a.protocol === b.protocol;
const shownMapping = ({ host, container, protocol }: Mapping): string => `${host} → ${container}/${protocol}`;

export const portRules: readonly Rule[] = [badPort, portClash, portsDiffer];
