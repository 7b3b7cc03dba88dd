/** Stopped cleanly in the middle of a repair: what was done is known to the next life, and nothing is done twice. */
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

const ended = (id: string) => () => ['completed', 'failed'].includes(world.doc(id).status);
async function next(id: string) {
  await world.start();
  await world.until('it ends', ended(id));
  return world.doc(id);
}

it('while the engine restarts a container waits for its answer, and the next life verifies it', async () => {
  const id = world.approve('container_restart', 'web');
  await world.run(100);
  await world.stop();
  expect(await next(id)).toMatchObject({ status: 'completed', outcome: { code: 'verified' } });
  expect(world.effects).toHaveLength(1);
});

it('while it waits for a healthy container goes on waiting in the next life, until the same moment', async () => {
  world.setHealthyAfter('web', null);
  const id = world.approve('container_restart', 'web');
  await world.run(60_000);
  await world.stop();
  await world.run(30_000);
  const { outcome } = await next(id);
  expect(outcome).toMatchObject({ code: 'not_healthy_in_time' });
  expect(Date.parse(outcome?.ended_at ?? '') - (world.effects[0]?.atMs ?? 0)).toBe(120_200);
  expect(world.effects).toHaveLength(1);
});

it('long after the verify window says verified when the container is healthy since the effect', async () => {
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  await world.stop();
  await world.run(200_000);
  expect((await next(id)).outcome?.code).toBe('verified');
});

it('while the engine refuses writes the refusal down', async () => {
  world.engine.restartOf['web'] = new ControlError('refused', 'no');
  world.engine.refusesAfterMs = 1_000;
  const id = world.approve('container_restart', 'web');
  await world.run(100);
  await world.stop();
  expect((await next(id)).outcome).toMatchObject({ code: 'refused', message: 'no' });
});

it.each([
  [4_400, 'refused'],
  [4_600, 'outcome_unknown'],
])('gives an engine that takes long 4.5 s: %i ms', async (ms, code) => {
  world.engine.restartOf['web'] = new ControlError('refused', 'no');
  world.engine.refusesAfterMs = 100 + ms;
  const id = world.approve('container_restart', 'web');
  await world.run(100);
  await world.stop();
  expect((await next(id)).outcome?.code).toBe(code);
});

it('before anything was begun begins nothing any more, and the next life does it', async () => {
  world.engine.findTakesMs = 1_000;
  const id = world.approve('container_restart', 'web');
  await world.run(500);
  await world.stop();
  expect(world.effects).toEqual([]);
  world.engine.findTakesMs = 0;
  expect((await next(id)).outcome?.code).toBe('verified');
  expect(world.effects).toHaveLength(1);
});
