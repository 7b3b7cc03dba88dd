/**
 * The middle of a link between two network namespaces: takes packets in at one end, and lets them out at the other when and
 * if its profile says so; or does not, once it is cut.
 *
 * Remembers what is on its way, and of each TCP connection what each end acknowledged last: that is how it can end one.
 * A packet that the far end does not take (its interface is down) is lost, as on any link.
 */
import { type DirectionProfile, DirectionShape, type LinkProfile } from './link-shape.ts';
import type { Random } from './random.ts';
import { connectionOf, parseTcp, resetFor, type TcpSegment } from './tcp-segment.ts';

export const ends = ['site', 'hub'] as const;
export type End = (typeof ends)[number];

/** See NetLink.cut for what they look like from outside. */
export type CutKind = 'clean' | 'silent';

/** The world of a relay: it hands packets to an end, and is woken. */
export interface RelayPorts {
  now(): number;
  wakeAfter(ms: number, wake: () => void): void;
  letOut(end: End, packet: Buffer): void;
}

interface OnItsWay {
  readonly packet: Buffer;
  readonly arrivesAtMs: number;
}

interface Connection {
  /** What each end sent last that said how far it has heard. */
  readonly lastFrom: Map<End, TcpSegment>;
  /** Packets to this end vanish: its place in somebody's table is gone. */
  deafEnd: End | null;
}

class Direction {
  readonly to: End;
  readonly shape: DirectionShape;
  private queue: OnItsWay[] = [];
  private head = 0;
  isAwaitingWake = false;

  constructor(to: End, profile: DirectionProfile, random: Random) {
    this.to = to;
    this.shape = new DirectionShape(profile, random);
  }

  push(packet: OnItsWay): void {
    this.queue.push(packet);
  }

  /** The next to arrive; times only grow, so it is the oldest. */
  get next(): OnItsWay | undefined {
    return this.queue[this.head];
  }

  take(): void {
    this.head += 1;
    if (this.head === this.queue.length) this.clear();
  }

  clear(): void {
    this.queue = [];
    this.head = 0;
  }
}

export class Relay {
  private readonly ports: RelayPorts;
  /** By the end that a packet comes from. */
  private readonly directions: Readonly<Record<End, Direction>>;
  private readonly connections = new Map<string, Connection>();
  private cutKind: CutKind | null = null;

  constructor(profile: LinkProfile, random: Random, ports: RelayPorts) {
    this.ports = ports;
    this.directions = { site: new Direction('hub', profile.up, random.fork('up')), hub: new Direction('site', profile.down, random.fork('down')) };
  }

  /** For packets that come in from now on; those on their way keep their time. */
  setProfile(profile: LinkProfile): void {
    this.directions.site.shape.profile = profile.up;
    this.directions.hub.shape.profile = profile.down;
  }

  cut(kind: CutKind): void {
    this.cutKind = kind;
    for (const end of ends) this.directions[end].clear();
    if (kind === 'silent') return;
    for (const { lastFrom } of this.connections.values()) {
      for (const [end, segment] of lastFrom) this.ports.letOut(end, resetFor(segment));
    }
    this.connections.clear();
  }

  restore(): void {
    this.cutKind = null;
  }

  halfOpen(deafEnd: End): void {
    for (const connection of this.connections.values()) connection.deafEnd = deafEnd;
  }

  takeIn(from: End, packet: Buffer): void {
    const direction = this.directions[from];
    const segment = parseTcp(packet);
    if (this.cutKind === 'clean' && segment !== null && !segment.isReset) this.ports.letOut(from, resetFor(segment));
    if (this.cutKind !== null) return;
    if (segment !== null && this.note(from, segment).deafEnd === direction.to) return;
    const arrivesAtMs = direction.shape.arrivalOf(packet.length, this.ports.now());
    if (arrivesAtMs === null) return;
    direction.push({ packet, arrivesAtMs });
    this.deliver(direction);
  }

  private note(from: End, segment: TcpSegment): Connection {
    const key = connectionOf(segment);
    const isNew = segment.isSyn && segment.acknowledgement === null;
    let connection = this.connections.get(key);
    // A first segment under the same two addresses is another connection.
    if (connection === undefined || (isNew && connection.deafEnd !== null)) {
      connection = { lastFrom: new Map(), deafEnd: null };
      this.connections.set(key, connection);
    }
    if (segment.acknowledgement !== null && !segment.isReset) connection.lastFrom.set(from, segment);
    return connection;
  }

  private deliver(direction: Direction): void {
    const nowMs = this.ports.now();
    for (let next = direction.next; next !== undefined && next.arrivesAtMs <= nowMs; next = direction.next) {
      direction.take();
      this.ports.letOut(direction.to, next.packet);
    }
    const { next } = direction;
    if (next === undefined || direction.isAwaitingWake) return;
    direction.isAwaitingWake = true;
    this.ports.wakeAfter(next.arrivesAtMs - nowMs, () => {
      direction.isAwaitingWake = false;
      this.deliver(direction);
    });
  }
}
