import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { killPoints } from '../../bus/kill-point.ts';
import type { ActionType } from '../../contracts/action.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { ControlError } from './ports.ts';

let world: ExecutorWorld;

beforeEach(() => {
  world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
});
afterEach(async () => {
  expect(world.failures).toEqual([]);
  await world.kill();
  rmSync(world.dataDir, { recursive: true });
});

const ended = (id: string) => () => ['completed', 'failed', 'cancelled', 'expired'].includes(world.doc(id).status);

async function outcomeOf(type: ActionType, service: string | null) {
  const id = world.approve(type, service);
  await world.until(`${id} ends`, ended(id));
  return world.doc(id);
}

describe('a container_restart', () => {
  it('is claimed, done once, verified by health and reported as completed', async () => {
    world.addContainer('web');
    await world.start();
    const { id, status, outcome } = await outcomeOf('container_restart', 'web');
    expect(status).toBe('completed');
    expect(outcome).toMatchObject({ ok: true, code: 'verified' });
    expect(Date.parse(outcome?.ended_at ?? '')).toBeGreaterThan(Date.parse(outcome?.began_at ?? ''));
    expect(world.effects).toEqual([{ service: 'web', atMs: expect.any(Number), nonce: 'nonce-0001' }]);
    expect(world.events.map(({ type, correlation_id, payload }) => ({ type, correlation_id, id: payload?.['action_id'], code: payload?.['code'] }))).toEqual([
      { type: 'remediation_started', correlation_id: `${id}#1`, id, code: undefined },
      { type: 'remediation_completed', correlation_id: `${id}#1`, id, code: 'verified' },
    ]);
    await world.run(0);
    expect(world.mode).toBe('idle');
  });

  it('passes every kill point of the executor', async () => {
    world.addContainer('web');
    await world.start();
    await outcomeOf('container_restart', 'web');
    await world.run(0);
    expect(new Set(world.passed)).toEqual(new Set(killPoints.filter((point) => point.startsWith('executor.'))));
  });

  it('writes its claim down before it asks, the beginning before the effect and the outcome before the report', async () => {
    world.addContainer('web');
    await world.start();
    await outcomeOf('container_restart', 'web');
    await world.run(0);
    expect(world.passed).toEqual(killPoints.filter((point) => point.startsWith('executor.')));
    const kinds = readFileSync(join(world.dataDir, 'claims.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(['claim', 'begun', 'acted', 'outcome', 'settled']);
  });

  it('says what it is doing in its mode', async () => {
    world.addContainer('web');
    await world.start({ synced: false });
    expect(world.mode).toBe('syncing');
    world.synced();
    await world.run(0);
    expect(world.mode).toBe('idle');
    world.ledgerUp = false;
    const id = world.approve('container_restart', 'web');
    await world.run(0);
    expect(world.mode).toBe('claiming');
    world.ledgerUp = true;
    await world.run(10_000);
    expect(world.mode).toBe('working');
    world.ledgerUp = false;
    await world.run(15_000);
    expect(world.mode).toBe('reporting');
    world.ledgerUp = true;
    await world.until('it ends', ended(id));
    await world.run(0);
    expect(world.mode).toBe('idle');
  });

  it('fails with container_missing when nothing stands for the service', async () => {
    await world.start();
    const { status, outcome } = await outcomeOf('container_restart', 'web');
    expect({ status, outcome }).toMatchObject({ status: 'failed', outcome: { ok: false, code: 'container_missing', began_at: null } });
  });

  it('fails with the code of the engine when it refuses', async () => {
    world.addContainer('web');
    world.engine.restart = new ControlError('refused', 'OCI runtime create failed');
    await world.start();
    expect((await outcomeOf('container_restart', 'web')).outcome).toMatchObject({ ok: false, code: 'refused', message: 'OCI runtime create failed' });
  });

  it('calls a time-out of the engine effect_timeout, and does not try again', async () => {
    world.addContainer('web');
    world.engine.restart = new ControlError('timeout', 'no answer');
    await world.start();
    expect((await outcomeOf('container_restart', 'web')).outcome?.code).toBe('effect_timeout');
    await world.run(600_000);
    expect(world.effects).toEqual([]);
  });

  it('gives a hung effect up after its deadline although the engine did it', async () => {
    world.addContainer('web', { healthyAfterMs: null });
    world.engine.restart = 'works_but_hangs';
    await world.start();
    expect((await outcomeOf('container_restart', 'web')).outcome?.code).toBe('effect_timeout');
    await world.run(600_000);
    expect(world.effects).toHaveLength(1);
  });

  it('fails cleanly when the port throws something that is not the engine refusing', async () => {
    world.addContainer('web');
    world.engine.restart = new TypeError('x is not a function');
    await world.start();
    expect((await outcomeOf('container_restart', 'web')).outcome).toMatchObject({ ok: false, code: 'internal_error' });
  });

  it('does nothing when the engine cannot say which container it is', async () => {
    world.addContainer('web');
    await world.start();
    world.engine.find = new ControlError('unreachable', 'no socket');
    expect((await outcomeOf('container_restart', 'web')).outcome).toMatchObject({ code: 'unreachable', began_at: null });
    world.engine.find = 'hangs';
    expect((await outcomeOf('container_restart', 'web')).outcome).toMatchObject({ code: 'timeout', began_at: null });
    expect(world.effects).toEqual([]);
  });
});

describe('verification', () => {
  it('fails with not_healthy_in_time and the last status seen', async () => {
    world.addContainer('web', { healthyAfterMs: null });
    await world.start();
    const { status, outcome } = await outcomeOf('container_restart', 'web');
    expect({ status, outcome }).toMatchObject({ status: 'failed', outcome: { code: 'not_healthy_in_time', result: { last_status: 'starting' } } });
    expect(Date.parse(outcome?.ended_at ?? '') - (world.effects[0]?.atMs ?? 0)).toBe(120_200);
  });

  it('does not believe a health that was seen before the effect, nor its repetition', async () => {
    const container = world.addContainer('web', { healthyAfterMs: null, status: 'healthy' });
    const before = container.startedAtMs;
    await world.start();
    const id = world.approve('container_restart', 'web');
    await world.run(1_000);
    world.sayHealth('web', { status: 'healthy', startedAtMs: before });
    await world.run(1_000);
    expect(world.doc(id).status).toBe('running');
    await world.until('it ends', ended(id));
    expect(world.doc(id).outcome?.code).toBe('not_healthy_in_time');
  });

  it('does not believe a healthy container that started between the beginning and the effect', async () => {
    world.addContainer('web', { healthyAfterMs: null });
    await world.start();
    const id = world.approve('container_restart', 'web');
    const beganAtMs = world.clock.now();
    await world.run(100);
    // The restart takes 200 ms; a policy restart came in between.
    world.sayHealth('web', { status: 'healthy', startedAtMs: beganAtMs + 50 });
    await world.run(5_000);
    expect(world.doc(id).status).toBe('running');
  });

  it('keeps another service out of it', async () => {
    world.addContainer('web', { healthyAfterMs: null });
    world.addContainer('db');
    await world.start();
    const id = world.approve('container_restart', 'web');
    await world.run(5_000);
    world.sayHealth('db', { status: 'healthy', startedAtMs: world.clock.now() });
    await world.run(5_000);
    expect(world.doc(id).status).toBe('running');
  });
});

describe('other actions', () => {
  it.each(['deploy_service', 'rollback', 'alert_only'] as const)('%s fails cleanly with handler_missing and touches nothing', async (type) => {
    world.addContainer('web');
    await world.start();
    expect(await outcomeOf(type, 'web')).toMatchObject({ status: 'failed', outcome: { code: 'handler_missing', began_at: null } });
    expect(world.effects).toEqual([]);
  });

  it('rerun_healthcheck is completed with what the check said, without waiting for health', async () => {
    world.addContainer('web', { healthyAfterMs: null });
    world.engine.healthcheck = { exitCode: 1, output: 'connection refused' };
    await world.start();
    expect(await outcomeOf('rerun_healthcheck', 'web')).toMatchObject({
      status: 'completed',
      outcome: { ok: true, result: { exit_code: 1, output: 'connection refused' } },
    });
    world.engine.healthcheck = new ControlError('no_healthcheck', 'web has no health check');
    expect(await outcomeOf('rerun_healthcheck', 'web')).toMatchObject({ status: 'failed', outcome: { code: 'no_healthcheck' } });
  });

  it('collect_diagnostics writes a file that only its owner may read, and says where', async () => {
    world.addContainer('web');
    await world.start();
    const { id, outcome } = await outcomeOf('collect_diagnostics', 'web');
    const file = join(world.dataDir, 'diagnostics', `${id}-1.json`);
    expect(outcome).toMatchObject({ ok: true, result: { file, bytes: statSync(file).size, log_tail: ['line 4', 'line 5', 'line 6', 'line 7', 'line 8'] } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(world.dataDir, 'diagnostics'))).toEqual([`${id}-1.json`]);
    expect(world.events.map(({ type }) => type)).toEqual(['remediation_started', 'diagnostics_collected', 'remediation_completed']);
  });
});
