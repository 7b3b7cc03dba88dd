import { expect, it } from 'vitest';
import { StepClock } from '../test/kit/step-clock.ts';
import { delay } from './clock.ts';
import { Connection } from './connection.ts';
import type { Transport } from './link.ts';
import { silentLog } from './log.ts';
import { createMqttTransport } from './mqtt-link.ts';

/** The longest time between two attempts at a broker that is away for an hour, milliseconds. `answersAfterMs`: when it refuses. */
async function longestWaitMs({ backoffMaxMs }: Pick<Transport, 'backoffMaxMs'>, answersAfterMs = 0): Promise<number> {
  const clock = new StepClock();
  const attemptsMs: number[] = [];
  const refusing: Transport = {
    description: 'nobody',
    ...(backoffMaxMs === undefined ? {} : { backoffMaxMs }),
    connect: async () => {
      attemptsMs.push(clock.now());
      if (answersAfterMs > 0) await delay(clock, answersAfterMs);
      throw new Error('refused');
    },
  };
  const connection = new Connection({
    ...{ transport: refusing, clock, log: silentLog, random: () => 0.5 },
    linkOptions: () => Promise.resolve({ clientId: 'x', clean: true, keepaliveS: 30, connectTimeoutMs: 1_000 }),
    onUp: () => Promise.resolve(),
    onMessage: () => undefined,
    onDown: () => undefined,
  });
  connection.start();
  await clock.run(3_600_000);
  await connection.stop();
  return Math.max(...attemptsMs.map((atMs, at) => atMs - (attemptsMs[at - 1] ?? atMs)));
}

const to = (...urls: string[]): Transport => createMqttTransport({ urls, log: silentLog });

it('a broker that stands in for another is found within seconds of its opening, a lone one within half a minute', async () => {
  expect(await longestWaitMs(to('mqtt://192.0.2.1:1883', 'mqtt://192.0.2.1:1884'))).toBe(5_000);
  expect(await longestWaitMs(to('mqtt://192.0.2.1:1883'))).toBe(30_000);
});

it('an attempt that nobody answered was a pause itself: the next one begins as soon as if it had been refused at once', async () => {
  expect(await longestWaitMs({ backoffMaxMs: 5_000 }, 3_000)).toBe(5_000);
  expect(await longestWaitMs({ backoffMaxMs: 5_000 }, 10_000)).toBe(10_000);
});
