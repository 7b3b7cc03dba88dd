/**
 * What is declared and in force: the last good version of every file, given one more reading of the directory.
 *
 * Reads: readings. Pure. A file that does not parse keeps its own last good version and changes nothing else; a directory
 * that cannot be listed keeps everything. Two services whose actions would share an id are refused here, so that no
 * approval can mean two things.
 */
import { actionId } from '../../contracts/action.ts';
import type { AccessList } from '../../contracts/desired.ts';
import type { DeclaredNode, InventoryProblem } from '../../contracts/inventory/memory.ts';
import type { InventoryReading, ReadNode, Topology } from './reading.ts';

export interface Declared {
  /** unread: no reading yet, only what was remembered. */
  readonly hosts: 'unread' | InventoryReading['hosts'];
  /** Last good versions, by node. */
  readonly nodes: ReadonlyMap<string, DeclaredNode>;
  /** Nodes that have a file, good or not. */
  readonly present: ReadonlySet<string>;
  readonly topology: Topology;
  readonly access: AccessList | null;
  readonly problems: readonly InventoryProblem[];
}

export const nothingDeclared: Declared = { hosts: 'unread', nodes: new Map(), present: new Set(), topology: undefined, access: null, problems: [] };

export function takeReading(before: Declared, reading: InventoryReading): Declared {
  const { topology } = reading;
  if (reading.hosts === 'listed') {
    const { nodes, clashes } = mergeNodes(before.nodes, reading);
    const access = reading.access === 'unreadable' ? lastAccess(before) : reading.access;
    return { hosts: 'listed', nodes, present: new Set(reading.present), topology, access, problems: [...reading.problems, ...clashes] };
  }
  const isNew = before.nodes.size === 0 && !before.problems.some(({ file }) => file.startsWith('hosts/'));
  // Somebody without an inventory is not told that it is missing.
  const missing = reading.hosts === 'absent' && !isNew ? [noHosts] : [];
  const problems = isNew ? [...reading.problems, ...missing] : keptProblems(before, [...reading.problems, ...missing]);
  const access = reading.access === 'unreadable' ? lastAccess(before) : (reading.access ?? before.access);
  return { hosts: reading.hosts, nodes: before.nodes, present: new Set(before.nodes.keys()), topology: topology ?? before.topology, access, problems };
}

/** Not a fault of a file, so the reader does not say it: only whoever had one misses it. */
const noHosts: InventoryProblem = {
  file: 'hosts',
  node: null,
  line: null,
  column: null,
  detail: 'the directory is gone; expected one directory for each node, each with a services.yaml. What it said last is in force',
};

/** An access list that was never good must not open every role, which is what "no access.yaml" means. */
const lastAccess = (before: Declared): AccessList => before.access ?? {};

/** What was wrong inside hosts/ is not mended by hosts/ being away. */
function keptProblems(before: Declared, now: readonly InventoryProblem[]): readonly InventoryProblem[] {
  const told = new Set(now.map(({ file }) => file));
  return [...now, ...before.problems.filter(({ file }) => file.startsWith('hosts/') && !told.has(file))];
}

interface Merged {
  readonly nodes: ReadonlyMap<string, DeclaredNode>;
  readonly clashes: readonly InventoryProblem[];
}

function mergeNodes(before: ReadonlyMap<string, DeclaredNode>, reading: InventoryReading): Merged {
  const nodes = new Map([...before].filter(([node]) => reading.present.includes(node)));
  let waiting = [...reading.nodes];
  // What is in force goes first, and a name may move from one file to another in one commit: so again until nothing moves.
  for (let left = -1; left !== waiting.length; ) {
    left = waiting.length;
    waiting = waiting.filter(([node, read]) => {
      if (clashOf(node, read, nodes) !== null) return true;
      nodes.set(node, read.version);
      return false;
    });
  }
  const clashes = waiting.flatMap(([node, read]) => clashOf(node, read, nodes) ?? []);
  return { nodes, clashes };
}

/** All types of action build their ids alike, so one of them stands for all. */
const idOf = (node: string, service: string): string => actionId({ type: 'redeploy', node, service });

function clashOf(node: string, read: ReadNode, others: ReadonlyMap<string, DeclaredNode>): InventoryProblem | null {
  const taken = new Map<string, string>();
  for (const [other, { services }] of others) {
    if (other !== node) for (const { name } of services) taken.set(idOf(other, name), `${name} on ${other}`);
  }
  for (const { name } of read.version.services) {
    const holder = taken.get(idOf(node, name));
    if (holder !== undefined) {
      const detail = `services.${name}: its actions would have the same ids as those of ${holder}; rename one of them`;
      return { rule: 'action-id', file: read.file, node, line: read.lines[name] ?? null, column: null, detail, holds: [node] };
    }
    taken.set(idOf(node, name), `${name} in the same file`);
  }
  return null;
}
