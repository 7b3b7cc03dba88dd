/**
 * The inventory's port on files: the declared homelab of a directory (tree.ts), its commit, and word of its changes.
 *
 * Reads: the directory. Writes and remembers: nothing. Fails: what is wrong with the files comes as findings.
 */
import type { InventoryPorts } from '../../actors/inventory/ports.ts';
import { gitCommit } from './git-commit.ts';
import { readTree } from './tree.ts';
import { watchTree } from './watch-tree.ts';

export function createInventoryFiles({ directory }: { readonly directory: string }): InventoryPorts {
  return {
    readInventory: async () => {
      const [tree, commit] = await Promise.all([readTree(directory), gitCommit(directory)]);
      return { tree, commit };
    },
    watchInventory: (onChange) => watchTree(directory, onChange),
  };
}
