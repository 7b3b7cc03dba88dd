/** What the observer could not use of its store, one file per node: `quarantine/<node>.jsonl`, with the reason. Never read back. */
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryOf } from './node-directory.ts';

export interface Quarantined {
  readonly reason: string;
  /** Where it was found; null for one that was just stored. */
  readonly file: string | null;
  readonly line: number | null;
  readonly text: string;
}

const quarantineFile = (dataDir: string, node: string): string => join(dataDir, 'quarantine', `${directoryOf(node)}.jsonl`);

export async function quarantine(dataDir: string, node: string, found: readonly Quarantined[]): Promise<void> {
  if (found.length === 0) return;
  await mkdir(join(dataDir, 'quarantine'), { recursive: true });
  await appendFile(quarantineFile(dataDir, node), found.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** Before a node is read from the beginning again: everything bad is about to be found again. */
export async function forgetQuarantine(dataDir: string, node: string): Promise<void> {
  await rm(quarantineFile(dataDir, node), { force: true });
}
