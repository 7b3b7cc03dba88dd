/**
 * The uplink of the edge site is cut without a word, and the site goes on: detection, proposal, approval on its own broker, repair by Docker, all
 * closed; while the hub keeps what it knew with its age, opens one incident about the link, and holds a person's approval for the way back.
 *
 * Most of its time is the hub's patience with a silent link: its broker fires the will 83 to 89 s after the last word.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedSource } from '../../actors/observer/stored-event.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import { haveDockerd } from '../kit/dockerd.ts';
import { EdgeDocker } from '../kit/edge-docker.ts';
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
const canRun = haveDockerd() && haveNetRig() && haveMosquitto();

describe.skipIf(!canRun)('with the uplink silently cut', () => {
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
    buildBundle();
    edge = await EdgeDocker.open();
    hub = await EdgeSight.open(edge.rig.client('hub'));
    house = await EdgeSight.open(edge.rig.client('site', 'homeassistant'));
    for (const service of ['heating', 'doorbell']) {
      await edge.engine.docker('kill', service);
      await hub.see(actionOf(service), (doc) => doc.status === 'pending');
    }
    await edge.rig.converged(30_000);
    await edge.rig.uplink.cut('silent');
    before = atHub();
  });
  afterAll(async () => {
    await hub?.close();
    await house?.close();
    await edge?.close();
  });

  it('the site notices, asks its own people, repairs once and closes, and whoever reads there sees all of it', async () => {
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

  it('the hub says once that the link is down, and everything else it knew stays as it was', async () => {
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

  it('an approval at the hub is answered at once and kept; one that has waited for an hour is refused there', async () => {
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

  it('when the link is back the approval is judged at the site and its verdict told at the hub, what came late is not obeyed, and both sides agree', async () => {
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
