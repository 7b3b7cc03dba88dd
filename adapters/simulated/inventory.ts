/** The demo homelab as declared truth: implements InventoryPorts from the table, which never changes. Reads no file. */
import type { InventoryPorts, ReadNode } from '../../actors/inventory/ports.ts';
import type { SimulatedNode } from './homelab.table.ts';

export interface SimulatedInventoryOptions {
  readonly nodes: readonly SimulatedNode[];
  /** The actors that run on a node. */
  readonly agentsOf: (node: string) => readonly string[];
}

export function createSimulatedInventory({ nodes, agentsOf }: SimulatedInventoryOptions): InventoryPorts {
  const declared = Object.fromEntries(nodes.map((node) => [node.name, { ...readNode(node), agents: [...agentsOf(node.name)] }]));
  return {
    readInventory: () => Promise.resolve({ hosts: 'listed', present: Object.keys(declared), nodes: declared, access: null, problems: [] }),
    watchInventory: () => () => undefined,
  };
}

const readNode = ({ name, services }: SimulatedNode): ReadNode => ({
  file: `simulated/${name}`,
  services: services.map((service) => ({ name: service.name, monitor: true })),
  agents: null,
  site: null,
  lines: {},
});
