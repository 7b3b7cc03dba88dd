/** A restart and the services that depend on it, in virtual time, through documents in and documents out. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredService } from '../../contracts/desired.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { ControlError } from './ports.ts';

let world: ExecutorWorld;

/** `db` ← `api` ← `web`, and `cron` that needs only `db`. */
const needs: Readonly<Record<string, readonly string[]>> = { db: [], api: ['db'], web: ['api'], cron: ['db'], lone: [] };
const declared = (without: readonly string[] = []): DesiredService[] =>
  Object.entries(needs)
    .filter(([name]) => !without.includes(name))
    .map(([name, on]) => ({ name, origin: 'declared', monitor: true, depends_on: on.map((need) => `vps/${need}`) }));
const dependents = ['api', 'cron', 'web'];
const graceMs = 20_000;
/** The restart takes 200 ms, and containers of this world are healthy 10 s after their start. */
const verifiedAfterMs = 10_200;

beforeEach(async () => {
  world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
  for (const name of Object.keys(needs)) world.addContainer(name, { status: name === 'db' ? 'down' : 'healthy' });
  world.desire({ services: declared() });
  await world.start();
});
afterEach(async () => {
  expect(world.failures).toEqual([]);
  await world.kill();
  rmSync(world.dataDir, { recursive: true });
});

const sick = (...names: readonly string[]): void => {
  for (const name of names) world.setStatus(name, 'unhealthy');
};
const restarted = () => world.effects.map(({ service }) => service);
const ended = (id: string) => () => ['completed', 'failed'].includes(world.doc(id).status);
async function outcome(id: string) {
  await world.until('it ends', ended(id));
  return world.doc(id).outcome;
}
const restart = (names: readonly string[] = dependents): string => world.approve('container_restart', 'db', names.length === 0 ? {} : { dependents: names });
const listed = (of: Awaited<ReturnType<typeof outcome>>) =>
  Object.fromEntries(((of?.result['dependents'] ?? []) as { service: string; end: string }[]).map(({ service, end }) => [service, end]));

