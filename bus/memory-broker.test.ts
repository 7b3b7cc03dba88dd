/** What the in-memory broker adds to the conformance suite (test/integration): time, faults and its own death. */
import { describe, expect, it } from 'vitest';
import { StepClock } from '../test/kit/step-clock.ts';
import type { Link, LinkOptions } from './link.ts';
import { createLog } from './log.ts';
import { MemoryBroker } from './memory-broker.ts';
import type { Fault, Passage } from './memory-broker-connection.ts';

interface Client {
  readonly link: Link;
  readonly texts: string[];
  readonly closings: (Error | null)[];
}

async function connect(broker: MemoryBroker, clientId: string, options: Partial<LinkOptions> = {}): Promise<Client> {
  const texts: string[] = [];
  const closings: (Error | null)[] = [];
  const link = await broker.transport().connect(
    { clientId, clean: true, keepaliveS: 30, connectTimeoutMs: 1_000, ...options },
    {
      onMessage: ({ payload }) => {
        texts.push(payload.toString());
      },
      onClose: (reason) => {
        closings.push(reason);
      },
    },
  );
  return { link, texts, closings };
}

/** Microtasks only: nothing here may need a timer of the real clock. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

const deliveriesOf =
  (text: string, fault: Fault) =>
  (passage: Passage): Fault =>
    passage.direction === 'delivery' && passage.payload.toString() === text ? fault : { kind: 'pass' };

describe('the in-memory broker', () => {
  it('delivers in later microtasks and needs no timer, so that a clock that stands still can drive it', async () => {
    const broker = new MemoryBroker({ clock: new StepClock() });
    const one = await connect(broker, 'one');
    await one.link.subscribe(['t']);
    const published = one.link.publish('t', 'hello', { retain: false });
    expect(one.texts).toEqual([]);
    await published;
    await settle();
    expect(one.texts).toEqual(['hello']);
  });

  it('holds up everything behind a delayed message, on that connection only', async () => {
    const clock = new StepClock();
    const fault = (passage: Passage): Fault =>
      passage.clientId === 'slow' && passage.payload.toString() === 'first' && passage.direction === 'delivery' ? { kind: 'delay', ms: 500 } : { kind: 'pass' };
    const broker = new MemoryBroker({ clock, fault });
    const slow = await connect(broker, 'slow');
    const fast = await connect(broker, 'fast');
    await slow.link.subscribe(['t']);
    await fast.link.subscribe(['t']);
    await fast.link.publish('t', 'first', { retain: false });
    await fast.link.publish('t', 'second', { retain: false });
    await settle();
    expect([slow.texts, fast.texts]).toEqual([[], ['first', 'second']]);
    clock.advance(499);
    await settle();
    expect(slow.texts).toEqual([]);
    clock.advance(1);
    await settle();
    expect(slow.texts).toEqual(['first', 'second']);
  });

  it('drops and duplicates deliveries as it is told', async () => {
    for (const [fault, expected] of [
      [{ kind: 'drop' }, ['a', 'c']],
      [{ kind: 'duplicate' }, ['a', 'b', 'b', 'c']],
    ] as const) {
      const broker = new MemoryBroker({ fault: deliveriesOf('b', fault) });
      const one = await connect(broker, 'one', { clean: false });
      await one.link.subscribe(['t']);
      for (const text of ['a', 'b', 'c']) await one.link.publish('t', text, { retain: false });
      await settle();
      expect(one.texts).toEqual(expected);
    }
  });

  it('acknowledges a publish that it is told to lose', async () => {
    const broker = new MemoryBroker({ fault: (passage) => (passage.direction === 'publish' ? { kind: 'drop' } : { kind: 'pass' }) });
    const one = await connect(broker, 'one');
    await one.link.publish('t', 'lost', { retain: true });
    expect(broker.retainedTopics.size).toBe(0);
  });

  it('breaks every connection when it stops, publishes no will, and refuses until it starts again', async () => {
    const broker = new MemoryBroker();
    const one = await connect(broker, 'one', { will: { topic: 'status', payload: 'offline' } });
    await one.link.publish('kept', 'kept', { retain: true });
    const unanswered = one.link.publish('t', 'x', { retain: false });
    broker.stop();
    await expect(unanswered).rejects.toMatchObject({ name: 'LinkClosedError' });
    expect(one.closings).toHaveLength(1);
    await expect(connect(broker, 'one')).rejects.toThrow(/stopped/);
    broker.start();
    await connect(broker, 'one');
    expect([...broker.retainedTopics]).toEqual([['kept', 'kept']]);
  });

  it('comes back without what it was told to lose', async () => {
    const broker = new MemoryBroker();
    const session = await connect(broker, 'session', { clean: false });
    await session.link.subscribe(['t']);
    const writer = await connect(broker, 'writer');
    await writer.link.publish('kept', 'kept', { retain: true });
    broker.stop({ retained: true, sessions: true });
    broker.start();
    const again = await connect(broker, 'writer');
    await again.link.publish('t', 'nobody is subscribed any more', { retain: false });
    const back = await connect(broker, 'session', { clean: false });
    await settle();
    expect(back.texts).toEqual([]);
    expect(broker.retainedTopics.size).toBe(0);
  });

  it('publishes the will when a connection is broken from outside', async () => {
    const broker = new MemoryBroker();
    const one = await connect(broker, 'one', { will: { topic: 'status', payload: 'offline' } });
    broker.disconnect('one');
    await settle();
    expect(one.closings[0]).toBeInstanceOf(Error);
    expect([...broker.retainedTopics]).toEqual([['status', 'offline']]);
  });

  it('settles a connect that its end overtakes', async () => {
    const broker = new MemoryBroker();
    const connecting = connect(broker, 'one');
    await Promise.resolve();
    broker.stop();
    await expect(connecting).rejects.toThrow(/stopped/);
  });

  it('counts what a full queue swallowed', async () => {
    const broker = new MemoryBroker({ queuedMax: 2 });
    const session = await connect(broker, 'session', { clean: false });
    await session.link.subscribe(['t']);
    await session.link.close();
    const writer = await connect(broker, 'writer');
    for (const text of ['1', '2', '3', '4']) await writer.link.publish('t', text, { retain: false });
    const back = await connect(broker, 'session', { clean: false });
    await settle();
    expect([back.texts, broker.droppedCount]).toEqual([['1', '2'], 2]);
  });

  it('survives a listener that throws, and logs it', async () => {
    const lines: string[] = [];
    const broker = new MemoryBroker({ log: createLog({ level: 'error', destination: { write: (line) => lines.push(line) } }) });
    const link = await broker.transport().connect(
      { clientId: 'one', clean: true, keepaliveS: 30, connectTimeoutMs: 1_000 },
      {
        onMessage: () => {
          throw new Error('a bug in a listener');
        },
        onClose: () => undefined,
      },
    );
    await link.subscribe(['t']);
    await link.publish('t', 'x', { retain: false });
    await settle();
    expect(lines.join('')).toContain('a bug in a listener');
    await link.close();
  });

  it('goes on delivering to a session that was given a message between its CONNECT and its CONNACK', async () => {
    const broker = new MemoryBroker();
    const away = await connect(broker, 'away', { clean: false });
    await away.link.subscribe(['t']);
    await away.link.close();
    const sender = await connect(broker, 'sender');
    const reconnecting = connect(broker, 'away', { clean: false });
    const sent = sender.link.publish('t', 'meanwhile', { retain: false });
    const { texts } = await reconnecting;
    await sent;
    await sender.link.publish('t', 'later', { retain: false });
    await settle();
    expect(texts).toEqual(['meanwhile', 'later']);
  });
});
