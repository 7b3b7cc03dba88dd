/** What the containers of a node may take of its memory, against what it has. Pure. */
import { memoryLimitBytes } from '../../actors/inventory/memory-limit.ts';
import { type Placement, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree } from '../../actors/inventory/tree.ts';

export interface MemoryLine {
  readonly container: string;
  readonly service: string;
  /** null: it may take everything. */
  readonly limitBytes: number | null;
}

export interface MemoryBudget {
  readonly node: string;
  /** Largest first, those without a limit before all. */
  readonly lines: readonly MemoryLine[];
  readonly sumBytes: number;
  readonly unlimited: number;
  /** null: the node's capabilities are not known. */
  readonly machineBytes: number | null;
  /** What the sum may be; null: the node has no budget. */
  readonly budgetBytes: number | null;
}

const MiB = 1024 ** 2;

export function memoryBudget(tree: DeclaredTree, node: string): MemoryBudget {
  const placements = viewOf(tree).placements.filter((placement) => placement.node === node);
  const lines = placements.flatMap(linesOf).sort((a, b) => (b.limitBytes ?? Infinity) - (a.limitBytes ?? Infinity) || (a.container < b.container ? -1 : 1));
  const memory = contentOf(tree.hosts.get(node)?.capabilities ?? 'absent')?.hardware.memory;
  return {
    node,
    lines,
    sumBytes: lines.reduce((sum, { limitBytes }) => sum + (limitBytes ?? 0), 0),
    unlimited: lines.filter(({ limitBytes }) => limitBytes === null).length,
    machineBytes: memory === undefined ? null : memory.total_gb * 1024 * MiB,
    budgetBytes: memory?.containers_mib_max === undefined ? null : memory.containers_mib_max * MiB,
  };
}

export const linesOf = ({ containers, files }: Placement): readonly MemoryLine[] =>
  containers.map(({ name, service, compose }) => ({ container: name, service, limitBytes: memoryLimitBytes(compose, files?.envExample ?? null) }));

/** `1,536 MiB` */
export const mebibytes = (bytes: number): string => `${Math.round(bytes / MiB).toLocaleString('en')} MiB`;