describe('dependents of a restarted service', () => {
  it('are left alone when they are healthy by themselves', async () => {
    const id = restart();
    const said = await outcome(id);
    expect(said).toMatchObject({ ok: true, code: 'verified' });
    expect(listed(said)).toEqual({ api: 'healthy', cron: 'healthy', web: 'healthy' });
    expect(restarted()).toEqual(['db']);
  });

  it('are restarted in the order of their needs when they stay in trouble, one verified after the other', async () => {
    sick('web', 'api');
    const said = await outcome(restart());
    expect(restarted()).toEqual(['db', 'api', 'web']);
    const [db, api, web] = world.effects.map(({ atMs }) => atMs);
    expect(api! - db!).toBe(verifiedAfterMs + graceMs);
    expect(web! - api!).toBe(verifiedAfterMs + graceMs);
    expect(said).toMatchObject({ ok: true, code: 'verified' });
    expect(listed(said)).toEqual({ api: 'restarted', cron: 'healthy', web: 'restarted' });
  });

  it.each([
    [graceMs - 1, ['db']],
    [graceMs, ['db', 'api']],
    [graceMs + 1, ['db', 'api']],
  ])('have 20 s to become healthy by themselves: well after %i ms', async (ms, expected) => {
    sick('api');
    const id = restart();
    await world.run(verifiedAfterMs + ms);
    world.setStatus('api', 'healthy');
    await outcome(id);
    expect(restarted()).toEqual(expected);
  });

  it('wait for what stands between: one that keeps exiting is starting for a moment each time, and not well by that', async () => {
    sick('web');
    world.setStatus('api', 'starting');
    await outcome(restart(['api', 'web']));
    expect(restarted()).not.toContain('web');
  });

  it.each(['starting', 'unknown', 'stopped'] as const)('are left alone when they are %s: no restart may end that', async (status) => {
    world.setStatus('api', status);
    const said = await outcome(restart());
    expect(restarted()).toEqual(['db']);
    expect(listed(said)['api']).toBe(status);
  });

  it('are not restarted unless the approval names them', async () => {
    sick('api', 'cron');
    expect(listed(await outcome(restart(['cron'])))).toEqual({ cron: 'restarted' });
    expect(restarted()).toEqual(['db', 'cron']);
  });

  it('are not restarted at all when the approval names none', async () => {
    sick('api');
    expect(await outcome(restart([]))).toMatchObject({ code: 'verified', result: {} });
    expect(restarted()).toEqual(['db']);
  });

  it('are not restarted when they are none any more', async () => {
    sick('api');
    const id = restart();
    await world.run(1_000);
    world.desire({ services: declared(['api']) });
    expect(listed(await outcome(id))['api']).toBe('no_dependent');
    expect(restarted()).toEqual(['db']);
  });

  it('are not touched when the service itself is not well', async () => {
    world.setHealthyAfter('db', null);
    sick('api');
    expect(await outcome(restart())).toMatchObject({ ok: false, code: 'not_healthy_in_time' });
    expect(restarted()).toEqual(['db']);
  });

  it('that do not get well hold up who needs them, and are said in a warning', async () => {
    world.setHealthyAfter('api', null);
    sick('api', 'web', 'cron');
    const id = restart();
    const said = await outcome(id);
    expect(said).toMatchObject({ ok: true, code: 'dependents_in_trouble' });
    expect(world.doc(id).status).toBe('completed');
    expect(listed(said)).toEqual({ api: 'not_healthy', cron: 'restarted', web: 'blocked' });
    expect(world.events.at(-1)).toMatchObject({ type: 'remediation_completed', severity: 'warning' });
  });

  it('that the engine refuses to restart hold up who needs them, and nobody else', async () => {
    sick('api', 'web', 'cron');
    world.engine.restartOf['api'] = new ControlError('refused', 'no');
    const said = await outcome(restart());
    expect(listed(said)).toEqual({ api: 'refused', cron: 'restarted', web: 'blocked' });
    expect(restarted()).toEqual(['db', 'cron']);
  });

  it('share their reservation: another action on one of them waits', async () => {
    restart();
    const other = world.approve('rerun_healthcheck', 'web');
    await world.run(1_000);
    expect(world.doc(other).status).toBe('approved');
    await world.until('the other ends', ended(other));
    expect(world.doc(other).status).toBe('completed');
  });

  it('are not begun in what is left of a lease that is too short to restart and report', async () => {
    sick('api');
    world.ledgerUp = false;
    const id = restart();
    await world.run(0);
    world.ledgerUp = true;
    // 30.2 s pass until the end of the grace.
    world.grantTo(id, 'nonce-0001', verifiedAfterMs + graceMs + 90_000 - 1);
    expect(listed(await outcome(id))['api']).toBe('no_time');
    expect(restarted()).toEqual(['db']);
  });

  it('are begun when the lease is just long enough', async () => {
    sick('api');
    world.ledgerUp = false;
    const id = restart();
    await world.run(0);
    world.ledgerUp = true;
    world.grantTo(id, 'nonce-0001', verifiedAfterMs + graceMs + 90_000);
    expect(listed(await outcome(id))['api']).toBe('restarted');
  });
});

describe('killed in the middle of the dependents', () => {
  const kinds = () =>
    readFileSync(join(world.dataDir, 'claims.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; service?: string })
      .map(({ kind, service }) => (service === undefined ? kind : `${kind} ${service}`));

  it('has a begun mark of its own for each, and goes on with those that were not begun', async () => {
    sick('api', 'web');
    const id = restart();
    await world.until('api is acted', () => kinds().includes('acted api'));
    await world.kill();
    await world.start();
    const said = await outcome(id);
    expect(kinds().slice(0, 8)).toEqual(['claim', 'begun', 'acted', 'begun api', 'acted api', 'begun web', 'acted web', 'outcome']);
    expect(restarted()).toEqual(['db', 'api', 'web']);
    expect(said?.code).toBe('verified');
  });

  it('restarts none twice, and begins nothing more, when it is not known whether one was restarted', async () => {
    sick('api', 'web');
    // The second passing: the first is that of the service itself.
    world.armed = { point: 'executor.after-effect', left: 2 };
    const id = restart();
    await world.until('it dies', () => !world.alive);
    await world.kill();
    await world.start();
    const said = await outcome(id);
    expect(restarted()).toEqual(['db', 'api']);
    expect(said).toMatchObject({ ok: true, code: 'dependents_in_trouble' });
    expect(listed(said)).toMatchObject({ api: 'outcome_unknown' });
  });
});
