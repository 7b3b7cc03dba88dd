/** One list of cases, run on every broker the bus may meet: what is delivered, how often, with which flag, in which order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokersUnderTest, type RunningBroker, TestClient } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

/**
 * Where MQTT 3.1.1 leaves a choice, and the brokers differ. Copies that one subscriber gets with two filters that match
 * the same topic: of a live message, and of a retained one when both filters come in one SUBSCRIBE (3.3.1-6, 3.8.4).
 */
const copies = {
  memory: { live: 1, retained: 2 },
  'aedes in memory': { live: 1, retained: 1 },
  'aedes on disk': { live: 1, retained: 1 },
  mosquitto: { live: 1, retained: 2 },
} as const;

describe.each(brokersUnderTest)('$name', ({ name, available, start }) => {
  let broker: RunningBroker;
  let serial = 0;
  /** Every case has topics and client ids of its own. */
  const fresh = (what: string): string => {
    serial += 1;
    return `${what}-${serial}`;
  };
  const client = (options: Parameters<typeof TestClient.connect>[1] = { clientId: fresh('client') }): Promise<TestClient> =>
    TestClient.connect(broker.transport, options);

  beforeAll(async () => {
    if (available) broker = await start();
  });
  afterAll(async () => {
    if (available) await broker.stop();
  });

  describe.skipIf(!available)('delivers', () => {
    it('a retained publish with flag 0 to who is subscribed, and with flag 1 to who subscribes later', async () => {
      const topic = fresh('t');
      const early = await client();
      await early.link.subscribe([topic]);
      const writer = await client();
      await writer.link.publish(topic, 'v1', { retain: true });
      expect(await early.until('v1')).toEqual([{ topic, text: 'v1', retained: false }]);

      const late = await client();
      await late.link.subscribe([topic]);
      expect(await late.until('v1')).toEqual([{ topic, text: 'v1', retained: true }]);
    });

    it('only the latest retained message of a topic, and none after an empty one cleared it', async () => {
      const topic = fresh('t');
      const live = await client();
      await live.link.subscribe([`${topic}/#`]);
      const writer = await client();
      await writer.link.publish(`${topic}/a`, 'old', { retain: true });
      await writer.link.publish(`${topic}/a`, 'new', { retain: true });
      await writer.link.publish(`${topic}/b`, 'gone soon', { retain: true });
      await writer.link.publish(`${topic}/b`, '', { retain: true });
      expect(await live.until('')).toEqual([
        { topic: `${topic}/a`, text: 'old', retained: false },
        { topic: `${topic}/a`, text: 'new', retained: false },
        { topic: `${topic}/b`, text: 'gone soon', retained: false },
        { topic: `${topic}/b`, text: '', retained: false },
      ]);

      const late = await client();
      await late.link.subscribe([`${topic}/#`]);
      await late.link.publish(`${topic}/fence`, 'fence', { retain: false });
      expect(await late.until('fence')).toEqual([
        { topic: `${topic}/a`, text: 'new', retained: true },
        { topic: `${topic}/fence`, text: 'fence', retained: false },
      ]);
    });

    it('as many copies to overlapping filters as the table says', async () => {
      const topic = fresh('t');
      const writer = await client();
      await writer.link.publish(`${topic}/a`, 'stored', { retain: true });
      const reader = await client();
      await reader.link.subscribe([`${topic}/#`, `${topic}/+`]);
      await writer.link.publish(`${topic}/a`, 'live', { retain: false });
      await writer.link.publish(`${topic}/a`, 'end', { retain: false });
      await reader.until('end');
      expect({ live: reader.texts.filter((text) => text === 'live').length, retained: reader.texts.filter((text) => text === 'stored').length }).toEqual(
        copies[name],
      );
    });

    it('a retained message again at every SUBSCRIBE of the same filter', async () => {
      const topic = fresh('t');
      const one = await client();
      await one.link.publish(topic, 'stored', { retain: true });
      await one.link.subscribe([topic]);
      await one.link.subscribe([topic]);
      await one.link.publish(topic, 'fence', { retain: false });
      expect((await one.until('fence')).map((each) => [each.text, each.retained])).toEqual([
        ['stored', true],
        ['stored', true],
        ['fence', false],
      ]);
    });

    it("nothing of the broker's own topics to a leading wildcard", async () => {
      const reader = await client();
      await reader.link.subscribe(['#', '+/#']);
      const fence = fresh('fence');
      await reader.link.publish(fence, fence, { retain: false });
      await reader.until(fence);
      expect(reader.seen.filter((each) => each.topic.startsWith('$'))).toEqual([]);
    });

    it('3,000 alternating retained and plain messages of one publisher to a live reader, all of them in order', async () => {
      const topic = fresh('t');
      const reader = await client();
      await reader.link.subscribe([`${topic}/#`]);
      const writer = await client();
      const sent = Array.from({ length: 3_000 }, (_, at) => ({ topic: at % 2 === 0 ? `${topic}/doc/${at % 10}` : `${topic}/event`, retain: at % 2 === 0 }));
      await Promise.all(sent.map((each, at) => writer.link.publish(each.topic, String(at), { retain: each.retain })));
      await reader.until('2999');
      expect(reader.texts).toEqual(sent.map((_, at) => String(at)));
    });

    it('the messages of four publishers at once, those of each in order', async () => {
      const topic = fresh('t');
      const reader = await client();
      await reader.link.subscribe([`${topic}/+`]);
      const writers = await Promise.all([0, 1, 2, 3].map(() => client()));
      await Promise.all(
        writers.flatMap((writer, who) =>
          Array.from({ length: 1_000 }, (_, at) => writer.link.publish(`${topic}/${who}`, String(at), { retain: at % 3 === 0 })),
        ),
      );
      await Promise.all(writers.map((writer, who) => writer.link.publish(`${topic}/${who}`, `end ${who}`, { retain: false })));
      await Promise.all([0, 1, 2, 3].map((who) => reader.until(`end ${who}`)));
      for (const who of [0, 1, 2, 3]) {
        const texts = reader.seen.filter((each) => each.topic === `${topic}/${who}`).map((each) => each.text);
        expect(texts).toEqual([...Array.from({ length: 1_000 }, (_, at) => String(at)), `end ${who}`]);
      }
    });

    it('2,000 retained documents of a subscription before a message that the subscriber then publishes to itself', async () => {
      const topic = fresh('t');
      const writer = await client();
      const documents = Array.from({ length: 2_000 }, (_, at) => `${topic}/docs/${at % 50}/${at}`);
      await Promise.all(documents.map((each) => writer.link.publish(each, `document of ${each}`, { retain: true })));
      // Three times, and beside a writer that never stops: the fence must hold while documents change.
      let writing = true;
      const churn = (async () => {
        for (let at = 0; writing; at += 1) await writer.link.publish(documents[at % 100] ?? topic, `newer ${at}`, { retain: true });
      })();
      for (const round of [1, 2, 3]) {
        const reader = await client();
        await reader.link.subscribe([`${topic}/probe`]);
        await reader.link.subscribe([`${topic}/docs/#`]);
        await reader.link.publish(`${topic}/probe`, `fence ${round}`, { retain: false });
        await reader.until(`fence ${round}`);
        const before = reader.seen.slice(0, reader.texts.indexOf(`fence ${round}`));
        const stored = before.filter((each) => each.retained && each.topic.startsWith(`${topic}/docs/`));
        expect(new Set(stored.map((each) => each.topic)).size).toBe(2_000);
        await reader.link.close();
      }
      writing = false;
      await churn;
    });

    it('never an older copy of a document after a newer one, while it subscribes to what is being written', async () => {
      const topic = fresh('t');
      const writer = await client();
      let written = 0;
      let writing = true;
      const churn = (async () => {
        for (; writing; written += 1) await writer.link.publish(`${topic}/${written % 20}`, String(written), { retain: true });
      })();
      for (let round = 0; round < 10; round += 1) {
        const reader = await client();
        await reader.link.subscribe([`${topic}/#`]);
        await reader.link.publish(`${topic}/fence`, 'fence', { retain: false });
        await reader.until('fence');
        const newest = new Map<string, number>();
        for (const each of reader.seen.filter((message) => message.text !== 'fence')) {
          expect(Number(each.text)).toBeGreaterThanOrEqual(newest.get(each.topic) ?? 0);
          newest.set(each.topic, Number(each.text));
        }
        await reader.link.close();
      }
      writing = false;
      await churn;
    });
  });

  describe.skipIf(!available)('after an UNSUBSCRIBE delivers', () => {
    /** What a reader has heard once everything that was published before has come: brokers keep the order of one publisher. */
    const heardBy = async (reader: TestClient, writer: TestClient, fence: string): Promise<readonly string[]> => {
      await writer.link.publish(fence, 'fence', { retain: false });
      await reader.until('fence');
      return reader.texts.filter((text) => text !== 'fence');
    };

    it('nothing of the filters that were given up, and everything of one that overlaps', async () => {
      const topic = fresh('t');
      const reader = await client();
      const writer = await client();
      await reader.link.subscribe([`${topic}/#`, `${topic}/both/+`, `${topic}/fence`]);
      await reader.link.unsubscribe([`${topic}/#`, `${topic}/never subscribed to`]);
      await writer.link.publish(`${topic}/wide`, 'wide', { retain: true });
      await writer.link.publish(`${topic}/both/a`, 'narrow', { retain: true });
      expect(await heardBy(reader, writer, `${topic}/fence`)).toEqual(['narrow']);
    });

    it('everything of a wider filter when a narrower one was given up', async () => {
      const topic = fresh('t');
      const reader = await client();
      const writer = await client();
      await reader.link.subscribe([`${topic}/+`, `${topic}/a`]);
      await reader.link.unsubscribe([`${topic}/a`]);
      await writer.link.publish(`${topic}/a`, 'still heard', { retain: false });
      expect(await heardBy(reader, writer, `${topic}/fence`)).toEqual(['still heard']);
    });

    it('what is retained again when the filter is taken up again', async () => {
      const topic = fresh('t');
      const reader = await client();
      const writer = await client();
      await reader.link.subscribe([`${topic}/doc`, `${topic}/fence`]);
      await reader.link.unsubscribe([`${topic}/doc`]);
      await writer.link.publish(`${topic}/doc`, 'first', { retain: true });
      await writer.link.publish(`${topic}/doc`, 'second', { retain: true });
      await reader.link.subscribe([`${topic}/doc`]);
      expect(await heardBy(reader, writer, `${topic}/fence`)).toEqual(['second']);
    });

    it('not one of the messages that a writer goes on publishing, once it has resolved and what was under way has come', async () => {
      const topic = fresh('t');
      const reader = await client();
      const writer = await client();
      await reader.link.subscribe([`${topic}/doc/#`, `${topic}/fence`]);
      let writing = true;
      const churn = (async () => {
        for (let at = 0; writing; at += 1) await writer.link.publish(`${topic}/doc/${at % 20}`, String(at), { retain: true });
      })();
      await waitFor('some of them', () => reader.seen.length > 100, { emitter: reader });
      await reader.link.unsubscribe([`${topic}/doc/#`]);
      await reader.link.publish(`${topic}/fence`, 'behind what was under way', { retain: false });
      await reader.until('behind what was under way');
      const heard = reader.seen.length;
      await writer.link.publish(`${topic}/doc/last`, 'last', { retain: true });
      writing = false;
      await churn;
      await heardBy(reader, writer, `${topic}/fence`);
      expect(reader.texts.slice(heard)).toEqual(['fence']);
    });

    it('and queues nothing for a persistent session that gave its filter up and went', async () => {
      const topic = fresh('t');
      const clientId = fresh('session');
      const first = await client({ clientId, clean: false });
      await first.link.subscribe([`${topic}/a`, `${topic}/b`]);
      await first.link.unsubscribe([`${topic}/a`]);
      await first.link.close();
      const writer = await client();
      await writer.link.publish(`${topic}/a`, 'not queued', { retain: false });
      await writer.link.publish(`${topic}/b`, 'queued', { retain: false });
      const back = await client({ clientId, clean: false });
      expect(await heardBy(back, writer, `${topic}/b`)).toEqual(['queued']);
    });

    it('and refuses on a connection that has ended', async () => {
      const reader = await client();
      await reader.link.close();
      await expect(reader.link.unsubscribe(['t'])).rejects.toMatchObject({ name: 'LinkClosedError' });
    });
  });
});
