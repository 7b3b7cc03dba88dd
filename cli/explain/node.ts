/** Everything that the declared homelab says about one machine, as data. Pure. */
import { siteOf, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree, type Finding } from '../../actors/inventory/tree.ts';
import type { CapabilitiesFile } from '../../contracts/inventory/capabilities.ts';
import { brokerOf, type Graph, keyOf, type Need } from '../declared/graph.ts';
import { type MemoryBudget, memoryBudget } from '../declared/memory.ts';
import { portsOf } from '../declared/ports.ts';
import { isWatched } from '../declared/watched.ts';
import { aboutNode, locationOf, type Window, windowsOf } from './place.ts';

export interface NodeExplained {
  readonly kind: 'node';
  readonly name: string;
  readonly node: string;
  readonly site: string | null;
  readonly roles: readonly string[];
  readonly location: string | null;
  readonly aliases: readonly string[];
  readonly description: string | null;
  readonly declaredAt: readonly string[];
  readonly capabilities: CapabilitiesFile | null;
  readonly services: readonly {
    readonly service: string;
    readonly role: string;
    readonly exposure: string;
    readonly ports: readonly string[];
    readonly monitor: boolean;
  }[];
  readonly memory: MemoryBudget;
  /** Of its services, to and from other machines. */
  readonly needs: readonly NodeNeed[];
  readonly neededBy: readonly NodeNeed[];
  readonly windows: readonly Window[];
  readonly findings: readonly Finding[];
  readonly without: readonly string[];
}

export interface NodeNeed {
  readonly from: string;
  readonly to: string;
  readonly where: string;
}

export function explainNode(tree: DeclaredTree, graph: Graph, node: string, findings: readonly Finding[]): NodeExplained {
  const inTopology = contentOf(tree.topology)?.nodes[node];
  const host = tree.hosts.get(node);
  const placements = graph.placements.filter((placement) => placement.node === node);
  const other = ({ to, name }: Need): boolean => (to === null ? !name.startsWith(`${node}/`) : to.node !== node);
  const needs = graph.needs.filter((need) => need.from.node === node && other(need));
  const neededBy = graph.needs.filter((need) => need.to?.node === node && need.from.node !== node);
  return {
    kind: 'node',
    name: node,
    node,
    site: siteOf(tree, node),
    roles: inTopology?.roles ?? [],
    location: inTopology?.location ?? null,
    aliases: inTopology?.aliases ?? [],
    description: contentOf(host?.nodeFile ?? 'absent')?.description ?? null,
    declaredAt: [
      ...(inTopology === undefined || typeof tree.topology === 'string' ? [] : [locationOf(tree.topology, ['nodes', node])]),
      ...hostFiles(tree, node),
    ],
    capabilities: contentOf(host?.capabilities ?? 'absent'),
    services: placements.map((placement) => ({
      service: placement.service,
      role: placement.declared.role,
      exposure: placement.declared.exposure,
      ports: portsOf(placement),
      monitor: placement.declared.monitor,
    })),
    memory: memoryBudget(tree, node),
    needs: needs.map(nodeNeed),
    neededBy: neededBy.map(nodeNeed),
    windows: windowsOf(tree, node),
    findings: aboutNode(findings, tree, node),
    without: withoutNode(tree, graph, node, neededBy),
  };
}

const nodeNeed = ({ from, to, name, distance }: Need): NodeNeed => ({ from: keyOf(from), to: to === null ? name : keyOf(to), where: distance });

function hostFiles(tree: DeclaredTree, node: string): readonly string[] {
  const host = tree.hosts.get(node);
  if (host === undefined) return [];
  const files = {
    'services.yaml': host.services,
    'capabilities.yaml': host.capabilities,
    'node.yaml': host.nodeFile,
    'networking.yaml': host.networking,
    'paths.yaml': host.paths,
  };
  return Object.entries(files).flatMap(([name, file]) => (file === 'absent' ? [] : [`hosts/${node}/${name}${file === 'broken' ? ' (broken)' : ''}`]));
}

function withoutNode(tree: DeclaredTree, graph: Graph, node: string, neededBy: readonly Need[]): readonly string[] {
  const own = graph.placements.filter((placement) => placement.node === node);
  const brokers = own.flatMap((placement) => brokerOf(tree, placement));
  const dependents = [...new Set(neededBy.map(({ from }) => keyOf(from)))];
  return [
    own.length === 0 ? 'no declared service would go with it' : `${own.length} declared service${own.length === 1 ? '' : 's'} would go with it`,
    ...brokers.map(
      (site) => `${site} has no broker: its actors (${[...viewOf(tree).nodes].filter((each) => siteOf(tree, each) === site).join(', ')}) hear and say nothing`,
    ),
    dependents.length === 0
      ? 'nothing on other machines needs it'
      : `on other machines ${dependents.length} would lack what they need: ${shortened(dependents)}`,
    noticed(tree, node),
  ];
}

/** A line is read, not counted; all of them are in `neededBy`. */
const shortened = (names: readonly string[]): string => (names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', '));

function noticed(tree: DeclaredTree, node: string): string {
  const host = tree.hosts.get(node);
  if (host === undefined || !isWatched(host)) return 'homelab would not notice: no node-agent watches it';
  const agents = contentOf(host.services)?.agents ?? [];
  if (agents.includes('observer')) return 'the observer of its site runs on it: nobody on its site would be left to notice';
  return 'homelab would call it offline within 90 s, and its services unknown, not down; nothing is proposed for them';
}
