/**
 * The events of the site on their way to the hub's store: per node, source and lane, in order, without holes.
 *
 * An event is taken when it is the next of its sender, journalled, sent, and let go when the cursor of the hub's store has
 * passed it. Until then it is sent again after each reconnect and each silence (go-back-N). `floor` is written anew at each
 * sending: the lowest number this bridge still holds. The urgent lane overtakes; within a lane order holds.
 * Bounded: the oldest info go first, then the oldest urgent, counted. State of its own, mutated in place.
 */
import { type CursorPositions, type Event, type Lane, lanes } from '../../contracts/event.ts';
import { acceptEvent, type EventPositions, positionsOf } from '../../contracts/event-order.ts';
import { Fifo } from './fifo.ts';

/** A week of an event every 12 s; 24 MiB is what they weigh at 500 bytes each, and what an edge machine of 1 GiB can spare. */
export const eventsMax = 50_000;
export const bytesMax = 24 * 1024 * 1024;
/** Sent and not yet passed by the hub's cursor. mosquitto queues 1,000 for the hub's store by default, and other sites send too. */
export const unconfirmedMax = 400;
/** Asking whether anybody stores at all: one of each stream. */
const probing = 1;

interface Held {
  readonly event: Event;
  readonly bytes: number;
}

interface Stream {
  readonly node: string;
  readonly source: string;
  readonly lane: Lane;
  /** Ascending; holes only where the sender gave events up. */
  readonly held: Fifo<Held>;
  /** Events up to this are in the journal. */
  durableTo: number;
  sentTo: number;
  window: number;
}

export interface EventMessage {
  readonly event: Event;
  readonly bytes: number;
}

export class EventQueue {
  /** Given up for lack of room, here or by their senders, since the journal began. */
  dropped = 0;
  private readonly positions: EventPositions = new Map();
  private readonly streams = new Map<string, Stream>();
  /** How far the hub's store was heard to be, by stream; also of what this bridge does not hold. */
  private readonly stored = new Map<string, number>();
  private events = 0;
  private bytes = 0;

  /** Whose events were ever taken; only grows. */
  readonly nodes = new Set<string>();

  get backlog(): number {
    return this.events;
  }

  /** An event of the site; true when it is new, and is to be journalled. */
  take(event: Event): boolean {
    const key = streamOf(event);
    const reached = this.positions.get(key)?.[event.lane] ?? 0;
    if (acceptEvent(this.positions, key, event) !== 'accepted') return false;
    if (reached > 0) this.dropped += event.seq - reached - 1;
    this.hold(event);
    return true;
  }

  /**
   * This sender is there, and from now on its events are waited for: it keeps what it says until we have it. True when that is news.
   * Without this the first thing that a new actor says could pass us by.
   */
  expect(node: string, source: string): boolean {
    const isNew = lanes.some((lane) => !this.streams.has(keyOf({ node, source, lane })));
    for (const lane of lanes) this.streamAt(node, source, lane);
    return isNew;
  }

  /** What a journal says: taken in an earlier life, and on disk. A line that was damaged costs that event, not those behind it. */
  restore(event: Event): void {
    const reached = positionsOf(this.positions, streamOf(event));
    if (event.seq <= reached[event.lane]) return;
    reached[event.lane] = event.seq;
    const { dropped } = this;
    this.hold(event);
    this.dropped = dropped; // what falls out here fell out in that life and is in its count, or the hub has it
    this.journalled([event]);
  }

  restoreDropped(dropped: number): void {
    this.dropped = dropped;
  }

  /** How far an earlier life was, though it holds nothing of it any more. */
  restorePositions(node: string, positions: CursorPositions): void {
    for (const [source, reached] of Object.entries(positions)) {
      const key = `${node}/${source}`;
      this.positions.set(key, { ...reached });
      for (const lane of lanes) this.streamAt(node, source, lane).durableTo = reached[lane];
    }
  }

  /** These are on disk: they may be sent, and their senders may let go of them. */
  journalled(events: readonly Event[]): void {
    for (const event of events) {
      const stream = this.streamAt(event.node, event.source, event.lane);
      stream.durableTo = Math.max(stream.durableTo, event.seq);
      // A bridge that lost its journal is told again what the hub has, and the hub's cursor will not move for it.
      this.letGo(stream, this.stored.get(keyOf(stream)) ?? 0);
    }
  }

  /** Up to where everything of a node is on disk here, or was at the hub: what its senders may let go of. */
  positionsOf(node: string): CursorPositions {
    return this.tableOf(node, ({ durableTo }) => durableTo);
  }

  /** The hub's store has these; true when something could be let go. */
  onFarCursor(node: string, positions: CursorPositions): boolean {
    let moved = false;
    for (const [source, reached] of Object.entries(positions)) {
      for (const lane of lanes) {
        const key = keyOf({ node, source, lane });
        this.stored.set(key, reached[lane]);
        const stream = this.streams.get(key);
        if (stream !== undefined && this.letGo(stream, reached[lane])) moved = true;
      }
    }
    return moved;
  }

