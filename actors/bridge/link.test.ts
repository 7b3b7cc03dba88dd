/** The link itself: how it is kept, how a dead one is noticed, what is said of it, and what comes down over it. */

import { describe, expect, test } from 'vitest';
import { linkHeartbeatMs } from '../../contracts/defaults.ts';
import { LinkStatus } from '../../contracts/link.ts';
import { BridgeRig, eventOf, startMs } from '../../test/kit/bridge-rig.ts';
import { unconfirmedMax } from './event-queue.ts';
import { mode } from './reduce.ts';
import { ackWithinMs } from './uplink.ts';

const site = 'links/chelsty';
const linkOf = (rig: BridgeRig): LinkStatus => LinkStatus.parse(JSON.parse(rig.far.get(site) ?? 'null'));
const said = (rig: BridgeRig) => rig.commands.flatMap((command) => (command.type === 'link' ? [command.body] : []));
const desired = (node: string, session: number, rev: number, at = 'chelsty', status = 'declared') => ({
  ...{ status, summary: status, ts: '2026-03-01T12:00:00.000Z', session, rev },
  ...{ node, site: at, services: [] },
});
const inventory = (rev: number, topics: readonly string[]) => ({ status: 'complete', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1, rev, topics });

describe('the heartbeat', () => {
  test('is one message in 54 s, and fits what 20 MB a month leave for it', () => {
    const rig = new BridgeRig().connect();
    const before = rig.sent.length;
    rig.pass(linkHeartbeatMs * 10);
    expect(rig.sent).toHaveLength(before + 10);
    expect(rig.sent.at(-1)?.text.length).toBeLessThan(190);
    expect(linkOf(rig)).toMatchObject({ status: 'up', site: 'chelsty', backlog: 0 });
  });

  test.each([
    ['just within its time', ackWithinMs - 1, 'up'],
    ['in its time', ackWithinMs, 'down'],
  ])('that is not acknowledged %s: %s ms and the link is %s', (_, ms, status) => {
    const rig = new BridgeRig().connect().pass(linkHeartbeatMs - 1);
    rig.isSilent = true;
    rig.pass(1 + ms);
    expect(said(rig).at(-1)).toMatchObject({ status });
  });

  test('a dead link is known within 90 s, whenever it died', () => {
    for (let at = 0; at < linkHeartbeatMs; at += 5_000) {
      const rig = new BridgeRig().connect().pass(at);
      rig.isSilent = true;
      rig.pass(90_000);
      expect(said(rig).at(-1)).toMatchObject({ status: 'down' });
    }
  });
});

