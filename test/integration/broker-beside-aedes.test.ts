/** Each weakness of plain aedes that the embedded broker cures, shown on both: the same bytes, the other outcome. docs/broker.md names the rest. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import memoryPersistence from 'aedes-persistence';
import levelPersistence from 'aedes-persistence-level';
import { Level } from 'level';
import { afterEach, describe, expect, it } from 'vitest';
import { type BrokerOptions, startBroker } from '../../bus/broker.ts';
import { Admission } from '../../bus/broker-admission.ts';
import type { BrokerInternals } from '../../bus/broker-aedes.ts';
import { newCounters, ReportOnce } from '../../bus/broker-counters.ts';
import { defaultBrokerLimits } from '../../bus/broker-limits.ts';
import { PublishOrder } from '../../bus/broker-order.ts';
import { silentLog } from '../../bus/log.ts';
import { publishPacket, subscribePacket } from '../kit/broker-fuzz-inputs.ts';
import { type PlainAedes, startPlainAedes } from '../kit/plain-aedes.ts';
import { RawClient } from '../kit/raw-client.ts';
import { waitFor } from '../kit/wait.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function ours(options: Partial<BrokerOptions> = {}): Promise<number> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog, ...options });
  closers.push(() => broker.close());
  return broker.port;
}
async function plain(options: Parameters<typeof startPlainAedes>[0] = {}): Promise<number> {
  const broker = await startPlainAedes(options);
  closers.push(() => broker.close());
  return broker.port;
}
async function client(port: number, id: string, flags = 2): Promise<RawClient> {
  const raw = await RawClient.connected(port, id, flags);
  closers.push(() => {
    raw.socket.destroy();
  });
  return raw;
}
const has = (text: string) => (received: Buffer) => received.includes(text);
const directory = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'beside-'));
  closers.push(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
};

describe('messages that are retained and messages that are not, in turn', () => {
  async function arrived(port: number): Promise<number> {
    const reader = await client(port, 'reader');
    reader.socket.write(subscribePacket([['t/#', 0]]));
    await reader.until('the SUBACK', (received) => received.length >= 9);
    const writer = await client(port, 'writer');
    writer.socket.write(Buffer.concat(Array.from({ length: 1_000 }, (_, at) => publishPacket(`t/${at % 2}`, `message-${at}.`, at % 2))));
    writer.socket.write(publishPacket('t/end', 'the end', 1));
    await reader.until('the last message', has('the end'));
    return reader.received.toString('latin1').match(/message-\d+\./g)?.length ?? 0;
  }

  it('are half lost by plain aedes, which drops what was overtaken', async () => {
    expect(await arrived(await plain())).toBeLessThan(600);
  });

  it('all arrive', async () => {
    expect(await arrived(await ours())).toBe(1_000);
  });
});

describe('a packet that announces 256 MB, before any login', () => {
  const announcement = Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]);

  it('is collected by plain aedes', async () => {
    const raw = await RawClient.open(await plain());
    closers.push(() => {
      raw.socket.destroy();
    });
    raw.socket.write(announcement);
    // 4 MB: were there a limit that anybody would set, it would be far behind.
    for (let at = 0; at < 64; at += 1) await new Promise((resolve) => raw.socket.write(Buffer.alloc(65_536), resolve));
    expect(raw.isClosed).toBe(false);
  });

  it('closes the connection at its fifth byte', async () => {
    const raw = await RawClient.open(await ours());
    raw.socket.write(announcement);
    await raw.closed();
    expect(raw.received).toHaveLength(0);
  });
});

describe('a topic of ill-formed UTF-8', () => {
  const bad = publishPacket(Buffer.from([0x74, 0xff, 0xfe]), 'x', 2, 1);
  const good = publishPacket('\ufffd', 'x', 2, 2);

  it('is taken by plain aedes, under another name', async () => {
    const raw = await client(await plain(), 'raw');
    raw.socket.write(bad);
    await raw.until('the PUBACK', (received) => received.length >= 8);
  });

  it('closes the connection, and a replacement character that was sent does not', async () => {
    const port = await ours();
    const raw = await client(port, 'raw');
    raw.socket.write(bad);
    await raw.closed();
    expect(raw.received).toHaveLength(4);
    const honest = await client(port, 'honest');
    honest.socket.write(good);
    await honest.until('the PUBACK', (received) => received.length >= 8);
  });
});

describe('a publish to a topic of too many levels', () => {
  it('closes the connection to plain aedes, whose client sends it again for ever', async () => {
    const raw = await client(await plain(), 'raw');
    raw.socket.write(publishPacket('a/'.repeat(150), 'x', 2, 1));
    await raw.closed();
    expect(raw.received).toHaveLength(4);
  });

  it('is acknowledged and dropped, and a filter like it is refused; the connection goes on', async () => {
    const raw = await client(await ours(), 'raw');
    raw.socket.write(publishPacket('a/'.repeat(150), 'x', 2, 1));
    await raw.until('the PUBACK', (received) => received.length >= 8);
    raw.socket.write(
      subscribePacket(
        [
          ['+/'.repeat(150), 1],
          ['#', 1],
          ['b/'.repeat(99), 0],
        ],
        7,
      ),
    );
    await raw.until('the SUBACK', (received) => received.length >= 15);
    expect([...raw.received.subarray(8)]).toEqual([0x90, 5, 0, 7, 128, 1, 128]);
    raw.socket.write(publishPacket('still', 'here'));
    await raw.until('its own message', has('here'));
  });
});

describe('a persistent session with overlapping filters of different QoS', () => {
  async function queued(port: number): Promise<string> {
    const away = await client(port, 'away', 0);
    away.socket.write(subscribePacket([['a/#', 1]], 1));
    await away.until('the first SUBACK', (received) => received.length >= 9);
    away.socket.write(subscribePacket([['a/b', 0]], 2));
    await away.until('the second SUBACK', (received) => received.length >= 14);
    away.socket.end(Buffer.from([0xe0, 0]));
    await away.closed();
    const writer = await client(port, 'writer');
    writer.socket.write(publishPacket('a/c', 'meant for the session', 2, 1));
    await writer.until('the PUBACK', (received) => received.length >= 8);
    const back = await client(port, 'away', 0);
    back.socket.write(publishPacket('a/b', 'fence'));
    await back.until('the fence', has('fence'));
    return back.received.toString('latin1');
  }

  it('loses what is published meanwhile on plain aedes with a disk', async () => {
    const db = new Level(directory(), { valueEncoding: 'buffer' });
    closers.push(() => db.close());
    expect(await queued(await plain({ persistence: levelPersistence(db) }))).not.toContain('meant for the session');
  });

  it('gets it', async () => {
    expect(await queued(await ours({ dataDir: join(directory(), 'broker') }))).toContain('meant for the session');
  });
});

describe('a wildcard subscription with QoS 1', () => {
  async function firstByte(port: number): Promise<number | undefined> {
    const reader = await client(port, 'reader');
    reader.socket.write(subscribePacket([['t/+', 1]]));
    await reader.until('the SUBACK', (received) => received.length >= 9);
    const writer = await client(port, 'writer');
    writer.socket.write(publishPacket('t/x', 'twice', 4, 1));
    await reader.until('the message', has('twice'));
    return reader.received[9];
  }

  it('gets a QoS 2 message as QoS 2 from plain aedes, and as QoS 1 as it asked for', async () => {
    expect(await firstByte(await plain())).toBe(0x34);
    expect(await firstByte(await ours())).toBe(0x32);
  });
});

describe('a QoS 1 message that cannot be stored', () => {
  async function onFullDisk(): Promise<PlainAedes> {
    const fullDisk = { storeRetained: () => Promise.reject(new Error('disk full')) };
    const persistence = Object.assign((memoryPersistence as unknown as () => Record<string, unknown>)(), fullDisk);
    const broker = await startPlainAedes({ persistence });
    closers.push(() => broker.close());
    return broker;
  }
  const message = publishPacket('t', 'x', 3, 1);

  it('is acknowledged by plain aedes all the same', async () => {
    const raw = await client((await onFullDisk()).port, 'raw');
    raw.socket.write(message);
    await raw.until('the PUBACK', (received) => received.length >= 8);
  });

  it('is not acknowledged: its client keeps it', async () => {
    const { aedes, port } = await onFullDisk();
    const internals = aedes as unknown as BrokerInternals;
    const rules = {
      limits: defaultBrokerLimits,
      counters: newCounters(),
      reports: new ReportOnce(),
      log: silentLog,
      requestPrefixes: [],
      statusFilters: [],
      logins: null,
      onRetained: () => undefined,
    };
    const retention = { hasRoom: () => false, admits: () => true, write: () => Promise.reject(new Error('disk full')) };
    new Admission(rules).attach(internals, new PublishOrder(internals, retention, silentLog));
    const raw = await client(port, 'raw');
    raw.socket.write(message);
    await raw.closed();
    expect(raw.received).toHaveLength(4);
  });
});

describe('one subscriber that reads nothing', () => {
  const bigPublish = publishPacket('big', Buffer.alloc(60_000, 'x'));
  async function stall(port: number): Promise<void> {
    const stalled = await client(port, 'stalled');
    stalled.socket.write(subscribePacket([['big', 0]]));
    await stalled.until('the SUBACK', (received) => received.length >= 9);
    stalled.socket.pause();
    for (let at = 0; at < 8; at += 1) {
      const writer = await client(port, `writer-${at}`);
      for (let count = 0; count < 40; count += 1) writer.socket.write(bigPublish);
    }
  }

  it('uses up what plain aedes does at once, so that nothing goes on for anybody', async () => {
    // Its default is 100 places, which need more writers, not other ones.
    const broker = await startPlainAedes({ concurrency: 8 });
    closers.push(() => broker.close());
    await stall(broker.port);
    const { mq } = broker.aedes as unknown as { mq: { current: number } };
    await waitFor('every place to be taken', () => mq.current >= 8);
  });

  it('holds up nobody else', async () => {
    const port = await ours();
    await stall(port);
    const other = await client(port, 'other');
    other.socket.write(subscribePacket([['small', 0]]));
    other.socket.write(publishPacket('small', 'arrived'));
    await other.until('its own message', has('arrived'));
  });
});
