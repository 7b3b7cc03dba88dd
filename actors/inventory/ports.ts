/** What the inventory needs from the world outside MQTT; implemented in adapters/files/inventory.ts. */
import type { DeclaredTree } from './tree.ts';

export type OwnAccess = Pick<DeclaredTree, 'access' | 'findings'>;

export interface Checkout {
  readonly tree: DeclaredTree;
  /** Git commit, with `+` where the declared files differ from it; null: no checkout, or nobody can say. */
  readonly commit: string | null;
  /** The access list in the data directory, for where the declared homelab has none; absent: nobody looked for one. */
  readonly own?: OwnAccess;
}

export interface InventoryPorts {
  /** Never rejects because of what the files hold: that comes as findings. */
  readInventory(): Promise<Checkout>;
  /** Calls back some time after anything may have changed; a hint, not a promise. Returns how to stop. */
  watchInventory(onChange: () => void): () => void;
}
