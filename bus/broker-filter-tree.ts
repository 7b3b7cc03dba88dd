/** Who subscribed to what, as a tree of filter levels: a message finds its sessions in as many steps as its topic has levels. Remembers nothing across a restart. */

interface FilterNode {
  readonly children: Map<string, FilterNode>;
  /** QoS by client id, of the filter that ends here. */
  readonly clients: Map<string, number>;
}

const newNode = (): FilterNode => ({ children: new Map(), clients: new Map() });

export class FilterTree {
  private readonly root = newNode();

  add(filter: string, clientId: string, qos: number): void {
    let node = this.root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.clients.set(clientId, qos);
  }

  remove(filter: string, clientId: string): void {
    this.removeBelow(this.root, filter.split('/'), 0, clientId);
  }

  /** The highest QoS under which each client gets this topic (3.3.5). */
  match(topic: string): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    this.collect(this.root, topic.split('/'), 0, found);
    return found;
  }

  /** Does any filter match this topic? */
  hasMatch(topic: string): boolean {
    return this.isMatched(this.root, topic.split('/'), 0);
  }

  private isMatched(node: FilterNode, levels: readonly string[], depth: number): boolean {
    const level = levels[depth];
    // Wildcards do not match a first level that begins with `$` (4.7.2).
    const wildcards = !(depth === 0 && level?.startsWith('$'));
    if (wildcards && (node.children.get('#')?.clients.size ?? 0) > 0) return true;
    if (level === undefined) return node.clients.size > 0;
    const same = node.children.get(level);
    if (same !== undefined && this.isMatched(same, levels, depth + 1)) return true;
    const any = wildcards ? node.children.get('+') : undefined;
    return any !== undefined && this.isMatched(any, levels, depth + 1);
  }

  private collect(node: FilterNode, levels: readonly string[], depth: number, found: Map<string, number>): void {
    const level = levels[depth];
    // Wildcards do not match a first level that begins with `$` (4.7.2).
    const wildcards = !(depth === 0 && level?.startsWith('$'));
    const rest = wildcards ? node.children.get('#') : undefined;
    if (rest !== undefined) note(rest, found);
    if (level === undefined) {
      note(node, found);
      return;
    }
    // A filter may hold a level that is literally equal to the topic's; + and # cannot occur in a topic.
    const same = node.children.get(level);
    if (same !== undefined) this.collect(same, levels, depth + 1, found);
    const any = wildcards ? node.children.get('+') : undefined;
    if (any !== undefined) this.collect(any, levels, depth + 1, found);
  }

  /** True when nothing is left at `node`. */
  private removeBelow(node: FilterNode, levels: readonly string[], depth: number, clientId: string): boolean {
    const level = levels[depth];
    if (level === undefined) node.clients.delete(clientId);
    else {
      const child = node.children.get(level);
      if (child !== undefined && this.removeBelow(child, levels, depth + 1, clientId)) node.children.delete(level);
    }
    return node.children.size === 0 && node.clients.size === 0;
  }
}

function note(node: FilterNode, found: Map<string, number>): void {
  for (const [clientId, qos] of node.clients) found.set(clientId, Math.max(qos, found.get(clientId) ?? 0));
}
