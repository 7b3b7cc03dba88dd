/** What is too much: for the file during a long cut, for a message of the link, and for the log. */
import { describe, expect, test } from 'vitest';
import { linkHeartbeatMs, payloadBytesMax } from '../../contracts/defaults.ts';
import type { Event } from '../../contracts/event.ts';
import { BridgeRig, eventOf } from '../../test/kit/bridge-rig.ts';
import { bytesMax, EventQueue, eventsMax } from './event-queue.ts';
import { weightOf } from './journal-line.ts';

const topic = 'events/chelsty-infra';
const web = 'health/chelsty-infra/web';
const document = (rev: number, rest: object = {}) => ({ status: 'healthy', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1, rev, ...rest });
const happen = (rig: BridgeRig, ...events: readonly Event[]): BridgeRig => events.reduce((each, event) => each.publish(topic, event, false), rig);
const seqs = (events: readonly Event[]): readonly number[] => events.map(({ seq }) => seq);
const refused = (rig: BridgeRig) => rig.commands.filter(({ type }) => type === 'refused');
const large = { log: 'x'.repeat(payloadBytesMax) };

/** Minutes of events through the reducer: seconds on a busy machine. */
const manyMs = 60_000;

describe('the journal during a cut that does not end', () => {
  test(
    'is at most twice what waits, and says after a restart how much was given up',
    () => {
      const rig = new BridgeRig().connect().down('far');
      const together = 1_000;
      rig.isDiskSlow = true;
      let linesMax = 0;
      for (let seq = 1; seq <= 120_000; seq += 1) {
        happen(rig, eventOf(seq));
        if (seq % together === 0) linesMax = Math.max(linesMax, rig.written().journal.length);
      }
      linesMax = Math.max(linesMax, rig.written().journal.length);
      expect(linesMax).toBeLessThanOrEqual(2 * eventsMax + 2 * together);
      expect(rig.state.queue.dropped).toBe(120_000 - eventsMax);
      rig.restart();
      expect(rig.state.queue.backlog).toBe(eventsMax);
      expect(rig.state.queue.dropped).toBe(120_000 - eventsMax);
    },
    manyMs,
  );

  test(
    'is not heavier either when its lines are few and large',
    () => {
      const rig = new BridgeRig().connect().down('far');
      const payload = { log: 'x'.repeat(250_000) };
      let weightMax = 0;
      for (let seq = 1; seq <= 240; seq += 1) {
        happen(rig, eventOf(seq, { payload }));
        if (seq % 20 === 0) weightMax = Math.max(weightMax, weightOf(rig.journal));
      }
      expect(weightMax).toBeLessThanOrEqual(2 * bytesMax + payloadBytesMax);
      expect(rig.state.queue.backlog).toBeGreaterThan(90);
    },
    manyMs,
  );
});

describe('events that were given up', () => {
  test('are counted since the journal began, not since the bridge was started', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1), eventOf(5, { floor: 5 }));
    rig.restart().connect();
    happen(rig, eventOf(6, { floor: 5 }), eventOf(9, { floor: 9 })).pass(linkHeartbeatMs);
    expect(JSON.parse(rig.far.get('links/chelsty') ?? '{}')).toMatchObject({ dropped: 5 });
  });

  test('stay counted when the journal is rewritten', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1), eventOf(5, { floor: 5 }));
    for (let seq = 6; seq <= 1_100; seq += 1) happen(rig, eventOf(seq)).settle();
    expect(rig.journal.length).toBeLessThan(200);
    expect(rig.restart().state.queue.dropped).toBe(3);
  });

  test('are not counted again when the journal is read, which holds some of them still', () => {
    const rig = new BridgeRig().connect().down('far');
    const payload = { log: 'x'.repeat(200_000) };
    rig.journal = Array.from({ length: Math.ceil(bytesMax / 200_000) + 2 }, (_, at) => eventOf(at + 1, { payload }));
    rig.restart();
    expect(rig.state.queue.backlog).toBeLessThan(rig.journal.length);
    expect(rig.state.queue.dropped).toBe(0);
  });

  test('are the oldest of all streams, not of the one that has just grown', () => {
    const queue = new EventQueue();
    const payload = { log: 'x'.repeat(200_000) };
    const held = Math.floor(bytesMax / 200_500);
    const late = (seq: number): Event => eventOf(seq, { source: 'executor', payload, ts: '2026-03-02T12:00:00.000Z' });
    for (let seq = 1; seq <= held - 3; seq += 1) queue.take(late(seq));
    for (let seq = 1; seq <= 3; seq += 1) queue.take(eventOf(seq, { payload }));
    expect(queue.dropped).toBe(0);
    queue.take(late(held - 2));
    queue.take(late(held - 1));
    expect(queue.dropped).toBe(2);
    expect(seqs(queue.journal().events.filter(({ source }) => source === 'node-agent'))).toEqual([3]);
  });
});

