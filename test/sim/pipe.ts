/** One direction of a connection: what is sent arrives in order, a while later; nothing arrives while it is held up. */
import type { Clock } from '../../bus/clock.ts';

interface Parcel {
  readonly dueMs: number;
  readonly arrive: () => void;
}

export class Pipe {
  private readonly clock: Clock;
  private readonly latency: () => number;
  private parcels: Parcel[] = [];
  private lastDueMs = 0;
  private timer: unknown = null;
  private heldUp = false;
  private isClosed = false;

  constructor(clock: Clock, latency: () => number) {
    this.clock = clock;
    this.latency = latency;
  }

  get isHeldUp(): boolean {
    return this.heldUp;
  }

  send(arrive: () => void): void {
    if (this.isClosed) return;
    this.lastDueMs = Math.max(this.lastDueMs, this.clock.now() + this.latency());
    this.parcels.push({ dueMs: this.lastDueMs, arrive });
    this.arm();
  }

  hold(): void {
    this.heldUp = true;
    this.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  /** What waits arrives `afterMs` from now. */
  release(afterMs: number): void {
    if (!this.heldUp) return;
    this.heldUp = false;
    const atMs = this.clock.now() + afterMs;
    this.parcels = this.parcels.map(({ dueMs, arrive }) => ({ dueMs: Math.max(dueMs, atMs), arrive }));
    this.lastDueMs = Math.max(this.lastDueMs, atMs);
    this.arm();
  }

  /** What has not arrived never will. */
  close(): void {
    this.isClosed = true;
    this.parcels = [];
    this.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  private arm(): void {
    const [first] = this.parcels;
    if (first === undefined || this.timer !== null || this.heldUp) return;
    this.timer = this.clock.setTimeout(
      () => {
        this.timer = null;
        this.deliver();
      },
      Math.max(0, first.dueMs - this.clock.now()),
    );
  }

  private deliver(): void {
    const now = this.clock.now();
    const due = this.parcels.findIndex(({ dueMs }) => dueMs > now);
    for (const { arrive } of this.parcels.splice(0, due === -1 ? this.parcels.length : due)) if (!this.isClosed) arrive();
    this.arm();
  }
}
