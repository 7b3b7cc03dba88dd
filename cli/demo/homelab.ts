/**
 * Which homelab a demo simulates: the declared one, where there is one, else the small built-in one.
 *
 * Reads the inventory directory once, at the start; what is changed there later changes no demo that runs. Writes nothing.
 * From the declared files it takes nodes, services, roles and dependencies, and leaves out what would make a demo behave unlike one:
 * all nodes are on one site, because there is one broker; everybody may approve; no maintenance windows.
 */
import { type Placement, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree, type HostFiles } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { type SimulatedNode, type SimulatedService, simulatedHomelab } from '../../adapters/simulated/homelab.table.ts';
import { declaredByTable } from '../../adapters/simulated/inventory.ts';
import { isWatched } from '../declared/watched.ts';
import type { Settings } from '../settings.ts';

export interface UnwatchedNode {
  readonly name: string;
  readonly means: string;
  /** Declared to run there; nobody looks at them. */
  readonly services: readonly string[];
}

export interface DemoHomelab {
  /** Machines with a container engine; the first one also runs what a site needs once. */
  readonly nodes: readonly SimulatedNode[];
  /** Declared machines without a node-agent. */
  readonly unwatched: readonly UnwatchedNode[];
  readonly tree: DeclaredTree;
  /** For people: where it comes from. */
  readonly source: string;
}

const everywhere = ['node-agent', 'executor', 'stability-agent'] as const;
/** What a site needs once. */
const once = ['inventory', 'observer', 'ledger', 'supervisor', 'ha-discovery', 'operator-ui'] as const;

/** The actors that run on a machine of a demo. */
export const agentsOf = (nodes: readonly Pick<SimulatedNode, 'name'>[], node: string): readonly string[] =>
  node === nodes[0]?.name ? [...once, ...everywhere] : everywhere;

export const builtInHomelab: DemoHomelab = {
  nodes: simulatedHomelab,
  unwatched: [],
  tree: declaredByTable({ nodes: simulatedHomelab, agentsOf: (node) => agentsOf(simulatedHomelab, node) }),
  source: 'a small built-in one',
};

export async function demoHomelab({ inventoryDir, site }: Pick<Settings, 'inventoryDir' | 'site'>): Promise<DemoHomelab> {
  const tree = await readTree(inventoryDir);
  const watched = [...tree.hosts.values()].filter((host) => isWatched(host) && typeof host.services !== 'string');
  if (watched.length === 0) return builtInHomelab;
  const nodes = watched.map((host) => simulatedNode(tree, host)).sort((a, b) => rank(tree, a.name) - rank(tree, b.name));
  return {
    nodes,
    unwatched: [...tree.hosts.values()].filter((host) => !watched.includes(host)).map((host) => unwatchedNode(tree, host)),
    tree: {
      ...withAgents(tree, (node) => (watched.some((host) => host.node === node) ? agentsOf(nodes, node) : [])),
      topology: onOneSite(tree.topology, site),
      access: 'absent',
      maintenance: 'absent',
    },
    source: `the one declared in ${inventoryDir}`,
  };
}

/** The node whose file says that the inventory runs there comes first; the others in the order of the topology. */
function rank(tree: DeclaredTree, node: string): number {
  if (contentOf(tree.hosts.get(node)?.services ?? 'absent')?.agents?.includes('inventory') === true) return -1;
  const at = Object.keys(contentOf(tree.topology)?.nodes ?? {}).indexOf(node);
  return at === -1 ? Number.MAX_SAFE_INTEGER : at;
}

/** What the files say of actors counts for the real machines. */
function withAgents(tree: DeclaredTree, agents: (node: string) => readonly string[]): DeclaredTree {
  const hosts = [...tree.hosts].map(([node, host]): [string, HostFiles] => {
    if (typeof host.services === 'string') return [node, host];
    return [node, { ...host, services: { ...host.services, value: { ...host.services.value, agents: [...agents(node)] } } }];
  });
  return { ...tree, hosts: new Map(hosts) };
}

function onOneSite(topology: DeclaredTree['topology'], site: string): DeclaredTree['topology'] {
  if (typeof topology === 'string') return topology;
  const nodes = Object.fromEntries(Object.entries(topology.value.nodes).map(([name, node]) => [name, { ...node, site }]));
  return { ...topology, value: { ...topology.value, nodes } };
}

function simulatedNode(tree: DeclaredTree, { node, capabilities }: HostFiles): SimulatedNode {
  const { hardware, storage } = contentOf(capabilities) ?? unknownMachine;
  const placements = viewOf(tree).placements.filter((placement) => placement.node === node);
  return {
    name: node,
    means: meansOf(tree, node),
    memoryBytes: hardware.memory.total_gb * GiB,
    diskBytes: storage.capacity_gb * 1e9,
    ...usual,
    services: placements.flatMap(simulatedServices),
  };
}

const GiB = 1024 ** 3;
/** As the smallest machine of the built-in homelab. */
const unknownMachine = { hardware: { memory: { total_gb: 4 } }, storage: { capacity_gb: 32 } };
/** Of a machine that is well. */
const usual = { cpuPct: 12, memoryPct: 48, diskPct: 52, reclaimableBytes: 0.5 * GiB } as const;
/** Long enough to be seen starting after a repair, and not to be waited for. */
const healthyAfterMs = 3_000;

const simulatedServices = ({ service, containers, files }: Placement): readonly SimulatedService[] => {
  const checksItself = contentOf(files?.service ?? 'absent')?.service.healthcheck.type === 'container';
  return containers.map(({ name, compose }) => ({
    name,
    image: simulatedImage(compose.image ?? name),
    project: service,
    ...(compose.healthcheck !== undefined || checksItself ? { healthyAfterMs } : {}),
  }));
};

/** `ghcr.io/owner/thing:1.2` → `simulated/thing:1.2`: nobody takes it for a real one. */
const simulatedImage = (image: string): string => `simulated/${(image.split('@')[0] ?? image).split('/').at(-1)}`;

const unwatchedNode = (tree: DeclaredTree, { node, services }: HostFiles): UnwatchedNode => ({
  name: node,
  means: meansOf(tree, node),
  services: Object.keys(contentOf(services)?.services ?? {}),
});

const meansOf = (tree: DeclaredTree, node: string): string =>
  contentOf(tree.hosts.get(node)?.nodeFile ?? 'absent')?.description ?? contentOf(tree.topology)?.nodes[node]?.roles.join(', ') ?? '';
