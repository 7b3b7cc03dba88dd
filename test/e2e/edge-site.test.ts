/**
 * The edge site in its house, on real Docker: cut off from the hub it goes on, and with its own broker dead it gets that back.
 *
 * Uplink silently cut: detection, proposal, approval on its own broker, repair, all closed; while the hub keeps what it knew with its
 * age, opens one incident about the link, and holds a person's approval for the way back. Broker dead, with the link up and with the link cut:
 * its own actors say so over the standby that the bridge opens, a person agrees, Docker starts it again on the node, and everybody goes back.
 *
 * Most of the time is the hub's patience with a silent link, whose broker fires the will 83 to 89 s after the last word, and the 30 s that
 * a broker may be away before the standby opens. So all three sites, each with an engine of its own, are here, and wait beside each other.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedSource } from '../../actors/observer/stored-event.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import { haveDockerd } from '../kit/dockerd.ts';
import { EdgeDocker, siteActors, standbyPort } from '../kit/edge-docker.ts';
import type { Side } from '../kit/edge-rig.ts';
import { type Doc, EdgeSight } from '../kit/edge-sight.ts';
import { buildBundle, homelab } from '../kit/homelab-process.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { haveNetRig } from '../kit/net-rig.ts';
import { waitFor } from '../kit/wait.ts';

const node = 'chelsty-infra';
const restartOf = (service: string): string => `container-restart-${node}-${service}`;
const actionOf = (service: string): string => `world/actions/${node}/${restartOf(service)}`;
/** The will fires after 89 s at most; then the link is quiet for 2 s; a loaded machine gets as much again. */
const cutSeenMs = 120_000;
/** 30 s, and the start of a listener; a loaded machine gets as much again. */
const standbyOpensMs = 60_000;
const testMs = 240_000;
/** The site that is cut off: each test goes on where the one before ended. */
const inOrder = { concurrent: false };
const canRun = haveDockerd() && haveNetRig() && haveMosquitto();

beforeAll(() => {
  if (canRun) buildBundle();
});

