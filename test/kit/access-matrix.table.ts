/**
 * Who may write which topic at the brokers of a homelab of two sites, written down by hand: what the access rules, mosquitto with
 * the generated files, and any other broker of ours are held against. Everybody who is not named may not.
 */
import type { AccessList } from '../../contracts/desired.ts';
import type { TopicName } from '../../contracts/topics.ts';
import type { Files } from './declared-files.ts';

const nodes = {
  vps: ['inventory', 'observer', 'ledger', 'supervisor', 'node-agent', 'executor', 'stability-agent', 'ha-discovery'],
  piha: ['node-agent', 'executor', 'planner', 'operator-ui', 'materializer'],
  'cabin-1': ['observer', 'ledger', 'supervisor', 'bridge', 'node-agent', 'executor', 'ha-diag-agent', 'ha-discovery'],
  'cabin-2': [],
} as const satisfies Readonly<Record<string, readonly string[]>>;
type Node = keyof typeof nodes;
const nodesOf = { hub: ['vps', 'piha'], cabin: ['cabin-1', 'cabin-2'] } as const satisfies Readonly<Record<string, readonly Node[]>>;
export type MatrixSite = keyof typeof nodesOf;

export const matrixAccess: AccessList = {
  anna: 'operator',
  homeassistant: 'delegate',
  kiosk: 'reader',
  'operator-ui-piha': 'delegate',
  'planner-piha': 'operator',
};

const actorsOn = (node: Node): readonly string[] => nodes[node].map((actor) => `${actor}-${node}`);
const everybody: Readonly<Record<MatrixSite, readonly string[]>> = {
  hub: [...actorsOn('vps'), ...actorsOn('piha'), 'bridge-cabin-1', 'anna', 'homeassistant', 'kiosk'],
  cabin: [...actorsOn('cabin-1'), 'anna', 'homeassistant', 'kiosk'],
};
/** Logins that a broker knows, and whose topics are ours to give. */
export const loginsAt = (site: MatrixSite): readonly string[] => everybody[site];
/** Of a program of others, at the hub. */
export const foreignLogin = 'zigbee2mqtt';

export interface MatrixRow {
  readonly row: TopicName;
  /** Without the root. */
  readonly topic: string;
  readonly writers: Readonly<Record<MatrixSite, readonly string[]>>;
}

const at = (row: TopicName, topic: string, hub: readonly string[], cabin: readonly string[]): MatrixRow => ({ row, topic, writers: { hub, cabin } });
const bridge = ['bridge-cabin-1'];
const none: readonly string[] = [];

/** A document of each site's nodes by one actor of the site: at the hub the bridge brings the cabin's. */
const ofSite = (row: TopicName, of: (node: string) => string, actor: string): readonly MatrixRow[] => [
  at(row, of('vps'), [`${actor}-vps`], none),
  at(row, of('piha'), [`${actor}-vps`], none),
  at(row, of('cabin-1'), bridge, [`${actor}-cabin-1`]),
  at(row, of('cabin-2'), bridge, [`${actor}-cabin-1`]),
  // Troubles of a site itself: the hub tells those of the sites below.
  at(row, of('site-hub'), [`${actor}-vps`], none),
  at(row, of('site-cabin'), [`${actor}-vps`], [`${actor}-cabin-1`]),
  at(row, of('nowhere'), none, none),
];

/** The ledger clears what came with the retain flag. */
const ledgers = { hub: ['ledger-vps'], cabin: ['ledger-cabin-1'] } as const;
const asked = (row: TopicName, topic: string, hub: readonly string[], cabin: readonly string[]): MatrixRow =>
  at(row, topic, [...hub, ...ledgers.hub], [...cabin, ...ledgers.cabin]);

const peoplesStates = ['pending', 'approved', 'rejected', 'cancelled'];
const allStates = [...peoplesStates, 'running', 'completed', 'failed'];

/** By state: whether this login, at the brokers that know it, may ask for it. */
const requestsOf = (login: string, states: readonly string[]): readonly MatrixRow[] =>
  allStates.map((state) => {
    const may = (site: MatrixSite): readonly string[] => (states.includes(state) && everybody[site].includes(login) ? [login] : none);
    return asked('request', `actions/${state}/${login}`, may('hub'), may('cabin'));
  });

