import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { StepClock } from '../test/kit/step-clock.ts';
import { newCounters } from './broker-counters.ts';
import { type Connection, Door } from './broker-door.ts';
import { type BrokerLimits, defaultBrokerLimits } from './broker-limits.ts';
import { silentLog } from './log.ts';

function doorWith(limits: Partial<BrokerLimits>): { door: Door; clock: StepClock; counters: ReturnType<typeof newCounters>; inside: string[] } {
  const clock = new StepClock();
  const counters = newCounters();
  const inside: string[] = [];
  const door = new Door({ limits: { ...defaultBrokerLimits, ...limits }, counters, clock, log: silentLog });
  door.open(({ remote }) => inside.push(remote));
  return { door, clock, counters, inside };
}
const connection = (remote: string): Connection & { stream: PassThrough } => ({
  stream: new PassThrough(),
  address: null,
  remote,
  bytes: () => ({ received: 3, sent: 4 }),
});

describe('the door of the broker', () => {
  it('lets a burst in at once and the rest at its rate, in order', () => {
    const { door, clock, counters, inside } = doorWith({ connectBurst: 3, connectsPerSecond: 10 });
    for (let at = 0; at < 6; at += 1) door.offer(connection(String(at)));
    expect(inside).toEqual(['0', '1', '2']);
    expect(counters.connectionsDelayed).toBe(3);
    clock.advance(200);
    expect(inside).toEqual(['0', '1', '2', '3', '4']);
    clock.advance(100);
    expect(inside).toHaveLength(6);
    clock.advance(10_000);
    for (let at = 6; at < 12; at += 1) door.offer(connection(String(at)));
    expect(inside).toHaveLength(9);
  });

  it('closes what comes beyond its number, and has room again when one leaves', async () => {
    const { door, counters, inside } = doorWith({ connectionsMax: 2 });
    const first = connection('first');
    door.offer(first);
    door.offer(connection('second'));
    const third = connection('third');
    door.offer(third);
    expect([third.stream.destroyed, counters.connectionsRefused, door.count]).toEqual([true, 1, 2]);
    const left = new Promise((resolve) => {
      first.stream.once('close', resolve);
    });
    first.stream.destroy();
    await left;
    door.offer(connection('fourth'));
    expect(inside).toEqual(['first', 'second', 'fourth']);
    expect(door.bytes()).toEqual({ received: 9, sent: 12 });
  });

  it('passes over those who gave up waiting', () => {
    const { door, clock, inside } = doorWith({ connectBurst: 1, connectsPerSecond: 10 });
    const impatient = connection('impatient');
    for (const each of [connection('first'), impatient, connection('third')]) door.offer(each);
    impatient.stream.destroy();
    clock.advance(100);
    expect(inside).toEqual(['first', 'third']);
  });

  it('earns nothing when the clock is set back', () => {
    const { door, clock, inside } = doorWith({ connectBurst: 1, connectsPerSecond: 1 });
    door.offer(connection('first'));
    clock.advance(-60_000);
    door.offer(connection('second'));
    expect(inside).toEqual(['first']);
  });
});
