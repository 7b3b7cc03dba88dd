/** The embedded broker beyond the conformance suite: its store, its port, and what it must not do to its clients. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../bus/broker.ts';
import { BrokerPortTakenError } from '../../bus/broker-listeners.ts';
import { BrokerStoreLockedError } from '../../bus/broker-store.ts';
import { createLog, silentLog } from '../../bus/log.ts';
import { brokerProcess } from '../kit/broker-process.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { freePort } from '../kit/mosquitto.ts';
import { waitFor } from '../kit/wait.ts';

let directory: string;
const closers: (() => Promise<void>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog, ...options });
  closers.push(() => broker.close());
  return broker;
}
const client = (broker: { readonly port: number }, clientId: string, clean = true): Promise<TestClient> =>
  TestClient.connect(transportTo(`mqtt://127.0.0.1:${broker.port}`), { clientId, clean });

/** A bare socket on which a test says exactly what it wants; bytes that the broker answers are collected. */
async function rawClient(port: number): Promise<{ socket: Socket; received: () => Buffer }> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  closers.push(async () => {
    socket.destroy();
  });
  return { socket, received: () => Buffer.concat(chunks) };
}
/** CONNECT of client `raw`, clean, no keepalive. */
const connectPacket = Buffer.from([0x10, 15, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 0, 0, 3, ...Buffer.from('raw')]);

describe('the port of the embedded broker', () => {
  it('that is taken is named in an error that says what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      server.close();
      await once(server, 'close');
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const failure = startBroker({ host: '127.0.0.1', port, dataDir: join(directory, 'broker'), log: silentLog });
    await expect(failure).rejects.toBeInstanceOf(BrokerPortTakenError);
    await expect(failure).rejects.toThrow(new RegExp(`port ${port} .*stop that program, or choose another port`));
    expect(existsSync(join(directory, 'broker'))).toBe(false);
  });

  it('is free again after close', async () => {
    const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
    const connected = await client(broker, 'a');
    await broker.close();
    expect(await connected.closed()).toBeInstanceOf(Error);
    const again = await start({ port: broker.port });
    expect(again.port).toBe(broker.port);
  });
});

describe('the store of the embedded broker', () => {
  it('keeps retained messages, sessions and their queues through a restart, in order over two lives', async () => {
    const dataDir = join(directory, 'broker');
    const first = await startBroker({ host: '127.0.0.1', port: 0, dataDir, log: silentLog });
    const session = await client(first, 'session', false);
    await session.link.subscribe(['t/#']);
    await session.link.close();
    const writer = await client(first, 'writer');
    await writer.link.publish('d/kept', 'kept', { retain: true });
    await writer.link.publish('d/cleared', 'gone', { retain: true });
    await writer.link.publish('d/cleared', '', { retain: true });
    await Promise.all(Array.from({ length: 300 }, (_, at) => writer.link.publish(`t/${at % 3}`, String(at), { retain: false })));
    await first.close();

    const second = await startBroker({ host: '127.0.0.1', port: 0, dataDir, log: silentLog });
    const writerAgain = await client(second, 'writer');
    await Promise.all(Array.from({ length: 300 }, (_, at) => writerAgain.link.publish(`t/${at % 3}`, String(300 + at), { retain: false })));
    await second.close();

    const third = await start({ dataDir });
    const back = await client(third, 'session', false);
    await back.until('599');
    expect(back.texts).toEqual(Array.from({ length: 600 }, (_, at) => String(at)));
    const reader = await client(third, 'reader');
    await reader.link.subscribe(['#']);
    await reader.link.publish('fence', 'fence', { retain: false });
    await reader.until('fence');
    expect(reader.texts).toEqual(['kept', 'fence']);
  });

  it('loses nothing acknowledged to a kill -9 at full speed', async () => {
    const dataDir = join(directory, 'broker');
    const port = await freePort();
    const acknowledged: number[] = [];
    const transport = transportTo(`mqtt://127.0.0.1:${port}`);
    let next = 0;
    for (let life = 0; life < 3; life += 1) {
      const killed = await brokerProcess(port, dataDir);
      closers.push(killed.kill);
      if (life === 0) {
        const session = await TestClient.connect(transport, { clientId: 'session', clean: false });
        await session.link.subscribe(['t']);
        await session.link.close();
      }
      const writer = await TestClient.connect(transport, { clientId: 'writer' });
      const until = acknowledged.length + 2_000;
      const sending = [];
      while (acknowledged.length < until) {
        const number = next;
        next += 1;
        const sent = writer.link.publish('t', String(number), { retain: false }).then(() => acknowledged.push(number));
        sending.push(sent.catch(() => undefined));
        if (number % 500 === 499) await Promise.race([sent, writer.closed()]);
      }
      await killed.kill();
      await Promise.all(sending);
    }
    const killed = await brokerProcess(port, dataDir);
    closers.push(killed.kill);
    const back = await TestClient.connect(transport, { clientId: 'session', clean: false });
    await back.link.publish('t', 'end', { retain: false });
    await back.until('end');
    const arrived = new Set(back.texts);
    expect(acknowledged.filter((number) => !arrived.has(String(number)))).toEqual([]);
    await killed.kill();
  });

  it('that cannot be read is set aside, which is said, and the broker starts', async () => {
    const dataDir = join(directory, 'broker');
    await (await startBroker({ host: '127.0.0.1', port: 0, dataDir, log: silentLog })).close();
    writeFileSync(join(dataDir, 'CURRENT'), 'nonsense');
    const lines: string[] = [];
    const broker = await start({ dataDir, log: createLog({ level: 'error', destination: { write: (line) => lines.push(line) } }) });
    const one = await client(broker, 'a');
    await one.link.publish('t', 'works', { retain: true });
    const aside = readdirSync(directory).filter((name) => /^broker\.corrupt-\d+$/.test(name));
    expect(aside).toHaveLength(1);
    expect(lines.join('')).toContain(aside[0]);
  });

  it('that another process uses is refused, not set aside', async () => {
    const dataDir = join(directory, 'broker');
    await start({ dataDir });
    await expect(startBroker({ host: '127.0.0.1', port: 0, dataDir, log: silentLog })).rejects.toBeInstanceOf(BrokerStoreLockedError);
    expect(readdirSync(directory)).toEqual(['broker']);
  });
});

