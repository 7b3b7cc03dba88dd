/**
 * A connection that comes back: connects, hands each fresh link to its owner, waits for its end, backs off, connects again.
 *
 * Remembers nothing itself; the owner re-reads and re-sends what matters on every link. Back-off doubles from 250 ms to
 * 30 s, or to what its owner or the transport says, with ±50 % jitter (a broker restart is over within a second, and a fleet must not come
 * back in step), counted from the beginning of an attempt that failed, and starts over once a link has held for 10 s, so that two programs
 * that take over each other's client id slow down.
 */
import type { Clock } from './clock.ts';
import type { Incoming, Link, LinkOptions, Transport } from './link.ts';
import type { Log } from './log.ts';

const backoffFirstMs = 250;
const backoffMaxMsDefault = 30_000;
const heldAfterMs = 10_000;
/** TCP, TLS and CONNECT over LTE are 2 s, four turns at half a second; TCP repeats a lost SYN after 1, 3 and 7 s. */
export const connectTimeoutMs = 10_000;

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ x < 1; the jitter. */
  readonly random: () => number;
  /** The longest wait between two attempts, before the jitter. What the transport says when absent, else 30 s. */
  readonly backoffMaxMs?: number;
  /** Everything the next CONNECT says, its will included. Called once per attempt. */
  linkOptions(): Promise<LinkOptions>;
  /** Subscribes and catches up. Throwing drops the link; a RetryNow does so without back-off. */
  onUp(link: Link): Promise<void>;
  onMessage(message: Incoming): void;
  onDown(reason: Error | null): void;
}

/** Connect again at once: nothing is wrong with the broker. */
export class RetryNow extends Error {
  override readonly name = 'RetryNow';
}

export class Connection {
  private readonly options: ConnectionOptions;
  private stopped = false;
  private link: Link | null = null;
  private running: Promise<void> | null = null;
  private announceStop: () => void = () => undefined;
  private readonly stopAsked = new Promise<void>((resolve) => (this.announceStop = resolve));

  constructor(options: ConnectionOptions) {
    this.options = options;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Ends with a clean DISCONNECT, so that no will is published; `abrupt` drops the socket as a crash would. */
  async stop(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    this.stopped = true;
    this.announceStop();
    await this.link?.close(options).catch(() => undefined);
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock, log } = this.options;
    let failures = 0;
    while (!this.stopped) {
      const startedAt = clock.now();
      const ended = await this.once();
      if (this.stopped) return;
      if (ended.error instanceof RetryNow) continue;
      if (ended.wasUp && clock.now() - startedAt >= heldAfterMs) failures = 0;
      const maxMs = this.options.backoffMaxMs ?? this.options.transport.backoffMaxMs ?? backoffMaxMsDefault;
      const waitMs = Math.min(backoffFirstMs * 2 ** failures, maxMs) * (0.5 + this.options.random());
      // An attempt that nobody answered has been a pause itself. Never below zero: the clock may have been set back meanwhile.
      const triedMs = ended.wasUp ? 0 : Math.max(0, clock.now() - startedAt);
      failures += 1;
      if (failures === 1 || failures % 10 === 0)
        log.warn({ err: ended.error, broker: this.options.transport.description, failures }, 'broker connection lost or refused; trying again');
      await this.pause(Math.max(0, waitMs - triedMs));
    }
  }

  /** Ends early, and leaves no timer behind, when it is stopped. */
  private async pause(ms: number): Promise<void> {
    const { clock } = this.options;
    let timer: unknown;
    const over = new Promise<void>((resolve) => {
      timer = clock.setTimeout(() => {
        resolve();
      }, ms);
    });
    await Promise.race([over, this.stopAsked]);
    clock.clearTimeout(timer);
  }

  private async once(): Promise<{ readonly wasUp: boolean; readonly error: Error | null }> {
    let closed: (reason: Error | null) => void = () => undefined;
    const end = new Promise<Error | null>((resolve) => (closed = resolve));
    let wasUp = false;
    try {
      const connecting = this.options.transport.connect(await this.options.linkOptions(), {
        onMessage: (message) => {
          this.options.onMessage(message);
        },
        onClose: closed,
      });
      // Nobody who wants to stop waits for a broker that does not answer; a link that comes all the same is closed.
      const link = await Promise.race([connecting, this.stopAsked]);
      if (link === undefined || this.stopped) {
        connecting.then((late) => late.close()).catch(() => undefined);
        return { wasUp, error: null };
      }
      this.link = link;
      try {
        await Promise.race([this.options.onUp(link), end.then((reason) => Promise.reject(reason ?? new Error('connection closed while catching up')))]);
        wasUp = true;
      } catch (error) {
        await link.close().catch(() => undefined);
        throw error;
      }
      return { wasUp, error: await end };
    } catch (error) {
      return { wasUp, error: error instanceof Error ? error : new Error(String(error)) };
    } finally {
      if (this.link !== null) {
        this.link = null;
        this.options.onDown(null);
      }
    }
  }
}
