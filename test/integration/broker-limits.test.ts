/** What the embedded broker refuses, and that it says so, counts it and goes on. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../bus/broker.ts';
import type { BrokerLogins } from '../../bus/broker-access.ts';
import { createLog, silentLog } from '../../bus/log.ts';
import { connectPacket, packet, publishPacket, subscribePacket } from '../kit/broker-fuzz-inputs.ts';
import { RawClient } from '../kit/raw-client.ts';
import { StepClock } from '../kit/step-clock.ts';
import { waitFor } from '../kit/wait.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog, ...options });
  closers.push(() => broker.close());
  return broker;
}
async function client({ port }: Broker, id: string, flags = 2): Promise<RawClient> {
  const raw = await RawClient.connected(port, id, flags);
  closers.push(() => {
    raw.socket.destroy();
  });
  return raw;
}
const has = (text: string) => (received: Buffer) => received.includes(text);
const text = (value: string): Buffer => Buffer.from([0, value.length, ...Buffer.from(value)]);
const logTo = (lines: string[]): BrokerOptions['log'] => createLog({ level: 'info', destination: { write: (line) => lines.push(line) } });

describe('the embedded broker', () => {
  it('takes no packet above its limit, a smaller one before the CONNACK', async () => {
    const broker = await start({ limits: { packetBytesMax: 50_000, connectPacketBytesMax: 1_000 } });
    // Beside the name, a CONNECT without anything else has 12 bytes, and a QoS 0 publish to `big` 5 beside the payload.
    const early = await RawClient.open(broker.port);
    early.socket.write(connectPacket('x'.repeat(989)));
    await early.closed();
    expect(early.received).toHaveLength(0);
    const late = await client(broker, 'x'.repeat(988));
    late.socket.write(subscribePacket([['big', 0]]));
    late.socket.write(publishPacket('big', Buffer.alloc(49_995, 'x')));
    await late.until('the packet at the limit', (received) => received.length > 49_995);
    late.socket.write(publishPacket('big', Buffer.alloc(49_996, 'x')));
    await late.closed();
    expect(broker.figures()['limits/connections/failed']).toBe(2);
  });

  it('closes a connection whose packet does not become whole', async () => {
    const raw = await client(await start({ limits: { packetWithinMs: 50 } }), 'half');
    raw.socket.write(publishPacket('t', 'half a message').subarray(0, 8));
    await raw.closed();
  });

  it('refuses connections beyond its number, keeps the others, and has room again', async () => {
    const broker = await start({ limits: { connectionsMax: 3 } });
    const inside = await Promise.all(['a', 'b', 'c'].map((id) => client(broker, id)));
    const fourth = await RawClient.open(broker.port);
    await fourth.closed();
    expect(inside.map((each) => each.isClosed)).toEqual([false, false, false]);
    inside[0]?.socket.destroy();
    await waitFor('room', () => broker.figures()['limits/connections/open'] === 2);
    await client(broker, 'd');
    expect(broker.figures()['limits/connections/refused']).toBe(1);
  });

  it('refuses filters beyond its number in the SUBACK, and takes one again that was given back', async () => {
    const broker = await start({ limits: { subscriptionsPerClientMax: 2 } });
    const raw = await client(broker, 'greedy', 0);
    raw.socket.write(subscribePacket(['a', 'b', 'c'].map((filter) => [filter, 1] as const)));
    await raw.until('the SUBACK', (received) => received.length >= 11);
    expect([...raw.received.subarray(8)]).toEqual([1, 1, 128]);
    raw.socket.write(packet(0xa2, Buffer.from([0, 2]), text('a')));
    await raw.until('the UNSUBACK', (received) => received.length >= 15);
    raw.socket.write(subscribePacket([['c', 0]], 3));
    await raw.until('the second SUBACK', (received) => received.length >= 20);
    expect(raw.received.at(-1)).toBe(0);
    // What was refused is not stored: the session comes back with two filters, and none is refused again.
    raw.socket.end(packet(0xe0));
    await raw.closed();
    await client(broker, 'greedy', 0);
    await waitFor('its two filters', () => broker.figures()['subscriptions/count'] === 2);
    expect(broker.figures()['limits/subscriptions/refused']).toBe(1);
  });

  it('queues no more for an absent session than its limit, and delivers the oldest', async () => {
    const broker = await start({ limits: { queuedMessagesMax: 3 } });
    const away = await client(broker, 'away', 0);
    away.socket.write(subscribePacket([['t', 1]]));
    await away.until('the SUBACK', (received) => received.length >= 9);
    away.socket.end(packet(0xe0));
    await away.closed();
    const writer = await client(broker, 'writer');
    for (let at = 1; at <= 5; at += 1) writer.socket.write(publishPacket('t', `number-${at}`, 2, at));
    await writer.until('five PUBACKs', (received) => received.length >= 4 + 5 * 4);
    const back = await client(broker, 'away', 0);
    back.socket.write(publishPacket('t', 'live'));
    await back.until('the live message', has('live'));
    expect(back.received.toString('latin1').match(/number-\d/g)).toEqual(['number-1', 'number-2', 'number-3']);
    expect(broker.figures()['limits/messages/not_queued']).toBe(2);
  });

  it('queues no more bytes for one absent session than its limit, and forgets none of another', async () => {
    // `t` and seven letters: eight bytes each.
    const broker = await start({ limits: { queuedBytesMax: 16 } });
    for (const [id, filter] of [
      ['away', '+'],
      ['modest', 'u'],
    ] as const) {
      const raw = await client(broker, id, 0);
      raw.socket.write(subscribePacket([[filter, 1]]));
      await raw.until('the SUBACK', (received) => received.length >= 9);
      raw.socket.end(packet(0xe0));
      await raw.closed();
    }
    const writer = await client(broker, 'writer');
    for (const [at, topic] of ['t', 't', 't', 'u'].entries()) writer.socket.write(publishPacket(topic, `letter${at + 1}`, 2, at + 1));
    await writer.until('four PUBACKs', (received) => received.length >= 4 + 4 * 4);
    const letters = async (id: string): Promise<readonly string[] | null> => {
      const back = await client(broker, id, 0);
      back.socket.write(publishPacket(id === 'modest' ? 'u' : 't', 'live'));
      await back.until('the live message', has('live'));
      return back.received.toString('latin1').match(/letter\d/g);
    };
    expect(await letters('away')).toEqual(['letter1', 'letter2']);
    expect(await letters('modest')).toEqual(['letter4']);
    expect(broker.figures()['limits/messages/not_queued']).toBe(2);
  });

  it('takes topics and filters of as many levels as its limit, and drops or refuses one more', async () => {
    const broker = await start({ limits: { topicLevelsMax: 4 } });
    const raw = await client(broker, 'raw');
    raw.socket.write(subscribePacket(['a/+/c/d', 'a/+/c/d/e', '#'].map((filter) => [filter, 0] as const)));
    await raw.until('the SUBACK', (received) => received.length >= 11);
    expect([...raw.received.subarray(8, 11)]).toEqual([0, 128, 0]);
    for (const topic of ['a/b/c/d/e', 'a/b/c/d']) raw.socket.write(publishPacket(topic, `to ${topic}.`));
    await raw.until('the one that is not too deep', has('to a/b/c/d.'));
    expect(raw.received.includes('to a/b/c/d/e.')).toBe(false);
    expect(broker.figures()['limits/messages/not_passed_on']).toBe(1);
  });

  it('holds as many unreleased QoS 2 messages as its limit, takes one again that was released, and disconnects beyond', async () => {
    const broker = await start({ limits: { inboundQos2Max: 2 } });
    const reader = await client(broker, 'reader');
    reader.socket.write(subscribePacket([['t', 0]]));
    const raw = await client(broker, 'raw');
    const answers = (): readonly string[] => raw.received.subarray(4).toString('hex').match(/.{8}/g) ?? [];
    const publish = async (id: number, flags: number, expected: string): Promise<void> => {
      const count = answers().length;
      raw.socket.write(publishPacket('t', `number-${id}`, flags, id));
      await raw.until(expected, () => answers().length > count);
      expect(answers().at(-1)).toBe(expected);
    };
    await publish(1, 4, '50020001');
    await publish(2, 4, '50020002');
    // The first one again, as after a lost PUBREC: it has its place already, and is not passed on twice.
    await publish(1, 4 | 8, '50020001');
    raw.socket.write(packet(0x62, Buffer.from([0, 1])));
    await raw.until('the PUBCOMP', () => answers().at(-1) === '70020001');
    await publish(3, 4, '50020003');
    raw.socket.write(publishPacket('t', 'number-4', 4, 4));
    await raw.closed();
    reader.socket.write(publishPacket('t', 'end'));
    await reader.until('the end', has('end'));
    expect(reader.received.toString('latin1').match(/number-\d/g)).toEqual(['number-1', 'number-2', 'number-3']);
  });

  it('ends a session whose client never comes back, with its queue', async () => {
    const clock = new StepClock();
    const lines: string[] = [];
    const broker = await start({ clock, limits: { sessionExpiryMs: 3_600_000 }, log: logTo(lines) });
    const away = await client(broker, 'away', 0);
    away.socket.write(subscribePacket([['t', 1]]));
    await away.until('the SUBACK', (received) => received.length >= 9);
    away.socket.end(packet(0xe0));
    await away.closed();
    await waitFor('the session to be absent', () => broker.figures()['clients/disconnected'] === 1);
    await clock.run(3_600_000 + 120_000);
    await waitFor('the session to end', () => broker.figures()['limits/sessions/ended'] === 1);
    expect(lines.join('')).toContain('did not come back');
    const back = await client(broker, 'away', 0);
    // Session present: no (3.2.2.2).
    expect([...back.received]).toEqual([0x20, 2, 0, 0]);
  });

  it('delivers what it has no room to retain', async () => {
    const broker = await start({ limits: { retainedMessagesMax: 1 } });
    const raw = await client(broker, 'raw');
    raw.socket.write(subscribePacket([['#', 0]]));
    for (const topic of ['one', 'two']) raw.socket.write(publishPacket(topic, `live ${topic}`, 1));
    await raw.until('both', has('live two'));
    const late = await client(broker, 'late');
    late.socket.write(subscribePacket([['#', 0]]));
    await late.until('the SUBACK', (received) => received.length >= 9);
    late.socket.write(publishPacket('fence', 'fence'));
    await late.until('the fence', has('fence'));
    expect(
      late.received
        .toString('latin1')
        .match(/live \w+/g)
        ?.map((each) => each.slice(0, 8)),
    ).toEqual(['live one']);
    expect(broker.figures()['limits/messages/not_retained']).toBe(1);
  });

  it('refuses MQTT 5 with one log line per client that says what to set', async () => {
    const lines: string[] = [];
    const broker = await start({ log: logTo(lines) });
    const versionFive = packet(0x10, text('MQTT'), Buffer.from([5, 2, 0, 30, 0]), text('modern'));
    for (let times = 0; times < 3; times += 1) {
      const raw = await RawClient.open(broker.port);
      raw.socket.write(versionFive);
      await raw.closed();
      expect([...raw.received]).toEqual([0x20, 2, 0, 1]);
    }
    const said = lines.filter((line) => line.includes('3.1.1'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('"client":"modern"');
    expect(broker.figures()).toMatchObject({ 'limits/connections/mqtt_5': 3, 'limits/connections/mqtt_5_last': 'modern from 127.0.0.1' });
  });

  it('answers a persistent session without a name with "identifier rejected"', async () => {
    const raw = await RawClient.connected((await start()).port, '', 0);
    await raw.closed();
    expect([...raw.received]).toEqual([0x20, 2, 0, 2]);
  });

  it('asks for a password when it has logins, and takes from each only what it may write', async () => {
    const passwords = new Map([
      ['anna', 'secret'],
      ['bob', 'other'],
    ]);
    const logins: BrokerLogins = {
      isAsking: () => true,
      admits: (login, password) => Promise.resolve(passwords.get(login) === password.toString() ? { mark: '' } : 'unknown'),
      isStill: () => true,
      accessOf: (login) => ({ reads: ['root/#'], writes: [`root/actions/approved/${login}`] }),
      onChange: () => undefined,
    };
    const broker = await start({ logins, requestPrefixes: ['root/actions'] });
    const login = async (name: string, password: string): Promise<RawClient> => {
      const raw = await RawClient.open(broker.port);
      closers.push(() => {
        raw.socket.destroy();
      });
      raw.socket.write(connectPacket(name, 2 | 0xc0, [text(name), text(password)]));
      await raw.until('the CONNACK', (received) => received.length >= 4);
      return raw;
    };
    for (const [name, password] of [
      ['anna', 'wrong'],
      ['mallory', 'secret'],
      ['__proto__', 'x'],
    ] as const)
      expect((await login(name, password)).received[3]).toBe(4);
    expect((await RawClient.connected(broker.port, 'nobody')).received[3]).toBe(4);
    const anna = await login('anna', 'secret');
    anna.socket.write(subscribePacket([['#', 0]]));
    anna.socket.write(publishPacket('root/actions/approved/bob', 'forged', 2, 1));
    anna.socket.write(publishPacket('root/actions/approved/anna', 'honest', 2, 2));
    await anna.until('her own request', has('honest'));
    expect(anna.received.includes('forged')).toBe(false);
    expect(broker.figures()['limits/messages/not_passed_on']).toBe(1);
  });
});

describe('a thousand clients with persistent sessions that all come back at once', () => {
  it('are all let in again, while somebody else goes on', async () => {
    const broker = await start({ limits: { connectBurst: 300, connectsPerSecond: 400 } });
    const other = await client(broker, 'other');
    other.socket.write(subscribePacket([['other', 0]]));
    for (let round = 1; round <= 2; round += 1) {
      const all = await Promise.all(Array.from({ length: 1_000 }, () => RawClient.open(broker.port)));
      for (const [at, each] of all.entries()) each.socket.write(connectPacket(`client-${at}`, 0));
      // One wait for all: a thousand that poll would be the load, not the clients.
      await waitFor('all CONNACKs', () => all.every((each) => each.socket.bytesRead >= 4), { deadlineMs: 30_000 });
      expect(all.filter((each) => each.received[3] !== 0)).toEqual([]);
      if (round === 1) for (const each of all) each.socket.write(subscribePacket([['all', 1]]));
      await waitFor('all subscriptions', () => broker.figures()['subscriptions/count'] === 1_001);
      other.socket.write(publishPacket('other', `round ${round}`));
      await other.until('its own message', has(`round ${round}`));
      for (const each of all) each.socket.destroy();
      await waitFor('all to be gone', () => broker.figures()['clients/connected'] === 1);
    }
    expect(broker.figures()['clients/disconnected']).toBe(1_000);
  });
});

describe('the figures that MQTT Explorer shows', () => {
  const wanted = [
    'version',
    'uptime',
    'clients/connected',
    'clients/total',
    'messages/received',
    'messages/sent',
    'subscriptions/count',
    'retained messages/count',
  ];
  const alsoWanted = ['bytes/received', 'bytes/sent', 'heap/current', 'heap/maximum', 'load/messages/received/5min', 'load/messages/sent/5min'];

  it('come at once to whoever subscribes, again every 30 s, and not while nobody does', async () => {
    const clock = new StepClock();
    const broker = await start({ clock, version: '1.2.3' });
    const raw = await client(broker, 'explorer');
    raw.socket.write(publishPacket('kept', 'x', 1));
    raw.socket.write(subscribePacket([['$SYS/#', 0]]));
    const topics = [...wanted, ...alsoWanted].map((name) => `$SYS/broker/${name}`);
    await raw.until('all figures', (received) => topics.every((topic) => received.includes(topic)));
    expect(raw.received.includes('homelab 1.2.3')).toBe(true);
    const sentBefore = Number(broker.figures()['messages/sent']);
    await clock.run(30_000);
    await raw.until('the second round', (received) => received.includes('30 seconds'));
    expect(Number(broker.figures()['messages/sent'])).toBeGreaterThanOrEqual(sentBefore + topics.length);
    expect(broker.figures()['retained messages/count']).toBe(1);
    raw.socket.write(packet(0xa2, Buffer.from([0, 9]), text('$SYS/#')));
    await waitFor('the end of the subscription', () => broker.figures()['subscriptions/count'] === 0);
    const sentLast = broker.figures()['messages/sent'];
    await clock.run(300_000);
    expect(broker.figures()['messages/sent']).toBe(sentLast);
  });
});