describe('the embedded broker', () => {
  it('takes the retain flag off where nothing is ever retained, and lets an older retained message be cleared', async () => {
    const dataDir = join(directory, 'broker');
    const before = await startBroker({ host: '127.0.0.1', port: 0, dataDir, log: silentLog });
    const careless = await client(before, 'careless');
    await careless.link.publish('root/actions/approved/bob', 'stored by an older version', { retain: true });
    await before.close();

    const broker = await start({ dataDir, requestPrefixes: ['root/actions'] });
    const writer = await client(broker, 'writer');
    const live = await client(broker, 'live');
    await live.link.subscribe(['root/actions/rejected/+']);
    await writer.link.publish('root/actions/rejected/bob', 'a request', { retain: true });
    await live.until('a request');
    await writer.link.publish('root/actions/approved/bob', '', { retain: true });
    await writer.link.publish('root/actionsland', 'elsewhere', { retain: true });
    const late = await client(broker, 'late');
    await late.link.subscribe(['root/#']);
    await late.link.publish('root/fence', 'fence', { retain: false });
    await late.until('fence');
    expect(late.texts).toEqual(['elsewhere', 'fence']);
  });

  it('acknowledges and drops a publish to its own topics, and the connection goes on', async () => {
    const broker = await start();
    const one = await client(broker, 'one');
    await one.link.subscribe(['$SYS/#', 't']);
    await one.link.publish('$SYS/broker/connection/edge/state', '1', { retain: true });
    await one.link.publish('t', 'still here', { retain: false });
    await one.until('still here');
    expect(one.seen.filter((each) => each.topic.startsWith('$SYS/broker/connection'))).toEqual([]);
    expect(one.closings).toEqual([]);
  });

  it('refuses a shared subscription, which it would not serve', async () => {
    const broker = await start();
    const one = await client(broker, 'one');
    await expect(one.link.subscribe(['$share/group/t'])).rejects.toThrow(/\$share\/group\/t/);
    expect(one.closings).toEqual([]);
  });

  it('does not keep a publisher or anyone else waiting for a subscriber that reads nothing', async () => {
    const broker = await start();
    const stalled = await rawClient(broker.port);
    stalled.socket.write(connectPacket);
    await waitFor('the CONNACK', () => stalled.received().length >= 4);
    // SUBSCRIBE to `big` with QoS 0, and then never read again.
    stalled.socket.write(Buffer.from([0x82, 8, 0, 1, 0, 3, ...Buffer.from('big'), 0]));
    await waitFor('the SUBACK', () => stalled.received().length >= 9);
    stalled.socket.pause();
    const reader = await client(broker, 'reader');
    await reader.link.subscribe(['big', 'end']);
    const writer = await client(broker, 'writer');
    const payload = 'x'.repeat(60_000);
    // 30 MB: more than the broker keeps for one client and what the socket buffers hold; the stalled one is let go.
    for (let lot = 0; lot < 10; lot += 1) {
      await Promise.all(Array.from({ length: 50 }, () => writer.link.publish('big', payload, { retain: false })));
      await waitFor('the reader to keep up', () => reader.seen.length >= (lot + 1) * 50, { emitter: reader });
    }
    await writer.link.publish('end', 'end', { retain: false });
    await reader.until('end');
    expect(reader.seen).toHaveLength(501);
    stalled.socket.resume();
    await waitFor('the stalled client to be disconnected', () => stalled.socket.destroyed || stalled.socket.readableEnded);
  });

  it('closes a connection that announces a packet beyond its limit, before the packet has come', async () => {
    const broker = await start();
    const greedy = await rawClient(broker.port);
    greedy.socket.write(connectPacket);
    await waitFor('the CONNACK', () => greedy.received().length >= 4);
    // PUBLISH with a remaining length of 268,435,455.
    greedy.socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x74]));
    await waitFor('the broker to close', () => greedy.socket.destroyed || greedy.socket.readableEnded);
    const other = await client(broker, 'other');
    await other.link.publish('t', 'fine', { retain: false });
  });

  it('takes ten thousand plain publishes in one go', async () => {
    const broker = await start();
    const reader = await client(broker, 'reader');
    await reader.link.subscribe(['t', 'r']);
    const raw = await rawClient(broker.port);
    const publish = (topic: string, text: string, flags: number): Buffer =>
      Buffer.from([flags, 2 + topic.length + text.length, 0, topic.length, ...Buffer.from(topic), ...Buffer.from(text)]);
    // A retained one first, so that the others (QoS 0) pile up behind its store.
    const all = [connectPacket, publish('r', 'first', 0x31), ...Array.from({ length: 10_000 }, (_, at) => publish('t', String(at), 0x30))];
    raw.socket.write(connectPacket);
    await waitFor('the CONNACK', () => raw.received().length >= 4);
    raw.socket.write(Buffer.concat(all.slice(1)));
    await reader.until('9999');
    expect(reader.texts).toEqual(['first', ...Array.from({ length: 10_000 }, (_, at) => String(at))]);
  });
});
