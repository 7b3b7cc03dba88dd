/** How long the embedded broker waits for a client, and how much it takes from or keeps for one that does not do its part: each limit at its edge. */
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../bus/broker.ts';
import { silentLog } from '../../bus/log.ts';
import { connectPacket, packet, publishPacket, subscribePacket } from '../kit/broker-fuzz-inputs.ts';
import { RawClient } from '../kit/raw-client.ts';
import { StepClock } from '../kit/step-clock.ts';
import { waitFor } from '../kit/wait.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: Partial<BrokerOptions>): Promise<Broker> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog, ...options });
  closers.push(() => broker.close());
  return broker;
}
async function open({ port }: Broker): Promise<RawClient> {
  const raw = await RawClient.open(port);
  closers.push(() => {
    raw.socket.destroy();
  });
  return raw;
}
async function client(broker: Broker, id: string): Promise<RawClient> {
  const raw = await open(broker);
  raw.socket.write(connectPacket(id));
  await raw.until('the CONNACK', (received) => received.length >= 4);
  return raw;
}
const ping = packet(0xc0);

describe('a connection', () => {
  it('that says nothing, or says its CONNECT byte by byte, is closed; one that said it in time stays', async () => {
    const broker = await start({ limits: { connectWithinMs: 300 } });
    const polite = await client(broker, 'polite');
    const [silent, trickling] = await Promise.all([open(broker), open(broker)]);
    const bytes = connectPacket('a name that takes very long to say');
    let sent = 0;
    // Each byte is well within the limit; all of them are not.
    const trickle = setInterval(() => trickling.socket.write(bytes.subarray(sent, ++sent)), 20);
    closers.push(() => {
      clearInterval(trickle);
    });
    await Promise.all([silent.closed(), trickling.closed()]);
    expect(sent).toBeLessThan(bytes.length);
    expect([silent.received.length, trickling.received.length]).toEqual([0, 0]);
    // Another limit's time later the polite one is still there.
    await (await open(broker)).closed();
    polite.socket.write(ping);
    await polite.until('the PINGRESP', (received) => received.length >= 6);
    expect(broker.figures()['limits/connections/failed']).toBe(3);
  });

  it('beyond the rate waits unread, and is let in when it is its turn', async () => {
    const clock = new StepClock();
    const broker = await start({ clock, limits: { connectBurst: 2, connectsPerSecond: 10 } });
    await Promise.all([client(broker, 'a'), client(broker, 'b')]);
    const late = await open(broker);
    late.socket.write(connectPacket('late'));
    await waitFor('it to wait', () => broker.figures()['limits/connections/delayed'] === 1);
    expect([late.received.length, broker.figures()['clients/connected']]).toEqual([0, 2]);
    clock.advance(99);
    expect(broker.figures()['clients/connected']).toBe(2);
    clock.advance(1);
    await late.until('the CONNACK', (received) => received.length >= 4);
    expect(broker.figures()['clients/connected']).toBe(3);
  });

  it('may send as many packets before its CONNACK as the limit says, and no more', async () => {
    const broker = await start({ limits: { packetsBeforeConnackMax: 3 } });
    const hasty = async (packets: number): Promise<RawClient> => {
      const raw = await open(broker);
      raw.socket.write(Buffer.concat([connectPacket('hasty'), ...Array.from({ length: packets }, () => ping)]));
      return raw;
    };
    const allowed = await hasty(3);
    await allowed.until('the CONNACK and three PINGRESPs', (received) => received.length === 4 + 3 * 2);
    await (await hasty(4)).closed();
  });
});

/** A client whose end of the line takes nothing while it is stalled; what it took is kept. */
class Stalling extends Duplex {
  isStalled = false;
  private taken = 0;

  constructor() {
    // One byte: whatever waits is seen to wait.
    super({ writableHighWaterMark: 1 });
    this.on('error', () => undefined);
  }

  override _read(): void {
    // What it says is pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.taken += chunk.length;
    this.emit('change');
    if (!this.isStalled) done();
  }

  async took(bytes: number): Promise<void> {
    await waitFor(`${bytes} bytes to be taken`, () => this.taken >= bytes, { emitter: this });
  }
}

describe('a client that takes nothing', () => {
  async function stalledAt(broker: Broker): Promise<Stalling> {
    const stream = new Stalling();
    closers.push(() => {
      stream.destroy();
    });
    broker.accept(stream);
    stream.push(connectPacket('stalled'));
    await stream.took(4);
    stream.push(subscribePacket([['t', 0]]));
    await stream.took(4 + 5);
    stream.isStalled = true;
    return stream;
  }
  /** Resolves when they have been handed out. */
  async function publish(writer: RawClient, messages: number): Promise<void> {
    const before = writer.received.length;
    // With the topic, and what a packet costs beside it (200), 1,000 bytes each.
    for (let at = 0; at < messages; at += 1) writer.socket.write(publishPacket('t', Buffer.alloc(799), 0));
    writer.socket.write(publishPacket('end', 'x', 2, 1));
    await writer.until('the PUBACK', (received) => received.length >= before + 4);
  }

  it('is let go with the first message beyond what is kept for it, and not before', async () => {
    const broker = await start({ limits: { clientBacklogBytesMax: 10_000 } });
    const stalled = await stalledAt(broker);
    const writer = await client(broker, 'writer');
    await publish(writer, 10);
    expect([stalled.destroyed, broker.figures()['limits/clients/slow']]).toEqual([false, 0]);
    await publish(writer, 1);
    expect([stalled.destroyed, broker.figures()['limits/clients/slow']]).toEqual([true, 1]);
  });

  it('is let go after its time, and no other is', async () => {
    const broker = await start({ limits: { drainWithinMs: 100 } });
    const stalled = await stalledAt(broker);
    const reader = await client(broker, 'reader');
    reader.socket.write(subscribePacket([['t', 0]]));
    await reader.until('the SUBACK', (received) => received.length >= 9);
    await publish(await client(broker, 'writer'), 1);
    await waitFor('the stalled client to be let go', () => stalled.destroyed && broker.figures()['clients/connected'] === 2);
    expect(reader.isClosed).toBe(false);
  });
});
