import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { FakeLife, fakeIo } from '../../test/kit/fake-io.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { createSupervisorModule } from './actor.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'supervisor-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

const since = '2026-03-01T12:00:00.000Z';

async function start(): Promise<{ readonly life: FakeLife; readonly clock: StepClock }> {
  const clock = new StepClock();
  const life = await FakeLife.start(createSupervisorModule(), fakeIo({ actor: 'supervisor', clock, dataDir }));
  return { life, clock };
}

function hearTrouble(life: FakeLife): void {
  life.hearDocument(
    topics.desired,
    { node: 'vps' },
    { status: 'declared', node: 'vps', site: 'hub', agents: ['node-agent', 'executor'], services: [{ name: 'web', origin: 'declared' }] },
  );
  life.hearDocument(topics.worldNode, { node: 'vps' }, { status: 'online', node: 'vps', site: 'hub', engine: 'up', since });
  life.hearDocument(topics.worldService, { node: 'vps', service: 'web' }, { status: 'down', node: 'vps', service: 'web', site: 'hub', since });
  const id = 'inc-1-vps-web-down';
  const times = { started_at: since, last_occurrence: since, occurrence_count: 1 };
  life.hearDocument(
    topics.incident,
    { node: 'vps', id },
    { status: 'active', id, site: 'hub', node: 'vps', service: 'web', kind: 'down', severity: 'error', trigger_type: 'containers_not_running', ...times },
  );
}

describe('the supervisor on a bus', () => {
  it('asks under its own login and publishes its decisions', async () => {
    const { life } = await start();
    hearTrouble(life);
    await life.idle();
    expect(life.io.sent).toEqual([]);
    life.synced();
    await life.idle();
    expect(life.io.sent).toMatchObject([{ topic: 'actions/pending/supervisor-vps', payload: { type: 'container_restart', node: 'vps', service: 'web' } }]);
    expect(life.io.held.get('decisions/vps')).toMatchObject({ status: 'proposing', services: [{ service: 'web', decision: 'propose' }] });
    expect(life.io.completed()).toBe(true);
    expect(life.mode).toBe('proposing');
    await life.stop();
    expect(life.failures).toEqual([]);
  });

  it('asks again by itself when a request was lost', async () => {
    const { life, clock } = await start();
    life.io.connected = false;
    hearTrouble(life);
    life.synced();
    await life.idle();
    expect(life.io.sent).toEqual([]);
    life.io.connected = true;
    await clock.run(10_000);
    await life.idle();
    expect(life.io.sent).toHaveLength(1);
    await life.stop();
  });

  it('withdraws under its own login', async () => {
    const { life } = await start();
    hearTrouble(life);
    const id = 'container-restart-vps-web';
    const evidence = { trigger_type: 'containers_not_running', incident_id: 'inc-1-vps-web-down' };
    const action = {
      status: 'pending',
      id,
      type: 'container_restart',
      risk: 'low',
      site: 'hub',
      node: 'vps',
      service: 'web',
      attempt: 1,
      digest: 'd',
      evidence,
    };
    const life1 = { proposed_by: 'supervisor-vps', proposed_at: since, verify_window_ms: 1, transition_history: [] };
    life.hearDocument(topics.action, { node: 'vps', id }, { ...action, ...life1 });
    life.hearDocument(topics.desired, { node: 'vps' }, { status: 'declared', node: 'vps', site: 'hub', services: [] });
    life.synced();
    await life.idle();
    expect(life.io.sent).toMatchObject([{ topic: 'actions/cancelled/supervisor-vps', payload: { id, reason: 'service_removed_from_desired_state' } }]);
    life.hearDocument(topics.desired, { node: 'vps' }, null);
    await life.idle();
    expect(life.io.held.has('decisions/vps')).toBe(false);
    await life.stop();
  });
});
