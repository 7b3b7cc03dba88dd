import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from '../../bus/actor.ts';
import { topics } from '../../contracts/topics.ts';
import { type FakeIo, FakeLife, fakeIo } from '../../test/kit/fake-io.ts';
import { desiredNode, minuteMs, nonce, outcomes } from '../../test/kit/ledger-desk.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { createLedgerModule } from './actor.ts';

const id = 'container-restart-vps-web';
const document = `world/actions/vps/${id}`;
/** As the broker may hold it although the journal is gone. */
const published = {
  status: 'completed',
  id,
  type: 'container_restart',
  risk: 'low',
  site: 'hub',
  node: 'vps',
  service: 'web',
  digest: 'd',
  evidence: {},
  proposed_by: 'supervisor-vps',
  proposed_at: '2026-03-01T11:00:00.000Z',
  verify_window_ms: 120_000,
  transition_history: [],
};

let dataDir: string;
let clock: StepClock;
let lives: FakeLife[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'homelab-ledger-'));
  clock = new StepClock();
  lives = [];
});
afterEach(async () => {
  for (const life of lives) {
    await life.stop();
    await life.blueprint.farewell?.();
  }
  rmSync(dataDir, { recursive: true, force: true });
});

interface Living {
  readonly io: FakeIo;
  readonly life: FakeLife;
  request(requester: string | null, state: string, payload: string | object, how?: { readonly retained?: boolean }): Promise<void>;
}

async function start(anonymousAllowed = (): boolean => true): Promise<Living> {
  const io = fakeIo({ actor: 'ledger', clock, dataDir });
  const life = await FakeLife.start(createLedgerModule({ anonymousAllowed }), io);
  lives.push(life);
  return {
    io,
    life,
    async request(requester, state, payload, how = {}) {
      const name = requester === null ? 'anonymousRequest' : 'request';
      const levels = requester === null ? { state } : { state, requester };
      const topic = requester === null ? topics.anonymousRequest.build({ state }) : topics.request.build({ state, requester });
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      life.hear({ kind: 'message', name, topic, levels, text, payload: null, retained: how.retained ?? false, at: clock.now() } as Delivery);
      await life.idle();
    },
  };
}

async function startReady(anonymousAllowed?: () => boolean): Promise<Living> {
  const living = await start(anonymousAllowed);
  living.life.hearDocument(topics.desired, { node: 'vps' }, desiredNode({ node: 'vps' }));
  living.life.synced();
  await living.life.idle();
  return living;
}

const proposal = {
  type: 'container_restart',
  node: 'vps',
  service: 'web',
  evidence: { trigger_type: 'containers_not_running', message: 'web is down: exit 137' },
};
const lastReply = (io: FakeIo): unknown => io.sent.at(-1);
const journalLines = (): readonly string[] => readFileSync(join(dataDir, 'journal.jsonl'), 'utf8').trim().split('\n');

