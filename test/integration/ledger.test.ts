/** The ledger alone on real brokers: requests as any MQTT client publishes them, documents as any MQTT client sees them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { brokersUnderTest, type RunningBroker, TestClient } from '../kit/conformance-brokers.ts';
import { desiredNode, nonce } from '../kit/ledger-desk.ts';
import { waitFor } from '../kit/wait.ts';

const id = 'container-restart-vps-web';
const document = `homelab/world/actions/vps/${id}`;
const proposal = JSON.stringify({ type: 'container_restart', node: 'vps', service: 'web' });

describe.each(brokersUnderTest)('the ledger on $name', ({ available, start }) => {
  let dir: string;
  let broker: RunningBroker;
  let person: TestClient;
  let ledger: RunningActor | null;
  let gaveUp: Error[];
  let clients: TestClient[];

  beforeEach(async () => {
    if (!available) return;
    dir = mkdtempSync(join(tmpdir(), 'homelab-ledger-'));
    broker = await start();
    [ledger, gaveUp, clients] = [null, [], []];
    person = await client();
    await person.link.subscribe(['homelab/world/#', 'homelab/replies/#', 'homelab/actors/#', 'homelab/manifests/#']);
    await person.link.publish('homelab/desired/vps', JSON.stringify(desiredNode({ node: 'vps' })), { retain: true });
  });
  afterEach(async () => {
    if (!available) return;
    await ledger?.stop();
    for (const each of clients) await each.link.close();
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
    expect(gaveUp).toEqual([]);
  });

  async function client(): Promise<TestClient> {
    const made = await TestClient.connect(broker.transport, { clientId: `test-${clients.length}` });
    clients.push(made);
    return made;
  }

  /** Started and ready to judge. */
  async function startLedger(): Promise<void> {
    const modesBefore = person.seen.length;
    ledger = new RunningActor({
      module: createLedgerModule({ anonymousAllowed: () => true }),
      node: 'vps',
      site: 'hub',
      root: 'homelab',
      transport: broker.transport,
      dataRoot: dir,
      clock: systemClock,
      log: silentLog,
      random: () => 0,
      version: '0.0.1',
      onGaveUp: (error) => gaveUp.push(error),
    });
    ledger.start();
    await waitFor('the ledger to judge', () =>
      person.seen
        .slice(modesBefore)
        .some(({ topic, text }) => topic === 'homelab/actors/vps/ledger' && !text.includes('"loading"') && text.includes('"online"')),
    );
  }

  async function stopLedger(): Promise<void> {
    await ledger?.stop();
    ledger = null;
  }

  const ask = (path: string, payload: string, retain = false): Promise<void> => person.link.publish(`homelab/actions/${path}`, payload, { retain });
  const shown = (topic: string): Record<string, unknown> | undefined => {
    const last = person.seen.findLast((each) => each.topic === topic);
    return last === undefined || last.text === '' ? undefined : (JSON.parse(last.text) as Record<string, unknown>);
  };
  const becomes = (status: string): Promise<unknown> =>
    waitFor(`the action to be ${status}`, () => shown(document)?.status === status, { state: () => shown(document) });
  const replied = (requester: string, code: string): Promise<unknown> =>
    waitFor(`the reply ${code}`, () => shown(`homelab/replies/${requester}/hub`)?.code === code, { state: () => person.seen.slice(-5) });

  /** What a client that comes now finds stored on the request topics. */
  async function storedRequests(): Promise<readonly string[]> {
    const late = await client();
    await late.link.subscribe(['homelab/actions/#', 'homelab/fence']);
    await late.link.publish('homelab/fence', 'fence', { retain: false });
    return (await late.until('fence')).filter(({ retained }) => retained).map(({ topic }) => topic);
  }

  it.skipIf(!available)('takes an action from its proposal to a granted claim, and refuses the second approval', async () => {
    await startLedger();
    await ask('pending/supervisor-vps', proposal);
    await becomes('pending');
    await ask('approved/anna', id);
    await becomes('approved');
    await replied('anna', 'approved');
    await ask('approved/bert', 'container-restart-vps');
    await replied('bert', 'not_pending');
    await ask('running/executor-vps', JSON.stringify({ id, attempt: 1, nonce }));
    await becomes('running');
    expect(shown(document)).toMatchObject({ approved_by: 'anna', claim: { nonce } });
  });

  it.skipIf(!available)('counts an approval with a stuck retain switch once, and it is gone after a restart of the ledger', async () => {
    await startLedger();
    await ask('pending/supervisor-vps', proposal);
    await becomes('pending');
    await ask('approved/anna', id, true);
    await becomes('approved');
    await waitFor('the topic to be cleared', async () => (await storedRequests()).length === 0);
    await ask('cancelled/anna', id);
    await becomes('cancelled');
    await stopLedger();
    await startLedger();
    // A person, because a program has to wait after a no.
    await ask('pending/anna', proposal);
    await becomes('pending');
    await ask('rejected/nobody', 'redeploy-vps-web');
    await replied('nobody', 'unknown_action');
    expect(shown(document)).toMatchObject({ status: 'pending', attempt: 2, approved_by: null });
  });

  it.skipIf(!available)('does nothing with an approval that was stored while it was away, and clears it', async () => {
    await startLedger();
    await ask('pending/supervisor-vps', proposal);
    await becomes('pending');
    await stopLedger();
    await ask('approved/anna', id, true);
    await startLedger();
    await waitFor('the topic to be cleared', async () => (await storedRequests()).length === 0);
    await ask('rejected/nobody', 'redeploy-vps-web');
    await replied('nobody', 'unknown_action');
    expect(shown(document)).toMatchObject({ status: 'pending', approved_by: null });
  });

  it.skipIf(!available)('gives back what a person deleted from the broker, and keeps its manifest true', async () => {
    await startLedger();
    await ask('pending/supervisor-vps', proposal);
    await becomes('pending');
    await person.link.publish(document, '', { retain: true });
    await waitFor(
      'the document to be back',
      () => person.seen.some(({ topic, text }) => topic === document && text === '') && shown(document)?.status === 'pending',
    );
    await waitFor('the manifest', () => (shown('homelab/manifests/vps/ledger')?.topics as string[] | undefined)?.includes(`world/actions/vps/${id}`));
  });

  it.skipIf(!available)('is stopped by no payload on any of its topics', async () => {
    await startLedger();
    for (const payload of [
      '{',
      '[]',
      'null',
      '"',
      '\u0000',
      '{"id": {}}',
      'x'.repeat(60_000),
      '{"type": "alert_only", "node": "vps", "params": {"__proto__": 1}}',
    ]) {
      for (const path of ['pending/anna', 'approved/anna', 'running/executor-vps', 'completed/executor-vps', 'nonsense/anna', 'approved'])
        await ask(path, payload);
      await person.link.publish('homelab/maintenance/anna', payload, { retain: false });
      await person.link.publish('homelab/desired/vps2', payload, { retain: false });
    }
    await ask('pending/supervisor-vps', proposal);
    await becomes('pending');
    expect(shown('homelab/actors/vps/ledger')).toMatchObject({ status: 'online', restarts: 0 });
  });
});
