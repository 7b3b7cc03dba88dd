/** Events on their way to the hub's store: every one, once, in order, whatever breaks in between. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../contracts/event.ts';
import { BridgeRig, eventOf } from '../../test/kit/bridge-rig.ts';
import { EventQueue, eventsMax, unconfirmedMax } from './event-queue.ts';
import { windowBytes } from './uplink.ts';

const topic = 'events/chelsty-infra';
const happen = (rig: BridgeRig, ...events: readonly Event[]): BridgeRig => events.reduce((each, event) => each.publish(topic, event, false), rig);
const urgent = (seq: number): Event => eventOf(seq, { lane: 'urgent', severity: 'error' });
const seqs = (events: readonly Event[]): readonly number[] => events.map(({ seq }) => seq);

describe('an event of the site', () => {
  test('is on disk before its sender may let go of it', () => {
    const rig = new BridgeRig().connect();
    happen(rig, eventOf(1));
    const order = rig.commands.filter(({ type }) => type === 'journal' || type === 'cursor').map(({ type }) => type);
    expect(order.slice(-2)).toEqual(['journal', 'cursor']);
    expect(rig.commands.findLast(({ type }) => type === 'cursor')).toMatchObject({ node: 'chelsty-infra', positions: { 'node-agent': { info: 1 } } });
  });

  test('is not sent before it is on disk, also when the disk is busy with others', () => {
    const rig = new BridgeRig().connect();
    rig.isDiskSlow = true;
    happen(rig, eventOf(1), eventOf(2));
    expect(rig.sentTo('events/#')).toEqual([]);
    rig.written();
    expect(rig.journal).toHaveLength(1);
    expect(rig.sentTo('events/#').filter(({ text }) => text.includes('"seq":2'))).toEqual([]);
    rig.written();
    expect(rig.sentTo('events/#')).toHaveLength(2);
  });

  test('of an actor that was just started is waited for before it has said anything', () => {
    const rig = new BridgeRig()
      .connect()
      .publish('actors/chelsty-infra/executor', { status: 'online', summary: '', ts: new Date().toISOString(), session: 1, rev: 1 });
    expect(rig.commands.findLast(({ type }) => type === 'cursor')).toMatchObject({ positions: { executor: { urgent: 0, info: 0 } } });
  });

  test('is waited for before it happens: the cursor mentions every actor of a node as soon as the node is known', () => {
    const rig = new BridgeRig().connect();
    rig.publish('actors/chelsty-infra/executor', { status: 'online', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 });
    expect(rig.commands.findLast(({ type }) => type === 'cursor')).toMatchObject({ node: 'chelsty-infra', positions: { executor: { urgent: 0, info: 0 } } });
  });

  test('is not let go of because the bridge is restarted: the cursors of its last life stand until it has read which nodes there are', () => {
    const rig = new BridgeRig();
    rig.publish('actors/chelsty-infra/executor', { status: 'online', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 });
    rig.restart();
    expect(rig.commands.map(({ type }) => type)).not.toContain('complete');
    rig.up('near');
    const order = rig.commands.filter(({ type }) => type === 'cursor' || type === 'complete').map(({ type }) => type);
    expect(order.at(-1)).toBe('complete');
    expect(order.at(-2)).toBe('cursor');
  });

  test('goes up at once, and is forgotten when the cursor of the hub has passed it', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1), eventOf(2));
    expect(seqs(rig.stored)).toEqual([1, 2]);
    expect(rig.state.queue.backlog).toBe(0);
  });

  test('that comes twice goes once; one with a hole before it waits until what is missing has come', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1, { floor: 1 }), eventOf(1, { floor: 1 }), eventOf(3, { floor: 1 }));
    expect(seqs(rig.stored)).toEqual([1]);
    happen(rig, eventOf(2, { floor: 2 }), eventOf(3, { floor: 2 }));
    expect(seqs(rig.stored)).toEqual([1, 2, 3]);
  });

  test('that is another node’s, or not an event, or was retained by mistake, is not carried', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1, { node: 'vps' }));
    rig.publish(topic, { type: 'nonsense' }, false);
    rig.do({ type: 'message', where: 'near', topic, text: JSON.stringify(eventOf(1)), retained: true, now: rig.now });
    expect(rig.stored).toEqual([]);
    expect(rig.journal).toEqual([]);
  });

  test('that its sender gave up leaves a gap which the hub is told of by the floor', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1), eventOf(5, { floor: 5 }), eventOf(6, { floor: 5 }));
    expect(seqs(rig.stored)).toEqual([1, 5, 6]);
    expect(rig.state.queue.dropped).toBe(3);
  });
});

describe('during a cut', () => {
  test('nothing is lost, and the urgent lane overtakes a day of info', () => {
    const rig = new BridgeRig().connect().down('far');
    for (let seq = 1; seq <= 1_000; seq += 1) happen(rig, eventOf(seq));
    happen(rig, urgent(1), urgent(2));
    rig.up('far').settle();
    expect(rig.stored.slice(0, 2).map(({ lane, seq }) => [lane, seq])).toEqual([
      ['urgent', 1],
      ['urgent', 2],
    ]);
    expect(seqs(rig.stored.filter(({ lane }) => lane === 'info'))).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
  });

  test('a bridge that was killed goes on from its journal, with numbers taken only once', () => {
    const rig = happen(new BridgeRig().connect().down('far'), eventOf(1), eventOf(2));
    rig.restart();
    happen(rig.connect(), eventOf(2), eventOf(3));
    expect(seqs(rig.stored)).toEqual([1, 2, 3]);
  });

  test('a bridge that lost its journal lets go of what the hub has, although the hub does not say so again', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1, { floor: 1 }), eventOf(2, { floor: 1 }));
    rig.journal = [];
    happen(rig.restart().connect().sayCursor('chelsty-infra'), eventOf(2));
    expect(rig.state.queue.backlog).toBe(0);
    expect(rig.commands.findLast(({ type }) => type === 'cursor')).toMatchObject({ positions: { 'node-agent': { info: 2 } } });
  });

  test('a journal with a damaged line costs that event, not those behind it', () => {
    const rig = happen(new BridgeRig().connect().down('far'), eventOf(1, { floor: 1 }), eventOf(2, { floor: 1 }), eventOf(3, { floor: 1 }));
    rig.journal.splice(0, 1);
    happen(rig.restart().connect(), eventOf(4, { floor: 1 }));
    expect(seqs(rig.stored)).toEqual([2, 3, 4]);
  });

  test('a hub that lost what was under way gets it again', () => {
    const rig = new BridgeRig({ hubStores: false }).connect();
    happen(rig, eventOf(1), eventOf(2)).settle();
    expect(rig.state.queue.backlog).toBe(2);
    rig.down('far').up('far').settle();
    expect(rig.sentTo('events/#').map(({ text }) => (JSON.parse(text) as Event).seq)).toEqual([1, 2, 1, 2]);
  });

  test('a journal of what the hub has is rewritten, and still knows where it was', () => {
    const rig = new BridgeRig().connect();
    for (let seq = 1; seq <= 1_100; seq += 1) happen(rig, eventOf(seq)).settle();
    expect(rig.journal.length).toBeLessThan(200);
    rig.restart().connect();
    happen(rig, eventOf(1_100), eventOf(1_101));
    expect(seqs(rig.stored)).toEqual(Array.from({ length: 1_101 }, (_, at) => at + 1));
  });

  test('the oldest info go first when there is no more room, counted, and the hub is told by the floor', () => {
    const queue = new EventQueue();
    queue.take(urgent(1));
    for (let seq = 1; seq <= eventsMax + 9; seq += 1) queue.take(eventOf(seq));
    expect(queue.backlog).toBe(eventsMax);
    expect(queue.dropped).toBe(10);
    queue.journalled([urgent(1), eventOf(eventsMax + 9)]);
    expect(queue.next()?.event).toMatchObject({ lane: 'urgent', seq: 1, floor: 1 });
    expect(queue.next()?.event).toMatchObject({ lane: 'info', seq: 11, floor: 11 });
  });
});

describe('the window of the link', () => {
  test('no more than its bytes are under way, and no more events than the hub may be behind', () => {
    const rig = new BridgeRig({ hubStores: false }).connect().down('far');
    for (let seq = 1; seq <= 1_000; seq += 1) happen(rig, eventOf(seq, { message: 'x'.repeat(1_000) }));
    rig.isSilent = true;
    rig.up('far');
    expect(rig.state.bytesInFlight).toBeGreaterThan(windowBytes / 2);
    expect(rig.state.bytesInFlight).toBeLessThan(windowBytes + 2_000);
    rig.isSilent = false;
    rig.settle();
    expect(rig.sentTo('events/#')).toHaveLength(unconfirmedMax);
  });

  test('what was under way on a link that broke takes no room on the next', () => {
    const rig = new BridgeRig().connect();
    rig.isSilent = true;
    for (let seq = 1; seq <= 100; seq += 1) happen(rig, eventOf(seq, { message: 'x'.repeat(1_000) }));
    expect(rig.state.bytesInFlight).toBeGreaterThan(windowBytes / 2);
    rig.down('far');
    rig.isSilent = false;
    rig.up('far').settle();
    expect(seqs(rig.stored)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(rig.state.bytesInFlight).toBe(0);
  });

  test('a store at the hub that does not answer is asked with one event at a time, ever more slowly, and the link is degraded', () => {
    const rig = new BridgeRig({ hubStores: false }).connect();
    for (let seq = 1; seq <= 10; seq += 1) happen(rig, eventOf(seq));
    rig.settle();
    expect(rig.sentTo('events/#')).toHaveLength(10);
    rig.pass(10_000 - 1);
    expect(rig.sentTo('events/#')).toHaveLength(10);
    rig.pass(1);
    expect(rig.sentTo('events/#')).toHaveLength(11);
    expect(rig.state.linkStatus).toBe('degraded');
    rig.pass(20_000);
    expect(rig.sentTo('events/#')).toHaveLength(12);
    rig.pass(40_000 + 60_000 + 60_000);
    expect(rig.sentTo('events/#')).toHaveLength(15);
  });
});

test('every event reaches the hub’s store once and in order, whatever breaks when', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('event' as const),
        lane: fc.constantFrom('info' as const, 'urgent' as const),
        source: fc.constantFrom('node-agent', 'executor'),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'cut' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'near' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'kill' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 30_000 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const rig = new BridgeRig().connect();
      const outbox = new Map<string, Event[]>();
      const isUp = { near: true, far: true };
      // Who emits keeps what the bridge has not said it has, and sends it again on every connection.
      const resend = (): void => {
        for (const events of outbox.values()) for (const event of events) rig.publish(topic, event, false);
      };
      for (const each of steps) {
        if (each.do === 'event') {
          const key = `${each.source}/${each.lane}`;
          const events = outbox.get(key) ?? [];
          const event = eventOf(events.length + 1, { source: each.source, lane: each.lane, floor: 1 });
          outbox.set(key, [...events, event]);
          rig.publish(topic, event, false);
        } else if (each.do === 'cut') {
          isUp.far = !isUp.far;
          if (isUp.far) rig.up('far');
          else rig.down('far');
        } else if (each.do === 'near') {
          isUp.near = !isUp.near;
          if (!isUp.near) rig.down('near');
          else {
            rig.up('near');
            resend();
          }
        } else if (each.do === 'kill') {
          rig.restart();
          Object.assign(isUp, { near: false, far: false });
        } else rig.pass(each.ms);
      }
      if (!isUp.near) rig.up('near');
      if (!isUp.far) rig.up('far');
      resend();
      rig.settle().pass(120_000);
      for (const [key, events] of outbox) {
        const stored = rig.stored.filter(({ source, lane }) => `${source}/${lane}` === key);
        expect(seqs(stored)).toEqual(seqs(events));
      }
    }),
    { numRuns: 150 },
  );
});
