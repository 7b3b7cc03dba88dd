/**
 * One MQTT 3.1.1 connection, as the bus needs it: it never reconnects, queues or retries by itself (mqtt.js's own
 * ways of doing so lose messages). Implemented over MQTT.js (mqtt-link.ts) and in memory (memory-broker.ts); both pass
 * the same conformance suite.
 */

export interface Will {
  readonly topic: string;
  readonly payload: string;
}

export interface LinkOptions {
  readonly clientId: string;
  /** false: the broker keeps subscriptions and queues QoS 1 messages while this client id is away. */
  readonly clean: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly keepaliveS: number;
  /** Always retained, QoS 1. */
  readonly will?: Will;
  readonly connectTimeoutMs: number;
}

export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** true only for a stored copy, delivered because of a subscription; live delivery has false (MQTT 3.1.1, 3.3.1-9). */
  readonly retained: boolean;
}

export interface LinkHandlers {
  onMessage(message: Incoming): void;
  /** Called exactly once, after which nothing more is delivered; the reason is null for our own close. */
  onClose(reason: Error | null): void;
}

export interface Link {
  /** QoS 1. Resolves at PUBACK; rejects with LinkClosedError when the connection ends first, and at once when the payload is too large. */
  publish(topic: string, payload: string | Buffer, options: { readonly retain: boolean }): Promise<void>;
  /** QoS 1 on a persistent session; QoS 0 on a clean one (mqtt-link.ts says why). Resolves at SUBACK; rejects when the broker refuses any of the filters. */
  subscribe(filters: readonly string[]): Promise<void>;
  /**
   * Resolves at UNSUBACK: from then on nothing more is delivered because of these filters, except what was under way. Another
   * subscription that overlaps stays. Filters that were never subscribed to are no error.
   */
  unsubscribe(filters: readonly string[]): Promise<void>;
  /** A clean DISCONNECT, so that no will is published; `abrupt` drops the socket, so that it is. */
  close(options?: { readonly abrupt?: boolean }): Promise<void>;
}

export interface Transport {
  /** Rejects with the broker's reason when it refuses, or with a DeadlineError after `connectTimeoutMs`. */
  connect(options: LinkOptions, handlers: LinkHandlers): Promise<Link>;
  /** For people: which broker, without credentials. */
  readonly description: string;
  /** The longest wait between two attempts that makes sense with these brokers, where nobody says otherwise; absent: the connection's own. */
  readonly backoffMaxMs?: number;
}

export class LinkClosedError extends Error {
  override readonly name = 'LinkClosedError';
}
