/** Rules about nodes with a memory budget (capabilities.yaml, hardware.memory.containers_mib_max); nodes without one are left alone. */
import { memoryLimitBytes } from '../memory-limit.ts';
import { contentOf, type DeclaredTree, type HostFiles } from '../tree.ts';
import { at, type Rule } from './rule.ts';
import { withVariables } from './variables.ts';
import { inCompose, type PlacedContainer, viewOf } from './view.ts';

const mib = 1024 ** 2;
const budgetPath = ['hardware', 'memory', 'containers_mib_max'] as const;

interface MemoryBudget {
  readonly mibMax: number;
  /** Of all containers with a limit. */
  readonly mibTaken: number;
  readonly containers: readonly { readonly name: string; readonly mib: number | null }[];
}

/** What the containers of a node may take, beside what they may come to; null: the node has no budget. */
function memoryBudgetOf(tree: DeclaredTree, node: string): MemoryBudget | null {
  const mibMax = contentOf(tree.hosts.get(node)?.capabilities ?? 'absent')?.hardware.memory.containers_mib_max;
  if (mibMax === undefined) return null;
  const containers = containersOn(tree, node).map((container) => ({ name: container.name, mib: limitMib(tree, container) }));
  return { mibMax, mibTaken: containers.reduce((sum, each) => sum + (each.mib ?? 0), 0), containers };
}

const containersOn = (tree: DeclaredTree, node: string): readonly PlacedContainer[] => viewOf(tree).containers.filter((container) => container.node === node);

const limitMib = (tree: DeclaredTree, { compose, service }: PlacedContainer): number | null => {
  const bytes = memoryLimitBytes(compose, tree.services.get(service)?.envExample ?? null);
  return bytes === null ? null : bytes / mib;
};

const budgeted = (tree: DeclaredTree): readonly HostFiles[] => [...tree.hosts.values()].filter(({ node }) => memoryBudgetOf(tree, node) !== null);

const memoryLimit: Rule = {
  id: 'memory-limit',
  severity: 'error',
  finds: 'a container without a usable mem_limit on a node with a memory budget',
  why: 'one container that grows takes the control plane with it on a machine without swap',
  saidByCompose: true,
  *find(tree) {
    for (const { node } of budgeted(tree)) {
      for (const container of containersOn(tree, node)) {
        const given = container.compose.mem_limit;
        const env = tree.services.get(container.service)?.envExample ?? null;
        // Without env.example there is a finding already.
        const isUnsaid = typeof given === 'string' && env === null && withVariables(given, []) === null;
        if (isUnsaid || limitMib(tree, container) !== null) continue;
        const found = given === undefined ? `${container.name} has no mem_limit` : `mem_limit ${JSON.stringify(given)} is no size`;
        yield inCompose(container, ['mem_limit'], `${found}; ${node} has a memory budget, so expected one such as 256m`);
      }
    }
  },
};

const memoryBudget: Rule = {
  id: 'memory-budget',
  severity: 'error',
  finds: 'memory limits of a node whose sum is above its budget',
  why: 'limits that do not fit into the machine protect nothing: the kernel kills whom it likes',
  *find(tree) {
    for (const { node, capabilities } of budgeted(tree)) {
      const budget = memoryBudgetOf(tree, node);
      if (budget === null || typeof capabilities === 'string' || budget.mibTaken <= budget.mibMax) continue;
      const largest = [...budget.containers].sort((a, b) => (b.mib ?? 0) - (a.mib ?? 0)).slice(0, 3);
      const shown = largest.map(({ name, mib: size }) => `${name} ${Math.round(size ?? 0)}`).join(', ');
      yield at(capabilities, budgetPath, `the memory limits come to ${Math.ceil(budget.mibTaken)} MiB, above ${budget.mibMax}; the largest: ${shown}`);
    }
  },
};

/** They must be the last that the kernel kills. */
const spared = ['control-plane', 'node-agent', 'stability-agent'];
const sparedScore = -900;

const oomScore: Rule = {
  id: 'oom-score',
  severity: 'error',
  finds: `a container of ${spared.join(', ')} without oom_score_adj: ${sparedScore} on a node with a memory budget`,
  why: 'when memory runs out, what watches and repairs must be the last that the kernel kills',
  *find(tree) {
    for (const { node } of budgeted(tree)) {
      for (const container of containersOn(tree, node)) {
        if (!spared.includes(container.service) || container.compose.oom_score_adj === sparedScore) continue;
        const found = container.compose.oom_score_adj === undefined ? 'there is no oom_score_adj' : `oom_score_adj is ${container.compose.oom_score_adj}`;
        yield inCompose(container, ['oom_score_adj'], `${found}; expected ${sparedScore} for ${container.name} on ${node}`);
      }
    }
  },
};

export const memoryRules: readonly Rule[] = [memoryLimit, memoryBudget, oomScore];
