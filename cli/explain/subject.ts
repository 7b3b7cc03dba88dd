/** What a name on the command line means in the declared homelab: a node, a service on one machine, or one on several. Pure. */
import { type Placement, placementOf, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree } from '../../actors/inventory/tree.ts';
import { UsageError } from '../settings.ts';

export type Subject =
  | { readonly kind: 'node'; readonly node: string }
  /** At least one; of a part of a stack, the stack. */
  | { readonly kind: 'service'; readonly placements: readonly Placement[] };

/** Throws a UsageError that says what there is, and `where` that was read. A node goes before a service of the same name. */
export function subjectOf(tree: DeclaredTree, name: string, where: string): Subject {
  const { placements, nodes } = viewOf(tree);
  const node = nodes.has(name) ? name : aliased(tree, name);
  if (node !== null) return { kind: 'node', node };
  const slash = name.indexOf('/');
  if (slash !== -1) {
    const found = placementOf(tree, aliased(tree, name.slice(0, slash)) ?? name.slice(0, slash), name.slice(slash + 1));
    if (typeof found !== 'string') return { kind: 'service', placements: [found] };
    const why = found === 'unclear' ? `${name}: a file that may declare it is broken or missing; homelab validate says which` : notDeclared(tree, name);
    throw new UsageError(`${why}. ${where}`);
  }
  const found = placements.filter(({ service, containers }) => service === name || containers.some((container) => container.name === name));
  if (found.length === 0) throw new UsageError(`${notDeclared(tree, name)}. ${where}`);
  return { kind: 'service', placements: found };
}

function aliased(tree: DeclaredTree, name: string): string | null {
  const nodes = Object.entries(contentOf(tree.topology)?.nodes ?? {});
  return nodes.find(([, { aliases }]) => aliases.includes(name))?.[0] ?? null;
}

function notDeclared(tree: DeclaredTree, name: string): string {
  const { placements, nodes } = viewOf(tree);
  const services = [...new Set(placements.map(({ service }) => service))].sort();
  const folder = tree.services.has(name)
    ? `services/${name} is there, but no hosts/<node>/services.yaml lists it`
    : `nothing is declared as ${JSON.stringify(name)}`;
  return `${folder}. Nodes: ${[...nodes].sort().join(', ') || 'none'}. Services: ${services.join(', ') || 'none'}`;
}
