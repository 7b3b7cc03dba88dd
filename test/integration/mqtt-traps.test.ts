/** What MQTT.js and TCP do to those who trust them, each as the symptom that our link must not show. */
import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startBroker } from '../../bus/broker.ts';
import { DeadlineError } from '../../bus/clock.ts';
import { createLog, silentLog } from '../../bus/log.ts';
import { ConnectionRefusedError, createMqttTransport, publishWindow } from '../../bus/mqtt-link.ts';
import { payloadBytesMax } from '../../contracts/defaults.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { type Script, ScriptedBroker } from '../kit/scripted-broker.ts';
import { waitFor } from '../kit/wait.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function embedded(): Promise<string> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
  closers.push(() => broker.close());
  return `mqtt://127.0.0.1:${broker.port}`;
}
async function scripted(script: Script = {}): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.start(script);
  closers.push(() => broker.stop());
  return broker;
}
/** A QoS 1 PUBLISH of a short topic and payload, message id 1. */
const publishPacket = (topic: string, text: string): Buffer =>
  Buffer.from([0x32, 4 + topic.length + text.length, 0, topic.length, ...Buffer.from(topic), 0, 1, ...Buffer.from(text)]);

describe('a connection', () => {
  it('does not take 88 ms for a QoS 1 round trip: TCP_NODELAY is set on both ends', async () => {
    const sockets: Socket[] = [];
    const note = (message: unknown): void => {
      sockets.push((message as { socket: Socket }).socket);
    };
    diagnostics.subscribe('net.client.socket', note);
    diagnostics.subscribe('net.server.socket', note);
    try {
      const url = await embedded();
      const one = await TestClient.connect(transportTo(url), { clientId: 'one' });
      await one.link.subscribe(['t']);
      await one.link.publish('t', 'ping', { retain: false });
      await one.until('ping');
    } finally {
      diagnostics.unsubscribe('net.client.socket', note);
      diagnostics.unsubscribe('net.server.socket', note);
    }
    // Node has no getter for the option; it remembers what it set under this symbol.
    const noDelay = sockets.map((socket) => {
      const key = Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'kSetNoDelay');
      return key === undefined ? 'unknown' : (socket as unknown as Record<symbol, unknown>)[key];
    });
    expect(noDelay).toEqual([true, true]);
  });

  it('is reported although unacknowledged messages were left from before', async () => {
    const broker = await scripted();
    const transport = transportTo(broker.url);
    const first = await TestClient.connect(transport, { clientId: 'one', clean: false });
    const lost = Promise.allSettled(Array.from({ length: 300 }, (_, at) => first.link.publish('t', String(at), { retain: false })));
    await first.link.close({ abrupt: true });
    expect((await lost).every((each) => each.status === 'rejected')).toBe(true);
    const second = await TestClient.connect(transport, { clientId: 'one', clean: false });
    expect(second.closings).toEqual([]);
    // And nothing of the first is sent again behind our back: only the CONNECT has come.
    expect(broker.received[1]?.indexOf(Buffer.from('299'))).toBe(-1);
  });

  it('that was refused is refused with the reason, and can be tried again', async () => {
    const broker = await scripted({ returnCode: (connection) => (connection === 0 ? 3 : 0) });
    const transport = transportTo(broker.url);
    const refused = TestClient.connect(transport, { clientId: 'one' });
    await expect(refused).rejects.toBeInstanceOf(ConnectionRefusedError);
    await expect(refused).rejects.toMatchObject({ code: 3, message: expect.stringContaining('Server unavailable') });
    const again = await TestClient.connect(transport, { clientId: 'one' });
    expect(again.closings).toEqual([]);
  });

  it('to a broker that accepts and says nothing ends at its deadline', async () => {
    const broker = await scripted({ returnCode: () => null });
    const silent = TestClient.connect(transportTo(broker.url), { clientId: 'one', connectTimeoutMs: 200 });
    await expect(silent).rejects.toBeInstanceOf(DeadlineError);
  });

  it('that is half open is found by its keepalive', async () => {
    const broker = await scripted();
    const one = await TestClient.connect(transportTo(broker.url), { clientId: 'one', keepaliveS: 1 });
    const waiting = one.link.publish('t', 'into the void', { retain: false });
    await expect(waiting).rejects.toMatchObject({ name: 'LinkClosedError' });
    expect((await one.closed())?.message).toContain('Keepalive timeout');
  });

  it('does not lose what came in one packet with the CONNACK', async () => {
    const broker = await scripted({ afterConnack: publishPacket('t', 'queued') });
    const one = await TestClient.connect(transportTo(broker.url), { clientId: 'one', clean: false });
    expect(one.seen).toEqual([]);
    await one.until('queued');
  });

  it('goes to the second broker of the list when the first is away, and names both when neither is there', async () => {
    const gone = await ScriptedBroker.start();
    const goneUrl = gone.url;
    await gone.stop();
    const broker = await scripted();
    const one = await TestClient.connect(transportTo(goneUrl, broker.url), { clientId: 'one' });
    expect(one.closings).toEqual([]);
    const nobody = transportTo(goneUrl.replace('mqtt://', 'mqtt://user:secret@'), goneUrl);
    await expect(TestClient.connect(nobody, { clientId: 'one' })).rejects.toThrow(/^no broker could be reached: (?!.*secret).*ECONNREFUSED.*ECONNREFUSED/);
  });

  it('uses the credentials of its URL and does not show them', async () => {
    const broker = await scripted();
    const transport = transportTo(broker.url.replace('mqtt://', 'mqtt://observer-vps:p%40ss@'));
    await TestClient.connect(transport, { clientId: 'one', username: 'somebody else' });
    const connect = broker.received[0]?.toString('latin1') ?? '';
    expect(connect).toContain('observer-vps');
    expect(connect).toContain('p@ss');
    expect(transport.description).toBe(broker.url);
  });

  it('survives a listener that throws', async () => {
    const url = await embedded();
    const lines: string[] = [];
    const transport = createMqttTransport({ urls: [url], log: createLog({ level: 'error', destination: { write: (line) => lines.push(line) } }) });
    const seen: string[] = [];
    const link = await transport.connect(
      { clientId: 'one', clean: true, keepaliveS: 30, connectTimeoutMs: 5_000 },
      {
        onMessage: ({ payload }) => {
          seen.push(payload.toString());
          throw new Error('a bug in a listener');
        },
        onClose: () => {
          throw new Error('another bug');
        },
      },
    );
    await link.subscribe(['t']);
    await link.publish('t', 'first', { retain: false });
    await link.publish('t', 'second', { retain: false });
    await waitFor('both messages', () => seen.length === 2);
    await link.close();
    expect(lines.join('')).toContain('a bug in a listener');
    expect(lines.join('')).toContain('another bug');
  });

  it('is not fought over by two clients with one id: the first ends, once, and does not come back by itself', async () => {
    const transport = transportTo(await embedded());
    const first = await TestClient.connect(transport, { clientId: 'twin' });
    const second = await TestClient.connect(transport, { clientId: 'twin' });
    expect(await first.closed()).toBeInstanceOf(Error);
    await second.link.subscribe(['t']);
    await second.link.publish('t', 'still here', { retain: false });
    await second.until('still here');
    expect([first.closings.length, second.closings.length]).toEqual([1, 0]);
  });
});

