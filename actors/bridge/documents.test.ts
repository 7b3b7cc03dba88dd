/** Retained documents across the link: what differs is sent, what merely ticks is not, and absence deletes nothing. */
import { describe, expect, test } from 'vitest';
import { BridgeRig } from '../../test/kit/bridge-rig.ts';

const node = 'chelsty-infra';
const web = `health/${node}/web`;
const head = (session: number, rev: number, status = 'healthy') => ({ status, summary: status, ts: '2026-03-01T12:00:00.000Z', session, rev });
const doc = (session: number, rev: number, status = 'healthy') => ({ ...head(session, rev, status), node, service: 'web' });
const manifest = (session: number, rev: number, topics: readonly string[]) => ({ ...head(session, rev, 'complete'), topics });
/** The node-agent is there in this session, and owns these. */
const owner = (rig: BridgeRig, session: number, topics: readonly string[]): BridgeRig =>
  rig.publish(`actors/${node}/node-agent`, head(session, 1, 'online')).publish(`manifests/${node}/node-agent`, manifest(session, 2, topics));
const atHub = (rig: BridgeRig, topic: string): unknown => JSON.parse(rig.far.get(topic) ?? 'null');

describe('while the link is up', () => {
  test('a document goes up as it is, byte for byte', () => {
    const rig = new BridgeRig()
      .connect()
      .publish(web, { ...doc(1, 1), added_by_a_later_version: [1, 2] })
      .settle();
    expect(rig.far.get(web)).toBe(rig.near.get(web));
  });

  test('only the newest of many changes follows the one that is under way', () => {
    const rig = new BridgeRig().connect().publish(web, doc(1, 1));
    for (let rev = 2; rev <= 50; rev += 1) rig.publish(web, doc(1, rev, rev % 2 === 0 ? 'down' : 'healthy'));
    rig.settle();
    expect(rig.sentTo(web)).toHaveLength(2);
    expect(atHub(rig, web)).toMatchObject({ rev: 50 });
  });

  test('a heartbeat that only ticks stays here; with a change it goes, and once an hour', () => {
    const rig = new BridgeRig().connect();
    const beat = (rev: number, rest: object = {}) => rig.publish(`health/${node}`, { ...head(1, rev, 'online'), node, cpu_pct: rev, ...rest }).settle();
    beat(1);
    for (let rev = 2; rev <= 20; rev += 1) beat(rev);
    expect(rig.sentTo(`health/${node}`)).toHaveLength(1);
    beat(21, { engine: 'hung' });
    expect(rig.sentTo(`health/${node}`)).toHaveLength(2);
    beat(22, { engine: 'hung' });
    rig.pass(3_600_000 - 1);
    expect(rig.sentTo(`health/${node}`)).toHaveLength(2);
    rig.pass(1);
    expect(rig.sentTo(`health/${node}`)).toHaveLength(3);
    expect(atHub(rig, `health/${node}`)).toMatchObject({ rev: 22 });
  });

  test('a will goes up, and what comes after it', () => {
    const { rev: _rev, ...will } = head(1, 0, 'offline');
    const rig = new BridgeRig()
      .connect()
      .publish(`health/${node}`, head(1, 1, 'online'))
      .settle();
    rig.publish(`health/${node}`, will).settle();
    expect(atHub(rig, `health/${node}`)).toEqual(will);
    rig.publish(`health/${node}`, head(2, 1, 'online')).settle();
    expect(atHub(rig, `health/${node}`)).toMatchObject({ status: 'online', session: 2 });
  });

  test('a deletion goes as its writer said it', () => {
    const rig = new BridgeRig().connect().publish(web, doc(1, 1)).settle();
    rig
      .publish(web, doc(1, 2, 'gone'))
      .settle()
      .publish(web, null)
      .settle();
    expect(rig.sentTo(web).map(({ text }) => text === '' || (JSON.parse(text) as { status: string }).status)).toEqual(['healthy', 'gone', true]);
    expect(rig.far.has(web)).toBe(false);
  });

  test("somebody's hand that clears a topic here clears nothing there", () => {
    const rig = new BridgeRig().connect().publish(web, doc(1, 1)).settle().publish(web, null).settle();
    expect(rig.far.has(web)).toBe(true);
  });

  test('rubbish, the troubles of the site itself, other sites, and raw requests stay here', () => {
    const rig = new BridgeRig().connect();
    const before = rig.sent.length;
    rig.publish(web, { hello: 1 }).publish('world/incidents/site-chelsty/x', doc(1, 1)).publish('world/sites/other', doc(1, 1));
    rig.publish('actions/approved/anna', { id: 'next' }, false).publish('unknown/topic', {}).publish(`desired/${node}`, doc(1, 1));
    expect(rig.settle().sent).toHaveLength(before);
  });
});

