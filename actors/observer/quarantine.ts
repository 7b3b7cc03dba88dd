/**
 * What the observer could not use of its store, one file per node: `quarantine/<node>.jsonl`, with the reason; before it, the file that was
 * full. Never read back. How much there may be of all nodes: history-limit.ts.
 */
import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryOf } from './node-directory.ts';

export interface Quarantined {
  readonly reason: string;
  /** Where it was found; null for one that was just stored. */
  readonly file: string | null;
  readonly line: number | null;
  readonly text: string;
}

/** A quarter of what a quarantine may be by default: then the newest lines are not in the file that goes first. */
const fileBytesMax = 4 * 1024 * 1024;

const quarantineFile = (dataDir: string, node: string): string => join(dataDir, 'quarantine', `${directoryOf(node)}.jsonl`);

/** A directory name has no plain `%` in it, so this is the file of no other node. */
const fullFile = (dataDir: string, node: string): string => join(dataDir, 'quarantine', `${directoryOf(node)}%full.jsonl`);

export async function quarantine(dataDir: string, node: string, found: readonly Quarantined[]): Promise<void> {
  if (found.length === 0) return;
  await mkdir(join(dataDir, 'quarantine'), { recursive: true });
  const file = quarantineFile(dataDir, node);
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  if (size >= fileBytesMax) await rename(file, fullFile(dataDir, node));
  await appendFile(file, found.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** Before a node is read from the beginning again: everything bad is about to be found again. */
export async function forgetQuarantine(dataDir: string, node: string): Promise<void> {
  for (const file of [quarantineFile(dataDir, node), fullFile(dataDir, node)]) await rm(file, { force: true });
}
