/** Rules about what depends on what: circles, and services that must work without the uplink. */
import { contentOf, type DeclaredTree } from '../tree.ts';
import { isLocalAddress } from './addresses.ts';
import type { Fault, Rule } from './rule.ts';
import { inServices, type Placement, placementOf, siteOf, viewOf } from './view.ts';

/** One dependency of a placement, and where it is written. */
interface Edge {
  readonly to: Placement;
  readonly fault: (detail: string) => Fault;
}

const edgeMaps = new WeakMap<DeclaredTree, ReadonlyMap<Placement, readonly Edge[]>>();

function edgesOf(tree: DeclaredTree): ReadonlyMap<Placement, readonly Edge[]> {
  let edges = edgeMaps.get(tree);
  if (edges === undefined) {
    edges = new Map(viewOf(tree).placements.map((placement) => [placement, dependenciesOf(tree, placement)]));
    edgeMaps.set(tree, edges);
  }
  return edges;
}

/** Local and external ones of services.yaml, and those of service.yaml that the same node declares. Unknown ones have findings of their own. */
function dependenciesOf(tree: DeclaredTree, placement: Placement): readonly Edge[] {
  const { node, declared, files } = placement;
  const local = declared.depends_on.local.map((name, index): [string, string, Edge['fault']] => [
    node,
    name,
    (detail) => inServices(placement, ['depends_on', 'local', index], detail),
  ]);
  const external = declared.depends_on.external.flatMap((reference, index): [string, string, Edge['fault']][] => {
    const [other = '', name = ''] = reference.includes('://') ? [] : reference.split('/');
    return other === '' ? [] : [[other, name, (detail) => inServices(placement, ['depends_on', 'external', index], detail)]];
  });
  const file = files?.service ?? 'absent';
  const general = (contentOf(file)?.service.dependencies ?? []).map((name, index): [string, string, Edge['fault']] => [
    node,
    name,
    (detail) =>
      typeof file === 'string' ? inServices(placement, [], detail) : { file: file.path, place: file.placeOf(['service', 'dependencies', index]), detail },
  ]);
  return [...local, ...external, ...general].flatMap(([on, name, fault]): Edge[] => {
    const to = placementOf(tree, on, name);
    return typeof to === 'string' ? [] : [{ to, fault }];
  });
}

const shown = ({ node, service }: Placement): string => `${node}/${service}`;

const cycle: Rule = {
  id: 'dependency-cycle',
  severity: 'error',
  finds: 'services that depend on each other in a circle, on one node or across several',
  why: 'none of them may be restarted before the others, so nothing is ever proposed',
  *find(tree) {
    const edges = edgesOf(tree);
    const named = new Set<Placement>();
    for (const start of edges.keys()) {
      if (named.has(start)) continue;
      const circle = shortestCircle(start, edges);
      if (circle === null || circle.some(({ to }) => named.has(to))) continue;
      for (const { to } of circle) named.add(to);
      const [first] = circle;
      if (first !== undefined) yield first.fault(`a circle: ${[start, ...circle.map(({ to }) => to)].map(shown).join(' → ')}`);
    }
  },
};

/** The edges of a shortest way from a placement back to itself, breadth first; null: there is none. */
function shortestCircle(start: Placement, edges: ReadonlyMap<Placement, readonly Edge[]>): readonly Edge[] | null {
  const seen = new Set<Placement>();
  let ways: (readonly Edge[])[] = [[]];
  while (ways.length > 0) {
    const longer: (readonly Edge[])[] = [];
    for (const way of ways) {
      for (const edge of edges.get(way.at(-1)?.to ?? start) ?? []) {
        if (edge.to === start) return [...way, edge];
        if (seen.has(edge.to)) continue;
        seen.add(edge.to);
        longer.push([...way, edge]);
      }
    }
    ways = longer;
  }
  return null;
}

const offline: Rule = {
  id: 'offline-dependency',
  severity: 'error',
  finds: 'an offline_required service that needs another site, an address outside, or the internet, itself or through what it depends on',
  why: 'with the uplink away the heating would wait for a server in another town',
  *find(tree) {
    for (const placement of viewOf(tree).placements) {
      if (!placement.declared.offline_required) continue;
      for (const [index, reference] of placement.declared.depends_on.external.entries()) {
        const reason = leadsOutside(tree, placement, reference);
        if (reason !== null) yield inServices(placement, ['depends_on', 'external', index], `offline_required, but ${reason}`);
      }
      if (contentOf(placement.files?.service ?? 'absent')?.service.needs_internet === true) {
        yield inServices(placement, ['offline_required'], `offline_required, but services/${placement.service}/service.yaml says needs_internet`);
      }
      yield* throughOthers(tree, placement);
    }
  },
};

/** null: it stays on the site. */
function leadsOutside(tree: DeclaredTree, from: Placement, reference: string): string | null {
  if (reference.includes('://')) return isLocalAddress(reference, from.host) ? null : `${reference} is outside of its site`;
  const other = reference.split('/')[0] ?? '';
  const [here, there] = [siteOf(tree, from.node), siteOf(tree, other)];
  if (here === null || there === null || here === there) return null;
  return `${reference} is on the site ${there}, and this is ${here}`;
}

/** A dependency that is offline_required itself has a finding of its own. */
function* throughOthers(tree: DeclaredTree, placement: Placement): Iterable<Fault> {
  for (const { to, fault } of edgesOf(tree).get(placement) ?? []) {
    if (to.declared.offline_required || siteOf(tree, to.node) !== siteOf(tree, placement.node)) continue;
    // Without the topology nobody knows that the other node is on another site, which would have a finding of its own.
    if (tree.topology === 'broken' && to.node !== placement.node) continue;
    const reason = outsideReason(tree, to, new Set([placement]));
    if (reason !== null) yield fault(`offline_required, but ${shown(to)} ${reason}`);
  }
}

function outsideReason(tree: DeclaredTree, placement: Placement, seen: Set<Placement>): string | null {
  seen.add(placement);
  for (const reference of placement.declared.depends_on.external) {
    const reason = leadsOutside(tree, placement, reference);
    if (reason !== null) return `depends on ${reference}: ${reason}`;
  }
  if (contentOf(placement.files?.service ?? 'absent')?.service.needs_internet === true) return 'needs the internet';
  for (const { to } of edgesOf(tree).get(placement) ?? []) {
    const reason = seen.has(to) || to.declared.offline_required ? null : outsideReason(tree, to, seen);
    if (reason !== null) return `depends on ${shown(to)}, which ${reason}`;
  }
  return null;
}

export const dependencyRules: readonly Rule[] = [cycle, offline];
