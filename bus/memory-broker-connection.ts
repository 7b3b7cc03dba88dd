/** One client's connection to the in-memory broker: two ordered channels, and the Link over them. */
import type { Clock } from './clock.ts';
import { type Incoming, type Link, LinkClosedError, type LinkHandlers, type LinkOptions } from './link.ts';
import type { Log } from './log.ts';
import { payloadProblem } from './payload-limit.ts';

/** One message on its way: to the broker (`publish`, acknowledged whatever happens to it) or to a client (`delivery`). */
export interface Passage extends Incoming {
  readonly direction: 'publish' | 'delivery';
  readonly clientId: string;
}
/** A delay holds up everything behind it on that connection, as TCP would. */
export type Fault = { readonly kind: 'pass' } | { readonly kind: 'drop' } | { readonly kind: 'duplicate' } | { readonly kind: 'delay'; readonly ms: number };

export interface Session {
  readonly clientId: string;
  readonly clean: boolean;
  readonly filters: Set<string>;
  /** Not yet delivered, oldest first. */
  readonly queue: Incoming[];
  connection: MemoryConnection | null;
}

/** The broker, as a connection needs it. */
export interface BrokerSide {
  readonly clock: Clock;
  readonly log: Log;
  fault(passage: Passage): Fault;
  /** A message has reached the broker. */
  accept(topic: string, payload: Buffer, retain: boolean): void;
  /** Why these filters cannot be subscribed to, or null. */
  refusal(filters: readonly string[]): string | null;
  subscribe(session: Session, filters: readonly string[]): void;
  unsubscribe(session: Session, filters: readonly string[]): void;
  /** The connection is over; a clean session ends with it. */
  forget(session: Session): void;
}

/** Runs steps in order, never in the caller's own turn. A delayed step holds up those behind it. */
class Channel {
  private readonly clock: Clock;
  private steps: { readonly run: () => void; delayMs: number }[] = [];
  private busy = false;
  private shut = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  push(run: () => void, delayMs = 0): void {
    if (this.shut) return;
    this.steps.push({ run, delayMs });
    this.wake();
  }

  /** What has not run never will. */
  close(): void {
    this.shut = true;
    this.steps = [];
  }

  private wake(): void {
    if (this.busy) return;
    this.busy = true;
    queueMicrotask(() => {
      this.busy = false;
      this.drain();
    });
  }

  private drain(): void {
    const steps = this.steps;
    this.steps = [];
    for (const [at, step] of steps.entries()) {
      if (this.shut) return;
      if (step.delayMs > 0) {
        const { delayMs } = step;
        step.delayMs = 0;
        this.steps = [...steps.slice(at), ...this.steps];
        this.busy = true;
        this.clock.setTimeout(() => {
          this.busy = false;
          this.drain();
        }, delayMs);
        return;
      }
      step.run();
    }
    if (this.steps.length > 0) this.wake();
  }
}

export class MemoryConnection implements Link {
  private readonly broker: BrokerSide;
  private readonly session: Session;
  private readonly options: LinkOptions;
  private readonly handlers: LinkHandlers;
  private readonly up: Channel;
  private readonly down: Channel;
  private readonly unsettled = new Set<(error: Error) => void>();
  private state: 'open' | 'closing' | 'closed' = 'open';
  /** How many of the queue are on their way down. */
  private scheduled = 0;
  /** Set until the CONNACK. */
  private failed: ((error: Error) => void) | null = null;
  private announceEnd!: () => void;
  private readonly ended = new Promise<void>((resolve) => {
    this.announceEnd = resolve;
  });

  constructor(broker: BrokerSide, session: Session, options: LinkOptions, handlers: LinkHandlers) {
    this.broker = broker;
    this.session = session;
    this.options = options;
    this.handlers = handlers;
    this.up = new Channel(broker.clock);
    this.down = new Channel(broker.clock);
    session.connection = this;
  }

  /** CONNACK, then what was queued. */
  begin(connected: (link: Link) => void, failed: (error: Error) => void): void {
    this.failed = failed;
    this.down.push(() => {
      this.failed = null;
      connected(this);
      for (let left = this.session.queue.length; left > 0; left -= 1) this.deliverNext();
    });
  }

