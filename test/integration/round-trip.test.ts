/** A message to a broker and back on a connection of its own, on every broker that the bus must work on; and what it says when there is none. */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../bus/clock.ts';
import type { Transport } from '../../bus/link.ts';
import { type RoundTripResult, roundTrip } from '../../bus/round-trip.ts';
import { brokersUnderTest, type RunningBroker, TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { freePort } from '../kit/mosquitto.ts';
import { StepClock, settlePromises } from '../kit/step-clock.ts';
import { waitFor } from '../kit/wait.ts';

const tryIt = (transport: Transport): Promise<RoundTripResult> => roundTrip({ transport, clock: systemClock, root: 'homelab', login: 'stability-agent-piha' });

describe.each(brokersUnderTest)('on $name', ({ available, start }) => {
  let broker: RunningBroker | undefined;
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
  });

  it.skipIf(!available)('a message comes back, others of the same topic do not count, and nothing is left behind', async () => {
    broker = await start();
    const witness = await TestClient.connect(broker.transport, { clientId: 'witness' });
    await witness.link.subscribe(['homelab/#']);
    const [one, two] = await Promise.all([tryIt(broker.transport), tryIt(broker.transport)]);
    // Two with one client id: the broker ends the older, which says so instead of hanging.
    expect([one.ok, two.ok]).toContain(true);
    expect(await tryIt(broker.transport)).toMatchObject({ ok: true, ms: expect.any(Number) });
    await waitFor('the witness to have seen it', () => witness.seen.length > 0);
    expect(new Set(witness.seen.map(({ topic, retained }) => `${topic} ${retained}`))).toEqual(new Set(['homelab/probes/stability-agent-piha false']));
    await witness.link.close();
  });
});

describe('without a broker', () => {
  it('the answer says what was tried, and when nobody answers it comes after ten seconds', async () => {
    const refused = await tryIt(transportTo(`mqtt://127.0.0.1:${await freePort()}`));
    expect(refused).toMatchObject({ ok: false, detail: expect.stringMatching(/mqtt:\/\/127\.0\.0\.1:\d+.*ECONNREFUSED/) });

    const clock = new StepClock();
    const hanging: Transport = { description: 'mqtt://192.0.2.1:1883', connect: () => new Promise(() => undefined) };
    let result: RoundTripResult | null = null;
    const trying = roundTrip({ transport: hanging, clock, root: 'homelab', login: 'x' }).then((answer) => (result = answer));
    await clock.run(9_999);
    expect(result).toBeNull();
    clock.advance(1);
    await settlePromises();
    await trying;
    expect(result).toEqual({ ok: false, detail: 'mqtt://192.0.2.1:1883: no answer within 10000 ms' });
  });
});
