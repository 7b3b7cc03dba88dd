/**
 * The declared truth of a demo: a tree that never changes, behind the port of the inventory; and the tree that the built-in table
 * stands for. Reads no file.
 */
import type { InventoryPorts } from '../../actors/inventory/ports.ts';
import type { DeclaredTree, HostFiles, ReadFile } from '../../actors/inventory/tree.ts';
import { ServicesFile } from '../../contracts/inventory/host.ts';
import type { SimulatedNode } from './homelab.table.ts';

export interface SimulatedInventoryOptions {
  readonly nodes: readonly SimulatedNode[];
  /** The actors that run on a node. */
  readonly agentsOf: (node: string) => readonly string[];
}

export const createSimulatedInventory = (options: SimulatedInventoryOptions): InventoryPorts => createUnchangingInventory(declaredByTable(options));

export const createUnchangingInventory = (tree: DeclaredTree): InventoryPorts => ({
  readInventory: () => Promise.resolve({ tree, commit: null }),
  watchInventory: () => () => undefined,
});

export function declaredByTable({ nodes, agentsOf }: SimulatedInventoryOptions): DeclaredTree {
  return {
    topology: 'absent',
    access: 'absent',
    maintenance: 'absent',
    hostsDirectory: 'listed',
    hosts: new Map(nodes.map((node) => [node.name, hostFiles(node, agentsOf(node.name))])),
    servicesDirectory: 'absent',
    services: new Map(),
    findings: [],
  };
}

function hostFiles({ name, services }: SimulatedNode, agents: readonly string[]): HostFiles {
  const value = ServicesFile.parse({ agents, services: Object.fromEntries(services.map((service) => [service.name, null])) });
  const file: ReadFile<ServicesFile> = { path: `simulated/${name}`, text: '', value, placeOf: () => ({ line: 1, column: 1 }), tags: () => [] };
  const absent = { capabilities: 'absent', nodeFile: 'absent', networking: 'absent', paths: 'absent' } as const;
  return { node: name, services: file, ...absent, overrides: new Map(), others: [] };
}