describe.skipIf(!canRun).concurrent('with the uplink silently cut', () => {
  let edge: EdgeDocker;
  let hub: EdgeSight;
  /** As Home Assistant there: it reads the documents of its own broker. */
  let house: EdgeSight;
  /** What the hub said of the site when the link was cut. */
  let before: ReadonlyMap<string, Doc>;

  /** What the site says of its machine and what runs there, at the hub. */
  const atHub = (): ReadonlyMap<string, Doc> =>
    new Map([...hub.documents('world/'), ...hub.documents('health/'), ...hub.documents('decisions/')].filter(([topic]) => topic.includes(`/${node}`)));
  const approveAtHub = async (id: string): Promise<Doc> => {
    const from = hub.position;
    const anna = await edge.rig.client('hub', 'anna');
    await anna.link.publish('homelab/actions/approved/anna', id, { retain: false });
    const reply = await hub.hear('replies/anna/hub', () => true, { from });
    await anna.link.close();
    return reply;
  };

  beforeAll(async () => {
    edge = await EdgeDocker.open();
    hub = await EdgeSight.open(edge.rig.client('hub'));
    house = await EdgeSight.open(edge.rig.client('site', 'homeassistant'));
    await edge.engine.docker('kill', 'heating', 'doorbell');
    for (const service of ['heating', 'doorbell']) await hub.see(actionOf(service), (doc) => doc.status === 'pending');
    await edge.rig.converged(30_000);
    await edge.rig.uplink.cut('silent');
    before = atHub();
  });
  afterAll(async () => {
    await hub?.close();
    await house?.close();
    await edge?.close();
  });

  it('the site notices, asks its own people, repairs once and closes, and whoever reads there sees all of it', inOrder, async () => {
    await edge.engine.docker('kill', 'zigbee2mqtt');
    const incident = await house.see('world/incidents/', (doc) => doc.status === 'active' && doc['service'] === 'zigbee2mqtt');
    expect(incident).toMatchObject({ node, kind: 'down', trigger_type: 'containers_not_running' });
    await house.see(actionOf('zigbee2mqtt'), (doc) => doc.status === 'pending');
    expect(await edge.isRunning('zigbee2mqtt')).toBe(false);

    await edge.approveAtSite('anna', restartOf('zigbee2mqtt'));
    const completed = await house.see(actionOf('zigbee2mqtt'), (doc) => doc.status === 'completed', 60_000);
    expect(completed).toMatchObject({ approved_by: 'anna', outcome: { ok: true, code: 'verified' } });
    await house.see('world/incidents/', (doc) => doc.status === 'resolved' && doc['service'] === 'zigbee2mqtt');
    expect(await edge.restarts('zigbee2mqtt')).toBe(1);
    expect(await edge.isRunning('zigbee2mqtt')).toBe(true);
    expect(house.statuses(`world/services/${node}/zigbee2mqtt`)).toEqual(expect.arrayContaining(['healthy', 'down']));
    expect(house.statuses(`world/services/${node}/zigbee2mqtt`).at(-1)).toBe('healthy');
    expect(house.statuses(actionOf('zigbee2mqtt'))).toEqual(['pending', 'approved', 'running', 'completed']);
  });

  it('the hub says once that the link is down, and everything else it knew stays as it was', inOrder, async () => {
    const incident = await hub.see('world/incidents/site-chelsty/', (doc) => doc.status === 'active', cutSeenMs);
    expect(incident).toMatchObject({ kind: 'link_down', severity: 'warning' });
    await hub.see('world/sites/hub', (doc) => doc['incidents_active'] === 1);
    expect(atHub()).toEqual(before);
    expect([...hub.documents('world/incidents/')].filter(([topic]) => !before.has(topic))).toHaveLength(1);
    expect([...hub.documents('world/actions/')].filter(([topic]) => !before.has(topic))).toEqual([]);
    const status = await homelab(['status'], { ...edge.rig.machines.hub.env, HOMELAB_LOGIN: 'anna' }, edge.rig.net.hub.launcher);
    expect(status.stdout).toMatch(/^unknown +chelsty: LINK DOWN SINCE \d\d:\d\d UTC; what follows is \d+ (s|min) old/m);
    // The site itself has noticed long before, and thinks no less of its own.
    expect(house.documents('links/chelsty').get('links/chelsty')).toMatchObject({ status: 'down' });
  });

  it('an approval at the hub is answered at once and kept; one that has waited for an hour is refused there', inOrder, async () => {
    for (const service of ['heating', 'doorbell']) {
      const forwarded = await approveAtHub(restartOf(service));
      expect(forwarded).toMatchObject({ ok: true, code: 'forwarded', id: restartOf(service) });
      expect(forwarded['summary']).toMatch(/^Forwarded, link down since \d\d:\d\d UTC: /);
    }
    await edge.process('hub', 'ledger').stop();
    ageRelay(join(edge.rig.machines.hub.dataRoot, 'ledger', 'journal.jsonl'), restartOf('doorbell'));
    const from = hub.position;
    await edge.run('hub', 'ledger');
    expect(await hub.hear('replies/anna/hub', () => true, { from })).toMatchObject({ ok: false, code: 'approval_too_old', id: restartOf('doorbell') });
    expect(house.statuses(actionOf('heating'))).toEqual(['pending']);
  });

  it(
    'when the link is back the approval is judged at the site and its verdict told at the hub, what came late is not obeyed, and both sides agree',
    inOrder,
    async () => {
      const from = hub.position;
      await edge.rig.uplink.restore();
      const verdict = await hub.hear('replies/anna/hub', () => true, { from, deadlineMs: 60_000 });
      expect(verdict).toMatchObject({ ok: true, code: 'approved', id: restartOf('heating') });
      const completed = await hub.see(actionOf('heating'), (doc) => doc.status === 'completed', 60_000);
      expect(completed).toMatchObject({ approved_by: 'anna via hub/anna', outcome: { ok: true, code: 'verified' } });
      expect(await edge.restarts('heating')).toBe(1);
      await hub.see('world/incidents/site-chelsty/', (doc) => doc.status === 'resolved');
      await hub.see(actionOf('zigbee2mqtt'), (doc) => doc.status === 'completed');

      // A hub that held on to one for too long.
      const ledger = await edge.rig.client('hub', 'ledger-vps');
      const relay_id = randomUUID();
      const received_at = new Date(Date.now() - approvalValidMs - 60_000).toISOString();
      const late = { relay_id, by: 'anna', login: 'anna', site: 'hub', received_at, state: 'approved', request: { id: restartOf('doorbell') } };
      await ledger.link.publish('homelab/relay/chelsty', JSON.stringify(late), { retain: false });
      await ledger.link.close();
      const refusal = await hub.hear('verdicts/chelsty', (doc) => doc['relay_id'] === relay_id);
      expect(refusal).toMatchObject({ ok: false, code: 'approval_too_old', id: null });

      await edge.rig.converged(60_000);
      expect(house.documents(actionOf('doorbell')).get(actionOf('doorbell'))).toMatchObject({ status: 'pending', attempt: 1 });
      expect(house.statuses(actionOf('doorbell'))).toEqual(['pending']);
      expect(await edge.restarts('doorbell')).toBe(0);
      expect(await edge.isRunning('doorbell')).toBe(false);
      // What a store derives by itself stays in it.
      const stored = (side: 'hub' | 'site'): readonly string[] =>
        edge.rig.stored(side).flatMap(({ id, type, source }) => (source === derivedSource ? [] : [`${id} ${type}`]));
      const missing = (): readonly string[] => stored('site').filter((each) => !stored('hub').includes(each));
      await waitFor('the hub to have every event of the cut', () => missing().length === 0, { deadlineMs: 60_000, state: missing });
      expect(new Set(stored('hub')).size).toBe(stored('hub').length);
    },
  );
});

