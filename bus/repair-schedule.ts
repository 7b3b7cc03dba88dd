/** When a topic that somebody else keeps changing is set right: at once, and then at most every 10 s (architecture section 2). */
import type { Clock } from './clock.ts';

const repairEveryMs = 10_000;

export class RepairSchedule {
  private readonly clock: Clock;
  private readonly repair: (topic: string) => void;
  private readonly repairedAtMs = new Map<string, number>();
  private readonly timers = new Map<string, unknown>();

  constructor(clock: Clock, repair: (topic: string) => void) {
    this.clock = clock;
    this.repair = repair;
  }

  soon(topic: string): void {
    if (this.timers.has(topic)) return;
    const waitMs = (this.repairedAtMs.get(topic) ?? Number.NEGATIVE_INFINITY) + repairEveryMs - this.clock.now();
    if (waitMs <= 0) {
      this.now(topic);
      return;
    }
    const timer = this.clock.setTimeout(
      () => {
        this.timers.delete(topic);
        this.now(topic);
      },
      Math.min(waitMs, repairEveryMs), // a clock that was set back must not put it off
    );
    this.timers.set(topic, timer);
  }

  /** No timer outlives this. */
  close(): void {
    for (const timer of this.timers.values()) this.clock.clearTimeout(timer);
    this.timers.clear();
  }

  private now(topic: string): void {
    this.repairedAtMs.set(topic, this.clock.now());
    this.repair(topic);
  }
}
