/**
 * Store → worlds: the observer's start (checkpoints, then the lines after them) and `homelab world rebuild` (every line).
 *
 * reads: events/, checkpoints/; writes: checkpoints/ and quarantine/, cuts half a line off the end of a file; with
 * `write: false` nothing at all. Lines that cannot be read or applied are counted and quarantined and stop nothing (R25).
 */
import { truncate } from 'node:fs/promises';
import { advance, applyEvent } from './apply.ts';
import { listCheckpoints, readCheckpoint, setCheckpointAside, writeCheckpoint } from './checkpoint.ts';
import { eventFile, listStore, readLines } from './event-files.ts';
import { forgetQuarantine, type Quarantined, quarantine } from './quarantine.ts';
import type { FilePosition, RememberedNode } from './state.ts';
import { parseStoredLine } from './stored-event.ts';
import { createWorld, type NodeWorld, sliceOf } from './world.ts';

export interface RebuildCounts {
  nodes: number;
  /** Applied. */
  events: number;
  /** Stored twice, and applied once. */
  duplicates: number;
  quarantined: number;
  /** Files that ended in half a line. */
  halfLines: number;
  /** Checkpoints that could not be read. */
  unreadableCheckpoints: number;
}

export interface RebuildOptions {
  readonly dataDir: string;
  /** false: look only. */
  readonly write: boolean;
  readonly onProgress?: (counts: Readonly<RebuildCounts>) => void;
}

interface LoadOptions extends RebuildOptions {
  readonly useCheckpoints: boolean;
  readonly onProblem?: (problem: string) => void;
}

export interface Loaded {
  readonly nodes: ReadonlyMap<string, RememberedNode>;
  readonly counts: Readonly<RebuildCounts>;
}

/** Replays the whole store with the plain reducer. With `write`, fresh checkpoints replace the old ones. */
export async function rebuildWorld(
  options: RebuildOptions,
): Promise<{ readonly worlds: ReadonlyMap<string, NodeWorld>; readonly counts: Readonly<RebuildCounts> }> {
  const { nodes, counts } = await loadNodes({ ...options, useCheckpoints: false });
  if (options.write) {
    for (const [node, { world, position }] of nodes) {
      if (position !== null) await writeCheckpoint(options.dataDir, { node, position, world: sliceOf(world) });
    }
  }
  return { worlds: new Map([...nodes].map(([node, { world }]) => [node, world])), counts };
}

/** What the observer remembers. */
export async function loadNodes(options: LoadOptions): Promise<Loaded> {
  const { dataDir } = options;
  const store = await listStore(dataDir);
  const counts: RebuildCounts = { nodes: 0, events: 0, duplicates: 0, quarantined: 0, halfLines: 0, unreadableCheckpoints: 0 };
  const names = new Set([...store.keys(), ...(options.useCheckpoints ? await listCheckpoints(dataDir) : [])]);
  const nodes = new Map<string, RememberedNode>();
  for (const node of [...names].sort()) {
    const start = options.useCheckpoints ? await checkpointOf(options, node, counts) : null;
    nodes.set(node, await replayNode(options, counts, { node, dates: store.get(node) ?? [], start }));
    counts.nodes += 1;
    options.onProgress?.(counts);
  }
  return { nodes, counts };
}

async function checkpointOf(options: LoadOptions, node: string, counts: RebuildCounts): Promise<RememberedNode | null> {
  const read = await readCheckpoint(options.dataDir, node);
  if (read.ok) return read.remembered;
  counts.unreadableCheckpoints += 1;
  const where = options.write ? await setCheckpointAside(options.dataDir, node) : 'its place';
  options.onProblem?.(`the checkpoint of ${node} cannot be read (${read.detail}); it is kept as ${where}, and the node is replayed from its first event`);
  return null;
}

interface NodeReplay {
  readonly node: string;
  readonly dates: readonly string[];
  readonly start: RememberedNode | null;
}

async function replayNode(options: LoadOptions, counts: RebuildCounts, { node, dates, start }: NodeReplay): Promise<RememberedNode> {
  const { dataDir, write } = options;
  const world = start?.world ?? createWorld(node);
  let position = start?.position ?? null;
  const bad: Quarantined[] = [];
  const names = new Set<unknown>();
  if (position === null && write) await forgetQuarantine(dataDir, node);
  for (const date of dates.filter((each) => position === null || each >= position.date)) {
    const file = eventFile(dataDir, date, node);
    let line = 0;
    const refuse = (reason: string, text: string): void => {
      bad.push({ reason, file, line, text });
      counts.quarantined += 1;
    };
    const read = await readLines(file, position?.date === date ? position.offset : 0, (text) => {
      line += 1;
      const reason = replayLine(world, names, text, counts);
      if (reason !== null) refuse(reason, text);
    });
    if (read.bytesHalf > 0) await onHalfLine(options, counts, { file, read, isNewest: date === dates.at(-1) });
    position = { date, offset: read.bytesGood };
    options.onProgress?.(counts);
  }
  if (write) await quarantine(dataDir, node, bad);
  for (const { reason, file, line } of bad.slice(0, problemsReportedMax))
    options.onProblem?.(`${file}, line ${line} after the checkpoint: ${reason}; quarantined`);
  return { ...(start?.site === undefined ? {} : { site: start.site }), world, position };
}

/** The log gets the first few; the quarantine file has all. */
const problemsReportedMax = 10;

/** Returns why the line is refused, or null. */
function replayLine(world: NodeWorld, names: Set<unknown>, text: string, counts: RebuildCounts): string | null {
  const parsed = parseStoredLine(text, world.node, names);
  if (!parsed.ok) return parsed.reason;
  if (!advance(world, parsed.event)) {
    counts.duplicates += 1;
    return null;
  }
  counts.events += 1;
  try {
    applyEvent(world, parsed.event);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface HalfLine {
  readonly file: string;
  readonly read: { readonly bytesGood: number; readonly bytesHalf: number };
  readonly isNewest: boolean;
}

/** It was never acknowledged: its sender sends it again. Cut off, so that the next line does not continue it. */
async function onHalfLine({ write, onProblem }: LoadOptions, counts: RebuildCounts, { file, read, isNewest }: HalfLine): Promise<void> {
  counts.halfLines += 1;
  onProblem?.(`${file} ends in half a line of ${read.bytesHalf} bytes that was never acknowledged; it is cut off`);
  if (write && isNewest) await truncate(file, read.bytesGood);
}

export const newestFiles = (loaded: Loaded): ReadonlyMap<string, FilePosition | null> =>
  new Map([...loaded.nodes].map(([node, { position }]) => [node, position]));
