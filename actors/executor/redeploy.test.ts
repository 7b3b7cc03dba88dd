/** A redeployment, through documents in and documents out: believed only of another container, and never done twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KillPoint, killPoints } from '../../bus/kill-point.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { ControlError } from './ports.ts';

let world: ExecutorWorld;
beforeEach(async () => {
  world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
  await world.start();
});
afterEach(async () => {
  await world.kill();
  rmSync(world.dataDir, { recursive: true });
});

const declare = (origin: 'declared' | 'adopted'): void => world.desire({ services: [{ name: 'web', origin, monitor: true }] });
const isEnd = (status: string): boolean => ['completed', 'failed'].includes(status);
async function redeployed(service = 'web') {
  const id = world.approve('redeploy', service);
  await world.until('it ends', () => isEnd(world.doc(id).status));
  return world.doc(id);
}

describe('a redeploy', () => {
  it('is completed when another container of the service is healthy, and keeps what Compose said last', async () => {
    const before = world.addContainer('web').id;
    expect(await redeployed()).toMatchObject({ status: 'completed', outcome: { code: 'verified', result: { output: ['Recreating ... done'] } } });
    expect(world.containers.get('web')?.id).not.toBe(before);
    expect(world.effects).toHaveLength(1);
    expect(world.failures).toEqual([]);
  });

  it('is not completed by the health of the container that was there, however late it started', async () => {
    world.addContainer('web', { healthyAfterMs: null });
    const id = world.approve('redeploy', 'web');
    await world.until('it is done', () => world.effects.length === 1);
    await world.run(10_000);
    world.sayHealth('web', { status: 'healthy', startedAtMs: world.clock.now(), container: '1'.padStart(64, 'a') });
    await world.until('it ends', () => isEnd(world.doc(id).status));
    expect(world.doc(id)).toMatchObject({ status: 'failed', outcome: { code: 'not_healthy_in_time', result: { output: ['Recreating ... done'] } } });
  });

  it('that Compose refuses says so, with what it printed, and does not wait for health', async () => {
    world.addContainer('web');
    const output = ['Pulling web ...', 'ERROR: pull access denied'];
    world.engine.restart = new ControlError('compose_failed', 'Compose ended with 1', { result: { output } });
    expect(await redeployed()).toMatchObject({ status: 'failed', outcome: { code: 'compose_failed', message: 'Compose ended with 1', result: { output } } });
  });

  it('after which the same container stands there has done nothing, whatever Compose says', async () => {
    const container = world.addContainer('web');
    const { id: before } = container;
    Object.defineProperty(container, 'id', {
      get: () => before,
      set: () => {
        // It stays the same.
      },
    });
    expect(await redeployed()).toMatchObject({ status: 'failed', outcome: { code: 'compose_failed' } });
  });

  it('that has no answer is not asked again, and does not wait longer than its lease', async () => {
    world.addContainer('web');
    world.engine.restart = 'works_but_hangs';
    const { outcome } = await redeployed();
    expect(outcome).toMatchObject({ code: 'effect_timeout' });
    expect(Date.parse(outcome?.ended_at ?? '') - Date.parse(outcome?.began_at ?? '')).toBeLessThan(300_000);
    await world.run(600_000);
    expect(world.effects).toHaveLength(1);
  });

  const mine = killPoints.filter((point) => point.startsWith('executor.'));
  const begunFrom = mine.indexOf('executor.before-begun-fsync');
  const begunTo = mine.indexOf('executor.before-acted-fsync');
  it.each(
    mine.flatMap((point): readonly [KillPoint, string, () => unknown][] => [
      [point, 'that is replaced', () => world.addContainer('web')],
      [point, 'that is missing', () => declare('declared')],
    ]),
  )('whose executor is killed at %s, of a container %s, is done at most once and ends once', async (point, _, begin) => {
    begin();
    world.armed = { point, left: 1 };
    const id = world.approve('redeploy', 'web');
    await world.until('it dies', () => !world.alive);
    await world.kill();
    await world.start();
    await world.until('it ends', () => isEnd(world.doc(id).status));
    const isUnknown = mine.indexOf(point) >= begunFrom && mine.indexOf(point) < begunTo;
    expect(world.doc(id).outcome?.code).toBe(isUnknown ? 'outcome_unknown' : 'verified');
    expect(world.effects.length).toBeLessThanOrEqual(1);
    expect(world.ends).toHaveLength(1);
  });

  it('whose executor is killed while Compose is at work ends as unknown, and is never repeated', async () => {
    world.addContainer('web');
    world.engine.restart = 'works_but_hangs';
    const id = world.approve('redeploy', 'web');
    await world.until('Compose is at work', () => world.effects.length === 1);
    await world.kill();
    await world.start();
    await world.until('it ends', () => isEnd(world.doc(id).status));
    expect(world.doc(id)).toMatchObject({ status: 'failed', outcome: { code: 'outcome_unknown' } });
    await world.run(600_000);
    expect(world.effects).toHaveLength(1);
  });
});

describe('a redeploy of a service without a container', () => {
  it('makes the container of a declared one, and is completed when that is healthy', async () => {
    declare('declared');
    expect(await redeployed()).toMatchObject({ status: 'completed', outcome: { code: 'verified', result: { output: ['Creating ... done'] } } });
    expect(world.effects).toHaveLength(1);
    expect(world.failures).toEqual([]);
  });

  it('is not completed by a container that is not healthy', async () => {
    declare('declared');
    world.engine.made = { healthyAfterMs: null };
    expect(await redeployed()).toMatchObject({ status: 'failed', outcome: { code: 'not_healthy_in_time' } });
  });

  it('that appeared after it had looked leaves it alone, and says so', async () => {
    declare('declared');
    world.engine.restart = new ControlError('container_present', 'web stands for web by now; nothing was done');
    expect(await redeployed()).toMatchObject({ status: 'failed', outcome: { code: 'container_present' } });
    await world.run(600_000);
    expect(world.effects).toEqual([]);
  });

  it('replaces one that appeared before it looked', async () => {
    declare('declared');
    world.ledgerUp = false;
    const id = world.approve('redeploy', 'web');
    const before = world.addContainer('web').id;
    world.ledgerUp = true;
    await world.until('it ends', () => isEnd(world.doc(id).status));
    expect(world.doc(id).outcome?.result).toEqual({ output: ['Recreating ... done'] });
    expect(world.containers.get('web')?.id).not.toBe(before);
  });

  it.each([
    ['that was only adopted', () => declare('adopted')],
    ['that nobody wants', () => undefined],
  ])('touches nothing for one %s, and says that nothing tells how to make it', async (_, begin) => {
    begin();
    const message = expect.stringContaining('not declared');
    expect(await redeployed()).toMatchObject({ status: 'failed', outcome: { code: 'container_missing', message, began_at: null } });
    expect(world.effects).toEqual([]);
  });

  it('that was meant to restart one touches nothing, declared or not', async () => {
    declare('declared');
    const id = world.approve('container_restart', 'web');
    await world.until('it ends', () => isEnd(world.doc(id).status));
    expect(world.doc(id)).toMatchObject({ status: 'failed', outcome: { code: 'container_missing', began_at: null } });
  });
});
