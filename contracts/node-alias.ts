/**
 * The one place where a foreign name of a node is resolved: from NODE_ALIAS_MAP of this process, and from the aliases
 * that `inventory/topology.yaml` declares and `desired/<node>` carries.
 */

/** Foreign name → node. */
export type NodeAliases = ReadonlyMap<string, string>;

/** What NODE_ALIAS_MAP says here goes before what documents say; of two nodes that claim one alias the first by name has it. */
export function nodeAliases(
  own: Readonly<Record<string, string>>,
  declared: Iterable<{ readonly node: string; readonly aliases: readonly string[] }>,
): NodeAliases {
  const aliases = new Map<string, string>();
  const nodes = [...declared].sort((a, b) => (a.node < b.node ? -1 : 1));
  const names = new Set(nodes.map(({ node }) => node));
  for (const { node, aliases: others } of nodes) {
    // A node's own name means that node, whatever another one claims.
    for (const alias of others) if (!aliases.has(alias) && !names.has(alias)) aliases.set(alias, node);
  }
  for (const [alias, node] of Object.entries(own)) aliases.set(alias, node);
  return aliases;
}

export const resolveNode = (name: string, aliases: NodeAliases): string => aliases.get(name) ?? name;