  /** True when something could be. */
  private letGo(stream: Stream, reached: number): boolean {
    const gone = stream.held.take(stream.held.countWhile(({ event }) => event.seq <= reached));
    if (gone.length === 0) return false;
    this.forget(gone);
    stream.window = Math.min(unconfirmedMax, stream.window * 2);
    return true;
  }

  /** Sent once and not passed by the hub's cursor yet. */
  get unconfirmed(): number {
    let count = 0;
    for (const stream of this.streams.values()) count += sentOf(stream);
    return count;
  }

  /** The next to send, urgent before info and the longest waiting stream first, or null. Counts as sent from now on. */
  next(): EventMessage | null {
    if (this.unconfirmed >= unconfirmedMax) return null;
    for (const lane of lanes) {
      for (const stream of this.streams.values()) {
        const found = stream.lane === lane ? sendable(stream) : null;
        if (found === null) continue;
        stream.sentTo = found.event.seq;
        // Streams take turns: one that is long does not hold up the others of its lane.
        this.streams.delete(keyOf(stream));
        this.streams.set(keyOf(stream), stream);
        return { event: { ...found.event, floor: stream.held.first?.event.seq ?? found.event.seq }, bytes: found.bytes };
      }
    }
    return null;
  }

  /** The link is new: everything not confirmed is sent again. */
  rewind(): void {
    for (const stream of this.streams.values()) Object.assign(stream, { sentTo: 0, window: unconfirmedMax });
  }

  /** Nothing was confirmed for long: one of each stream asks, the rest follows when the cursor moves. */
  probe(): void {
    for (const stream of this.streams.values()) Object.assign(stream, { sentTo: 0, window: probing });
  }

  /** What a rewritten journal holds. */
  journal(): { readonly positions: ReadonlyMap<string, CursorPositions>; readonly events: readonly Event[] } {
    return {
      positions: new Map([...this.nodes].map((node) => [node, this.tableOf(node, belowFirst)])),
      events: [...this.streams.values()].flatMap(({ held }) => held.all().map(({ event }) => event)),
    };
  }

  private tableOf(node: string, numberOf: (stream: Stream) => number): CursorPositions {
    const found: Record<string, Record<Lane, number>> = {};
    for (const stream of this.streams.values()) {
      if (stream.node !== node) continue;
      const row = found[stream.source] ?? { urgent: 0, info: 0 };
      row[stream.lane] = numberOf(stream);
      found[stream.source] = row;
    }
    return found;
  }

  private hold(event: Event): void {
    const stream = this.streamAt(event.node, event.source, event.lane);
    const bytes = JSON.stringify(event).length;
    stream.held.push({ event, bytes });
    this.events += 1;
    this.bytes += bytes;
    while (this.events > eventsMax || this.bytes > bytesMax) if (!this.dropOldest()) return;
  }

  private dropOldest(): boolean {
    for (const lane of [...lanes].reverse()) {
      let oldest: Stream | null = null;
      for (const stream of this.streams.values()) {
        const first = stream.lane === lane ? stream.held.first : undefined;
        if (first !== undefined && (oldest?.held.first === undefined || first.event.ts < oldest.held.first.event.ts)) oldest = stream;
      }
      const lost = oldest?.held.take(1) ?? [];
      if (lost.length === 0) continue;
      this.forget(lost);
      this.dropped += 1;
      return true;
    }
    return false;
  }

  private forget(gone: readonly Held[]): void {
    this.events -= gone.length;
    for (const { bytes } of gone) this.bytes -= bytes;
  }

  private streamAt(node: string, source: string, lane: Lane): Stream {
    const key = keyOf({ node, source, lane });
    let stream = this.streams.get(key);
    if (stream === undefined) {
      stream = { node, source, lane, held: new Fifo(), durableTo: 0, sentTo: 0, window: unconfirmedMax };
      this.nodes.add(node);
      this.streams.set(key, stream);
    }
    return stream;
  }
}

const streamOf = ({ node, source }: Event): string => `${node}/${source}`;
const keyOf = ({ node, source, lane }: Pick<Stream, 'node' | 'source' | 'lane'>): string => `${node}/${source}/${lane}`;

/** Just below the first event held, so that reading the journal takes up what follows. */
const belowFirst = ({ held, durableTo }: Stream): number => (held.first === undefined ? durableTo : held.first.event.seq - 1);

/** Sent in this connection and still held. */
const sentOf = ({ held, sentTo }: Stream): number => held.countWhile(({ event }) => event.seq <= sentTo);

/** Behind a hole nothing is sent before the cursor has passed what is before it: only then does the floor say that nothing is missing. */
function sendable(stream: Stream): Held | null {
  const at = sentOf(stream);
  const found = stream.held.at(at);
  const { first } = stream.held;
  if (found === undefined || first === undefined || at >= stream.window) return null;
  if (found.event.seq > stream.durableTo || found.event.seq !== first.event.seq + at) return null;
  return found;
}
