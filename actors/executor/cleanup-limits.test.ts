/** The limits of a clean-up, just before, at and just after: how old what it removes has to be, and how many containers it removes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import type { CleanupCandidate } from './ports.ts';

const hour = 3_600_000;
const day = 24 * hour;
let world: ExecutorWorld;

beforeEach(async () => {
  world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
  world.desire({ services: [{ name: 'web', origin: 'declared', monitor: true }], cleanup_class: 'standard' });
  await world.start();
});
afterEach(async () => {
  expect(world.failures).toEqual([]);
  await world.kill();
  rmSync(world.dataDir, { recursive: true });
});

interface FreedOf {
  readonly count: number;
  readonly names?: readonly string[];
}

/** What was freed, by kind. */
async function clean(): Promise<Readonly<Record<string, FreedOf>>> {
  const id = world.approve('disk_cleanup', null);
  await world.until('it ends', () => ['completed', 'failed'].includes(world.doc(id).status));
  return world.doc(id).outcome?.result['freed'] as Readonly<Record<string, FreedOf>>;
}

it.each([
  ['dangling_images', 'an hour', hour],
  ['old_events', '3 days', 3 * day],
  ['deploy_logs', '30 days', 30 * day],
] as const)('%s go when they are older than %s', async (kind, _, limitMs) => {
  const ages = { younger: limitMs - 1, at: limitMs, older: limitMs + 1 };
  const gone: Record<string, number | undefined> = {};
  for (const [name, ageMs] of Object.entries(ages)) {
    world.engine.leftovers[kind] = [{ madeAtMs: world.clock.now() - ageMs, bytes: 1 }];
    gone[name] = (await clean())[kind]?.count;
  }
  expect(gone).toEqual({ younger: 0, at: 0, older: 1 });
});

it.each([
  [99, 99, 0],
  [100, 100, 0],
  [101, 100, 1],
])('of %i containers that interrupted recreates left it removes %i, ten of them named, and the next clean-up %i', async (all, first, second) => {
  const labels = { 'com.docker.compose.service': 'web', 'com.docker.compose.project': 'web' };
  const real: CleanupCandidate = { id: 'f'.repeat(64), name: 'web', labels, status: 'running', restartPolicy: 'no', stoppedAtMs: null };
  const ghosts = Array.from({ length: all }, (_, n): CleanupCandidate => {
    const id = String(n).padStart(12, 'a').padEnd(64, '0');
    return { ...real, id, name: `${id.slice(0, 12)}_web`, status: 'exited', stoppedAtMs: world.clock.now() - 2 * hour };
  });
  world.engine.candidates = [real, ...ghosts];
  const { stopped_containers: removed } = await clean();
  expect([removed?.count, removed?.names?.length]).toEqual([first, 10]);
  world.engine.candidates = [real, ...ghosts.filter(({ name }) => !world.removed.includes(name))];
  expect((await clean())['stopped_containers']?.count).toBe(second);
});
