/** One list of cases, run on every broker the bus may meet: sessions, queues, wills and take-over. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokersUnderTest, type RunningBroker, TestClient } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

/**
 * Where the brokers differ. Of 1,500 messages for an absent session: how many wait for it (always the oldest; every
 * publisher gets its PUBACK, also for those that are dropped). And whether take-over of a client id publishes the will
 * of the connection that goes, as 3.1.2.5 demands.
 */
const differences = {
  memory: { queuedOf1500: 1_000, willAtTakeOver: true },
  'aedes in memory': { queuedOf1500: 1_500, willAtTakeOver: true },
  'aedes on disk': { queuedOf1500: 1_500, willAtTakeOver: true },
  mosquitto: { queuedOf1500: 1_000, willAtTakeOver: true },
} as const;

const numbers = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

describe.each(brokersUnderTest)('$name', ({ name, available, start }) => {
  let broker: RunningBroker;
  let serial = 0;
  const fresh = (what: string): string => {
    serial += 1;
    return `${what}-${serial}`;
  };
  const client = (options: Partial<Parameters<typeof TestClient.connect>[1]> = {}): Promise<TestClient> =>
    TestClient.connect(broker.transport, { clientId: fresh('client'), ...options });
  /** A persistent session that has subscribed and gone. */
  const absentSession = async (filters: readonly string[]): Promise<string> => {
    const clientId = fresh('session');
    const first = await client({ clientId, clean: false });
    await first.link.subscribe(filters);
    await first.link.close();
    return clientId;
  };

  beforeAll(async () => {
    if (available) broker = await start();
  });
  afterAll(async () => {
    if (available) await broker.stop();
  });

  describe.skipIf(!available)('keeps', () => {
    it('what was published for an absent persistent session, in order, with flag 0, and delivers it without a new SUBSCRIBE', async () => {
      const topic = fresh('t');
      const clientId = await absentSession([`${topic}/#`]);
      const writer = await client();
      await Promise.all(numbers(500).map((text, at) => writer.link.publish(`${topic}/${at % 7}`, text, { retain: at % 2 === 0 })));
      const back = await client({ clientId, clean: false });
      await back.until('499');
      expect(back.texts).toEqual(numbers(500));
      expect(back.seen.filter((each) => each.retained)).toEqual([]);
    });

    it('the oldest of what does not fit its queue, as many as the table says, and acknowledges all', async () => {
      const topic = fresh('t');
      const clientId = await absentSession([topic]);
      const writer = await client();
      await Promise.all(numbers(1_500).map((text) => writer.link.publish(topic, text, { retain: false })));
      const back = await client({ clientId, clean: false });
      await waitFor('the queue', () => back.seen.length >= differences[name].queuedOf1500, { emitter: back });
      // What is published now comes behind everything that was queued.
      await writer.link.publish(topic, 'end', { retain: false });
      await back.until('end');
      expect(back.texts).toEqual([...numbers(differences[name].queuedOf1500), 'end']);
    });

    it('nothing for a clean session', async () => {
      const topic = fresh('t');
      const clientId = fresh('client');
      const first = await client({ clientId });
      await first.link.subscribe([topic]);
      await first.link.close();
      const writer = await client();
      await writer.link.publish(topic, 'missed', { retain: false });
      const back = await client({ clientId });
      await back.link.subscribe([topic]);
      await writer.link.publish(topic, 'end', { retain: false });
      await back.until('end');
      expect(back.texts).toEqual(['end']);
    });

    it('nothing of a persistent session once its client id has connected with a clean one', async () => {
      const topic = fresh('t');
      const clientId = await absentSession([topic]);
      const writer = await client();
      await writer.link.publish(topic, 'old', { retain: false });
      await (await client({ clientId, clean: true })).link.close();
      await writer.link.publish(topic, 'between', { retain: false });
      const back = await client({ clientId, clean: false });
      await back.link.subscribe([topic]);
      await writer.link.publish(topic, 'end', { retain: false });
      await back.until('end');
      expect(back.texts).toEqual(['end']);
    });

    it('every message for a session that comes and goes while four publishers go on, those of each in order', async () => {
      const topic = fresh('t');
      const clientId = await absentSession([`${topic}/#`, `${topic}/+`]);
      const writers = await Promise.all([0, 1, 2, 3].map(() => client()));
      // 200 each: below the queue limit of the brokers that have one.
      const sending = Promise.all(
        writers.map(async (writer, who) => {
          for (const text of numbers(200)) await writer.link.publish(`${topic}/${who}`, text, { retain: Number(text) % 3 === 0 });
        }),
      );
      const seen: { readonly topic: string; readonly text: string }[] = [];
      for (let life = 0; life < 5; life += 1) {
        const reader = await client({ clientId, clean: false });
        await waitFor('some messages', () => reader.seen.length > 60, { emitter: reader });
        await reader.link.close({ abrupt: life % 2 === 0 });
        seen.push(...reader.seen);
      }
      await sending;
      const last = await client({ clientId, clean: false });
      await Promise.all(writers.map((writer, who) => writer.link.publish(`${topic}/${who}`, `end ${who}`, { retain: false })));
      await Promise.all([0, 1, 2, 3].map((who) => last.until(`end ${who}`)));
      seen.push(...last.seen);
      for (const who of [0, 1, 2, 3]) {
        // A message whose PUBACK the broken connection swallowed comes twice.
        const texts = [...new Set(seen.filter((each) => each.topic === `${topic}/${who}`).map((each) => each.text))];
        expect(texts).toEqual([...numbers(200), `end ${who}`]);
      }
    });

    it('3,000 alternating retained and plain messages for a present persistent session, in order', async () => {
      const topic = fresh('t');
      const reader = await client({ clean: false });
      await reader.link.subscribe([`${topic}/#`]);
      const writer = await client();
      // In lots: mosquitto drops for a present session too, once 1,000 messages wait for it.
      for (let lot = 0; lot < 6; lot += 1) {
        const texts = numbers(3_000).slice(lot * 500, lot * 500 + 500);
        await Promise.all(texts.map((text) => writer.link.publish(`${topic}/${Number(text) % 10}`, text, { retain: Number(text) % 2 === 0 })));
        await reader.until(texts.at(-1) ?? '');
      }
      expect(reader.texts).toEqual(numbers(3_000));
    });
  });

  describe.skipIf(!available)('a will', () => {
    const withWill = async (): Promise<{ topic: string; watcher: TestClient; clientId: string; dying: TestClient }> => {
      const topic = fresh('status');
      const clientId = fresh('dying');
      const watcher = await client();
      await watcher.link.subscribe([topic]);
      const dying = await client({ clientId, will: { topic, payload: 'offline' } });
      await dying.link.publish(topic, 'online', { retain: true });
      await watcher.until('online');
      return { topic, watcher, clientId, dying };
    };

    it('is published and retained when the connection breaks', async () => {
      const { topic, watcher, dying } = await withWill();
      await dying.link.close({ abrupt: true });
      expect(await watcher.until('offline')).toEqual([
        { topic, text: 'online', retained: false },
        { topic, text: 'offline', retained: false },
      ]);
      const late = await client();
      await late.link.subscribe([topic]);
      expect(await late.until('offline')).toEqual([{ topic, text: 'offline', retained: true }]);
    });

    it('is not published after a clean close', async () => {
      const { topic, watcher, dying } = await withWill();
      await dying.link.close();
      const writer = await client();
      await writer.link.publish(topic, 'end', { retain: false });
      await watcher.until('end');
      expect(watcher.texts).toEqual(['online', 'end']);
    });

    it('is published at take-over as the table says, before anything the new connection says', async () => {
      const { watcher, topic, clientId, dying } = await withWill();
      const successor = await client({ clientId, will: { topic, payload: 'offline again' } });
      expect(await dying.closed()).toBeInstanceOf(Error);
      await successor.link.publish(topic, 'online again', { retain: true });
      await watcher.until('online again');
      expect(watcher.texts).toEqual(differences[name].willAtTakeOver ? ['online', 'offline', 'online again'] : ['online', 'online again']);
      await successor.link.close();
    });
  });

  describe.skipIf(!available)('a connection', () => {
    it('is closed once when another takes over its client id, which then works', async () => {
      const clientId = fresh('twin');
      const topic = fresh('t');
      const first = await client({ clientId, clean: false });
      await first.link.subscribe([topic]);
      const second = await client({ clientId, clean: false });
      expect(await first.closed()).toBeInstanceOf(Error);
      await expect(first.link.publish(topic, 'x', { retain: false })).rejects.toMatchObject({ name: 'LinkClosedError' });
      await second.link.publish(topic, 'still subscribed', { retain: false });
      await second.until('still subscribed');
      expect(first.closings).toHaveLength(1);
      expect(second.closings).toEqual([]);
    });

    it('is accepted with a username and no password', async () => {
      const named = await client({ username: 'observer-vps' });
      const topic = fresh('t');
      await named.link.subscribe([topic]);
      await named.link.publish(topic, 'hello', { retain: false });
      await named.until('hello');
      await named.link.close();
      expect(named.closings).toEqual([null]);
    });

    it('outlives a filter that is refused, which is said', async () => {
      const one = await client();
      await expect(one.link.subscribe(['a/#/b'])).rejects.toThrow(/a\/#\/b/);
      const topic = fresh('t');
      await one.link.subscribe([topic]);
      await one.link.publish(topic, 'hello', { retain: false });
      await one.until('hello');
    });
  });
});
