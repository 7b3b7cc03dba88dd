/**
 * `homelab map`: the memory budget of each node as a table, and its services as a picture (Mermaid in Markdown). Reads the files of
 * the inventory directory; asks nobody. docs/homelab.md is the same for this repository. Exit code 2 for a node that is not declared.
 */
import { readTree } from '../../adapters/files/tree.ts';
import { graphOf } from '../declared/graph.ts';
import { memoryBudget } from '../declared/memory.ts';
import { whereRead } from '../declared/where-read.ts';
import { mapPage, nodeSection, nodesOf } from '../map/page.ts';
import { exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';

export async function map(settings: Settings, out: Output, node: string | undefined): Promise<number> {
  const tree = await readTree(settings.inventoryDir);
  const nodes = nodesOf(tree);
  if (node !== undefined && !nodes.includes(node))
    throw new UsageError(`no node is declared as ${JSON.stringify(node)}; there are: ${nodes.join(', ') || 'none'}. ${whereRead(settings)}`);
  if (out.json) for (const each of node === undefined ? nodes : [node]) out.value(memoryBudget(tree, each));
  else out.line((node === undefined ? mapPage(tree) : nodeSection(tree, graphOf(tree), node)).trimEnd());
  return exitCodes.ok;
}
