/**
 * ha-discovery and a ledger on real brokers, with a client that does what Home Assistant does: reads what is retained, says its birth,
 * deletes a device, presses a button.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHaDiscoveryModule } from '../../actors/ha-discovery/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { brokersUnderTest, type RunningBroker, type Seen, TestClient } from '../kit/conformance-brokers.ts';
import { HomeAssistantFrontEnd } from '../kit/ha-front-end.ts';
import { announcementFaults } from '../kit/ha-payload-rules.ts';
import { desiredNode } from '../kit/ledger-desk.ts';
import { waitFor } from '../kit/wait.ts';

const since = '2026-03-01T12:00:00.000Z';
const id = 'container-restart-vps-web';
const web = 'homeassistant/device/homelab_service_vps_web/config';
const devices = ['homeassistant/device/homelab_node_vps/config', web, 'homeassistant/device/homelab_site_hub/config'];

/** Those that a Home Assistant could be connected to; the others behave like them (bus conformance). */
const brokers = brokersUnderTest.filter(({ name }) => name === 'mosquitto' || name === 'aedes in memory');

describe.each(brokers)('Home Assistant on $name', ({ available, start }) => {
  let dir: string;
  let broker: RunningBroker;
  let home: TestClient;
  let rev: number;
  let running: RunningActor[];
  let clients: TestClient[];
  let gaveUp: Error[];

  beforeEach(async () => {
    if (!available) return;
    dir = mkdtempSync(join(tmpdir(), 'homelab-ha-'));
    broker = await start();
    [running, clients, gaveUp, rev] = [[], [], [], 0];
    home = await client();
    await home.link.subscribe(['homeassistant/#', 'homelab/inbox/#', 'homelab/replies/#', 'homelab/world/actions/#', 'homelab/actors/#']);
    const counts = { nodes: {}, services: {}, incidents_active: 0, actions_pending: 0, actions_running: 0 };
    await say('world/sites/hub', { status: 'nominal', site: 'hub', ...counts });
    await say('world/nodes/vps', { status: 'online', node: 'vps', site: 'hub', since });
    await say('world/services/vps/web', { status: 'healthy', node: 'vps', service: 'web', site: 'hub', desired: 'declared', since });
    await say('manifests/vps/observer', { status: 'complete', topics: ['world/nodes/vps', 'world/services/vps/web', 'world/sites/hub'] });
    await home.link.publish('homelab/desired/vps', JSON.stringify(desiredNode({ node: 'vps', access: { homeassistant: 'delegate' } })), { retain: true });
  });
  afterEach(async () => {
    if (!available) return;
    for (const actor of running) await actor.stop();
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

  /** As the observer would. */
  function say(topic: string, body: object): Promise<void> {
    rev += 1;
    return home.link.publish(`homelab/${topic}`, JSON.stringify({ summary: 'x', ts: since, session: 1, rev, ...body }), { retain: true });
  }

  async function run(module: ActorModule): Promise<RunningActor> {
    const before = home.seen.length;
    const options = { module, node: 'vps', site: 'hub', root: 'homelab', transport: broker.transport, dataRoot: dir, clock: systemClock, log: silentLog };
    const actor = new RunningActor({ ...options, random: () => 0, version: '0.0.1', onGaveUp: (error) => gaveUp.push(error) });
    running.push(actor);
    actor.start();
    const ready = /"mode":"(announced|idle|waiting|judging)"/;
    await waitFor(
      `${module.name} to be ready`,
      () => home.seen.slice(before).some(({ topic, text }) => topic.endsWith(`/${module.name}`) && ready.test(text)),
      {
        emitter: home,
        state: () => home.seen.slice(before).filter(({ topic }) => topic.startsWith('homelab/actors/')),
      },
    );
    return actor;
  }
  const discovery = (): Promise<RunningActor> => run(createHaDiscoveryModule({ root: 'homelab', version: '0.0.1', random: () => 0 }));
  const isThere = (topics: readonly string[]): Promise<unknown> =>
    waitFor(`${topics.length} devices`, () => topics.every((topic) => last(topic) !== undefined), { emitter: home });

  /** What a Home Assistant that comes now finds. */
  async function retained(): Promise<readonly Seen[]> {
    const late = await client();
    await late.link.subscribe(['homeassistant/#', 'homelab/fence']);
    await late.link.publish('homelab/fence', 'fence', { retain: false });
    const seen = await late.until('fence');
    await late.link.close();
    clients.splice(clients.indexOf(late), 1);
    return seen.filter((each) => each.retained);
  }
  const announcedSince = (from: number): readonly string[] =>
    home.seen.slice(from).flatMap(({ topic, text }) => (topic.startsWith('homeassistant/device/') && text !== '' ? [topic] : []));
  const last = (topic: string): Record<string, unknown> | undefined => {
    const text = home.seen.findLast((each) => each.topic === topic)?.text ?? '';
    return text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
  };

  it.skipIf(!available)('finds devices that it takes, also those of an actor that was restarted and had nothing to add', async () => {
    const first = await discovery();
    await isThere(devices);
    const found = await retained();
    expect(found.map(({ topic }) => topic).sort()).toEqual(devices);
    expect(announcementFaults(found)).toEqual([]);
    await first.stop();
    const from = home.seen.length;
    await discovery();
    await say('world/services/vps/db', { status: 'healthy', node: 'vps', service: 'db', site: 'hub', desired: 'declared', since });
    const db = 'homeassistant/device/homelab_service_vps_db/config';
    await isThere([db]);
    expect(announcedSince(from)).toEqual([db]);
  });

  it.skipIf(!available)('is answered after its birth, but for the device that a person deleted there', async () => {
    await discovery();
    await isThere(devices);
    await home.link.publish(web, '', { retain: true });
    await waitFor('the deletion to be known', () => String(last('homelab/actors/vps/ha-discovery')?.['detail']).includes('homelab_service_vps_web'), {
      emitter: home,
    });
    const from = home.seen.length;
    await home.link.publish('homeassistant/status', 'online', { retain: false });
    await waitFor('the answer', () => announcedSince(from).length >= 2, { emitter: home });
    expect([...announcedSince(from)].sort()).toEqual(devices.filter((topic) => topic !== web));
    expect((await retained()).map(({ topic }) => topic)).not.toContain(web);
  });

  it.skipIf(!available)('loses the device of what was removed while nobody was here', async () => {
    const first = await discovery();
    await isThere(devices);
    await first.stop();
    await say('world/services/vps/web', { status: 'gone' });
    await home.link.publish('homelab/world/services/vps/web', '', { retain: true });
    await say('manifests/vps/observer', { status: 'complete', topics: ['world/nodes/vps', 'world/sites/hub'] });
    await discovery();
    await waitFor('the device to go', () => last(web) === undefined, { emitter: home });
    expect((await retained()).map(({ topic }) => topic).sort()).toEqual(devices.filter((topic) => topic !== web));
    // What it took away itself is no person's deletion.
    expect(last('homelab/actors/vps/ha-discovery')).toMatchObject({ detail: null });
  });

  interface Said {
    readonly id: string;
    readonly attempt: number;
    readonly digest: string;
    readonly risk: string;
  }
  /** As the templates of the announcement make it of what Home Assistant shows. */
  const pressed = ({ id: named, attempt, digest }: Said, person?: string): string =>
    JSON.stringify({ id: named, attempt, digest, ...(person === undefined ? {} : { on_behalf_of: person }) });
  const inbox = (): {
    readonly status?: string;
    readonly offered?: Said | null;
    readonly asks?: Said | null;
    readonly confirm?: (Said & { readonly by: string }) | null;
  } => last('homelab/inbox/hub') ?? {};
  const reply = 'homelab/replies/homeassistant/hub';
  const answered = (code: string): Promise<unknown> =>
    waitFor(`the answer ${code}`, () => last(reply)?.['code'] === code, { emitter: home, state: () => last(reply) });
  const propose = (more: object = {}): Promise<void> =>
    home.link.publish('homelab/actions/pending/supervisor-vps', JSON.stringify({ type: 'container_restart', node: 'vps', service: 'web', ...more }), {
      retain: false,
    });

  it.skipIf(!available)("approves by its button what was shown, in the name of who pressed it and not in nobody's, and nothing else", async () => {
    await run(createLedgerModule({ anonymousAllowed: () => false }));
    await discovery();
    await propose();
    await waitFor('the offer', () => inbox().offered != null, { emitter: home, state: inbox });
    await isThere(devices);
    const config = JSON.parse((await retained()).find(({ topic }) => topic.includes('site_hub'))?.text ?? '{}') as {
      readonly components: Readonly<Record<string, { readonly command_topic: string }>>;
    };
    const button = config.components['approve_next']?.command_topic ?? '';
    const shown = inbox().offered as Said;
    await home.link.publish(button, pressed(shown), { retain: false });
    await answered('on_behalf_of_needed');
    // It becomes another action while a finger is on its way.
    await propose({ params: { dependents: ['db'] } });
    await waitFor('the other one', () => last(`homelab/world/actions/vps/${id}`)?.['attempt'] === 2, { emitter: home });
    await home.link.publish(button, pressed(shown, 'Anna'), { retain: false });
    await answered('stale_attempt');
    await waitFor('the new offer', () => inbox().offered?.attempt === 2, { emitter: home, state: inbox });
    await home.link.publish(button, pressed(inbox().offered as Said, 'Anna'), { retain: false });
    await answered('approved');
    expect(last(`homelab/world/actions/vps/${id}`)).toMatchObject({ status: 'approved', approved_by: 'Anna via homeassistant' });
    await waitFor('the inbox to be empty', () => inbox().status === 'empty', { emitter: home });
  });

  it.skipIf(!available)('approves what is guarded by a second press of who pressed first', async () => {
    await run(createLedgerModule({ anonymousAllowed: () => false }));
    await discovery();
    await propose({ type: 'redeploy', params: {} });
    await waitFor('the first button', () => inbox().asks != null, { emitter: home, state: () => [inbox(), last('homelab/replies/supervisor-vps/hub')] });
    await isThere(devices);
    const config = (await retained()).find(({ topic }) => topic.includes('site_hub'))?.text ?? '{}';
    const screen = new HomeAssistantFrontEnd({
      clock: systemClock,
      people: { u1: 'Anna', u2: 'Bob' },
      publish: ({ topic, text }) => void home.link.publish(topic, text, { retain: false }),
    });
    screen.announced(config);
    const look = (): void => {
      for (const { topic, text } of home.seen) if (/^homelab\/(inbox|actors)\//.test(topic)) screen.hear(topic, text);
    };
    await say('actors/vps/observer', { status: 'online', node: 'vps', actor: 'observer' });
    look();
    expect([screen.isAvailable('approve_next'), screen.isAvailable('approve_ask'), screen.isAvailable('approve_confirm')]).toEqual([false, true, false]);
    screen.press('approve_ask', 'u1');
    await waitFor('the second button', () => inbox().confirm != null, { emitter: home, state: inbox });
    look();
    screen.press('approve_confirm', 'u2');
    await answered('unknown_action');
    screen.press('approve_confirm', null);
    await answered('on_behalf_of_needed');
    screen.press('approve_confirm', 'u1');
    await answered('approved');
    expect(last('homelab/world/actions/vps/redeploy-vps-web')).toMatchObject({ status: 'approved', approved_by: 'Anna via homeassistant' });
  });
});
