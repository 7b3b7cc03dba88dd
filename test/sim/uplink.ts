/**
 * The link of an edge site to the hub's broker: connections whose two directions can be held up or cut, each by itself.
 *
 * As TCP behaves and no better: what is under way while a direction is dead waits, and arrives in order when it lives again, if both ends
 * still hold the connection. The broker gives a silent client up after one and a half times its keep-alive, as mosquitto does; the bridge
 * gives up a link by its own rules. Who closes while nothing passes tells nobody. Remembers nothing beyond its connections.
 */
import type { Clock } from '../../bus/clock.ts';
import type { Link, LinkHandlers, LinkOptions, Transport } from '../../bus/link.ts';
import type { Random } from '../kit/random.ts';
import { type Cut, UplinkConnection } from './uplink-connection.ts';

/** MQTT 3.1.1, 3.1.2.10. */
const keepaliveGrace = 1.5;
/** mosquitto looks that often (measured). */
const sweepMs = 6_000;
/** How soon TCP tries again what got no acknowledgement for a while. */
const retransmitMaxMs = 4_000;

export interface UplinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The hub's broker. */
  readonly far: Transport;
}

export class SimUplink {
  private readonly options: UplinkOptions;
  /** One way, milliseconds: what a cable or LTE takes. */
  readonly latencyMs: number;
  private cutNow: Cut | null = null;
  /** Set by whoever cut it: for longer than an approval is valid, and what is shorter ends nothing. Until it is mended. */
  isCutForLong = false;
  private readonly connections = new Set<UplinkConnection>();

  constructor(options: UplinkOptions) {
    this.options = options;
    this.latencyMs = options.random.pick([10, 80, 300]);
  }

  get isOpen(): boolean {
    return this.cutNow === null;
  }

  transport(): Transport {
    return { description: 'the hub', connect: (options, handlers) => this.connect(options, handlers) };
  }

  cut(how: Cut): void {
    this.mend();
    this.cutNow = how;
    for (const connection of [...this.connections]) connection.cut(how);
  }

  mend(): void {
    this.cutNow = null;
    this.isCutForLong = false;
    for (const connection of [...this.connections]) connection.mend(this.options.random.between(0, retransmitMaxMs));
  }

  /** Every connection ends, and both ends know; a new one can be made. */
  reset(): void {
    for (const connection of [...this.connections]) connection.cut('refused');
  }

  /** The machine at this end is gone without a word: the hub's broker finds out by its silence. */
  forsake(): void {
    for (const connection of [...this.connections]) connection.forsake();
  }

  private connect(options: LinkOptions, handlers: LinkHandlers): Promise<Link> {
    const { clock, random, far } = this.options;
    if (this.cutNow === 'refused') return Promise.reject(new Error('simulated: no route to the hub'));
    const latency = (): number => random.between(this.latencyMs, 2 * this.latencyMs);
    const silence = (): number => random.between(0.5 * options.keepaliveS * 1000, keepaliveGrace * options.keepaliveS * 1000) + random.between(0, sweepMs);
    const connection = new UplinkConnection({ clock, far, options, handlers, latency, silence, over: () => this.connections.delete(connection) });
    this.connections.add(connection);
    if (this.cutNow !== null) connection.cut(this.cutNow);
    return connection.open();
  }
}
