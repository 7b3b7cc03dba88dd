/**
 * One reading of the files as the inventory takes it: what each node declares, or which files keep it from being said.
 *
 * Reads: the tree, and what was in force before. Pure. A file concerns the nodes it is about: services/<x>/… those that
 * run x, hosts/<n>/… that node, topology.yaml none (what it said last goes on being true). An unknown key concerns none.
 */
import { linkQuietMs } from '../../contracts/defaults.ts';
import type { AccessList, DesiredMaintenance } from '../../contracts/desired.ts';
import { weekdays } from '../../contracts/inventory/maintenance.ts';
import type { DeclaredNode, InventoryProblem, NodeTopology } from '../../contracts/inventory/memory.ts';
import type { TopologyFile } from '../../contracts/inventory/topology.ts';
import { declaredNode, declaredServices } from './declared-node.ts';
import type { Checkout } from './ports.ts';
import { contentOf, type DeclaredTree, type Finding } from './tree.ts';

/** One node that can be said. */
export interface ReadNode {
  readonly version: DeclaredNode;
  /** Relative to the inventory directory. */
  readonly file: string;
  /** Line of the key that declares each container, from 1. */
  readonly lines: Readonly<Record<string, number>>;
}

/** By node; null: there is no topology.yaml; undefined: there is one, and nobody knows what it says. */
export type Topology = Readonly<Record<string, NodeTopology>> | null | undefined;

export interface InventoryReading {
  readonly hosts: DeclaredTree['hostsDirectory'];
  /** Nodes that have a services.yaml, good or not. */
  readonly present: readonly string[];
  readonly nodes: ReadonlyMap<string, ReadNode>;
  readonly topology: Topology;
  /** null = there is no access.yaml; `unreadable` = there is one, and it is among the problems. */
  readonly access: AccessList | null | 'unreadable';
  readonly problems: readonly InventoryProblem[];
}

export interface InForce {
  readonly nodes: ReadonlyMap<string, DeclaredNode>;
  readonly topology: Topology;
}

export function readingOf({ tree, commit }: Checkout, before: InForce): InventoryReading {
  const topology = topologyOf(tree, before);
  const present = [...tree.hosts].flatMap(([node, { services }]) => (services === 'absent' ? [] : [node]));
  const held = new Map(present.map((node) => [node, heldBy(tree, node, topology)]));
  const nodes = new Map<string, ReadNode>();
  for (const node of present) {
    const file = tree.hosts.get(node)?.services;
    if (file === undefined || typeof file === 'string' || held.get(node)?.size !== 0) continue;
    const version = declaredNode(node, file.value, {
      tree,
      commit,
      topology: topology?.[node],
      hasTopology: topology !== null,
      lastContainers: (other, service) => lastContainers(before, other, service),
      maintenance: maintenanceOf(tree, node, before),
    });
    const lines = version.services.map(({ name, stack }) => [name, file.placeOf(['services', stack ?? name]).line] as const);
    nodes.set(node, { version, file: file.path, lines: Object.fromEntries(lines) });
  }
  const problems = tree.findings.filter(({ severity }) => severity === 'error').map((finding) => problemOf(finding, held));
  return { hosts: tree.hostsDirectory, present, nodes, topology, access: accessOf(tree), problems };
}

function accessOf({ access }: DeclaredTree): InventoryReading['access'] {
  if (access === 'absent') return null;
  return access === 'broken' ? 'unreadable' : (access.value.logins ?? {});
}

/** Lists that are empty are left out: they would be said of every node. */
function topologyOf({ topology }: DeclaredTree, before: InForce): Topology {
  if (topology === 'absent') return null;
  // What it said last; where it was never good nobody knows.
  if (topology === 'broken') return before.topology ?? undefined;
  const nodes = Object.entries(topology.value.nodes).map(([node, { site, roles, location, aliases }]): [string, NodeTopology] => [
    node,
    {
      site,
      ...(roles.length === 0 ? {} : { roles }),
      ...(location === undefined ? {} : { location }),
      ...(aliases.length === 0 ? {} : { aliases }),
      ...uplinkOf(topology.value.sites[site]?.uplink),
    },
  ]);
  return Object.fromEntries(nodes);
}

/** Nothing is said of the hub, which is where uplinks lead. */
function uplinkOf(uplink: TopologyFile['sites'][string]['uplink'] | undefined): Pick<NodeTopology, 'uplink'> {
  if (uplink === undefined || uplink.kind === 'none') return {};
  const { kind, quiet_min } = uplink;
  return { uplink: { kind, quiet_ms: quiet_min === undefined ? linkQuietMs[kind] : Math.round(quiet_min * 60_000) } };
}

/** Files that keep a node from being said. */
function heldBy(tree: DeclaredTree, node: string, topology: Topology): ReadonlySet<string> {
  const host = tree.hosts.get(node);
  const files = new Set<string>();
  // A node whose site nobody knows must not appear on the wrong one.
  if (tree.topology === 'broken' && topology?.[node] === undefined) files.add('inventory/topology.yaml');
  if (host?.capabilities === 'broken') files.add(`hosts/${node}/capabilities.yaml`);
  if (host?.services === 'broken') for (const file of [`hosts/${node}`, `hosts/${node}/runtime`, `hosts/${node}/services.yaml`]) files.add(file);
  for (const [name] of declaredServices(contentOf(host?.services ?? 'absent') ?? { services: {} })) {
    if (tree.servicesDirectory === 'unreadable') files.add('services');
    const service = tree.services.get(name);
    if (service?.compose === 'broken' || service?.service === 'broken') {
      if (service.compose === 'broken') files.add(`services/${name}/docker-compose.yml`);
      if (service.service === 'broken') files.add(`services/${name}/service.yaml`);
      files.add(`services/${name}`);
    }
    if (host?.overrides.get(name) === 'broken') files.add(`hosts/${node}/runtime/${name}/docker-compose.override.yml`);
  }
  return files;
}

const lastContainers = ({ nodes }: InForce, node: string, service: string): readonly string[] =>
  (nodes.get(node)?.services ?? []).flatMap(({ name, stack }) => ((stack ?? name) === service ? [name] : []));

/** The windows of one node; every day is the usual, and not said. */
function maintenanceOf(tree: DeclaredTree, node: string, before: InForce): readonly DesiredMaintenance[] {
  if (tree.maintenance === 'broken') return before.nodes.get(node)?.maintenance ?? [];
  const file = contentOf(tree.maintenance);
  if (file === null) return [];
  return file.windows
    .filter(({ nodes }) => nodes.includes(node))
    .map(({ service, days, from, minutes, reason }) => ({
      ...(service === undefined ? {} : { service }),
      time_zone: file.time_zone,
      ...(days.length === weekdays.length ? {} : { days }),
      from,
      minutes,
      reason,
    }));
}

function problemOf({ rule, file, place, detail }: Finding, held: ReadonlyMap<string, ReadonlySet<string>>): InventoryProblem {
  const holds = rule === 'unknown-key' ? [] : [...held].flatMap(([node, files]) => (files.has(file) ? [node] : []));
  const [top, node] = file.split('/');
  return { rule, file, node: top === 'hosts' ? (node ?? null) : null, line: place?.line ?? null, column: place?.column ?? null, detail, holds };
}
