/** The order of publishes over a store whose writes end when the test says so. aedes itself is played by twelve lines: store, then hand out. */
import { describe, expect, it } from 'vitest';
import type { BrokerInternals, BrokerPacket, Done } from './broker-aedes.ts';
import { newCounters } from './broker-counters.ts';
import { type BrokerLimits, defaultBrokerLimits } from './broker-limits.ts';
import { PublishOrder } from './broker-order.ts';
import { RetainedMessages } from './broker-retained.ts';
import { createRetention } from './broker-retention.ts';
import { createLog } from './log.ts';

interface Write {
  readonly name: string;
  end(error?: Error): Promise<void>;
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const nameOf = ({ topic, payload }: BrokerPacket): string => `${topic}=${payload.toString()}`;

function desk(limits: Partial<BrokerLimits> = {}) {
  const [writes, handedOut, settled, lines]: [Write[], string[], string[], string[]] = [[], [], [], []];
  const counters = newCounters();
  const retained = new RetainedMessages({ ...defaultBrokerLimits, ...limits }, counters);
  const broker = {
    mq: {
      emit: (packet: BrokerPacket, done: Done) => {
        handedOut.push(nameOf(packet));
        setImmediate(done);
      },
    },
    publish: (packet: BrokerPacket, _client: null, done: Done) => {
      if (packet.retain) retained.store(packet);
      setImmediate(() => broker.mq.emit(packet, done));
    },
  };
  const log = createLog({ level: 'info', destination: { write: (line) => lines.push(line) } });
  const write = (packet: BrokerPacket): Promise<void> =>
    new Promise((resolve, reject) => {
      writes.push({
        name: nameOf(packet),
        end: async (error) => {
          if (error === undefined) resolve();
          else reject(error);
          for (let at = 0; at < 5; at += 1) await turn();
        },
      });
    });
  const order = new PublishOrder(broker as unknown as BrokerInternals, createRetention(retained, write, log), log);
  const publish = (topic: string, text: string, retain = true): void => {
    const packet: BrokerPacket = { topic, payload: Buffer.from(text), qos: 1, retain };
    (broker as unknown as BrokerInternals).publish(packet, null, (error) => settled.push(`${nameOf(packet)}${error ? ` ${error.message}` : ''}`));
  };
  const kept = (): readonly string[] => retained.matching('#').map(nameOf).sort();
  return { publish, order, writes, handedOut, settled, lines, kept, counters };
}

describe('retained messages that wait for their turn', () => {
  it('are written meanwhile, in order, and neither handed out, kept nor acknowledged before it', async () => {
    const { publish, writes, handedOut, settled, kept } = desk();
    publish('a', '1');
    publish('plain', 'x', false);
    publish('b', '1');
    publish('a', '2');
    expect(writes.map(({ name }) => name)).toEqual(['a=1', 'b=1', 'a=2']);
    await writes[1]?.end();
    await writes[2]?.end();
    expect([handedOut, settled, kept()]).toEqual([[], [], []]);
    await writes[0]?.end();
    expect(handedOut).toEqual(['a=1', 'plain=x', 'b=1', 'a=2']);
    expect(settled).toEqual(handedOut);
    expect(kept()).toEqual(['a=2', 'b=1']);
  });

  it('fail alone when their writing does', async () => {
    const { publish, writes, handedOut, settled, kept, lines } = desk();
    for (const text of ['1', '2', '3']) publish('a', text);
    await writes[1]?.end(new Error('disk full'));
    await writes[0]?.end();
    await writes[2]?.end();
    expect(handedOut).toEqual(['a=1', 'a=3']);
    expect(settled).toEqual(['a=1', 'a=2 disk full', 'a=3']);
    expect([kept(), lines.length]).toEqual([['a=3'], 1]);
  });

  it('wait with the writing too where there might be no room, and nothing overtakes them', async () => {
    const { publish, writes, handedOut, settled, kept, counters } = desk({ retainedMessagesMax: 2 });
    publish('a', '1');
    publish('b', '1');
    // Replaces: there is room. But that is certain only once `a` and `b` are kept.
    publish('a', '2');
    publish('c', '1');
    publish('b', '');
    publish('d', '1');
    expect(writes.map(({ name }) => name)).toEqual(['a=1', 'b=1']);
    for (let at = 0; at < writes.length; at += 1) await writes[at]?.end();
    expect(writes.map(({ name }) => name)).toEqual(['a=1', 'b=1', 'a=2', 'b=', 'd=1']);
    expect(handedOut).toEqual(['a=1', 'b=1', 'a=2', 'c=1', 'b=', 'd=1']);
    expect(settled).toHaveLength(6);
    expect([kept(), counters.retainedRefused]).toEqual([['a=2', 'd=1'], 1]);
  });

  it('are all waited for by whoever closes', async () => {
    const { publish, order, writes, settled } = desk();
    publish('a', '1');
    publish('b', '1');
    const idle = order.idle();
    for (const write of writes) await write.end();
    await idle;
    expect(settled).toEqual(['a=1', 'b=1']);
  });
});
