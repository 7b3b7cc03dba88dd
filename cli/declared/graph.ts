/**
 * Who needs whom in the declared homelab, as `homelab explain` and `homelab map` show it. Pure; reads the tree only.
 *
 * The nodes of this graph are placements: one service on one machine. What a dependency names that is not declared anywhere is kept
 * as a name without a placement (`homelab validate` says what is wrong with it); addresses outside the homelab as well.
 */
import { type Placement, placementOf, siteOf, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree } from '../../actors/inventory/tree.ts';

export type Distance = 'same machine' | 'same site' | 'other site' | 'outside';

export interface Need {
  readonly from: Placement;
  /** null: outside of the homelab, or not declared. */
  readonly to: Placement | null;
  /** `<node>/<service>`, or an address. */
  readonly name: string;
  readonly distance: Distance;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface Graph {
  readonly placements: readonly Placement[];
  readonly needs: readonly Need[];
}

export const keyOf = ({ node, service }: Pick<Placement, 'node' | 'service'>): string => `${node}/${service}`;

export function graphOf(tree: DeclaredTree): Graph {
  const { placements } = viewOf(tree);
  return { placements, needs: placements.flatMap((placement) => needsOf(tree, placement)) };
}

const needsFrom = (graph: Graph, { node, service }: Placement): readonly Need[] =>
  graph.needs.filter(({ from }) => from.node === node && from.service === service);

export const needsOn = (graph: Graph, { node, service }: Placement): readonly Need[] =>
  graph.needs.filter(({ to }) => to !== null && to.node === node && to.service === service);

export interface Reached {
  readonly need: Need;
  /** 1: directly. */
  readonly steps: number;
}

/** What is reached from a placement over any number of needs, nearest first, each once. `down`: what it needs; `up`: what needs it. */
export function reachedFrom(graph: Graph, start: Placement, direction: 'down' | 'up'): readonly Reached[] {
  const seen = new Set([keyOf(start)]);
  const found: Reached[] = [];
  let wave: readonly Placement[] = [start];
  for (let steps = 1; wave.length > 0; steps += 1) {
    const next: Placement[] = [];
    for (const need of wave.flatMap((each) => (direction === 'down' ? needsFrom(graph, each) : needsOn(graph, each)))) {
      const end = direction === 'down' ? need.to : need.from;
      const key = end === null ? need.name : keyOf(end);
      if (seen.has(key)) continue;
      seen.add(key);
      found.push({ need, steps });
      if (end !== null) next.push(end);
    }
    wave = next;
  }
  return found;
}

function needsOf(tree: DeclaredTree, from: Placement): readonly Need[] {
  const { node, service, declared, file, files } = from;
  const inHost = (kind: 'local' | 'external', at: number): number => file.placeOf(['services', service, 'depends_on', kind, at]).line;
  const needs = [
    ...declared.depends_on.local.map((name, at) => internal(tree, from, { node, name, file: file.path, line: inHost('local', at) })),
    ...declared.depends_on.external.map((name, at) => external(tree, from, { name, file: file.path, line: inHost('external', at) })),
  ];
  const serviceFile = files?.service ?? 'absent';
  if (typeof serviceFile === 'string') return needs;
  const said = new Set(needs.map(({ name }) => name.slice(name.indexOf('/') + 1)));
  const everywhere = serviceFile.value.service.dependencies.flatMap((name, at) => {
    const to = said.has(name) || name === service ? null : nearest(tree, node, name);
    return to === null
      ? []
      : [internal(tree, from, { node: to, name, file: serviceFile.path, line: serviceFile.placeOf(['service', 'dependencies', at]).line })];
  });
  return [...needs, ...everywhere];
}

/** The node that what a service needs wherever it runs is on: its own, else the only one of its site; null: nobody can tell. */
function nearest(tree: DeclaredTree, node: string, name: string): string | null {
  if (typeof placementOf(tree, node, name) !== 'string') return node;
  const site = siteOf(tree, node);
  const there = viewOf(tree).placements.filter((placement) => placement.service === name && siteOf(tree, placement.node) === site);
  return there.length === 1 ? (there[0]?.node ?? null) : null;
}

interface Named {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

function external(tree: DeclaredTree, from: Placement, { name, file, line }: Named): Need {
  if (name.includes('://')) return { from, to: null, name, distance: 'outside', file, line };
  const slash = name.indexOf('/');
  return internal(tree, from, { node: name.slice(0, slash), name: name.slice(slash + 1), file, line });
}

function internal(tree: DeclaredTree, from: Placement, { node, name, file, line }: Named & { readonly node: string }): Need {
  const found = placementOf(tree, node, name);
  return { from, to: typeof found === 'string' ? null : found, name: `${node}/${name}`, distance: distanceOf(tree, from.node, node), file, line };
}

function distanceOf(tree: DeclaredTree, from: string, to: string): Distance {
  if (from === to) return 'same machine';
  return siteOf(tree, from) === siteOf(tree, to) ? 'same site' : 'other site';
}

/** Sites whose broker this is. */
export function brokerOf(tree: DeclaredTree, { node, service }: Placement): readonly string[] {
  const sites = Object.entries(contentOf(tree.topology)?.sites ?? {});
  return sites.filter(([, { broker }]) => broker.node === node && broker.service === service).map(([site]) => site);
}
