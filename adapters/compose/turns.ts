/** One at a time for each name: who comes later waits, and goes on in the order in which it came. Remembers who is at work; fails with DeadlineError. */
import { type Clock, withDeadline } from '../../bus/clock.ts';

export class Turns {
  private readonly busy = new Map<string, Promise<unknown>>();

  /** Resolves with what ends the turn. */
  async take(clock: Clock, name: string, deadlineMs: number): Promise<() => void> {
    for (let before = this.busy.get(name); before !== undefined; before = this.busy.get(name))
      await withDeadline(clock, deadlineMs, `turn for ${name}`, before);
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.busy.set(name, over);
    return () => {
      if (this.busy.get(name) === over) this.busy.delete(name);
      end();
    };
  }
}
