/**
 * One checkpoint file per node: the world of its events, and where in the store to read on.
 * Written atomically. One that cannot be read is set aside and its node replayed from the beginning; no other node notices.
 */
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../bus/journal.ts';
import { directoryOf, nodeOfDirectory } from './node-directory.ts';
import type { Checkpoint, RememberedNode } from './state.ts';
import { WorldSlice, worldOf } from './world.ts';

/** Another number = another meaning of the world: older files are set aside, and the store replayed. */
const version = 1;

const CheckpointFile = z.object({
  version: z.literal(version),
  node: z.string(),
  site: z.string().optional(),
  position: z.object({ date: z.string(), offset: z.int().nonnegative() }),
  world: WorldSlice,
});

const suffix = '.json';

export const checkpointFile = (dataDir: string, node: string): string => join(dataDir, 'checkpoints', `${directoryOf(node)}${suffix}`);

export async function writeCheckpoint(dataDir: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(checkpointFile(dataDir, checkpoint.node), `${JSON.stringify({ version, ...checkpoint })}\n`);
}

export async function listCheckpoints(dataDir: string): Promise<readonly string[]> {
  try {
    const names = await readdir(join(dataDir, 'checkpoints'));
    return names.filter((name) => name.endsWith(suffix)).map((name) => nodeOfDirectory(name.slice(0, -suffix.length)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export type ReadCheckpoint = { readonly ok: true; readonly remembered: RememberedNode | null } | { readonly ok: false; readonly detail: string };

/** null: there is none. */
export async function readCheckpoint(dataDir: string, node: string): Promise<ReadCheckpoint> {
  let text: string;
  try {
    text = await readFile(checkpointFile(dataDir, node), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: true, remembered: null };
    throw error;
  }
  try {
    const file = CheckpointFile.parse(JSON.parse(text));
    if (file.node !== node || file.world.node !== node) return { ok: false, detail: `it is of node ${file.node}` };
    return { ok: true, remembered: { ...(file.site === undefined ? {} : { site: file.site }), world: worldOf(file.world), position: file.position } };
  } catch (error) {
    return { ok: false, detail: error instanceof z.ZodError ? z.prettifyError(error) : String(error) };
  }
}

/** Out of the way, and kept for whoever wants to know why. */
export async function setCheckpointAside(dataDir: string, node: string): Promise<string> {
  const file = checkpointFile(dataDir, node);
  await rename(file, `${file}.unreadable`);
  return `${file}.unreadable`;
}
