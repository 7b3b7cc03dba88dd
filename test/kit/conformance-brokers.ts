/** The brokers that the bus must work on, each behind its Transport, and a client that writes down what happens to it. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '../../bus/broker.ts';
import type { Link, LinkOptions, Transport } from '../../bus/link.ts';
import { silentLog } from '../../bus/log.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { haveMosquitto, startMosquitto } from './mosquitto.ts';
import { waitFor } from './wait.ts';

export interface RunningBroker {
  readonly transport: Transport;
  stop(): Promise<void>;
}

export interface BrokerUnderTest {
  readonly name: 'memory' | 'aedes in memory' | 'aedes on disk' | 'mosquitto';
  readonly available: boolean;
  start(): Promise<RunningBroker>;
}

export const transportTo = (...urls: string[]): Transport => createMqttTransport({ urls, log: silentLog });

async function startAedes(dataDir: string | null): Promise<RunningBroker> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: dataDir === null ? null : join(dataDir, 'broker'), log: silentLog });
  return {
    transport: transportTo(`mqtt://127.0.0.1:${broker.port}`),
    stop: async () => {
      await broker.close();
      if (dataDir !== null) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const brokersUnderTest: readonly BrokerUnderTest[] = [
  {
    name: 'memory',
    available: true,
    start: () => {
      const broker = new MemoryBroker();
      return Promise.resolve({ transport: broker.transport(), stop: () => Promise.resolve(broker.stop()) });
    },
  },
  { name: 'aedes in memory', available: true, start: () => startAedes(null) },
  { name: 'aedes on disk', available: true, start: () => startAedes(mkdtempSync(join(tmpdir(), 'broker-'))) },
  {
    name: 'mosquitto',
    available: haveMosquitto(),
    start: async () => {
      const mosquitto = await startMosquitto();
      return { transport: transportTo(mosquitto.url), stop: () => mosquitto.stop() };
    },
  },
];

export interface Seen {
  readonly topic: string;
  readonly text: string;
  readonly retained: boolean;
}

/** Connected, and remembering every message and its end. */
export class TestClient extends EventEmitter {
  readonly seen: Seen[] = [];
  /** One entry per call of onClose. */
  readonly closings: (Error | null)[] = [];
  link!: Link;

  static async connect(transport: Transport, options: Partial<LinkOptions> & { readonly clientId: string }): Promise<TestClient> {
    const client = new TestClient();
    client.link = await transport.connect(
      { clean: true, keepaliveS: 30, connectTimeoutMs: 10_000, ...options },
      {
        onMessage: ({ topic, payload, retained }) => {
          client.seen.push({ topic, text: payload.toString(), retained });
          client.emit('change');
        },
        onClose: (reason) => {
          client.closings.push(reason);
          client.emit('change');
        },
      },
    );
    return client;
  }

  get texts(): readonly string[] {
    return this.seen.map((each) => each.text);
  }

  /** Waits until a message with this text came; everything before it came before. */
  async until(text: string): Promise<readonly Seen[]> {
    await waitFor(`the message ${JSON.stringify(text)}`, () => this.seen.some((each) => each.text === text), {
      emitter: this,
      deadlineMs: 30_000,
      state: () => ({ count: this.seen.length, last: this.seen.slice(-3), closings: this.closings }),
    });
    return this.seen;
  }

  async closed(): Promise<Error | null> {
    await waitFor('the end of the connection', () => this.closings.length > 0, { emitter: this });
    return this.closings[0] ?? null;
  }
}
