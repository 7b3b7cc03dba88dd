/** The deadlines of the executor, just before, at and just after: what the engine takes, and how the action ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { ControlError } from './ports.ts';

let world: ExecutorWorld;

beforeEach(async () => {
  world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
  world.addContainer('web');
  await world.start();
});
afterEach(async () => {
  expect(world.failures).toEqual([]);
  await world.kill();
  rmSync(world.dataDir, { recursive: true });
});

async function codeOf(id: string): Promise<string | undefined> {
  await world.until('it ends', () => ['completed', 'failed'].includes(world.doc(id).status));
  return world.doc(id).outcome?.code;
}

it.each([
  [14_999, 'verified', 1],
  [15_001, 'timeout', 0],
])('a container that the engine finds after %d ms: %s, and %d restarts', async (ms, code, restarts) => {
  world.engine.findTakesMs = ms;
  expect(await codeOf(world.approve('container_restart', 'web'))).toBe(code);
  expect(world.effects).toHaveLength(restarts);
});

it.each([
  [129_999, 'refused'],
  [130_001, 'effect_timeout'],
])('a restart that the engine answers after %d ms: %s', async (ms, code) => {
  world.engine.restartOf['web'] = new ControlError('refused', 'no');
  world.engine.refusesAfterMs = ms;
  expect(await codeOf(world.approve('container_restart', 'web'))).toBe(code);
});

it.each([
  [209_999, 'refused'],
  [210_001, 'effect_timeout'],
])('a redeployment that Compose refuses after %d ms: %s', async (ms, code) => {
  world.engine.restart = new ControlError('refused', 'no');
  world.engine.refusesAfterMs = ms;
  expect(await codeOf(world.approve('redeploy', 'web'))).toBe(code);
});

it.each([
  [329_999, 'cleaned_partly'],
  [330_001, 'effect_timeout'],
])('a clean-up that the engine refuses in part after %d ms: %s', async (ms, code) => {
  world.desire({ services: [], cleanup_class: 'sd_card' });
  world.engine.pruneOf['dangling_images'] = new ControlError('refused', 'no');
  world.engine.refusesAfterMs = ms;
  expect(await codeOf(world.approve('disk_cleanup', null))).toBe(code);
});

it.each([
  [4_999, 4_999],
  [5_000, 5_000],
  [5_001, 5_000],
])('a look after the restart that takes %d ms puts the verification off by %d ms', async (ms, offMs) => {
  world.setHealthyAfter('web', null);
  world.engine.findTakesMs = ms;
  const id = world.approve('container_restart', 'web');
  expect(await codeOf(id)).toBe('not_healthy_in_time');
  expect(Date.parse(world.doc(id).outcome?.ended_at ?? '') - (world.effects[0]?.atMs ?? 0)).toBe(200 + offMs + 120_000);
});
