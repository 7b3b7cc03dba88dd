import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

/** For which documents are gathered (reduce.ts). */
const gatherMs = 25;
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

  const pending = {
    status: 'pending',
    id: 'container-restart-vps-web',
    type: 'container_restart',
    risk: 'low',
    site: 'hub',
    node: 'vps',
    service: 'web',
    attempt: 1,
    digest: 'd',
    evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-1-vps-web-down' },
    proposed_at: since,
    verify_window_ms: 1,
    transition_history: [],
  };

  it.each(['supervisor-vps', 'planner-vps', 'anna'])(
    'withdraws within a second what %s proposed for a service that is removed from the files',
    async (proposed_by) => {
      const { life, clock } = await start();
      hearTrouble(life);
      const { id } = pending;
      life.hearDocument(topics.action, { node: 'vps', id }, { ...pending, proposed_by });
      life.synced();
      await life.idle();
      expect(life.io.sent).toEqual([]);
      const before = clock.now();
      life.hearDocument(topics.desired, { node: 'vps' }, { status: 'declared', node: 'vps', site: 'hub', services: [] });
      await clock.run(gatherMs);
      await life.idle();
      expect(clock.now() - before).toBeLessThan(1_000);
      expect(life.io.sent).toMatchObject([{ topic: 'actions/cancelled/supervisor-vps', payload: { id, reason: 'service_removed_from_desired_state' } }]);
      life.hearDocument(topics.desired, { node: 'vps' }, null);
      await clock.run(gatherMs);
      await life.idle();
      expect(life.io.held.has('decisions/vps')).toBe(false);
      await life.stop();
    },
  );

  /** What agents say about Home Assistant comes through the queued session. */
  function hearEvent(life: FakeLife, atMs: number): void {
    const id = '00000000-0000-7000-8000-000000000001';
    const head = { id, ts: new Date(atMs).toISOString(), node: 'vps', source: 'ha-diag-agent', lane: 'urgent', seq: 1 };
    const payload = topics.events.schema.parse({ ...head, type: 'ha_recorder_lag', severity: 'warning', service: 'homeassistant' });
    life.hear({ kind: 'message', name: 'events', topic: 'events/vps', levels: { node: 'vps' }, text: '', payload, retained: false, at: life.io.clock.now() });
  }
  const notices = (life: FakeLife): readonly unknown[] => life.io.sent.filter(({ topic }) => topic === 'actions/pending/supervisor-vps');

  it('remembers an event of Home Assistant across a restart, and does nothing for it twice', async () => {
    const first = await start();
    const desired = { status: 'declared', node: 'vps', site: 'hub', services: [{ name: 'homeassistant', origin: 'declared' }] };
    first.life.hearDocument(topics.desired, { node: 'vps' }, desired);
    first.life.synced();
    const saidMs = first.clock.now();
    hearEvent(first.life, saidMs);
    await first.life.idle();
    expect(notices(first.life)).toEqual([]);
    await first.life.stop();

    const second = await start();
    await second.clock.run(saidMs + 30_000 - second.clock.now());
    second.life.hearDocument(topics.desired, { node: 'vps' }, desired);
    hearEvent(second.life, saidMs);
    second.life.synced();
    await second.life.idle();
    expect(notices(second.life)).toHaveLength(1);
    await second.life.stop();
    expect([...first.life.failures, ...second.life.failures]).toEqual([]);
  });

  it('begins with nothing heard when its file is broken', async () => {
    writeFileSync(join(dataDir, 'home-assistant.json'), '{"heard": [{');
    const { life } = await start();
    life.synced();
    await life.idle();
    expect([life.mode, life.failures]).toEqual(['watching', []]);
    await life.stop();
  });

  it('never proposes for a service that is not monitored', async () => {
    const { life, clock } = await start();
    hearTrouble(life);
    const services = [{ name: 'web', origin: 'declared', monitor: false }];
    life.hearDocument(topics.desired, { node: 'vps' }, { status: 'declared', node: 'vps', site: 'hub', agents: ['node-agent', 'executor'], services });
    life.synced();
    await clock.run(3_600_000);
    await life.idle();
    expect(life.io.sent).toEqual([]);
    expect(life.io.held.get('decisions/vps')).toMatchObject({ services: [{ service: 'web', decision: 'nothing', why: 'not monitored' }] });
    await life.stop();
  });
});