describe('an event that is too large for the link', () => {
  test('goes without its payload, and what comes behind it goes too', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1), eventOf(2, { payload: large }), eventOf(3)).settle();
    expect(seqs(rig.stored)).toEqual([1, 2, 3]);
    expect(rig.stored[1]?.payload).toEqual({ payload_dropped_bytes: expect.any(Number) as number });
    expect(Math.max(...rig.sent.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(payloadBytesMax);
    expect(weightOf(rig.journal)).toBeLessThan(payloadBytesMax);
  });

  test('is measured in bytes as it is sent, not in letters', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1, { payload: { log: 'ä'.repeat(payloadBytesMax / 2) } })).settle();
    expect(rig.stored[0]?.payload).toHaveProperty('payload_dropped_bytes');
  });

  test('just below the limit goes whole', () => {
    const room = payloadBytesMax - 100 - Buffer.byteLength(JSON.stringify(eventOf(1, { correlation_id: null, payload: { log: '' } })));
    const rig = happen(new BridgeRig().connect(), eventOf(1, { payload: { log: 'x'.repeat(room) } }), eventOf(2, { payload: { log: 'x'.repeat(room + 1) } }));
    expect(rig.settle().stored.map(({ payload }) => Object.keys(payload))).toEqual([['log'], ['payload_dropped_bytes']]);
    expect(Math.max(...rig.sent.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(payloadBytesMax);
  });

  test('in a journal of an earlier life goes the same way', () => {
    const rig = new BridgeRig();
    rig.journal = [eventOf(1, { payload: large }), eventOf(2)];
    rig.restart().connect();
    expect(seqs(rig.stored)).toEqual([1, 2]);
    expect(rig.stored[0]?.payload).toHaveProperty('payload_dropped_bytes');
    expect(refused(rig)).toMatchObject([{ topic }]);
  });

  test('is told of once, also when its sender repeats it, and each one counts', () => {
    const rig = happen(new BridgeRig().connect(), eventOf(1, { payload: large }), eventOf(1, { payload: large }), eventOf(2, { payload: large }));
    expect(refused(rig)).toMatchObject([{ topic, count: 1 }]);
    expect(rig.state.refusals.count).toBe(2);
  });
});

describe('a document that does not cross', () => {
  test('because it is too large: what the hub had of it stays, it is told of once, and others go', () => {
    const rig = new BridgeRig().connect().publish(web, document(1)).settle();
    rig.publish(web, document(2, large)).publish(web, document(3, large)).publish('health/chelsty-infra/db', document(1)).settle();
    expect(JSON.parse(rig.far.get(web) ?? '{}')).toMatchObject({ rev: 1 });
    expect(rig.far.has('health/chelsty-infra/db')).toBe(true);
    expect(refused(rig)).toMatchObject([{ topic: web }]);
    expect(rig.state.refusals.count).toBe(2);
  });

  test('because it is rubbish is told of once', () => {
    const rig = new BridgeRig().connect().publish(web, { hello: 1 }).publish(web, { hello: 2 });
    expect(refused(rig)).toMatchObject([{ topic: web, problem: expect.stringContaining('not a document') as string }]);
  });

  test('because no link took it is not held to be at the hub: it goes when both sides are compared again', () => {
    const rig = new BridgeRig().connect();
    rig.unsendable.add(web);
    rig.publish(web, document(1)).settle();
    expect(rig.far.has(web)).toBe(false);
    expect(rig.state.bytesInFlight).toBe(0);
    rig.unsendable.clear();
    rig.down('near').up('near').settle();
    expect(rig.far.get(web)).toBe(rig.near.get(web));
  });
});
