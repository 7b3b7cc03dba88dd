/** Rules about the addresses that containers are given for a broker: whether there is a door, and whether its certificate can be trusted. */

import { defaultSite } from '../../../contracts/defaults.ts';
import { doorsOf } from '../../../contracts/inventory/broker.ts';
import type { TopologyFile } from '../../../contracts/inventory/topology.ts';
import { keyValues } from '../containers.ts';
import { contentOf, type DeclaredTree } from '../tree.ts';
import type { Fault, Rule } from './rule.ts';
import { envLines, withVariables } from './variables.ts';
import { inEnvironment, type PlacedContainer, siteOf, usesHostNetwork, viewOf } from './view.ts';

type Broker = TopologyFile['sites'][string]['broker'];

/** An address in a container's environment that leads to a broker of the topology. */
interface Address {
  readonly container: PlacedContainer;
  readonly variable: string;
  readonly url: URL;
  readonly site: string;
  readonly broker: Broker;
  /** The container is on the broker's machine. */
  readonly isNear: boolean;
  readonly hasAuthority: boolean;
}

const brokerUrl: Rule = {
  id: 'broker-url',
  severity: 'error',
  finds:
    "an address in a container's environment at which the site's broker does not listen: another port, without TLS where there is only TLS, a name that its certificate does not have",
  why: 'the actor would never connect, or say its password in clear where only TLS was meant',
  *find(tree) {
    for (const address of addressesOf(tree)) {
      const problem = problemOf(address);
      if (problem !== null) yield faultAt(address, problem);
    }
  },
};

const brokerAuthority: Rule = {
  id: 'broker-authority',
  severity: 'warning',
  finds: 'an mqtts:// address in a container that has no HOMELAB_BROKER_CA',
  why: 'a certificate of `homelab creds` is then refused; only one of a public authority is trusted',
  *find(tree) {
    const told = new Set<string>();
    for (const address of addressesOf(tree)) {
      const { container, hasAuthority, url } = address;
      const key = `${container.node}/${container.name}`;
      if (url.protocol !== 'mqtts:' || hasAuthority || told.has(key)) continue;
      told.add(key);
      yield faultAt(address, 'mqtts:// without HOMELAB_BROKER_CA; expected the path of ca.pem of `homelab creds ca` in the container');
    }
  },
};

export const brokerAddressRules: readonly Rule[] = [brokerUrl, brokerAuthority];

const faultAt = ({ container, variable }: Address, detail: string): Fault => inEnvironment(container, variable, `${variable}: ${detail}`);

function* addressesOf(tree: DeclaredTree): Iterable<Address> {
  const topology = contentOf(tree.topology);
  if (topology === null) return;
  for (const container of viewOf(tree).containers) {
    const { node, service, compose } = container;
    const site = node === null ? null : siteOf(tree, node);
    if (node === null || site === null) continue;
    const values = keyValues(compose.environment);
    const env = envLines(tree.services.get(service)?.envExample ?? null);
    const upstream = topology.sites[site]?.uplink;
    const ways = [
      ['HOMELAB_BROKER_URL', site],
      // At the hub itself it is the address by which its own broker is looked at from outside.
      ['HOMELAB_UPSTREAM_URL', upstream === undefined || upstream.kind === 'none' ? site : (upstream.to ?? defaultSite)],
    ] as const;
    for (const [variable, of] of ways) {
      const broker = topology.sites[of]?.broker;
      const text = withVariables(values[variable] ?? '', env);
      if (broker === undefined || text === null) continue;
      for (const url of text.split(',').flatMap(urlOf)) {
        const isNear = node === broker.node;
        if (!leadsTo(url, broker, topology, isNear && usesHostNetwork(container))) continue;
        yield { container, variable, url, site: of, broker, isNear, hasAuthority: (values['HOMELAB_BROKER_CA'] ?? '') !== '' };
      }
    }
  }
}

const urlOf = (text: string): readonly URL[] => (URL.canParse(text.trim()) ? [new URL(text.trim())] : []);
const isThisMachine = (host: string): boolean => host === 'localhost' || host.startsWith('127.') || host === '[::1]';

/** By the node's names, those of its certificate, or this machine. What else a host may mean is not known, and nothing is said of it. */
function leadsTo({ hostname }: URL, { node, tls }: Broker, { nodes }: TopologyFile, isOnItsNetwork: boolean): boolean {
  if (isThisMachine(hostname)) return isOnItsNetwork;
  return [node, ...(nodes[node]?.aliases ?? []), ...(tls?.names ?? [])].includes(hostname);
}

const defaultPorts: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

function problemOf({ url, broker, site, isNear }: Address): string | null {
  const port = url.port === '' ? (defaultPorts[url.protocol] ?? 0) : Number(url.port);
  const scheme = url.protocol.slice(0, -1);
  if (scheme === 'mqtt' && port === broker.standby_port) return null;
  const isStandby = scheme === 'mqtts' && port === broker.tls?.standby_port;
  const doors = doorsOf(broker).filter((door) => door.scheme === 'mqtt' || door.scheme === 'mqtts');
  const open = doors.filter(({ listen }) => isNear || listen.some((address) => address !== 'loopback'));
  const expected = open.map((door) => `${door.scheme}://…:${door.port}`).join(' or ') || 'none: it listens to its own machine only';
  if (!isStandby && !open.some((door) => door.scheme === scheme && door.port === port))
    return `${scheme}:// at port ${port} is no way to the broker of ${site} from there; expected ${expected}`;
  const names = broker.tls?.names;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (scheme === 'mqtts' && names !== undefined && !names.includes(host))
    return `the certificate of the broker of ${site} is for ${names.join(', ')}, not for ${host}; expected one of these, or ${host} among the \`names\` too`;
  return null;
}