describe.skipIf(!canRun).concurrent("the site's own broker dies", () => {
  const opened: EdgeDocker[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((edge) => edge.close()));
  });

  async function broken(): Promise<{ readonly edge: EdgeDocker; readonly hub: EdgeSight; readonly breaks: (isLinkUp: boolean) => Promise<EdgeSight> }> {
    const edge = await EdgeDocker.open();
    opened.push(edge);
    const hub = await EdgeSight.open(edge.rig.client('hub'));
    /** Resolves with somebody who looks at the standby. */
    const breaks = async (isLinkUp: boolean): Promise<EdgeSight> => {
      if (!isLinkUp) await edge.rig.uplink.cut('silent');
      await edge.engine.docker('kill', 'mosquitto');
      await waitFor('the standby to open', () => edge.rig.net.site.listens(standbyPort), { deadlineMs: standbyOpensMs });
      const door = await edge.rig.net.site.forward('127.0.0.1', standbyPort);
      return EdgeSight.open(edge.rig.clientAt(door.url));
    };
    return { edge, hub, breaks };
  }

  const connectsAre = (edge: EdgeDocker, count: number): Promise<unknown> =>
    waitFor(`every actor to have connected ${count} times`, () => siteActors.every((actor) => (edge.connects()[actor] ?? 0) >= count), {
      deadlineMs: 60_000,
      state: () => edge.connects(),
    });

  /** From the yes on it is the same whoever gave it, and wherever. */
  async function heals(edge: EdgeDocker, hub: EdgeSight): Promise<void> {
    await waitFor('the broker to run again', () => edge.rig.net.site.listens(1883), { deadlineMs: 60_000 });
    await waitFor('the standby to close', () => !edge.rig.net.site.listens(standbyPort), { deadlineMs: 60_000 });
    await connectsAre(edge, 3);
    const house = await EdgeSight.open(edge.rig.client('site', 'homeassistant'));
    const completed = await house.see(actionOf('mosquitto'), (doc) => doc.status === 'completed', 90_000);
    expect(completed).toMatchObject({ attempt: 1, outcome: { ok: true, code: 'verified' } });
    await house.see(`world/services/${node}/mosquitto`, (doc) => doc.status === 'healthy', 60_000);
    await house.close();
    await edge.rig.uplink.restore();
    await hub.see('links/chelsty', (doc) => doc.status === 'up' && doc['near'] === undefined, 60_000);
    await hub.see('world/sites/chelsty', (doc) => doc.status === 'nominal', 60_000);
    await edge.rig.converged(60_000);
  }

  const told = (edge: EdgeDocker, side: Side, type: string): readonly unknown[] => edge.rig.stored(side).filter((each) => each.type === type);
  /** An outbox asks a store that did not answer again after 10, 20 and 40 s. */
  const tells = (edge: EdgeDocker, side: Side, type: string): Promise<unknown> =>
    waitFor(`${type} in the store of the ${side}`, () => told(edge, side, type).length > 0, { deadlineMs: 90_000, state: () => edge.rig.stored(side) });

  async function nothingTwice(edge: EdgeDocker): Promise<void> {
    for (const side of ['site', 'hub'] as const) {
      await tells(edge, side, 'mqtt_reachable');
      for (const type of ['mqtt_unreachable', 'mqtt_reachable']) expect(told(edge, side, type)).toHaveLength(1);
    }
    expect(await edge.restarts('mosquitto')).toBe(1);
    // There, to the standby, and back.
    expect(edge.connects()).toEqual(Object.fromEntries(siteActors.map((actor) => [actor, 3])));
  }

  it('with the link up: approved at the hub', { timeout: testMs }, async () => {
    const { edge, hub, breaks } = await broken();
    const standby = await breaks(true);
    await hub.see('links/chelsty', (doc) => doc.status === 'degraded' && doc['near'] === 'standby', 60_000);
    await connectsAre(edge, 2);
    await tells(edge, 'hub', 'mqtt_unreachable');
    const pending = await hub.see(actionOf('mosquitto'), (doc) => doc.status === 'pending', 60_000);
    expect(pending).toMatchObject({ attempt: 1, type: 'container_restart' });
    const from = hub.position;
    const anna = await edge.rig.client('hub', 'anna');
    await anna.link.publish('homelab/actions/approved/anna', restartOf('mosquitto'), { retain: false });
    await anna.link.close();
    await hub.hear('replies/anna/hub', (doc) => doc['code'] === 'approved' && doc['ok'] === true, { from });
    await heals(edge, hub);
    await nothingTwice(edge);
    expect(hub.statuses(actionOf('mosquitto'))).toEqual(['pending', 'approved', 'running', 'completed']);
    await standby.close();
    await hub.close();
  });

  it('with the link cut: approved at the standby', { timeout: testMs }, async () => {
    const { edge, hub, breaks } = await broken();
    const standby = await breaks(false);
    await connectsAre(edge, 2);
    await tells(edge, 'site', 'mqtt_unreachable');
    expect(await standby.see(actionOf('mosquitto'), (doc) => doc.status === 'pending', 60_000)).toMatchObject({ attempt: 1, type: 'container_restart' });
    await edge.approveAtSite('anna', restartOf('mosquitto'), standbyPort);
    await heals(edge, hub);
    await nothingTwice(edge);
    await standby.close();
    await hub.close();
  });
});

/** What waits in the journal of a stopped ledger was asked more than an hour earlier: an hour without the hour. */
function ageRelay(journal: string, id: string): void {
  const earlier = (iso: string): string => new Date(Date.parse(iso) - approvalValidMs - 60_000).toISOString();
  const lines = readFileSync(journal, 'utf8').split('\n').filter(Boolean);
  const rewritten = lines.map((line) => {
    const entry = JSON.parse(line) as { kind: string; at: string; relay?: { id: string; relayed: { received_at: string } } };
    if (entry.kind !== 'relay' || entry.relay?.id !== id) return line;
    entry.at = earlier(entry.at);
    entry.relay.relayed.received_at = earlier(entry.relay.relayed.received_at);
    return JSON.stringify(entry);
  });
  expect(rewritten.filter((line, at) => line !== lines[at])).toHaveLength(1);
  writeFileSync(journal, `${rewritten.join('\n')}\n`);
}