describe('the ledger on a bus', () => {
  it('takes one repair from proposal to completed, each step on disk, on the bus and answered', async () => {
    const { io, life, request } = await startReady();
    expect(life.mode).toBe('idle');
    await request('supervisor-vps', 'pending', proposal);
    expect(io.held.get(document)).toMatchObject({ status: 'pending', summary: 'restart web on vps: waiting for a yes (web is down: exit 137)' });
    expect(life.mode).toBe('waiting');
    await request('alice', 'approved', `${id}\n`);
    expect(io.held.get(document)).toMatchObject({ status: 'approved', approved_by: 'alice' });
    expect(lastReply(io)).toMatchObject({ topic: 'replies/alice/hub', payload: { summary: 'Approved: restart web on vps. Valid until 13:00 UTC.', ok: true } });
    expect(io.cleared).toEqual(['actions/approved/alice']);
    expect(life.mode).toBe('approved');
    await request('executor-vps', 'running', { id, attempt: 1, nonce });
    expect(io.held.get(document)).toMatchObject({ status: 'running', claim: { nonce, by: 'executor-vps' } });
    expect(life.mode).toBe('repairing');
    await request('executor-vps', 'completed', { id, attempt: 1, nonce, outcome: outcomes.completed });
    expect(io.held.get(document)).toMatchObject({ status: 'completed', summary: 'restart web on vps: done (verified)' });
    expect(journalLines().map((line) => (JSON.parse(line) as { what: string }).what)).toEqual(['proposed', 'approved', 'running', 'completed']);
    expect(life.failures).toEqual([]);
  });

  it('that lost its journal numbers on above what the broker still holds, so that executors take a new life for one', async () => {
    const { io, life, request } = await startReady();
    life.hearDocument(topics.action, { node: 'vps', id }, { ...published, attempt: 7 });
    life.hearDocument(topics.action, { node: 'vps', id }, { ...published, attempt: 9, site: 'elsewhere' });
    await request('supervisor-vps', 'pending', proposal);
    expect(io.held.get(document)).toMatchObject({ status: 'pending', attempt: 8 });
  });

  it('answers a person without a login on the topic of anonymous', async () => {
    const { io, request } = await startReady();
    await request('supervisor-vps', 'pending', proposal);
    await request(null, 'approved', 'next');
    expect(io.held.get(document)).toMatchObject({ status: 'approved', approved_by: 'anonymous' });
    expect(lastReply(io)).toMatchObject({ topic: 'replies/anonymous/hub' });
    expect(io.cleared).toEqual(['actions/approved']);
  });

  it('refuses a person without a login from when the broker asks for one, under the name anonymous too', async () => {
    let isAsking = false;
    const { io, request } = await startReady(() => !isAsking);
    await request('supervisor-vps', 'pending', proposal);
    isAsking = true;
    for (const requester of [null, 'anonymous']) {
      await request(requester, 'approved', 'next');
      expect(lastReply(io)).toMatchObject({ topic: 'replies/anonymous/hub', payload: { code: 'not_allowed' } });
    }
    expect(io.held.get(document)).toMatchObject({ status: 'pending' });
  });

  it('that starts while the link of a site is cut answers since when it is, by the word of the observer', async () => {
    const { io, life, request } = await startReady();
    life.hearDocument(topics.desired, { node: 'edge' }, desiredNode({ node: 'edge', site: 'cabin' }));
    life.hearDocument(topics.link, { site: 'cabin' }, { status: 'down', site: 'cabin' }, { will: true, retained: true });
    const links = [{ site: 'cabin', status: 'down', down_since: '2026-03-01T11:40:00.000Z' }];
    const counts = { nodes: {}, services: {}, incidents_active: 1, actions_pending: 0, actions_running: 0, last_update: null };
    life.hearDocument(topics.site, { site: 'hub' }, { status: 'nominal', site: 'hub', ...counts, links });
    await request('alice', 'pending', { type: 'container_restart', node: 'edge', service: 'web' });
    expect(lastReply(io)).toMatchObject({ payload: { code: 'forwarded', summary: expect.stringContaining('link down since 11:40 UTC') } });
  });

  it('refuses and clears a stored request, and says so as an event', async () => {
    const { io, request } = await startReady();
    await request('supervisor-vps', 'pending', proposal);
    await request('alice', 'approved', id, { retained: true });
    expect(io.held.get(document)).toMatchObject({ status: 'pending' });
    expect(io.cleared).toEqual(['actions/approved/alice']);
    expect(io.events).toEqual([expect.objectContaining({ type: 'action_refused', payload: expect.objectContaining({ code: 'retained_request' }) })]);
  });

  it('expires an approval by its own timer, and gives up a claim by its own timer', async () => {
    const { io, life, request } = await startReady();
    await request('supervisor-vps', 'pending', proposal);
    await request('alice', 'approved', id);
    await clock.run(60 * minuteMs - 1, () => life.idle());
    expect(io.held.get(document)).toMatchObject({ status: 'approved' });
    await clock.run(1, () => life.idle());
    expect(io.held.get(document)).toMatchObject({ status: 'expired' });
    await clock.run(60 * minuteMs, () => life.idle());
    await request('supervisor-vps', 'pending', proposal);
    await request('alice', 'approved', id);
    await request('executor-vps', 'running', { id, attempt: 2, nonce });
    await clock.run(7 * minuteMs, () => life.idle());
    expect(io.held.get(document)).toMatchObject({ status: 'failed', outcome: { code: 'outcome_unknown' } });
    await clock.run(7 * 24 * 60 * minuteMs, () => life.idle());
    expect(io.held.has(document)).toBe(false);
    expect(life.failures).toEqual([]);
  });

  it('shows a maintenance window and takes it away', async () => {
    const { io, life } = await startReady();
    const text = JSON.stringify({ node: 'vps', service: 'web', until: '2026-03-01T12:30:00Z', reason: 'disk swap' });
    const topic = topics.maintenanceRequest.build({ requester: 'alice' });
    life.hear({ kind: 'message', name: 'maintenanceRequest', topic, levels: { requester: 'alice' }, text, payload: null, retained: false, at: clock.now() });
    await life.idle();
    expect(io.held.get('world/maintenance/vps')).toMatchObject({ status: 'maintenance', summary: 'web until 12:30 UTC by alice: disk swap' });
    expect(io.cleared).toEqual(['maintenance/alice']);
    await clock.run(30 * minuteMs, () => life.idle());
    expect(io.held.has('world/maintenance/vps')).toBe(false);
  });
});

