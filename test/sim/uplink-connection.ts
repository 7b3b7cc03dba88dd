/** One connection over the simulated uplink: both directions as pipes, and what each end knows of the other. Remembers nothing beyond its life. */
import type { Clock } from '../../bus/clock.ts';
import { type Link, LinkClosedError, type LinkHandlers, type LinkOptions, type Transport } from '../../bus/link.ts';
import { payloadProblem } from '../../bus/payload-limit.ts';
import { Pipe } from './pipe.ts';

/** refused: whoever tries hears so at once. silent: nothing passes either way; to-hub, to-site: nothing passes that way. */
export type Cut = 'refused' | 'silent' | 'to-hub' | 'to-site';

interface ConnectionParts {
  readonly clock: Clock;
  readonly far: Transport;
  readonly options: LinkOptions;
  readonly handlers: LinkHandlers;
  readonly latency: () => number;
  /** How long the broker bears with a silent client. */
  readonly silence: () => number;
  /** Neither end holds it any more. */
  readonly over: () => void;
}

export class UplinkConnection implements Link {
  private readonly parts: ConnectionParts;
  private readonly up: Pipe;
  private readonly down: Pipe;
  private readonly unsettled = new Set<(error: Error) => void>();
  /** At the hub's broker. */
  private inner: Link | null = null;
  private state: 'connecting' | 'open' | 'closed' = 'connecting';
  private watchdog: unknown = null;
  private isAway = false;
  private announceEnd: () => void = () => undefined;
  private readonly ended = new Promise<void>((resolve) => (this.announceEnd = resolve));

  constructor(parts: ConnectionParts) {
    this.parts = parts;
    this.up = new Pipe(parts.clock, parts.latency);
    this.down = new Pipe(parts.clock, parts.latency);
  }

  open(): Promise<Link> {
    const { clock, options } = this.parts;
    return new Promise<Link>((resolve, reject) => {
      const fail = (error: Error): void => {
        clock.clearTimeout(timer);
        this.unsettled.delete(fail);
        if (this.state === 'connecting') this.letGo();
        reject(error);
      };
      const timer = clock.setTimeout(() => {
        fail(new Error('simulated: the hub does not answer'));
      }, options.connectTimeoutMs);
      this.unsettled.add(fail);
      const connected = (): void => {
        clock.clearTimeout(timer);
        this.unsettled.delete(fail);
        this.state = 'open';
        resolve(this);
      };
      this.up.send(() => {
        this.arrive(connected, fail);
      });
    });
  }

  /** CONNECT has reached the broker. */
  private arrive(connected: () => void, fail: (error: Error) => void): void {
    if (this.state === 'closed') return;
    const { far, options, handlers } = this.parts;
    far
      .connect(options, {
        onMessage: (message) => {
          this.down.send(() => {
            if (this.state === 'open') handlers.onMessage(message);
          });
        },
        onClose: (reason) => {
          this.farEnded();
          this.down.send(() => {
            this.end(reason ?? new LinkClosedError('simulated: the hub closed the connection'));
          });
        },
      })
      .then(
        (link) => {
          this.inner = link;
          if (this.state === 'closed') void link.close({ abrupt: true });
          else this.down.send(connected);
        },
        (error: unknown) => {
          this.farEnded();
          this.down.send(() => {
            fail(error as Error);
          });
        },
      );
  }

  publish(topic: string, payload: string | Buffer, options: { readonly retain: boolean }): Promise<void> {
    const problem = payloadProblem(topic, payload);
    if (problem !== null) return Promise.reject(problem);
    return this.ask((inner) => inner.publish(topic, payload, options));
  }

  subscribe(filters: readonly string[]): Promise<void> {
    return this.ask((inner) => inner.subscribe(filters));
  }

  unsubscribe(filters: readonly string[]): Promise<void> {
    return this.ask((inner) => inner.unsubscribe(filters));
  }

  close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    if (this.state !== 'closed') {
      if (this.up.isHeldUp) this.orphan();
      else
        this.up.send(() => {
          void this.inner?.close(options);
        });
      this.end(null);
    }
    return this.ended;
  }

  cut(how: Cut): void {
    if (how === 'refused') {
      void this.inner?.close({ abrupt: true });
      this.end(new LinkClosedError('simulated: connection reset'));
      return;
    }
    if (how !== 'to-site') {
      this.up.hold();
      this.watch();
    }
    if (how !== 'to-hub') this.down.hold();
  }

  mend(afterMs: number): void {
    this.up.release(afterMs);
    this.down.release(afterMs);
    if (!this.isAway) this.parts.clock.clearTimeout(this.watchdog);
  }

  /** This end is gone, and nothing says so to the other. */
  forsake(): void {
    if (this.isAway) return;
    this.orphan();
    this.end(null);
  }

  /** What had not arrived never will; the broker waits. */
  private orphan(): void {
    this.isAway = true;
    this.up.close();
    this.watch();
  }

  private watch(): void {
    const { clock, silence } = this.parts;
    clock.clearTimeout(this.watchdog);
    this.watchdog = clock.setTimeout(() => {
      if (this.inner === null) this.farEnded();
      else void this.inner.close({ abrupt: true });
    }, silence());
  }

  private farEnded(): void {
    this.parts.clock.clearTimeout(this.watchdog);
    this.parts.over();
  }

  private ask(what: (inner: Link) => Promise<void>): Promise<void> {
    if (this.state !== 'open') return Promise.reject(new LinkClosedError('simulated: the connection is closed'));
    return new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.unsettled.delete(fail);
        reject(error);
      };
      this.unsettled.add(fail);
      const settle = (by: () => void): void => {
        this.down.send(() => {
          this.unsettled.delete(fail);
          by();
        });
      };
      this.up.send(() => {
        if (this.inner === null) return;
        what(this.inner).then(
          () => {
            settle(resolve);
          },
          (error: unknown) => {
            settle(() => {
              reject(error as Error);
            });
          },
        );
      });
    });
  }

  /** A connection that never came to be. */
  private letGo(): void {
    this.state = 'closed';
    if (this.inner === null) {
      this.up.close();
      this.farEnded();
    } else if (this.up.isHeldUp) this.orphan();
    else void this.inner.close({ abrupt: true });
    this.announceEnd();
  }

  /** This end of it is over; `reason` null: by our own will. */
  private end(reason: Error | null): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.state = 'closed';
    this.down.close();
    if (this.inner === null) this.farEnded();
    const error = reason ?? new LinkClosedError('simulated: the connection is closed');
    for (const fail of [...this.unsettled]) fail(error);
    queueMicrotask(() => {
      if (wasOpen) this.parts.handlers.onClose(reason);
      this.announceEnd();
    });
  }
}
