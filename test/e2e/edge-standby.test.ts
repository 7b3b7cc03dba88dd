/**
 * The broker of the edge site dies, which is the container that everybody there talks through: its own actors say so over the standby that the
 * bridge opens, a person agrees, Docker starts it again on the node, and everybody goes back, with the link up and with the link cut.
 *
 * Nearly all of its time is the 30 s that a broker may be away before the standby opens, so the two run beside each other.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveDockerd } from '../kit/dockerd.ts';
import { EdgeDocker, siteActors, standbyPort } from '../kit/edge-docker.ts';
import type { Side } from '../kit/edge-rig.ts';
import { EdgeSight } from '../kit/edge-sight.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { haveNetRig } from '../kit/net-rig.ts';
import { waitFor } from '../kit/wait.ts';

const node = 'chelsty-infra';
const id = `container-restart-${node}-mosquitto`;
const action = `world/actions/${node}/${id}`;
/** 30 s, and the start of a listener; a loaded machine gets as much again. */
const standbyOpensMs = 60_000;
const testMs = 240_000;
const canRun = haveDockerd() && haveNetRig() && haveMosquitto();

describe.skipIf(!canRun)("the site's own broker dies", () => {
  const opened: EdgeDocker[] = [];
  beforeAll(() => {
    buildBundle();
  });
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
    const completed = await house.see(action, (doc) => doc.status === 'completed', 90_000);
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

  it.concurrent('with the link up: approved at the hub', { timeout: testMs }, async () => {
    const { edge, hub, breaks } = await broken();
    const standby = await breaks(true);
    await hub.see('links/chelsty', (doc) => doc.status === 'degraded' && doc['near'] === 'standby', 60_000);
    await connectsAre(edge, 2);
    await tells(edge, 'hub', 'mqtt_unreachable');
    const pending = await hub.see(action, (doc) => doc.status === 'pending', 60_000);
    expect(pending).toMatchObject({ attempt: 1, type: 'container_restart' });
    const from = hub.position;
    const anna = await edge.rig.client('hub', 'anna');
    await anna.link.publish('homelab/actions/approved/anna', id, { retain: false });
    await anna.link.close();
    await hub.hear('replies/anna/hub', (doc) => doc['code'] === 'approved' && doc['ok'] === true, { from });
    await heals(edge, hub);
    await nothingTwice(edge);
    expect(hub.statuses(action)).toEqual(['pending', 'approved', 'running', 'completed']);
    await standby.close();
    await hub.close();
  });

  it.concurrent('with the link cut: approved at the standby', { timeout: testMs }, async () => {
    const { edge, hub, breaks } = await broken();
    const standby = await breaks(false);
    await connectsAre(edge, 2);
    await tells(edge, 'site', 'mqtt_unreachable');
    expect(await standby.see(action, (doc) => doc.status === 'pending', 60_000)).toMatchObject({ attempt: 1, type: 'container_restart' });
    await edge.approveAtSite('anna', id, standbyPort);
    await heals(edge, hub);
    await nothingTwice(edge);
    await standby.close();
    await hub.close();
  });
});
