/** A clean-up rotates the observer's store: its checkpoints are understood, and the observer that starts afterwards knows the same. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeCheckpoint } from '../../actors/observer/checkpoint.ts';
import { eventFile } from '../../actors/observer/event-files.ts';
import { loadNodes } from '../../actors/observer/rebuild.ts';
import { createWorld, sliceOf } from '../../actors/observer/world.ts';
import { createHistoryFiles } from '../../adapters/files/history.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rotation-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

// A name that is not its own directory name: both sides must mean the same directory.
it.each(['vps', 'Node:2 ä'])('of the node %s', async (node) => {
  const dataDir = join(root, 'observer');
  const old = eventFile(dataDir, '2026-03-01', node);
  const newest = eventFile(dataDir, '2026-03-09', node);
  for (const file of [old, newest]) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
  await writeCheckpoint(dataDir, { node, position: { date: '2026-03-09', offset: 0 }, world: sliceOf(createWorld(node)) });
  const load = () => loadNodes({ dataDir, useCheckpoints: true, write: false });
  const before = await load();
  expect(await createHistoryFiles({ dataRoot: root }).removeOldEvents(Date.parse('2026-03-10T00:00:00Z'))).toEqual({ count: 1, bytes: 0 });
  expect({ old: existsSync(old), newest: existsSync(newest) }).toEqual({ old: false, newest: true });
  expect(await load()).toEqual(before);
});
