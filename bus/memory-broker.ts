/**
 * An MQTT 3.1.1 broker inside the process, for unit tests and simulation; behaves as mosquitto does where brokers may
 * differ. Everything it delivers comes in a later microtask, in order per connection; only injected delays use the clock.
 *
 * Remembers retained messages and persistent sessions as long as the object lives, through `stop` and `start` unless
 * told to lose them. Faults are decided by a function, so that a seed can drive them.
 */
import { filterProblem, topicMatches } from './broker-topic-filter.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Incoming, Link, LinkHandlers, LinkOptions, Transport } from './link.ts';
import { type Log, silentLog } from './log.ts';
import { type BrokerSide, type Fault, MemoryConnection, type Passage, type Session } from './memory-broker-connection.ts';

export interface MemoryBrokerOptions {
  /** Only for injected delays. */
  readonly clock?: Clock;
  /** Messages kept for a persistent session that is away. 1,000: the default of mosquitto, whose newest are dropped, acknowledged all the same. */
  readonly queuedMax?: number;
  readonly fault?: (passage: Passage) => Fault;
  readonly log?: Log;
}

const pass: Fault = { kind: 'pass' };

export class MemoryBroker implements BrokerSide {
  /** Messages that a full queue swallowed. */
  droppedCount = 0;
  private readonly retained = new Map<string, Buffer>();
  private readonly sessions = new Map<string, Session>();
  /** Who gets what, by topic; forgotten whenever a session or a subscription comes or goes. */
  private readonly receivers = new Map<string, readonly Session[]>();
  private readonly queuedMax: number;
  private readonly decide: (passage: Passage) => Fault;
  private running = true;
  readonly clock: Clock;
  readonly log: Log;

  constructor(options: MemoryBrokerOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.queuedMax = options.queuedMax ?? 1_000;
    this.decide = options.fault ?? (() => pass);
    this.log = options.log ?? silentLog;
  }

  transport(): Transport {
    return {
      description: 'memory',
      connect: (options, handlers) => this.connect(options, handlers),
    };
  }

  /** The broker dies: every connection breaks, no will is published. */
  stop(lose: { readonly retained?: boolean; readonly sessions?: boolean } = {}): void {
    this.running = false;
    for (const session of [...this.sessions.values()]) session.connection?.breakOff('the broker stopped', { will: false });
    if (lose.retained === true) this.retained.clear();
    if (lose.sessions === true) this.sessions.clear();
    this.receivers.clear();
  }

  start(): void {
    this.running = true;
  }

  /** The connection of a client breaks, as when its cable is pulled: its will is published. */
  disconnect(clientId: string): void {
    this.sessions.get(clientId)?.connection?.breakOff('the connection broke', { will: true });
  }

  /** What is retained now, for tests to look at. */
  get retainedTopics(): ReadonlyMap<string, string> {
    return new Map([...this.retained].map(([topic, payload]) => [topic, payload.toString()]));
  }

  fault(passage: Passage): Fault {
    return this.decide(passage);
  }

  accept(topic: string, payload: Buffer, retain: boolean): void {
    if (retain && payload.length === 0) this.retained.delete(topic);
    else if (retain) this.retained.set(topic, payload);
    for (const session of this.receiversOf(topic)) this.give(session, { topic, payload, retained: false });
  }

  private receiversOf(topic: string): readonly Session[] {
    const known = this.receivers.get(topic);
    if (known !== undefined) return known;
    // One copy, however many of its filters match: as mosquitto does for 3.1.1 clients.
    const found = [...this.sessions.values()].filter(({ filters }) => [...filters].some((filter) => topicMatches(filter, topic)));
    this.receivers.set(topic, found);
    return found;
  }

  subscribe(session: Session, filters: readonly string[]): void {
    for (const filter of filters) session.filters.add(filter);
    this.receivers.clear();
    // Once per filter, also for topics that several of them match: as mosquitto does.
    for (const filter of filters) {
      for (const [topic, payload] of this.retained) if (topicMatches(filter, topic)) this.give(session, { topic, payload, retained: true });
    }
  }

  unsubscribe(session: Session, filters: readonly string[]): void {
    for (const filter of filters) session.filters.delete(filter);
    this.receivers.clear();
  }

  refusal(filters: readonly string[]): string | null {
    for (const filter of filters) {
      const problem = filterProblem(filter);
      if (problem !== null) return `${JSON.stringify(filter)}: ${problem}`;
    }
    return null;
  }

  forget(session: Session): void {
    session.connection = null;
    if (session.clean && this.sessions.get(session.clientId) === session) this.sessions.delete(session.clientId);
    this.receivers.clear();
  }

  private connect(options: LinkOptions, handlers: LinkHandlers): Promise<Link> {
    return new Promise((resolve, reject) => {
      queueMicrotask(() => {
        if (!this.running) {
          reject(new Error('memory: connection refused, the broker is stopped'));
          return;
        }
        // [MQTT-3.1.4-2] the older connection of this client id goes; its will is published first.
        this.sessions.get(options.clientId)?.connection?.breakOff('another connection took over this client id', { will: true });
        const connection = new MemoryConnection(this, this.sessionFor(options), options, handlers);
        connection.begin(resolve, reject);
      });
    });
  }

  private sessionFor(options: LinkOptions): Session {
    const known = this.sessions.get(options.clientId);
    if (known !== undefined && !known.clean && !options.clean) return known;
    const session: Session = { clientId: options.clientId, clean: options.clean, filters: new Set(), queue: [], connection: null };
    this.sessions.set(options.clientId, session);
    this.receivers.clear();
    return session;
  }

  private give(session: Session, message: Incoming): void {
    if (session.connection === null && session.queue.length >= this.queuedMax) {
      this.droppedCount += 1;
      return;
    }
    session.queue.push(message);
    session.connection?.deliverNext();
  }
}
