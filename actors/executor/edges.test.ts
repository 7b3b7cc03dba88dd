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
