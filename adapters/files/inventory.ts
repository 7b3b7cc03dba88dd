/**
 * The inventory's port on files: the declared homelab of a directory (tree.ts), its commit, and word of its changes.
 *
 * Reads: the directory, and the access list of the data directory. Writes and remembers: nothing. Fails: what is wrong with the files comes as findings.
 */
import { unwatchFile, watchFile } from 'node:fs';
import type { InventoryPorts } from '../../actors/inventory/ports.ts';
import { gitCommit } from './git-commit.ts';
import { readOwnAccess, readTree } from './tree.ts';
import { watchTree } from './watch-tree.ts';

/** As often as brokers and page look at logins.yaml: a role counts as soon as the login that it is for. */
const lookAtAccessEveryMs = 1_000;

export interface InventoryFilesOptions {
  readonly directory: string;
  /** The access list for where the directory has none or does not count. Default: none. */
  readonly ownAccessFile?: string;
}

export function createInventoryFiles({ directory, ownAccessFile }: InventoryFilesOptions): InventoryPorts {
  return {
    readInventory: async () => {
      const [tree, commit] = await Promise.all([readTree(directory), gitCommit(directory)]);
      return { tree, commit, ...(ownAccessFile === undefined ? {} : { own: await readOwnAccess(ownAccessFile) }) };
    },
    watchInventory: (onChange) => {
      const stopTree = watchTree(directory, onChange);
      if (ownAccessFile === undefined) return stopTree;
      // By its times, not by its directory: that is where this program writes all the time.
      watchFile(ownAccessFile, { persistent: false, interval: lookAtAccessEveryMs }, onChange);
      return () => {
        unwatchFile(ownAccessFile, onChange);
        stopTree();
      };
    },
  };
}
