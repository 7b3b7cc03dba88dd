/** The executor against documents that are late, doubled, foreign or gone. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';

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
const journalKinds = () =>
  readFileSync(join(world.dataDir, 'claims.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
const claims = () => world.requests.filter(({ state }) => state === 'running');

it('judges nothing before everything retained was delivered', async () => {
  world.addContainer('web');
  world.approve('container_restart', 'web');
  await world.start({ synced: false });
  await world.run(60_000);
  expect(world.requests).toEqual([]);
  expect(journalKinds()).toEqual([]);
  world.synced();
  await world.run(0);
  expect(claims()).toHaveLength(1);
});

it('asks again every 10 s while the action is approved, with the same nonce, and stops when the approval expires', async () => {
  world.addContainer('web');
  world.ledgerUp = false;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(35_000);
  world.ledgerUp = true;
  world.move(id, 'expired');
  await world.run(60_000);
  expect(world.requests).toEqual([]);
  expect(world.sentCount('running')).toBe(4);
  expect(world.effects).toEqual([]);
  expect(world.mode).toBe('idle');
});

it('asks at once when it is connected again', async () => {
  world.addContainer('web');
  await world.start();
  world.ledgerUp = false;
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.ledgerUp = true;
  world.synced();
  await world.run(0);
  expect(world.doc(id).status).toBe('running');
});

it.each(['cancelled', 'failed', 'expired'] as const)('does nothing for an approval that is %s before the grant', async (status) => {
  world.addContainer('web');
  world.ledgerUp = false;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(5_000);
  world.ledgerUp = true;
  world.move(id, status);
  await world.run(600_000);
  expect(world.effects).toEqual([]);
  expect(world.requests).toEqual([]);
});

it('never executes a grant to a nonce it does not know', async () => {
  world.addContainer('web');
  await world.start();
  world.ledgerUp = false;
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.ledgerUp = true;
  world.grantTo(id, 'somebody-else');
  await world.run(600_000);
  expect(world.effects).toEqual([]);
  expect(world.requests).toEqual([]);
  expect(world.mode).toBe('idle');
});

it('never executes a running action after its journal was lost', async () => {
  world.addContainer('web');
  const id = world.approve('container_restart', 'web');
  world.grantTo(id, 'forgotten-nonce');
  await world.start();
  await world.run(600_000);
  expect(world.effects).toEqual([]);
  expect(world.requests).toEqual([]);
});

it('acts once however often each document is delivered', async () => {
  world.addContainer('web');
  world.copies = 3;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.until('it ends', ended(id));
  await world.run(60_000);
  expect(world.effects).toHaveLength(1);
  expect(world.ends).toEqual([{ id, attempt: 1, status: 'completed' }]);
});

it('acts once when an older document arrives after each newer one', async () => {
  world.addContainer('web');
  await world.start();
  const id = world.approve('container_restart', 'web');
  const approved = world.doc(id);
  await world.run(500);
  const running = world.doc(id);
  world.deliver(approved);
  await world.run(60_000);
  expect(world.doc(id).status).toBe('completed');
  world.deliver(running);
  world.deliver(approved);
  await world.run(60_000);
  expect(world.effects).toHaveLength(1);
  expect(world.mode).toBe('idle');
});

it('executes the next attempt of the same action, under a nonce of its own', async () => {
  world.addContainer('web');
  await world.start();
  for (const attempt of [1, 2]) {
    const id = world.approve('container_restart', 'web');
    await world.until(`attempt ${attempt} ends`, ended(id));
  }
  expect(world.effects.map(({ nonce }) => nonce)).toEqual(['nonce-0001', 'nonce-0002']);
  const first = world.doc('container-restart-vps-web');
  world.deliver({ ...first, attempt: 1, status: 'approved' });
  await world.run(60_000);
  expect(world.effects).toHaveLength(2);
});

it('lets a newer attempt settle an older claim, without executing it', async () => {
  world.addContainer('web');
  world.ledgerUp = false;
  await world.start();
  world.approve('container_restart', 'web');
  await world.run(1_000);
  await world.kill();
  world.ledgerUp = true;
  const id = world.approve('container_restart', 'web');
  await world.start();
  await world.until('it ends', ended(id));
  expect(world.effects).toEqual([{ service: 'web', atMs: expect.any(Number), nonce: 'nonce-0002' }]);
});

it('does not begin what is granted with a lease that has run out, and says so', async () => {
  world.addContainer('web');
  world.ledgerUp = false;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.ledgerUp = true;
  world.grantTo(id, 'nonce-0001', -1);
  await world.run(1_000);
  expect(world.doc(id)).toMatchObject({ status: 'failed', outcome: { code: 'lease_expired', began_at: null } });
  expect(world.effects).toEqual([]);
});

it('does not even begin when finding the container outlasts the lease', async () => {
  world.addContainer('web');
  world.engine.findTakesMs = 6_000;
  world.ledgerUp = false;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.ledgerUp = true;
  world.grantTo(id, 'nonce-0001', 5_000);
  await world.run(7_000);
  expect(world.doc(id).outcome).toMatchObject({ code: 'lease_expired', began_at: null });
  expect(journalKinds()).not.toContain('begun');
  expect(world.effects).toEqual([]);
});

it('leaves a container alone whose action ends while it is looked up', async () => {
  world.addContainer('web');
  world.engine.findTakesMs = 6_000;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.move(id, 'failed');
  await world.run(60_000);
  expect(world.effects).toEqual([]);
  expect(journalKinds()).toEqual(['claim', 'settled']);
});

it('stops while a deleted document is away, and goes on when it is back', async () => {
  world.addContainer('web');
  world.ledgerUp = false;
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.forget(id);
  await world.run(60_000);
  expect(world.mode).toBe('idle');
  world.ledgerUp = true;
  world.deliver(world.doc(id));
  await world.until('it ends', ended(id));
  expect(world.effects).toEqual([{ service: 'web', atMs: expect.any(Number), nonce: 'nonce-0001' }]);
});

it('repeats an outcome until the document shows it', async () => {
  world.addContainer('web');
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(5_000);
  world.ledgerUp = false;
  await world.run(60_000);
  expect(world.sentCount('completed')).toBe(6);
  world.ledgerUp = true;
  await world.until('it ends', ended(id));
  const reported = world.sentCount('completed');
  await world.run(60_000);
  expect(world.sentCount('completed')).toBe(reported);
});

it('reports an outcome that came after the ledger gave up once, as a note', async () => {
  world.addContainer('web', { healthyAfterMs: 60_000 });
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(30_000);
  world.move(id, 'failed');
  await world.run(60_000);
  expect(world.requests.filter(({ state }) => state === 'failed')).toEqual([
    { state: 'failed', payload: expect.objectContaining({ id, outcome: expect.objectContaining({ code: 'grant_lost' }) as unknown }) },
  ]);
});

it('runs at most one action per service and four in all', async () => {
  const services = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const service of services) world.addContainer(service);
  await world.start();
  world.approve('collect_diagnostics', 'a');
  const ids = services.map((service) => world.approve('container_restart', service));
  await world.run(1_000);
  const running = () => [...world.documents.values()].filter(({ status }) => status === 'running').map(({ service }) => service);
  expect(running()).toHaveLength(4);
  expect(new Set(running()).size).toBe(4);
  for (const id of ids) await world.until(`${id} ends`, ended(id));
  expect(world.effects.map(({ service }) => service).sort()).toEqual(services);
  expect(new Set(world.effects.map(({ nonce }) => nonce)).size).toBe(6);
});

it('does not let reports that nobody hears keep others waiting', async () => {
  const services = ['a', 'b', 'c', 'd', 'e'];
  for (const service of services) world.addContainer(service);
  await world.start();
  for (const service of services.slice(0, 4)) world.approve('container_restart', service);
  await world.run(5_000);
  world.refuseEnds = true;
  world.approve('container_restart', 'e');
  await world.run(5_000);
  expect(world.effects).toHaveLength(4);
  await world.run(5_000);
  expect(world.effects).toHaveLength(5);
});

it('goes on while disconnected and reports once it is connected', async () => {
  world.addContainer('web');
  await world.start();
  const id = world.approve('container_restart', 'web');
  await world.run(1_000);
  world.connected = false;
  await world.run(60_000);
  expect(world.doc(id).status).toBe('running');
  world.connected = true;
  world.deliver(world.doc(id));
  world.deliverHealth('web');
  world.synced();
  await world.until('it ends', ended(id));
  expect(world.doc(id).outcome?.code).toBe('verified');
});

it('ignores documents of another node, and one that is not what its topic names', async () => {
  world.addContainer('web');
  await world.start();
  const id = world.approve('rerun_healthcheck', 'web');
  await world.until('it ends', ended(id));
  const seen = world.sentCount('running');
  world.deliverAs({ node: 'piha', id: 'container-restart-piha-web' }, { ...world.doc(id), id: 'container-restart-piha-web', status: 'approved', attempt: 9 });
  world.deliverAs({ node: 'vps', id: 'container-restart-vps-web' }, { ...world.doc(id), status: 'approved', attempt: 9 });
  await world.run(30_000);
  expect(world.sentCount('running')).toBe(seen);
});
