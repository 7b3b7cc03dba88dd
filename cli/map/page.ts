/** docs/homelab.md, and what `homelab map` prints: memory budgets as tables and services as pictures. Pure. */
import { siteOf, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree } from '../../actors/inventory/tree.ts';
import { type Graph, graphOf } from '../declared/graph.ts';
import { type MemoryBudget, mebibytes, memoryBudget } from '../declared/memory.ts';
import { legend, nodePicture, overviewPicture } from './picture.ts';

/** In the order of the topology, then those that only have a directory. */
export const nodesOf = (tree: DeclaredTree): readonly string[] => [...viewOf(tree).nodes].sort((a, b) => rank(tree, a) - rank(tree, b));
function rank(tree: DeclaredTree, node: string): number {
  const at = Object.keys(contentOf(tree.topology)?.nodes ?? {}).indexOf(node);
  return at === -1 ? Number.MAX_SAFE_INTEGER : at;
}

export function mapPage(tree: DeclaredTree): string {
  const graph = graphOf(tree);
  const nodes = nodesOf(tree);
  if (nodes.length === 0) return 'No node is declared. `homelab init` proposes this machine.\n';
  return `${[
    ['## All machines', picture(overviewPicture(tree, graph)), nodesTable(tree, graph, nodes), legend].join('\n\n'),
    ...nodes.map((node) => nodeSection(tree, graph, node)),
  ].join('\n\n')}\n`;
}

export function nodeSection(tree: DeclaredTree, graph: Graph, node: string): string {
  const drawn = nodePicture(graph, node);
  const budget = memoryBudget(tree, node);
  return [`## ${node}`, drawn === null ? 'Nothing is declared to run here.' : picture(drawn), ...memorySection(budget)].join('\n\n');
}

const picture = (mermaid: string): string => `\`\`\`mermaid\n${mermaid}\n\`\`\``;

function nodesTable(tree: DeclaredTree, graph: Graph, nodes: readonly string[]): string {
  const rows = nodes.map((node) => {
    const capabilities = contentOf(tree.hosts.get(node)?.capabilities ?? 'absent');
    const count = graph.placements.filter((placement) => placement.node === node).length;
    const machine =
      capabilities === null
        ? ''
        : `${capabilities.hardware.cpu.cores} cores ${capabilities.hardware.cpu.arch}, ${capabilities.storage.capacity_gb} GB ${capabilities.storage.type}`;
    const { roles = [] } = contentOf(tree.topology)?.nodes[node] ?? {};
    const { machineBytes, budgetBytes, sumBytes } = memoryBudget(tree, node);
    return [
      `[${node}](#${node})`,
      siteOf(tree, node) ?? '',
      roles.join(', '),
      machine,
      String(count),
      mebibytes(sumBytes),
      size(budgetBytes),
      size(machineBytes),
    ];
  });
  return table(['node', 'site', 'roles', 'machine', 'services', 'memory given away', 'budget', 'memory'], rows);
}

function memorySection({ lines, sumBytes, budgetBytes, machineBytes, unlimited }: MemoryBudget): readonly string[] {
  if (lines.length === 0) return [];
  const left = budgetBytes === null ? machineBytes : budgetBytes;
  const rows = [
    ...lines.map(({ container, service, limitBytes }) => [
      `\`${container}\``,
      container === service ? '' : service,
      limitBytes === null ? 'no limit' : mebibytes(limitBytes),
    ]),
    ['**sum**', '', `**${mebibytes(sumBytes)}**${unlimited === 0 ? '' : ` and ${unlimited} without a limit`}`],
    ...(budgetBytes === null ? [] : [['budget', '', mebibytes(budgetBytes)]]),
    ['memory of the machine', '', size(machineBytes)],
    ...(left === null
      ? []
      : [
          [
            budgetBytes === null ? 'not given away' : 'left of the budget',
            '',
            `${left < sumBytes ? `**${mebibytes(sumBytes - left)} too much**` : mebibytes(left - sumBytes)}`,
          ],
        ]),
  ];
  return [table(['container', 'of', 'memory limit'], rows)];
}

const size = (bytes: number | null): string => (bytes === null ? '–' : mebibytes(bytes));

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
