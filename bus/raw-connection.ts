/**
 * A connection that forwards payloads unread: it adds and takes off the root of topics and knows nothing else of them.
 *
 * Built on connection.ts, so it comes back by itself; on a clean session, so nothing of an earlier link is left over. Writes
 * and hears `probes/<login>` as its fence; that topic is never handed on. Remembers nothing: whoever owns it subscribes and
 * sends again on each link. Fails by rejecting with LinkClosedError when a link ends; an `onUp` that throws drops its link.
 */
import { topics } from '../contracts/topics.ts';
import { type Clock, withDeadline } from './clock.ts';
import { Connection, connectTimeoutMs } from './connection.ts';
import { type Ids, randomIds } from './ids.ts';
import { type Incoming, type Link, LinkClosedError, type LinkOptions, type Transport, type Will } from './link.ts';
import type { Log } from './log.ts';

/** As long as a reading of everything retained may take elsewhere; over 1 Mbit/s that is 3 MB. */
const fenceDeadlineMs = 30_000;

export interface RawMessage {
  /** The topic without the root. */
  readonly relative: string;
  readonly payload: Buffer;
  /** true only for a stored copy, delivered because of a subscription. */
  readonly retained: boolean;
}

export interface RawHandlers {
  /** Connected, and nothing subscribed yet. */
  onUp(link: RawLink): void;
  /** The link that was handed out is over. */
  onDown(): void;
  onMessage(message: RawMessage): void;
}

export interface RawConnectionOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ x < 1; the jitter of the back-off. */
  readonly random: () => number;
  readonly ids?: Ids;
  readonly root: string;
  /** `username` is the login whose `probes/<login>` the fence uses. */
  readonly identity: { readonly clientId: string; readonly username: string; readonly password?: string };
  readonly keepaliveS: number;
  /** The longest wait between two attempts, before the jitter. As Connection has it when absent. */
  readonly backoffMaxMs?: number;
  /** Asked once per attempt; its topic without the root. Rejecting or throwing fails the attempt. */
  will?(): Promise<Will | null> | Will | null;
  readonly handlers: RawHandlers;
}

/** One connection while it lasts. After its end everything rejects with LinkClosedError. */
export interface RawLink {
  /** QoS 1, resolves at PUBACK; topic without the root. */
  publish(relative: string, payload: string | Buffer, retain: boolean): Promise<void>;
  /** Filters without the root. Resolves at SUBACK. */
  subscribe(relativeFilters: readonly string[]): Promise<void>;
  /** Resolves at UNSUBACK: nothing more comes because of these filters. */
  unsubscribe(relativeFilters: readonly string[]): Promise<void>;
  /**
   * A message to the broker and back. When it resolves, everything retained that was subscribed to before has been handed to
   * `onMessage`. Rejects with a DeadlineError after `deadlineMs` (30 s when absent).
   */
  fence(deadlineMs?: number): Promise<void>;
  /** Gives the link up at once, without a word to a peer that may be gone; the will is published. A new one is tried after the back-off. */
  drop(): Promise<void>;
}

export class RawConnection {
  private readonly options: RawConnectionOptions;
  private readonly connection: Connection;
  private readonly probe: string;
  private current: FencedLink | null = null;

  constructor(options: RawConnectionOptions) {
    const { transport, clock, log, random, backoffMaxMs, identity, handlers } = options;
    this.options = options;
    this.probe = this.absolute(topics.probe.build({ login: identity.username }));
    this.connection = new Connection({
      ...{ transport, clock, log, random, ...(backoffMaxMs === undefined ? {} : { backoffMaxMs }) },
      linkOptions: () => this.linkOptions(),
      onUp: (link) => this.onUp(link),
      onMessage: (message) => {
        this.onMessage(message);
      },
      onDown: () => {
        const wasUp = this.current;
        this.current = null;
        wasUp?.end();
        if (wasUp !== null) handlers.onDown();
      },
    });
  }

  start(): void {
    this.connection.start();
  }

  /** Ends with a clean DISCONNECT, so that no will is published; `abrupt` drops the socket as a crash would. */
  stop(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    return this.connection.stop(options);
  }

  private async linkOptions(): Promise<LinkOptions> {
    const { identity, keepaliveS } = this.options;
    const will = (await this.options.will?.()) ?? null;
    return {
      ...{ ...identity, keepaliveS, connectTimeoutMs, clean: true },
      ...(will === null ? {} : { will: { ...will, topic: this.absolute(will.topic) } }),
    };
  }

  private onUp(link: Link): Promise<void> {
    const { clock, transport, ids = randomIds, handlers } = this.options;
    const absolute = (relative: string): string => this.absolute(relative);
    this.current = new FencedLink({ link, clock, ids, absolute, probe: this.probe, description: transport.description });
    handlers.onUp(this.current);
    return Promise.resolve();
  }

  private onMessage({ topic, payload, retained }: Incoming): void {
    if (topic === this.probe) {
      this.current?.returned(payload);
      return;
    }
    const { root, handlers } = this.options;
    if (topic.startsWith(`${root}/`)) handlers.onMessage({ relative: topic.slice(root.length + 1), payload, retained });
  }

  private absolute(relative: string): string {
    return `${this.options.root}/${relative}`;
  }
}

interface FencedLinkParts {
  readonly link: Link;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly probe: string;
  readonly description: string;
  absolute(relative: string): string;
}

class FencedLink implements RawLink {
  private readonly parts: FencedLinkParts;
  /** Under way, by nonce. */
  private readonly fences = new Map<string, { readonly passed: () => void; readonly broken: (error: Error) => void }>();
  private listening: Promise<void> | null = null;

  constructor(parts: FencedLinkParts) {
    this.parts = parts;
  }

  publish(relative: string, payload: string | Buffer, retain: boolean): Promise<void> {
    return this.parts.link.publish(this.parts.absolute(relative), payload, { retain });
  }

  subscribe(relativeFilters: readonly string[]): Promise<void> {
    return this.parts.link.subscribe(relativeFilters.map((filter) => this.parts.absolute(filter)));
  }

  unsubscribe(relativeFilters: readonly string[]): Promise<void> {
    return this.parts.link.unsubscribe(relativeFilters.map((filter) => this.parts.absolute(filter)));
  }

  async fence(deadlineMs = fenceDeadlineMs): Promise<void> {
    const { clock, ids, description } = this.parts;
    const nonce = ids.nonce();
    const back = new Promise<void>((passed, broken) => this.fences.set(nonce, { passed, broken }));
    try {
      await withDeadline(clock, deadlineMs, `a round trip to ${description}`, Promise.all([back, this.send(nonce)]));
    } finally {
      this.fences.delete(nonce);
    }
  }

  drop(): Promise<void> {
    return this.parts.link.close({ abrupt: true });
  }

  // -- called by RawConnection ------------------------------------------------------------------------------------------

  returned(payload: Buffer): void {
    for (const [nonce, { passed }] of this.fences) if (payload.includes(nonce)) passed();
  }

  end(): void {
    for (const { broken } of this.fences.values()) broken(new LinkClosedError(`the connection to ${this.parts.description} ended`));
  }

  /** A broker handles the packets of one client in order: the fence comes behind what earlier subscriptions deliver. */
  private async send(nonce: string): Promise<void> {
    const { link, probe } = this.parts;
    this.listening ??= link.subscribe([probe]);
    await this.listening;
    await link.publish(probe, JSON.stringify({ nonce }), { retain: false });
  }
}