describe('after a restart', () => {
  it('says from its journal what it knew, and only once it is connected that this is all', async () => {
    const before = await startReady();
    await before.request('supervisor-vps', 'pending', proposal);
    await before.request('alice', 'approved', id);
    const { io, life } = await start();
    expect(life.mode).toBe('loading');
    expect(io.completed()).toBe(false);
    life.synced();
    await life.idle();
    expect(io.completed()).toBe(true);
    const head = { ts: expect.any(String), rev: expect.any(Number) };
    expect(io.held.get(document)).toEqual({ ...before.io.held.get(document), ...head });
  });

  it('grants one claim for one approval, also when the claim comes twice around the restart', async () => {
    const before = await startReady();
    await before.request('supervisor-vps', 'pending', proposal);
    await before.request('alice', 'approved', id);
    await before.request('executor-vps', 'running', { id, attempt: 1, nonce });
    const { io, request } = await startReady();
    await request('executor-vps', 'running', { id, attempt: 1, nonce: 'another-nonce' });
    expect(lastReply(io)).toMatchObject({ payload: { ok: false, code: 'already_claimed' } });
    await request('executor-vps', 'running', { id, attempt: 1, nonce });
    expect(io.held.get(document)).toMatchObject({ status: 'running', claim: { nonce } });
    await request('alice', 'approved', id);
    expect(lastReply(io)).toMatchObject({ payload: { ok: false, code: 'not_pending' } });
  });

  it('expires what ran out while it was away before it judges anything', async () => {
    const before = await startReady();
    await before.request('supervisor-vps', 'pending', proposal);
    await before.request('alice', 'approved', id);
    // Away: its timer fires for nobody.
    clock = new StepClock(clock.now() + 61 * minuteMs);
    const { io, request } = await startReady();
    await request('executor-vps', 'running', { id, attempt: 1, nonce });
    expect(io.held.get(document)).toMatchObject({ status: 'expired' });
    expect(lastReply(io)).toMatchObject({ payload: { ok: false, code: 'not_approved' } });
  });

  it('that finds a journal it can not write tells nobody anything', async () => {
    const { io, life, request } = await startReady();
    await life.blueprint.farewell?.(); // the file is closed under its hands
    await request('supervisor-vps', 'pending', proposal);
    expect(life.failures).toHaveLength(1);
    expect(io.held.size).toBe(0);
    expect(io.sent).toEqual([]);
  });
});
