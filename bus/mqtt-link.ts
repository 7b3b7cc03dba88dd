/**
 * One MQTT 3.1.1 connection over MQTT.js, reduced to what can be relied on: a fresh MqttClient per connection, which
 * never reconnects, queues across connections or resends. Whoever needs that keeps an outbox and connects again.
 *
 * Remembers nothing. Fails by rejecting: `connect` with the broker's reason or a DeadlineError, `publish` and
 * `subscribe` with LinkClosedError when the connection ends first. Nothing a listener throws leaves this file.
 */
import type { Socket } from 'node:net';
import { MqttClient } from 'mqtt';
import { systemClock, withDeadline } from './clock.ts';
import { type Incoming, type Link, LinkClosedError, type LinkHandlers, type LinkOptions, type Transport } from './link.ts';
import type { Log } from './log.ts';
import { type BrokerAddress, openSocket, parseBrokerUrl, type TlsOptions } from './mqtt-socket.ts';
import { payloadProblem } from './payload-limit.ts';

export interface MqttTransportOptions {
  /** Tried in order at each connect; `mqtt://` or `mqtts://`, credentials in the userinfo win over those of the actor. */
  readonly urls: readonly string[];
  readonly tls?: TlsOptions;
  readonly log: Log;
}

/**
 * Unacknowledged publishes on the wire. mqtt.js loses what exceeds the 65,535 message ids without a word; far below
 * that, 1,000 keeps a 100 ms link busy at 10,000 messages a second and is what mosquitto queues for one client.
 */
export const publishWindow = 1_000;

/**
 * Where another broker stands in for the first, it opens when everybody's back-off has long reached 30 s, and whoever is a minute late hears nothing
 * of what is said meanwhile. All of them are on one local network, where a refused connection costs nothing.
 */
const standInBackoffMaxMs = 5_000;

/** How long a DISCONNECT may take to leave the socket; a half-open connection must not hold up a shutdown. */
const closeDeadlineMs = 1_000;

/** DISCONNECT has no content (3.14). Written here because `end(false)` of mqtt.js waits for every PUBACK first. */
const disconnectPacket = Buffer.from([0xe0, 0x00]);

/** The broker answered, and said no; `code` is the CONNACK return code of 3.1.1 (table 3.1). */
export class ConnectionRefusedError extends Error {
  override readonly name = 'ConnectionRefusedError';
  readonly code: number;
  constructor(broker: string, reason: string, code: number) {
    super(`${broker}: ${reason} (return code ${code})`);
    this.code = code;
  }
}

/** The broker answered a SUBSCRIBE with a refusal: whoever asks may read nothing of it. */
export class SubscriptionRefusedError extends Error {
  override readonly name = 'SubscriptionRefusedError';
}

/** Each broker has `connectTimeoutMs` of its own. */
export function createMqttTransport(options: MqttTransportOptions): Transport {
  const brokers = options.urls.map(parseBrokerUrl);
  if (brokers.length === 0) throw new Error('no broker URL was given');
  return {
    description: brokers.map((each) => each.description).join(', '),
    ...(brokers.length > 1 ? { backoffMaxMs: standInBackoffMaxMs } : {}),
    async connect(linkOptions, handlers) {
      const failures: Error[] = [];
      for (const broker of brokers) {
        try {
          return await connectTo(broker, linkOptions, handlers, options);
        } catch (error) {
          failures.push(error instanceof Error ? error : new Error(String(error)));
        }
      }
      const [first] = failures;
      if (failures.length === 1 && first !== undefined) throw first;
      throw new AggregateError(failures, `no broker could be reached: ${failures.map((each) => each.message).join('; ')}`);
    },
  };
}

async function connectTo(broker: BrokerAddress, options: LinkOptions, handlers: LinkHandlers, transport: MqttTransportOptions): Promise<Link> {
  const socket = openSocket(broker, transport.tls);
  const username = broker.username ?? options.username;
  const password = broker.password ?? options.password;
  const client = new MqttClient(() => socket, {
    clientId: options.clientId,
    clean: options.clean,
    keepalive: options.keepaliveS,
    // Our own deadline below is the one that counts; this one only must not come before it.
    connectTimeout: options.connectTimeoutMs + 1_000,
    protocolVersion: 4,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // A table of all 65,536 numbers made at the first packet: 6 MB and 10 ms, for no gain that could be measured.
    writeCache: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(options.will === undefined ? {} : { will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true } }),
  });
  const link = new MqttLink({ client, socket, handlers, description: broker.description, log: transport.log, subscribeQos: options.clean ? 0 : 1 });
  try {
    await withDeadline(systemClock, options.connectTimeoutMs, `connecting to ${broker.description}`, link.connected);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return link;
}

interface Waiting {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface LinkParts {
  readonly client: MqttClient;
  readonly socket: Socket;
  readonly handlers: LinkHandlers;
  readonly description: string;
  readonly log: Log;
  /**
   * A clean session subscribes with QoS 0, although everything is published with QoS 1: what QoS 1 would add, delivery
   * after a broken connection, a clean session does not have, and mosquitto's default limits cut a QoS 1 delivery off
   * at 1,020 messages, retained ones included (measured: 1,020 of 2,000 documents arrive, and then not even the fence).
   */
  readonly subscribeQos: 0 | 1;
}

class MqttLink implements Link {
  /** Settles with the CONNACK, or the reason why there was none. */
  readonly connected: Promise<void>;
  private readonly parts: LinkParts;
  private readonly unsettled = new Set<(error: Error) => void>();
  /** What the broker queued may arrive with the CONNACK; it is held until whoever called `connect` has the link. */
  private early: Incoming[] | null = [];
  private waiting: Waiting[] = [];
  private inFlight = 0;
  private state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  private lastError: Error | null = null;
  private readonly ended: Promise<void>;