export const accessMatrix: readonly MatrixRow[] = [
  at('events', 'events/vps', actorsOn('vps'), none),
  at('events', 'events/piha', actorsOn('piha'), none),
  at('events', 'events/cabin-1', bridge, actorsOn('cabin-1')),
  at('events', 'events/cabin-2', bridge, none),
  at('nodeHealth', 'health/vps', ['node-agent-vps'], none),
  at('nodeHealth', 'health/piha', ['node-agent-piha'], none),
  at('nodeHealth', 'health/cabin-1', bridge, ['node-agent-cabin-1']),
  at('serviceHealth', 'health/vps/web', ['node-agent-vps'], none),
  at('serviceHealth', 'health/cabin-1/web', bridge, ['node-agent-cabin-1']),
  at('actorStatus', 'actors/vps/observer', ['observer-vps'], none),
  at('actorStatus', 'actors/piha/observer', none, none),
  at('actorStatus', 'actors/cabin-1/observer', bridge, ['observer-cabin-1']),
  at('actorStatus', 'actors/cabin-1/bridge', bridge, bridge),
  at('manifest', 'manifests/piha/planner', ['planner-piha'], none),
  at('manifest', 'manifests/cabin-1/ledger', bridge, ['ledger-cabin-1']),
  at('desired', 'desired/vps', ['inventory-vps'], none),
  at('desired', 'desired/no-longer-declared', ['inventory-vps'], none),
  at('desired', 'desired/cabin-1', ['inventory-vps'], bridge),
  ...ofSite('worldNode', (node) => `world/nodes/${node}`, 'observer'),
  ...ofSite('worldService', (node) => `world/services/${node}/web`, 'observer'),
  ...ofSite('incident', (node) => `world/incidents/${node}/inc-1`, 'observer'),
  ...ofSite('deployment', (node) => `world/deployments/${node}/dep-1`, 'observer'),
  at('site', 'world/sites/hub', ['observer-vps'], none),
  at('site', 'world/sites/cabin', bridge, ['observer-cabin-1']),
  at('cursor', 'cursors/hub/vps', ['observer-vps'], none),
  at('cursor', 'cursors/hub/cabin-1', ['observer-vps'], bridge),
  at('cursor', 'cursors/cabin/cabin-1', none, ['observer-cabin-1']),
  ...ofSite('action', (node) => `world/actions/${node}/restart-1`, 'ledger'),
  ...ofSite('maintenance', (node) => `world/maintenance/${node}`, 'ledger'),
  ...ofSite('decisions', (node) => `decisions/${node}`, 'supervisor'),
  at('link', 'links/cabin', bridge, bridge),
  at('link', 'links/hub', none, none),
  ...requestsOf('anna', peoplesStates),
  ...requestsOf('homeassistant', peoplesStates),
  ...requestsOf('operator-ui-piha', peoplesStates),
  ...requestsOf('kiosk', []),
  ...requestsOf('supervisor-vps', ['pending', 'cancelled']),
  ...requestsOf('supervisor-cabin-1', ['pending', 'cancelled']),
  // The access list calls it an operator; it is a program, and no list makes it a person.
  ...requestsOf('planner-piha', ['pending', 'cancelled']),
  ...requestsOf('executor-piha', ['running', 'completed', 'failed']),
  ...requestsOf('executor-cabin-1', ['running', 'completed', 'failed']),
  ...requestsOf('bridge-cabin-1', []),
  ...requestsOf('materializer-piha', []),
  asked('anonymousRequest', 'actions/approved', none, none),
  asked('maintenanceRequest', 'maintenance/anna', ['anna'], ['anna']),
  asked('maintenanceRequest', 'maintenance/operator-ui-piha', ['operator-ui-piha'], none),
  asked('maintenanceRequest', 'maintenance/kiosk', none, none),
  asked('maintenanceRequest', 'maintenance/supervisor-vps', none, none),
  at('reply', 'replies/anna/hub', ['ledger-vps'], none),
  at('reply', 'replies/anna/cabin', none, ['ledger-cabin-1']),
  at('probe', 'probes/kiosk', ['kiosk'], ['kiosk']),
  at('probe', 'probes/observer-vps', ['observer-vps'], none),
  at('probe', 'probes/bridge-cabin-1', bridge, bridge),
  at('relay', 'relay/cabin', ['ledger-vps'], bridge),
  at('relay', 'relay/hub', none, none),
  at('verdict', 'verdicts/cabin', bridge, ['ledger-cabin-1']),
  at('verdict', 'verdicts/hub', none, none),
  at('inbox', 'inbox/hub', ['ha-discovery-vps'], none),
  at('inbox', 'inbox/cabin', none, ['ha-discovery-cabin-1']),
  at('homeAssistantTap', 'taps/hub', ['homeassistant'], none),
  at('homeAssistantTap', 'taps/cabin', none, ['homeassistant']),
];

/** Outside the root: topics of Home Assistant that somebody of ours may write, and Home Assistant itself. */
export const homeAssistantMatrix: readonly MatrixRow[] = [
  at('homeAssistantDevice', 'homeassistant/device/homelab_node_vps/config', ['ha-discovery-vps', 'homeassistant'], ['ha-discovery-cabin-1', 'homeassistant']),
  at('homeAssistantStatus', 'homeassistant/status', ['homeassistant'], ['homeassistant']),
];

interface MatrixOptions {
  readonly ports: Readonly<Record<MatrixSite, number>>;
  /** Further words of the hub's broker. */
  readonly hubBroker?: string;
  /** false: no inventory/access.yaml. */
  readonly isListed?: boolean;
}

/** The same homelab as files. */
export function matrixHomelab({ ports, hubBroker = '', isListed = true }: MatrixOptions): Files {
  const placed = Object.entries(nodesOf).flatMap(([site, names]) => names.map((node) => `  ${node}: { site: ${site} }\n`));
  const hosts = Object.entries(nodes).map(([node, agents]) => [
    `hosts/${node}/services.yaml`,
    `agents: [${agents.join(', ')}]\nservices:\n${node === 'piha' ? `  ${foreignLogin}:\n` : '  mosquitto:\n'}`,
  ]);
  return {
    'inventory/topology.yaml': `sites:
  hub:
    broker: { node: vps, port: ${ports.hub}${hubBroker} }
  cabin:
    broker: { node: cabin-1, port: ${ports.cabin} }
    uplink: { kind: lte }
nodes:
${placed.join('')}`,
    ...(isListed ? { 'inventory/access.yaml': `logins: ${JSON.stringify(matrixAccess)}\n` } : {}),
    ...(Object.fromEntries(hosts) as Files),
    [`services/${foreignLogin}/service.yaml`]: `service:
  name: ${foreignLogin}
  description: a program of others
  exposure: local-only
  healthcheck: { type: container }
  mqtt: { login: ${foreignLogin}, reads: [${foreignLogin}/#], writes: [${foreignLogin}/#] }
`,
  };
}