describe('what is said of the link', () => {
  test('down until the hub was read, then up, in one number series per connection', () => {
    const rig = new BridgeRig();
    expect(said(rig)).toMatchObject([{ status: 'down' }]);
    rig.connect();
    expect(linkOf(rig)).toMatchObject({ status: 'up', session: 101, rev: 1 });
    rig.pass(60_000).down('far').pass(5_000).up('far').settle();
    expect(linkOf(rig)).toMatchObject({ status: 'up', session: 102, rev: 1 });
  });

  test('since when, at the hub only while something is wrong: as long as it is up, each byte crosses the link every 54 s', () => {
    const rig = new BridgeRig().connect().pass(60_000).down('near').settle();
    const since = new Date(startMs + 60_000).toISOString();
    expect(linkOf(rig)).toMatchObject({ status: 'degraded', since });
    rig.pass(5_000).up('near').settle();
    expect(linkOf(rig).since).toBeUndefined();
    expect(said(rig).at(-1)).toMatchObject({ status: 'up', since: new Date(startMs + 65_000).toISOString() });
  });

  test('the mode does not change with each single event, which would cost more on the link than the event does', () => {
    const rig = new BridgeRig({ hubStores: false }).connect().publish('events/chelsty-infra', eventOf(1), false);
    expect(rig.state.queue.backlog).toBe(1);
    expect(mode(rig.state)).toBe('forwarding');
    for (let seq = 2; seq <= unconfirmedMax + 1; seq += 1) rig.publish('events/chelsty-infra', eventOf(seq), false);
    expect(mode(rig.state)).toBe('draining');
  });

  test('degraded while the broker of the site is away', () => {
    const rig = new BridgeRig().connect().down('near').settle();
    expect(linkOf(rig)).toMatchObject({ status: 'degraded', near: 'down' });
    rig.up('near').settle();
    expect(linkOf(rig)).toMatchObject({ status: 'up' });
  });

  test('the backlog is said here during a cut too', () => {
    const rig = new BridgeRig().connect().down('far').publish('events/chelsty-infra', eventOf(1), false).pass(linkHeartbeatMs);
    expect(said(rig).at(-1)).toMatchObject({ status: 'down', backlog: 1 });
  });

  test('how long it was down is told once it is back', () => {
    const rig = new BridgeRig().connect().down('far').pass(3_600_000).up('far');
    expect(rig.commands.filter(({ type }) => type === 'emit')).toMatchObject([
      { draft: { type: 'link_up', message: 'the hub is reached', payload: { down_ms: null } } },
      { draft: { type: 'link_up', payload: { down_ms: 3_600_000 } } },
    ]);
  });

  test('the clocks are compared by an event and the cursor that answers it', () => {
    const rig = new BridgeRig({ hubStores: false }).connect().publish('events/chelsty-infra', eventOf(1), false).settle();
    rig.now += 400;
    const cursor = { status: 'stored', summary: '', ts: new Date(rig.now + 60_000 - 200).toISOString(), session: 1, rev: 1 };
    rig.publishAtHub('cursors/hub/chelsty-infra', { ...cursor, site: 'hub', node: 'chelsty-infra', positions: { 'node-agent': { urgent: 0, info: 1 } } });
    // At once on both sides: approvals from the hub wait for it.
    expect(linkOf(rig)).toMatchObject({ clock_offset_ms: 60_000 });
    expect(said(rig).at(-1)).toMatchObject({ status: 'up', clock_offset_ms: 60_000 });
  });

  test('and by no other cursor: an event that followed at once was not the one that was answered', () => {
    const rig = new BridgeRig({ hubStores: false }).connect().publish('events/chelsty-infra', eventOf(1), false).settle();
    rig.now += 300;
    rig.publish('events/chelsty-infra', eventOf(2), false).settle();
    rig.now += 100;
    const cursor = { status: 'stored', summary: '', ts: new Date(rig.now + 60_000 - 200).toISOString(), session: 1, rev: 1 };
    rig.publishAtHub('cursors/hub/chelsty-infra', { ...cursor, site: 'hub', node: 'chelsty-infra', positions: { 'node-agent': { urgent: 0, info: 2 } } });
    expect(linkOf(rig)).toMatchObject({ clock_offset_ms: 60_000 });
  });

  test('documents of a later life of this bridge make it go on above them', () => {
    const rig = new BridgeRig();
    rig.far.set(site, JSON.stringify({ status: 'down', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 500, site: 'chelsty' }));
    rig.connect();
    expect(rig.commands).toContainEqual({ type: 'raise', session: 500 });
  });
});

describe('what the hub decides for the nodes of the site', () => {
  const topic = 'desired/chelsty-infra';
  const known = (rig: BridgeRig, topics: readonly string[], rev = 1): BridgeRig => rig.publishAtHub('manifests/vps/inventory', inventory(rev, topics));

  test('is found by the manifest of the inventory, and comes down as it is', () => {
    const rig = new BridgeRig();
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 1, 1)));
    rig.far.set('desired/vps', JSON.stringify(desired('vps', 1, 1, 'hub')));
    known(rig.connect(), [topic, 'desired/vps']);
    expect(rig.near.get(topic)).toBe(rig.far.get(topic));
    expect(rig.near.has('desired/vps')).toBe(false);
  });

  test('survives a broker of the site that lost its memory while the link was down, and a restart of the bridge', () => {
    const rig = new BridgeRig();
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 1, 1)));
    known(rig.connect(), [topic]).down('far');
    rig.restart();
    rig.near.clear();
    rig.up('near');
    expect(rig.near.get(topic)).toBe(rig.far.get(topic));
  });

  test('is not brought down again when it is there', () => {
    const rig = new BridgeRig();
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 1, 1)));
    known(rig.connect(), [topic]);
    const before = rig.told.length;
    rig.down('far').up('far').down('near').up('near');
    expect(rig.told).toHaveLength(before);
  });

  test('by a later connection of the inventory is not ended by what an earlier one listed', () => {
    const rig = known(new BridgeRig().connect(), [topic]).publishAtHub(topic, desired('chelsty-infra', 2, 1));
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 2, 1)));
    known(rig.down('far').up('far'), [topic]);
    expect(rig.near.has(topic)).toBe(true);
    known(rig, [], 2);
    expect(rig.near.has(topic)).toBe(true);
  });

  test('comes down for a node that moved here while the link was down', () => {
    const rig = new BridgeRig();
    rig.far.set('desired/laptop', JSON.stringify(desired('laptop', 1, 1, 'hub')));
    known(rig.connect(), ['desired/laptop']);
    expect(rig.near.has('desired/laptop')).toBe(false);
    rig
      .down('far')
      .publishAtHub('desired/laptop', desired('laptop', 1, 2))
      .up('far')
      .settle();
    expect(rig.near.get('desired/laptop')).toBe(rig.far.get('desired/laptop'));
  });

  test.each([
    ['older', 1, true],
    ['newer', 3, false],
  ])('a copy here that is %s (rev %s) is replaced: %s', (_, rev, isReplaced) => {
    const rig = new BridgeRig();
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 1, 2)));
    known(rig.connect(), [topic]).down('near');
    rig.near.set(topic, JSON.stringify(desired('chelsty-infra', 1, rev)));
    rig.up('near');
    expect(rig.near.get(topic) === rig.far.get(topic)).toBe(isReplaced);
  });

  test.each([
    ['a node that is not declared any more', (rig: BridgeRig) => known(rig, [], 2)],
    ['a node that moved to another site', (rig: BridgeRig) => rig.publishAtHub(topic, desired('chelsty-infra', 1, 2, 'hub'))],
    ['a document that says gone', (rig: BridgeRig) => rig.publishAtHub(topic, desired('chelsty-infra', 1, 2, 'chelsty', 'gone'))],
  ])('%s: ended here, `gone` first', (_, end) => {
    const rig = new BridgeRig();
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 1, 1)));
    end(known(rig.connect(), [topic]));
    expect(rig.told.slice(-2).map(({ text }) => text === '' || (JSON.parse(text) as { status: string }).status)).toEqual(['gone', true]);
    expect(rig.near.has(topic)).toBe(false);
  });

  test('a hub that came back empty ends nothing', () => {
    const rig = new BridgeRig();
    rig.far.set(topic, JSON.stringify(desired('chelsty-infra', 1, 1)));
    known(rig.connect(), [topic]).down('far');
    rig.far.clear();
    rig.up('far');
    rig.publishAtHub('manifests/piha/inventory', inventory(1, []));
    expect(rig.near.has(topic)).toBe(true);
  });
});