  constructor(parts: LinkParts) {
    this.parts = parts;
    const { client } = parts;
    client.on('message', (topic, payload, packet) => {
      const message = { topic, payload, retained: packet.retain };
      if (this.early === null) this.deliver(message);
      else this.early.push(message);
    });
    client.on('error', (error) => {
      this.lastError ??= this.explain(error);
    });
    this.connected = new Promise((resolve, reject) => {
      client.once('connect', () => {
        this.state = 'open';
        resolve();
        setImmediate(() => {
          const held = this.early ?? [];
          this.early = null;
          for (const message of held) this.deliver(message);
        });
      });
      client.once('close', () => {
        reject(this.lastError ?? new LinkClosedError(`${parts.description} closed the connection before answering`));
      });
    });
    this.ended = new Promise((resolve) => {
      client.once('close', () => {
        this.onEnd();
        resolve();
      });
    });
  }

  publish(topic: string, payload: string | Buffer, options: { readonly retain: boolean }): Promise<void> {
    const problem = payloadProblem(topic, payload);
    if (problem !== null) return Promise.reject(problem);
    return this.untilClosed((resolve, reject) => {
      this.waiting.push({ topic, payload, retain: options.retain, resolve, reject });
      this.pump();
    });
  }

  subscribe(filters: readonly string[]): Promise<void> {
    if (filters.length === 0) return Promise.resolve();
    return this.untilClosed((resolve, reject) => {
      this.parts.client.subscribe([...filters], { qos: this.parts.subscribeQos }, (error) => {
        if (error)
          reject(new SubscriptionRefusedError(`${this.parts.description} refused a subscription to ${filters.join(', ')}: ${error.message}`, { cause: error }));
        else resolve();
      });
    });
  }

  unsubscribe(filters: readonly string[]): Promise<void> {
    if (filters.length === 0) return Promise.resolve();
    return this.untilClosed((resolve, reject) => {
      this.parts.client.unsubscribe([...filters], (error) => {
        if (error) reject(new Error(`${this.parts.description} did not take back a subscription to ${filters.join(', ')}: ${error.message}`, { cause: error }));
        else resolve();
      });
    });
  }

  async close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    const { socket } = this.parts;
    if (this.state === 'open') {
      this.state = 'closing';
      this.rejectAll();
      if (options.abrupt === true) socket.destroy();
      else socket.end(disconnectPacket);
    }
    // A peer that is gone never takes the DISCONNECT.
    const timer = setTimeout(() => {
      socket.destroy();
    }, closeDeadlineMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Sends in order, `publishWindow` at a time. */
  private pump(): void {
    let sent = 0;
    for (const next of this.waiting) {
      if (this.inFlight >= publishWindow) break;
      sent += 1;
      this.inFlight += 1;
      this.parts.client.publish(next.topic, next.payload, { qos: 1, retain: next.retain }, (error) => {
        this.inFlight -= 1;
        if (error) next.reject(new LinkClosedError(`${this.parts.description}: ${error.message}`, { cause: error }));
        else next.resolve();
        // A batch at a time: taking from the front of a long list for each PUBACK would cost its whole length.
        if (this.state === 'open' && this.inFlight <= publishWindow / 2) this.pump();
      });
    }
    if (sent > 0) this.waiting = this.waiting.slice(sent);
  }

  /** A promise that is rejected by the end of the connection if nothing settled it before. */
  private untilClosed(start: (resolve: () => void, reject: (error: Error) => void) => void): Promise<void> {
    if (this.state !== 'open') return Promise.reject(this.closedError());
    return new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.unsettled.delete(fail);
        reject(error);
      };
      this.unsettled.add(fail);
      start(() => {
        this.unsettled.delete(fail);
        resolve();
      }, fail);
    });
  }

  private deliver(message: Incoming): void {
    if (this.state !== 'open') return;
    this.guard('onMessage', () => {
      this.parts.handlers.onMessage(message);
    });
  }

  private onEnd(): void {
    const wasConnected = this.state !== 'connecting';
    const byUs = this.state === 'closing';
    this.state = 'closed';
    this.rejectAll();
    if (!wasConnected) return;
    const reason = byUs ? null : (this.lastError ?? new LinkClosedError(`${this.parts.description} closed the connection`));
    this.guard('onClose', () => {
      this.parts.handlers.onClose(reason);
    });
  }

  private rejectAll(): void {
    this.waiting = [];
    const error = this.closedError();
    for (const fail of this.unsettled) fail(error);
  }

  private closedError(): LinkClosedError {
    return new LinkClosedError(`the connection to ${this.parts.description} is closed`, this.lastError === null ? {} : { cause: this.lastError });
  }

  private explain(error: Error): Error {
    const { code } = error as { readonly code?: unknown };
    if (this.state === 'connecting' && typeof code === 'number') return new ConnectionRefusedError(this.parts.description, error.message, code);
    return new Error(`${this.parts.description}: ${error.message}`, { cause: error });
  }

  private guard(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.parts.log.error({ err: error, handler: what }, 'a link handler threw');
    }
  }
}