describe('when the link comes up', () => {
  test('only what differs is sent', () => {
    const rig = new BridgeRig();
    for (let n = 0; n < 20; n += 1) {
      rig.publish(`health/${node}/s${n}`, doc(1, n === 7 ? 2 : 1));
      rig.far.set(`health/${node}/s${n}`, JSON.stringify(doc(1, 1)));
    }
    rig.connect();
    expect(rig.sentTo('health/#').map(({ topic }) => topic)).toEqual([`health/${node}/s7`]);
  });

  test('what is newer at the hub is left alone', () => {
    const rig = new BridgeRig().publish(web, doc(1, 1));
    rig.far.set(web, JSON.stringify(doc(2, 1, 'down')));
    rig.connect();
    expect(rig.sentTo(web)).toEqual([]);
  });

  test('what somebody cleared at the hub comes back', () => {
    const rig = new BridgeRig().connect().publish(web, doc(1, 1)).settle().down('far');
    rig.far.delete(web);
    rig.up('far').settle();
    expect(rig.far.get(web)).toBe(rig.near.get(web));
  });

  test('a hub that lost its memory gets everything', () => {
    const rig = owner(new BridgeRig().publish(web, doc(1, 1)), 1, [web]).connect();
    rig.down('far');
    rig.far.clear();
    rig.up('far').settle();
    expect([...rig.near].filter(([topic]) => rig.far.get(topic) !== rig.near.get(topic))).toEqual([]);
  });

  test('rubbish at the hub is overwritten', () => {
    const rig = new BridgeRig().publish(web, doc(1, 1));
    rig.far.set(web, 'rubbish');
    rig.connect();
    expect(rig.far.get(web)).toBe(rig.near.get(web));
  });

  test('a deletion during the cut is made up for by the manifest of the living writer', () => {
    const rig = owner(new BridgeRig().publish(web, doc(1, 1)), 1, [web])
      .connect()
      .down('far');
    rig.publish(web, doc(1, 2, 'gone')).publish(web, null);
    rig.publish(`manifests/${node}/node-agent`, manifest(1, 3, []));
    rig.up('far').settle();
    expect(rig.far.has(web)).toBe(false);
  });

  test('a deletion that happened while the bridge itself was away is made up for', () => {
    const rig = owner(new BridgeRig().publish(web, doc(1, 1)), 1, [web]).connect();
    rig.restart();
    rig.publish(web, null).publish(`manifests/${node}/node-agent`, manifest(1, 3, []));
    rig.connect();
    expect(rig.far.has(web)).toBe(false);
  });

  test('a deletion that happened while only the broker here was away is made up for', () => {
    const rig = owner(new BridgeRig().publish(web, doc(1, 1)), 1, [web])
      .connect()
      .down('near');
    rig.publish(web, null).publish(`manifests/${node}/node-agent`, manifest(1, 3, []));
    rig.up('near').settle();
    expect(rig.far.has(web)).toBe(false);
  });

  test('a broker here that comes back empty wipes nothing, not even when its writers come one after the other', () => {
    const rig = owner(new BridgeRig().publish(web, doc(1, 1)), 1, [web])
      .connect()
      .down('near');
    rig.near.clear();
    rig.up('near').settle();
    expect(rig.far.has(web)).toBe(true);
    // The writer's status comes first, in its next session, then its documents, then its manifest.
    rig.publish(`actors/${node}/node-agent`, head(2, 1, 'online')).settle();
    expect(rig.far.has(web)).toBe(true);
    rig.publish(`manifests/${node}/node-agent`, manifest(2, 2, [])).settle();
    expect(rig.far.has(web)).toBe(false);
  });

  test('nothing is wiped before everything here was read: the one that lists it may come last', () => {
    const world = `world/nodes/${node}`;
    const rig = new BridgeRig();
    const observer = (at: string, topics: readonly string[]) =>
      rig.publish(`actors/${at}/observer`, head(1, 1, 'online')).publish(`manifests/${at}/observer`, manifest(1, 2, topics));
    observer(node, []);
    observer('chelsty-ha', [world]);
    rig.publish(world, { ...head(1, 1), node });
    rig.far.set(world, JSON.stringify({ ...head(1, 1), node }));
    rig.up('far').up('near').settle();
    expect(rig.sentTo(world)).toEqual([]);
    expect(rig.far.has(world)).toBe(true);
  });

  test('the manifest of an earlier life of its writer proves nothing', () => {
    const rig = new BridgeRig();
    rig.far.set(web, JSON.stringify(doc(1, 1)));
    rig
      .publish(`actors/${node}/node-agent`, head(2, 1, 'online'))
      .publish(`manifests/${node}/node-agent`, manifest(1, 2, []))
      .connect();
    expect(rig.far.has(web)).toBe(true);
    rig.publish(`manifests/${node}/node-agent`, manifest(2, 2, [])).settle();
    expect(rig.far.has(web)).toBe(false);
  });

  test('the ghost of another life of the site is removed once its writer is known, not before', () => {
    const rig = new BridgeRig();
    rig.far.set(web, JSON.stringify(doc(1, 1)));
    rig.publish(`health/${node}`, head(1, 1, 'online')).connect();
    expect(rig.far.has(web)).toBe(true);
    owner(rig, 1, []).settle();
    expect(rig.far.has(web)).toBe(false);
  });
});