describe('messages between ledgers', () => {
  test('a relayed request comes down and its verdict goes up, while the link is up', () => {
    const rig = new BridgeRig().connect();
    rig.publishAtHub('relay/chelsty', { relay_id: 'x' }, false).publish('verdicts/chelsty', { relay_id: 'x' }, false);
    expect(rig.told.at(-1)).toMatchObject({ topic: 'relay/chelsty', retain: false });
    expect(rig.sent.at(-1)).toMatchObject({ topic: 'verdicts/chelsty', retain: false });
    rig.down('far');
    const before = rig.sent.length;
    rig.publish('verdicts/chelsty', { relay_id: 'y' }, false).up('far').settle();
    expect(rig.sent.slice(before).some(({ topic }) => topic === 'verdicts/chelsty')).toBe(false);
  });
});

test('a relayed request that somebody retained is not carried: it would be obeyed again with each link', () => {
  const rig = new BridgeRig().connect();
  rig.do({ type: 'message', where: 'far', topic: 'relay/chelsty', text: '{"relay_id":"x"}', retained: true, now: rig.now });
  expect(rig.told).toEqual([]);
});

describe('when the broker of the site is silent', () => {
  const standby = (rig: BridgeRig) => rig.commands.flatMap((command) => (command.type === 'standby' ? [command.open] : []));

  test.each([
    ['just before', 29_999, []],
    ['after', 30_000, [true]],
  ])('the standby opens %s 30 s: %s ms', (_, ms, opened) => {
    const rig = new BridgeRig({ standbyAfterMs: 30_000 }).connect().down('near').pass(ms);
    expect(standby(rig)).toEqual(opened);
  });

  test('also when its connection stands and nothing comes back', () => {
    const rig = new BridgeRig({ standbyAfterMs: 30_000 }).connect();
    rig.pass(25_000);
    rig.do({ type: 'down', where: 'near', now: rig.now }).do({ type: 'up', where: 'near', session: 1, now: rig.now });
    rig.pass(29_999);
    expect(standby(rig)).toEqual([]);
    rig.pass(1);
    expect(standby(rig)).toEqual([true]);
    // The bridge itself has to come over to the standby: what holds the old connection open is of no use.
    expect(rig.state.near.status).toBe('down');
  });

  test('it closes when the broker has held for a while, and nothing opens it again meanwhile', () => {
    const rig = new BridgeRig({ standbyAfterMs: 30_000 }).connect().down('near').pass(30_000).up('near');
    expect(rig.state.linkStatus).toBe('degraded');
    rig.down('near').pass(120_000);
    expect(standby(rig)).toEqual([true]);
    rig.do({ type: 'local_back', now: rig.now }).up('near').pass(29_000);
    expect(standby(rig)).toEqual([true, false]);
  });

  test('without a standby nothing opens', () => {
    expect(standby(new BridgeRig().connect().down('near').pass(600_000))).toEqual([]);
  });
});
