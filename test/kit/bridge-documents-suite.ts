/**
 * Retained documents across a real link, between two brokers of one make (mosquitto with its generated access lists): whatever was
 * changed, cleared or forgotten on either side while it was down, both sides hold the same within 5 s of its return, and nothing is wiped.
 * One file of tests for each make, so that they wait side by side.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EdgeRig, places, type Side } from './edge-rig.ts';
import { buildBundle, type HomelabProcess } from './homelab-process.ts';
import { linkProfiles } from './link-shape.ts';
import { haveMosquitto } from './mosquitto.ts';
import type { BrokerMake } from './net-broker.ts';
import { haveNetRig } from './net-rig.ts';
import { type StandIn, startStandIn } from './stand-in-engine-process.ts';
import { waitFor } from './wait.ts';

const { node, site } = places.site;
const healthOf = (service: string): string => `health/${node}/${service}`;
const desired = `desired/${node}`;
/** The requirement. */
const convergedWithinMs = 5_000;
/** For what no requirement sets a time: back-off, start of a process. A loaded machine gets a minute. */
const patientMs = 60_000;
const services = ['web', 'db', 'queue', 'cache'];

export function documentsOfAnEdgeSite(make: BrokerMake): void {
  describe.skipIf(!haveNetRig() || (make === 'mosquitto' && !haveMosquitto()))(`documents of an edge site between two ${make} brokers`, () => {
    const inventory = mkdtempSync(join(tmpdir(), 'declared-'));
    let engine: StandIn;
    let rig: EdgeRig;
    let bridge: HomelabProcess;

    beforeAll(async () => {
      buildBundle();
      for (const folder of ['inventory', 'hosts', 'services'])
        cpSync(fileURLToPath(new URL(`../../${folder}`, import.meta.url)), join(inventory, folder), { recursive: true });
      engine = await startStandIn();
      await Promise.all(services.map(add));
      rig = await EdgeRig.open({ make, profile: linkProfiles.lte, env: engine.env });
      await Promise.all([rig.run('hub', 'observer inventory', { HOMELAB_INVENTORY: inventory }), rig.run('site', 'observer node-agent')]);
      bridge = await rig.run('site', 'bridge');
      await linkSays('up');
    });
    afterAll(async () => {
      await rig?.close();
      await engine?.stop();
      rmSync(inventory, { recursive: true, force: true });
    });

    async function add(service: string): Promise<void> {
      await engine.script({ do: 'add', container: { name: service } });
      await engine.script({ do: 'start', container: service });
    }

    async function holds(side: Side, topic: string, fits: (doc: Record<string, unknown> | null) => boolean): Promise<void> {
      let last: string | undefined;
      const isThere = async (): Promise<boolean> => {
        last = (await rig.documents(side)).get(topic);
        return fits(last === undefined ? null : (JSON.parse(last) as Record<string, unknown>));
      };
      await waitFor(`${topic} at the ${side}`, isThere, { deadlineMs: patientMs, state: () => [last, bridge.log.slice(-1_500)] });
    }

    const linkSays = (status: string): Promise<void> => holds('site', `links/${site}`, (doc) => doc?.['status'] === status);

    async function duringCut(work: () => Promise<void>): Promise<void> {
      await rig.uplink.cut('clean');
      await linkSays('down');
      await work();
      await rig.uplink.restore();
      await linkSays('up');
      await rig.converged(convergedWithinMs);
    }

    /** Topics of the site's node that were cleared at the hub while it ran. */
    async function clearedAtHub(work: () => Promise<void>): Promise<readonly string[]> {
      const witness = await rig.client('hub');
      await witness.link.subscribe([`homelab/health/${node}/#`, `homelab/world/services/${node}/#`, `homelab/world/nodes/${node}`]);
      await work();
      await witness.link.close();
      return witness.seen.filter(({ text }) => text === '').map(({ topic }) => topic);
    }

    it('are all at the hub once the link is up, and what the hub decided is at the site', async () => {
      await rig.converged(convergedWithinMs);
      const atHub = await rig.documents('hub');
      expect([...atHub.keys()]).toEqual(expect.arrayContaining([...services.map(healthOf), `world/sites/${site}`, `actors/${node}/observer`]));
      await holds('site', desired, (doc) => doc?.['site'] === site);
    });

    it('and what the hub decides later comes down, to a bridge that is there for the first time too', async () => {
      const file = join(inventory, 'hosts', node, 'services.yaml');
      writeFileSync(file, readFileSync(file, 'utf8').replace('role: zigbee\n', 'role: zigbee\n    repair_risk: guarded\n'));
      const isNew = (doc: Record<string, unknown> | null): boolean => {
        const declared = (doc?.['services'] ?? []) as readonly Record<string, unknown>[];
        return declared.some((each) => each['name'] === 'zigbee2mqtt' && each['repair_risk'] === 'guarded');
      };
      await holds('hub', desired, isNew);
      await holds('site', desired, isNew);
    });

    it('are right on both sides after a cut, whatever became of them meanwhile', async () => {
      const ghost = { status: 'healthy', summary: 'healthy', ts: '2026-01-01T00:00:00.000Z', session: 1, rev: 1, node, service: 'ghost' };
      const bringer = `bridge-${node}`;
      const cleared = await clearedAtHub(() =>
        duringCut(async () => {
          // The writers of the site.
          await engine.script({ do: 'crash', container: 'web', exitCode: 3 });
          await add('late');
          await engine.script({ do: 'remove', container: 'cache' });
          // Somebody's hand at the site, whose work the writer undoes.
          await rig.byHand('site', `node-agent-${node}`, healthOf('db'), '');
          // Somebody's hand at the hub.
          await rig.byHand('hub', bringer, healthOf('queue'), '');
          await rig.byHand('hub', bringer, `manifests/${node}/observer`, '');
          // What an earlier life of the site left there.
          await rig.byHand('hub', bringer, healthOf('ghost'), JSON.stringify(ghost));
          await rig.byHand('hub', bringer, `world/services/${node}/ghost`, JSON.stringify(ghost));
          await holds('site', healthOf('web'), (doc) => doc?.['status'] === 'down');
          await holds('site', healthOf('late'), (doc) => doc !== null);
          await holds('site', healthOf('cache'), (doc) => doc === null);
          await holds('site', healthOf('db'), (doc) => doc !== null);
        }),
      );
      const atHub = await rig.documents('hub');
      const present = ['web', 'late', 'db', 'queue', 'cache', 'ghost'].filter((service) => atHub.has(healthOf(service)));
      expect(present).toEqual(['web', 'late', 'db', 'queue']);
      expect([...new Set(cleared)].filter((topic) => topic.startsWith('homelab/health/')).sort()).toEqual(
        ['cache', 'ghost', 'queue'].map((service) => `homelab/${healthOf(service)}`),
      );
    });

    it('that ended while the bridge itself was away', async () => {
      await bridge.kill9();
      await engine.script({ do: 'remove', container: 'late' });
      await holds('site', healthOf('late'), (doc) => doc === null);
      await holds('hub', `links/${site}`, (doc) => doc?.['status'] === 'down');
      bridge = await rig.run('site', 'bridge');
      await linkSays('up');
      await rig.converged(convergedWithinMs);
      expect((await rig.documents('hub')).has(healthOf('late'))).toBe(false);
    });

    it('that somebody cleared at the site are put back by their writer, and stay at the hub', async () => {
      const cleared = await clearedAtHub(async () => {
        await rig.byHand('site', `node-agent-${node}`, healthOf('db'), '');
        await holds('site', healthOf('db'), (doc) => doc !== null);
        await rig.converged(convergedWithinMs);
      });
      expect(cleared).not.toContain(`homelab/${healthOf('db')}`);
    });

    it('are all at the hub again after its broker lost its memory', async () => {
      await rig.brokers.hub.kill9();
      await linkSays('down');
      await rig.brokers.hub.start('empty');
      await linkSays('up');
      await rig.converged(convergedWithinMs);
      expect((await rig.documents('hub')).has(healthOf('web'))).toBe(true);
      // Its inventory has written again what it had decided, and nothing was brought down as ended meanwhile.
      await holds('hub', desired, (doc) => doc !== null);
      await holds('site', desired, (doc) => doc !== null);
    });

    it.each(['up', 'cut'] as const)('stay at the hub when the broker of the site loses its memory, link %s', async (link) => {
      const cleared = await clearedAtHub(async () => {
        if (link === 'cut') await rig.uplink.cut('clean');
        await rig.brokers.site.kill9();
        await rig.brokers.site.start('empty');
        await holds('site', `actors/${node}/node-agent`, (doc) => doc?.['status'] === 'online');
        if (link === 'cut') await rig.uplink.restore();
        await linkSays('up');
        await rig.converged(convergedWithinMs);
      });
      const atSite = await rig.documents('site');
      expect(cleared.filter((topic) => atSite.has(topic.slice('homelab/'.length)))).toEqual([]);
      expect(atSite.has(healthOf('web'))).toBe(true);
    });

    it("that the hub decided survive at the site with the hub away, the site's broker empty and the bridge killed", async () => {
      const before = (await rig.documents('site')).get(desired);
      expect(before).toBeDefined();
      await rig.uplink.cut('silent');
      await bridge.kill9();
      await rig.brokers.site.kill9();
      await rig.brokers.site.start('empty');
      bridge = rig.start('site', 'bridge');
      await holds('site', desired, (doc) => doc !== null && JSON.stringify(doc) === before);
      await rig.uplink.restore();
      await linkSays('up');
      await rig.converged(convergedWithinMs);
    });
  });
}
