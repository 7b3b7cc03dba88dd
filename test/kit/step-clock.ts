/**
 * A clock that stands still until a test moves it, timer by timer: a timer set inside a fired timer is honoured within
 * the same step (xstate's own SimulatedClock is not that exact). Also usable as xstate's clock.
 */
import type { Clock } from '../../bus/clock.ts';

interface Timer {
  readonly id: number;
  readonly dueMs: number;
  readonly fn: (...args: unknown[]) => void;
}

/** A fixed moment, so that a failing test reads the same every time. */
const defaultStartMs = Date.parse('2026-03-01T12:00:00.000Z');

export class StepClock implements Clock {
  private nowMs: number;
  private lastId = 0;
  private readonly timers = new Map<number, Timer>();

  constructor(startMs: number = defaultStartMs) {
    this.nowMs = startMs;
  }

  now(): number {
    return this.nowMs;
  }

  setTimeout(fn: (...args: unknown[]) => void, timeoutMs: number): unknown {
    this.lastId += 1;
    this.timers.set(this.lastId, { id: this.lastId, dueMs: this.nowMs + Math.max(0, timeoutMs), fn });
    return this.lastId;
  }

  clearTimeout(id: unknown): void {
    this.timers.delete(id as number);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.timers.size;
  }

  /** When the next timer is due, epoch milliseconds; null when none is set. */
  get nextDueMs(): number | null {
    return this.earliest()?.dueMs ?? null;
  }

  /** Moves on by `ms`, firing each timer at its own time. For code without promises. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.fireNext(untilMs)) {
      // each turn fires one timer, which may set others
    }
    this.nowMs = untilMs;
  }

  /** The same, and lets promises settle before, between and after the timers. */
  async run(ms: number, settle: () => Promise<void> = settlePromises): Promise<void> {
    const untilMs = this.nowMs + ms;
    await settle();
    while (this.fireNext(untilMs)) await settle();
    this.nowMs = untilMs;
  }

  private fireNext(untilMs: number): boolean {
    const timer = this.earliest();
    if (timer === null || timer.dueMs > untilMs) return false;
    this.timers.delete(timer.id);
    this.nowMs = timer.dueMs;
    timer.fn();
    return true;
  }

  private earliest(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.timers.values()) {
      // The map keeps the order of setting: of two due at once the older fires first.
      if (first === null || timer.dueMs < first.dueMs) first = timer;
    }
    return first;
  }
}

/** One turn of the event loop: every promise that can settle without a timer or input has done so. */
export const settlePromises = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** The same for code that also reads and writes files: those requests are no timers, so a clock alone cannot wait for them. */
export async function settleFiles(): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    await settlePromises();
    quiet = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq') || name === 'CloseReq') ? 0 : quiet + 1;
  }
}
