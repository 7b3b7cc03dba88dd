/** The declared truth on real brokers: files are edited as a person would, and what becomes of them is seen as any MQTT client sees it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import { createInventoryFiles } from '../../adapters/files/inventory.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { brokersUnderTest, type RunningBroker, TestClient } from '../kit/conformance-brokers.ts';
import { declaredHomelab, writeTree } from '../kit/declared-homelab.ts';
import { waitFor } from '../kit/wait.ts';

const overTcp = brokersUnderTest.filter(({ name }) => name === 'aedes in memory' || name === 'mosquitto');
const pi = (services: string): Readonly<Record<string, string>> => ({ 'hosts/pi/services.yaml': `agents: [node-agent]\nservices:\n${services}` });
const tower = (services: string): Readonly<Record<string, string>> => ({
  'hosts/tower/services.yaml': `agents: [inventory, observer, ledger, supervisor, node-agent, executor]\nservices:\n${services}`,
});
const wiki = 'services/wiki/docker-compose.yml';

describe.each(overTcp)('a declared homelab on $name', ({ available, start }) => {
  let dir: string;
  let tree: string;
  let broker: RunningBroker;
  let person: TestClient;
  let running: RunningActor[];
  let gaveUp: Error[];

  beforeEach(async () => {
    if (!available) return;
    dir = mkdtempSync(join(tmpdir(), 'declared-homelab-'));
    tree = join(dir, 'tree');
    write(declaredHomelab);
    [running, gaveUp] = [[], []];
    broker = await start();
    person = await TestClient.connect(broker.transport, { clientId: 'anna' });
    await person.link.subscribe(['homelab/#']);
  });
  afterEach(async () => {
    if (!available) return;
    for (const each of running.reverse()) await each.stop();
    await person.link.close();
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
    expect(gaveUp).toEqual([]);
  });

  const write = (files: Readonly<Record<string, string>>): void => {
    writeTree(tree, files);
  };

  function run(module: ActorModule): void {
    const actor = new RunningActor({
      module,
      node: 'tower',
      site: 'hub',
      root: 'homelab',
      transport: broker.transport,
      dataRoot: join(dir, 'data'),
      clock: systemClock,
      log: silentLog,
      random: () => 0,
      version: '0.0.1',
      onGaveUp: (error) => gaveUp.push(error),
    });
    actor.start();
    running.push(actor);
  }
  const runInventory = (): void => run(createInventoryModule({ agents: ['node-agent'] }, createInventoryFiles({ directory: tree })));

  /** The newest document; null: cleared; undefined: never seen. */
  function shown(topic: string): Record<string, unknown> | null | undefined {
    const last = person.seen.findLast((each) => each.topic === `homelab/${topic}`);
    if (last === undefined) return undefined;
    return last.text === '' ? null : (JSON.parse(last.text) as Record<string, unknown>);
  }
  const services = (node: string): readonly string[] | undefined =>
    (shown(`desired/${node}`)?.['services'] as readonly { readonly name: string }[] | undefined)?.map(({ name }) => name);
  const declares = (node: string, names: readonly string[]): Promise<unknown> =>
    waitFor(`${node} to declare ${names.join(', ')}`, () => services(node)?.join() === names.join(), { emitter: person, state: () => services(node) });
  /** Messages of the events of a type, each event once however often it was sent. */
  const told = (type: string): readonly unknown[] => {
    const events = person.seen.filter(({ topic }) => topic === 'homelab/events/tower').map(({ text }) => JSON.parse(text) as Record<string, unknown>);
    return [...new Map(events.filter((event) => event['type'] === type).map((event) => [event['id'], event['message']])).values()];
  };

  it.skipIf(!available)('follows its files: edited, broken, mended, and a node that is removed', async () => {
    runInventory();
    await declares('tower', ['mosquitto', 'wiki', 'wiki-postgres']);
    expect(shown('desired/pi')).toMatchObject({ site: 'hub', location: 'ken', aliases: ['node-1'], cleanup_class: 'sd_card' });
    expect(shown('desired/shed')).toMatchObject({ site: 'cabin' });

    write(pi('  dashboard:\n  cache:\n'));
    await declares('pi', ['dashboard', 'cache']);

    const whole = declaredHomelab[wiki] ?? '';
    write({ [wiki]: 'services:\n  wiki:\n    image: [\n' });
    await waitFor('the broken file to be told', () => told('inventory_invalid').length > 0, { emitter: person });
    // Other nodes go on, the one that runs it waits, and nothing is told twice.
    write({ ...tower('  mosquitto:\n  wiki:\n  blog:\n'), ...pi('  dashboard:\n') });
    await declares('pi', ['dashboard']);
    expect(services('tower')).toEqual(['mosquitto', 'wiki', 'wiki-postgres']);
    expect(shown('desired/tower')?.['summary']).toContain(`see ${wiki}:`);
    expect(told('inventory_invalid')).toEqual([expect.stringMatching(/^services\/wiki\/docker-compose\.yml:3:\d+: not YAML: /)]);

    write({ [wiki]: whole });
    await declares('tower', ['mosquitto', 'wiki', 'wiki-postgres', 'blog']);
    await waitFor('the mended file to be told', () => told('inventory_valid').length > 0, { emitter: person });
    expect(told('inventory_valid')).toEqual([`${wiki} is well again`]);

    rmSync(join(tree, 'hosts/pi'), { recursive: true });
    await waitFor('the node to be removed', () => shown('desired/pi') === null, { emitter: person });
    expect(person.seen.filter(({ topic }) => topic === 'homelab/desired/pi').at(-2)?.text).toContain('"status":"gone"');
    expect(told('inventory_invalid')).toHaveLength(1);
  });

  it.skipIf(!available)('takes the pending actions of a service with it, and knows nodes by their foreign names', async () => {
    write({ ...tower('  mosquitto:\n  wiki:\n    repair_risk: guarded\n'), ...pi('  dashboard:\n') });
    runInventory();
    run(createObserverModule({ incidentGraceMs: 0 }));
    run(createLedgerModule({ anonymousAllowed: () => false }));
    run(createSupervisorModule());
    await declares('tower', ['mosquitto', 'wiki', 'wiki-postgres']);
    await waitFor('the supervisor to watch', () => shown('decisions/tower') !== undefined && shown('decisions/pi') !== undefined, { emitter: person });

    await person.link.publish('homelab/actions/pending/anna', JSON.stringify({ type: 'container_restart', node: 'tower', service: 'wiki' }), { retain: false });
    const action = 'world/actions/tower/container-restart-tower-wiki';
    await waitFor('the action to wait', () => shown(action)?.['status'] === 'pending', { emitter: person });
    expect(shown(action)).toMatchObject({ risk: 'guarded' });
    write(tower('  mosquitto:\n'));
    await waitFor('the action to be cancelled', () => shown(action)?.['status'] === 'cancelled', { emitter: person, state: () => shown(action) });
    expect(shown(action)?.['transition_history']).toMatchObject([{ to: 'pending' }, { to: 'cancelled', by: 'supervisor-tower' }]);

    await person.link.publish('homelab/events/node-1', JSON.stringify(foreignEvent), { retain: false });
    const cursor = 'cursors/hub/node-1';
    await waitFor('the event to be stored', () => shown(cursor) !== undefined, { emitter: person });
    await waitFor('its incident', () => person.seen.some(({ topic }) => topic.startsWith('homelab/world/incidents/pi/')), { emitter: person });
    // Nothing can be done there from here, so a person is told.
    await person.link.publish('homelab/actions/pending/anna', JSON.stringify({ type: 'container_restart', node: 'node-1', service: 'dashboard' }), {
      retain: false,
    });
    const notice = 'world/actions/pi/alert-only-pi-dashboard';
    await waitFor('the notice', () => shown(notice)?.['status'] === 'pending', { emitter: person });
    expect(shown(notice)).toMatchObject({ type: 'alert_only', node: 'pi', evidence: { code: 'no_executor' } });
  });
});

const foreignEvent = {
  id: '0190a0b0-0000-7000-8000-000000000001',
  ts: '2026-03-01T12:00:00.000Z',
  node: 'node-1',
  source: 'node-agent',
  lane: 'urgent',
  seq: 1,
  type: 'disk_usage_high',
  severity: 'warning',
  service: null,
  correlation_id: null,
  message: 'a disk is nearly full',
  payload: {},
};
