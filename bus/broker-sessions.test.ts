import { describe, expect, it } from 'vitest';
import type { BrokerPacket } from './broker-aedes.ts';
import { newCounters } from './broker-counters.ts';
import { type BrokerLimits, defaultBrokerLimits } from './broker-limits.ts';
import { Sessions } from './broker-sessions.ts';
import { createLog } from './log.ts';

function sessionsWith(limits: Partial<BrokerLimits> = {}): { sessions: Sessions; counters: ReturnType<typeof newCounters>; lines: string[] } {
  const counters = newCounters();
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => lines.push(line) } });
  return { sessions: new Sessions({ ...defaultBrokerLimits, ...limits }, counters, log), counters, lines };
}
const packet = (brokerCounter: number, messageId?: number): BrokerPacket => ({
  brokerId: 'life',
  brokerCounter,
  ...(messageId === undefined ? {} : { messageId }),
  topic: 't',
  payload: Buffer.from('12345'),
  qos: 1,
  retain: false,
});

describe('the queue of a session', () => {
  it('takes no more than its limit of messages: the newest are dropped, counted, and said once', () => {
    const { sessions, counters, lines } = sessionsWith({ queuedMessagesMax: 3 });
    sessions.subscribed('one', [{ topic: 't', qos: 1 }]);
    expect([1, 2, 3, 4, 5].map((number) => sessions.admits('one', packet(number)))).toEqual([true, true, true, false, false]);
    expect(counters.queueDropped).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"client":"one"');
  });

  it('takes no more than its limit of bytes', () => {
    const { sessions } = sessionsWith({ queuedBytesMax: 13 });
    expect([1, 2, 3].map((number) => sessions.admits('one', packet(number)))).toEqual([true, true, false]);
  });

  it('has room again once the client has taken some', () => {
    const { sessions } = sessionsWith({ queuedMessagesMax: 2 });
    for (const number of [1, 2]) sessions.admits('one', packet(number));
    sessions.sent('one', packet(1, 77));
    sessions.taken('one', 77);
    expect(sessions.queuedOf('one')).toEqual({ messages: 1, bytes: 6 });
    expect(sessions.admits('one', packet(3))).toBe(true);
    sessions.taken('one', 77);
    expect(sessions.queuedOf('one').messages).toBe(2);
  });

  it('is wanted under every filter of its client, also when they overlap with another QoS or one is taken back', () => {
    const { sessions } = sessionsWith();
    sessions.subscribed('one', [{ topic: 'a/#', qos: 1 }]);
    sessions.subscribed('one', [{ topic: 'a/b', qos: 2 }]);
    sessions.subscribed('one', [{ topic: 'a/c', qos: 0 }]);
    expect(sessions.wanting('a/x')).toEqual([{ clientId: 'one', topic: 'a/x', qos: 1 }]);
    expect(sessions.wanting('a/b')).toEqual([{ clientId: 'one', topic: 'a/b', qos: 2 }]);
    sessions.unsubscribed('one', ['a/#']);
    expect(sessions.wanting('a/b')).toHaveLength(1);
    expect(sessions.wanting('a/c')).toEqual([]);
    sessions.ended('one');
    expect(sessions.wanting('a/b')).toEqual([]);
  });
});

describe('a session whose client is away', () => {
  it('is overdue after the limit, and not while it is there', () => {
    const { sessions } = sessionsWith({ sessionExpiryMs: 1_000 });
    for (const id of ['away', 'there']) sessions.subscribed(id, [{ topic: 't', qos: 1 }]);
    sessions.absent('away', 5_000);
    sessions.connected('there');
    expect(sessions.overdue(6_000)).toEqual([]);
    expect(sessions.overdue(6_001)).toEqual(['away']);
  });

  it('is overdue when there are too many, the longest absent first', () => {
    const { sessions } = sessionsWith({ sessionsMax: 2 });
    for (const [at, id] of ['c', 'a', 'b', 'there'].entries()) {
      sessions.subscribed(id, [{ topic: 't', qos: 1 }]);
      if (id !== 'there') sessions.absent(id, 100 - at);
    }
    expect(sessions.overdue(200)).toEqual(['b', 'a']);
  });

  it('is none when it has neither subscriptions nor a queue', () => {
    const { sessions } = sessionsWith();
    sessions.connected('one');
    sessions.absent('one', 1);
    expect(sessions.ids).toEqual([]);
  });
});