describe('a publish', () => {
  it('that is too large is refused at once, and those behind it pass', async () => {
    const one = await TestClient.connect(transportTo(await embedded()), { clientId: 'one' });
    await one.link.subscribe(['t']);
    const tooLarge = one.link.publish('t', 'x'.repeat(payloadBytesMax + 1), { retain: false });
    const largest = one.link.publish('t', 'y'.repeat(payloadBytesMax), { retain: false });
    const next = one.link.publish('t', 'next', { retain: false });
    await expect(tooLarge).rejects.toMatchObject({ name: 'PayloadTooLargeError', message: expect.stringContaining(String(payloadBytesMax)) });
    await Promise.all([largest, next]);
    await one.until('next');
    expect(one.seen.map((each) => each.text.length)).toEqual([payloadBytesMax, 4]);
  });

  it('on a closed link settles', async () => {
    const one = await TestClient.connect(transportTo(await embedded()), { clientId: 'one' });
    await one.link.close();
    await expect(one.link.publish('t', 'x', { retain: false })).rejects.toMatchObject({ name: 'LinkClosedError' });
    await expect(one.link.subscribe(['t'])).rejects.toMatchObject({ name: 'LinkClosedError' });
  });

  it('without a PUBACK does not hold up a clean close, which still says DISCONNECT', async () => {
    const broker = await scripted();
    const one = await TestClient.connect(transportTo(broker.url), { clientId: 'one' });
    const unacknowledged = Promise.allSettled([one.link.publish('t', 'x', { retain: false }), one.link.subscribe(['t'])]);
    await one.link.close();
    await one.link.close();
    expect((await unacknowledged).map((each) => each.status)).toEqual(['rejected', 'rejected']);
    expect(one.closings).toEqual([null]);
    expect(broker.received[0]?.subarray(-2)).toEqual(Buffer.from([0xe0, 0x00]));
  });

  it('is one of more than 65,535 at once, and every one of them settles, in order', async () => {
    const transport = transportTo(await embedded());
    const one = await TestClient.connect(transport, { clientId: 'one' });
    await one.link.subscribe(['t']);
    const settled: number[] = [];
    const all = Array.from({ length: 66_000 }, (_, at) =>
      one.link.publish('t', String(at), { retain: false }).then(() => {
        settled.push(at);
      }),
    );
    await Promise.all(all);
    await one.until('65999');
    expect(settled).toEqual(Array.from({ length: 66_000 }, (_, at) => at));
    expect(one.texts).toEqual(settled.map(String));
  });

  it('waits in the link when as many as the window are unacknowledged, and is rejected with them when the connection ends', async () => {
    const broker = await scripted();
    const one = await TestClient.connect(transportTo(broker.url), { clientId: 'one' });
    const all = Promise.allSettled(Array.from({ length: 70_000 }, () => one.link.publish('t', 'x', { retain: false })));
    // Type and flags, length, topic length, topic, message id, payload.
    const packetBytes = 1 + 1 + 2 + 1 + 2 + 1;
    const connectBytes = 2 + 10 + 2 + 'one'.length;
    await waitFor('a window of publishes', () => (broker.received[0]?.length ?? 0) >= connectBytes + publishWindow * packetBytes, { emitter: broker });
    await one.link.close({ abrupt: true });
    const results = await all;
    expect(results.filter((each) => each.status === 'rejected')).toHaveLength(70_000);
    expect(broker.received[0]).toHaveLength(connectBytes + publishWindow * packetBytes);
  });
});
