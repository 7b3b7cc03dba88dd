/**
 * Feeds the inputs of a seed to one broker in this process, beside a healthy client, and prints how it fared as JSON:
 * `node --expose-gc --import tsx broker-fuzz-main.ts <ours|plain> <seed> <inputs>`.
 */
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { Aedes } from 'aedes';
import { startBroker } from '../../bus/broker.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import type { FuzzResult } from './broker-fuzz.ts';
import { connectPacket, packet, publishPacket, subscribePacket, visits } from './broker-fuzz-inputs.ts';

const [kind, seed, inputs] = process.argv.slice(2);

const uncaught: string[] = [];
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) => {
    uncaught.push(String(error));
  });
}

interface BrokerInProcess {
  accept(stream: Duplex): void;
  /** Publishes that got as far as the broker, and what is retained; -1: not known. */
  reached(): Readonly<Record<'published' | 'retained', number>>;
}

/** Small limits, so that the inputs reach them, and a minute that lasts a second, so that sessions are looked through. */
async function ours(): Promise<BrokerInProcess> {
  const clock = { ...systemClock, setTimeout: (run: () => void, ms: number) => setTimeout(run, ms / 60) };
  const limits = { retainedMessagesMax: 500, sessionsMax: 50, queuedMessagesMax: 200, connectsPerSecond: 1e6, connectBurst: 1e6, packetWithinMs: 1_000 };
  const broker = await startBroker({ host: '127.0.0.1', port: null, dataDir: null, limits, clock, log: silentLog });
  return {
    accept: broker.accept,
    reached: () => ({ published: Number(broker.figures()['messages/received']), retained: Number(broker.figures()['retained messages/count']) }),
  };
}

/** With its defaults, and listeners for its errors, as its documentation advises. */
async function plain(): Promise<BrokerInProcess> {
  let published = 0;
  const aedes = await Aedes.createBroker({
    authorizePublish: (_client, message, done) => {
      published += 1;
      done(message.topic.startsWith('$SYS/') ? new Error('$SYS/ is reserved') : null);
    },
  });
  aedes.on('error' as never, (error: unknown) => uncaught.push(String(error)));
  return {
    accept: (stream) => {
      aedes.handle(stream as never);
    },
    reached: () => ({ published, retained: -1 }),
  };
}

/** Both ends close together, as over TCP; aedes stands still for ever otherwise. */
function openStream(broker: BrokerInProcess): Duplex {
  const [near, far] = duplexPair();
  near.on('error', () => undefined);
  near.once('close', () => far.destroy());
  far.once('close', () => near.destroy());
  broker.accept(far);
  return near;
}

/** Publishes to itself; false when that takes longer than any load here explains. */
class HealthyClient {
  private readonly stream: Duplex;
  private seen = '';
  private round = 0;
  readonly opened: Promise<unknown>;

  constructor(broker: BrokerInProcess) {
    this.stream = openStream(broker);
    this.stream.on('data', (chunk: Buffer) => {
      this.seen = (this.seen + chunk.toString('latin1')).slice(-2_000);
      this.stream.emit('change');
    });
    this.opened = once(this.stream, 'change');
    this.stream.write(connectPacket('healthy'));
    this.stream.write(subscribePacket([['healthy/answer', 1]]));
  }

  async roundTrip(): Promise<boolean> {
    this.round += 1;
    const wanted = `round-${this.round}.`;
    this.stream.write(publishPacket('healthy/answer', wanted, 2, 1));
    const until = performance.now() + 5_000;
    while (!this.seen.includes(wanted)) {
      if (this.stream.destroyed || performance.now() > until) return false;
      await Promise.race([once(this.stream, 'change').catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    return true;
  }
}

const heapMegabytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 104_857.6) / 10;
};

/** Connections at once. */
const batchSize = 100;

async function run(): Promise<FuzzResult> {
  const broker = await (kind === 'plain' ? plain() : ours());
  const healthy = new HealthyClient(broker);
  await healthy.opened;
  const startedAtMs = performance.now();
  const result = { inputs: 0, visits: 0, roundTrips: 0, failedRoundTrips: 0, heldOpen: 0 };
  let heapAtHalf = 0;
  let batch: Promise<void>[] = [];
  const settle = async (): Promise<void> => {
    await Promise.all(batch);
    batch = [];
    if (await healthy.roundTrip()) result.roundTrips += 1;
    else result.failedRoundTrips += 1;
  };
  for (const visit of visits(Number(seed), Number(inputs))) {
    result.inputs += visit.inputs;
    result.visits += 1;
    batch.push(
      pay(broker, visit.chunks).then((closed) => {
        if (!closed) result.heldOpen += 1;
      }),
    );
    if (batch.length >= batchSize) await settle();
    if (heapAtHalf === 0 && result.inputs >= Number(inputs) / 2) {
      await settle();
      heapAtHalf = heapMegabytes();
    }
    // A broker that answers nobody is not worth waiting for a thousand times.
    if (result.failedRoundTrips >= 3) break;
  }
  await settle();
  const end = heapMegabytes();
  return { ...result, uncaught, heapAtHalf, heapAtEnd: end, ...broker.reached(), seconds: Math.round((performance.now() - startedAtMs) / 100) / 10 };
}

/** What a broker that still listens answers to a PINGREQ. */
const pingResponse = Buffer.from([0xd0, 0]);

/** For what swallows the PINGREQ (half a packet), and for what is not answered (no CONNECT): time enough to be read. */
const silenceMs = 40;

/** One visit; true when the broker let go of the connection by itself or once its client had ended. */
async function pay(broker: BrokerInProcess, chunks: readonly Buffer[]): Promise<boolean> {
  const stream = openStream(broker);
  const closed = once(stream, 'close').then(() => true);
  const answered = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      if (chunk.includes(pingResponse)) resolve();
    });
  });
  for (const chunk of chunks) stream.write(chunk);
  stream.write(packet(0xc0));
  await Promise.race([closed, answered, pause(silenceMs)]);
  // Only now: aedes forgets what it has not handled yet when its client ends.
  stream.end();
  const wasClosed = await Promise.race([closed, pause(3_000).then(() => false)]);
  stream.destroy();
  return wasClosed;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

process.stdout.write(`${JSON.stringify(await run())}\n`, () => process.exit(0));
