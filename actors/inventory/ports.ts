/** What the inventory needs from the world outside MQTT; implemented in adapters/files/inventory.ts. */
import type { AccessList } from '../../contracts/desired.ts';
import type { DeclaredNode, InventoryProblem } from '../../contracts/inventory.ts';

/** One node's file that parsed. */
export interface ReadNode extends DeclaredNode {
  /** Relative to the inventory directory. */
  readonly file: string;
  /** Line of each service's key, from 1. */
  readonly lines: Readonly<Record<string, number>>;
}

export interface InventoryReading {
  /** absent: there is no hosts directory, perhaps no inventory at all; unreadable: there is one. Then absence from `present` says nothing. */
  readonly hosts: 'listed' | 'absent' | 'unreadable';
  /** Nodes that have a services.yaml, good or not. */
  readonly present: readonly string[];
  /** Nodes whose file parsed, by name. */
  readonly nodes: Readonly<Record<string, ReadNode>>;
  /** null = there is no access.yaml; `unreadable` = there may be one, and it is among the problems. */
  readonly access: AccessList | null | 'unreadable';
  readonly problems: readonly InventoryProblem[];
}

export interface InventoryPorts {
  /** Never rejects because of what the files hold: that comes as problems. */
  readInventory(): Promise<InventoryReading>;
  /** Calls back some time after anything may have changed; a hint, not a promise. Returns how to stop. */
  watchInventory(onChange: () => void): () => void;
}