  publish(topic: string, payload: string | Buffer, options: { readonly retain: boolean }): Promise<void> {
    const problem = payloadProblem(topic, payload);
    if (problem !== null) return Promise.reject(problem);
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    return this.untilClosed((resolve) => {
      const fault = this.broker.fault({ direction: 'publish', clientId: this.options.clientId, topic, payload: bytes, retained: options.retain });
      const copies = fault.kind === 'drop' ? 0 : fault.kind === 'duplicate' ? 2 : 1;
      this.up.push(
        () => {
          for (let copy = 0; copy < copies; copy += 1) this.broker.accept(topic, bytes, options.retain);
          this.down.push(resolve);
        },
        fault.kind === 'delay' ? fault.ms : 0,
      );
    });
  }

  subscribe(filters: readonly string[]): Promise<void> {
    return this.untilClosed((resolve, reject) => {
      this.up.push(() => {
        const refusal = this.broker.refusal(filters);
        this.down.push(() => {
          if (refusal === null) resolve();
          else reject(new Error(`memory refused a subscription to ${refusal}`));
        });
        if (refusal === null) this.broker.subscribe(this.session, filters);
      });
    });
  }

  unsubscribe(filters: readonly string[]): Promise<void> {
    return this.untilClosed((resolve) => {
      this.up.push(() => {
        this.broker.unsubscribe(this.session, filters);
        // Behind what is on its way down.
        this.down.push(resolve);
      });
    });
  }

  close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    if (this.state === 'open') {
      this.state = 'closing';
      this.rejectAll();
      if (options.abrupt === true) this.end(null, { will: true });
      // Behind what was published before.
      else this.up.push(() => this.end(null, { will: false }));
    }
    return this.ended;
  }

  /** The broker's end of the connection goes away. */
  breakOff(reason: string, options: { readonly will: boolean }): void {
    this.end(this.state === 'closing' ? null : new LinkClosedError(`memory: ${reason}`), options);
  }

  /** Sends the oldest queued message; it leaves the queue only when the client has it. */
  deliverNext(): void {
    const { session } = this;
    const message = session.queue[this.scheduled];
    if (message === undefined) return; // it is on its way already: it came between CONNECT and CONNACK
    this.scheduled += 1;
    const fault = this.broker.fault({ direction: 'delivery', clientId: this.options.clientId, ...message });
    this.down.push(
      () => {
        // What comes after our own close stays queued.
        if (this.state !== 'open') return;
        session.queue.shift();
        this.scheduled -= 1;
        if (fault.kind === 'drop') return;
        this.hand(message);
        if (fault.kind === 'duplicate') this.hand(message);
      },
      fault.kind === 'delay' ? fault.ms : 0,
    );
  }

  private hand(message: Incoming): void {
    try {
      this.handlers.onMessage(message);
    } catch (error) {
      this.broker.log.error({ err: error, handler: 'onMessage' }, 'a link handler threw');
    }
  }

  private end(reason: Error | null, options: { readonly will: boolean }): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.up.close();
    this.down.close();
    this.broker.forget(this.session);
    const { will } = this.options;
    if (this.failed !== null) {
      this.failed(reason ?? new LinkClosedError('memory: closed'));
      return;
    }
    if (options.will && will !== undefined) this.broker.accept(will.topic, Buffer.from(will.payload), true);
    queueMicrotask(() => {
      this.rejectAll();
      try {
        this.handlers.onClose(reason);
      } catch (error) {
        this.broker.log.error({ err: error, handler: 'onClose' }, 'a link handler threw');
      }
      this.announceEnd();
    });
  }

  private untilClosed(start: (resolve: () => void, reject: (error: Error) => void) => void): Promise<void> {
    if (this.state !== 'open') return Promise.reject(new LinkClosedError('the connection to memory is closed'));
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

  private rejectAll(): void {
    for (const fail of this.unsettled) fail(new LinkClosedError('the connection to memory is closed'));
  }
}
