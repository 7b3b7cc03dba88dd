/**
 * How many connections the embedded broker holds at once, and how fast it takes new ones.
 *
 * Why: aedes has no limit for either. A thousand clients that return at once would keep everybody else waiting, and a
 * program that opens connections in a loop would exhaust memory. Those beyond the rate wait unread, in order; those
 * beyond the number are closed. Remembers nothing across a restart.
 */
import type { Duplex } from 'node:stream';
import type { BrokerCounters } from './broker-counters.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** One client's bytes, whatever carries them. */
export interface Connection {
  readonly stream: Duplex;
  /** Where it comes from: an IP address; null: from this process. */
  readonly address: string | null;
  /** Address and port, for the log. */
  readonly remote: string;
  /** On the wire so far. */
  bytes(): { readonly received: number; readonly sent: number };
}

export interface DoorRules {
  readonly limits: BrokerLimits;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly log: Log;
}

/** At most one line per minute about connections that are refused: whoever opens them in a loop must not fill the disk. */
const refusalLogEveryMs = 60_000;

export class Door {
  private readonly rules: DoorRules;
  private readonly inside = new Set<Connection>();
  private readonly waiting: Connection[] = [];
  private welcome: ((connection: Connection) => void) | null = null;
  private allowance: number;
  private allowanceAtMs: number;
  private timer: unknown = null;
  private saidFullAtMs = Number.NEGATIVE_INFINITY;

  constructor(rules: DoorRules) {
    this.rules = rules;
    this.allowance = rules.limits.connectBurst;
    this.allowanceAtMs = rules.clock.now();
  }

  get count(): number {
    return this.inside.size;
  }

  /** Takes the connection now, later, or not at all. */
  offer(connection: Connection): void {
    const { limits, counters } = this.rules;
    // Without a listener a failing connection would end the process.
    connection.stream.on('error', (error) => {
      this.rules.log.debug({ err: error, remote: connection.remote }, 'a connection to the embedded broker failed');
    });
    if (this.inside.size >= limits.connectionsMax) {
      counters.connectionsRefused += 1;
      this.saySomeRefused();
      connection.stream.destroy();
      return;
    }
    this.inside.add(connection);
    connection.stream.once('close', () => {
      const { received, sent } = connection.bytes();
      counters.bytesReceived += received;
      counters.bytesSent += sent;
      this.inside.delete(connection);
    });
    this.waiting.push(connection);
    this.letIn();
    if (!connection.stream.destroyed && this.waiting.includes(connection)) counters.connectionsDelayed += 1;
  }

  /** Those that came earlier are let in now. */
  open(welcome: (connection: Connection) => void): void {
    this.welcome = welcome;
    this.letIn();
  }

  /** Bytes of all connections, ended ones too. */
  bytes(): { readonly received: number; readonly sent: number } {
    let { bytesReceived: received, bytesSent: sent } = this.rules.counters;
    for (const connection of this.inside) {
      const bytes = connection.bytes();
      received += bytes.received;
      sent += bytes.sent;
    }
    return { received, sent };
  }

  /** Ends every connection. */
  close(): void {
    if (this.timer !== null) this.rules.clock.clearTimeout(this.timer);
    this.welcome = null;
    this.waiting.length = 0;
    for (const { stream } of this.inside) stream.destroy();
  }

  private letIn(): void {
    if (this.welcome === null) return;
    this.earn();
    while (this.waiting.length > 0 && this.allowance >= 1) {
      const connection = this.waiting.shift();
      if (connection === undefined || connection.stream.destroyed) continue;
      this.allowance -= 1;
      this.welcome(connection);
    }
    if (this.waiting.length === 0 || this.timer !== null) return;
    this.timer = this.rules.clock.setTimeout(() => {
      this.timer = null;
      this.letIn();
      // Ten times a second: the rate is kept in small portions, so that live messages pass between them.
    }, 100);
  }

  private earn(): void {
    const now = this.rules.clock.now();
    const { connectsPerSecond, connectBurst } = this.rules.limits;
    // A clock that was set back earns nothing.
    const earned = (Math.max(0, now - this.allowanceAtMs) / 1000) * connectsPerSecond;
    this.allowance = Math.min(connectBurst, this.allowance + earned);
    this.allowanceAtMs = now;
  }

  private saySomeRefused(): void {
    const { clock, log, limits, counters } = this.rules;
    if (clock.now() - this.saidFullAtMs < refusalLogEveryMs) return;
    this.saidFullAtMs = clock.now();
    log.warn({ connections: limits.connectionsMax, refused: counters.connectionsRefused }, 'refusing connections: the embedded broker has as many as it may');
  }
}
