/** Performs an actor's commands strictly one after the other, in the order they were said; the first failure ends it. */

type Perform = Readonly<Record<string, (command: never) => void | Promise<void>>>;

export class CommandQueue {
  private readonly perform: Perform;
  private readonly onFailure: (error: Error) => void;
  private readonly waiting: { readonly type: string }[] = [];
  private busy: Promise<void> = Promise.resolve();
  private draining = false;
  private stopped = false;

  constructor(perform: Perform, onFailure: (error: Error) => void) {
    this.perform = perform;
    this.onFailure = onFailure;
  }

  add(command: { readonly type: string }): void {
    if (this.stopped) return;
    this.waiting.push(command);
    if (this.draining) return;
    this.draining = true;
    this.busy = this.drain();
  }

  /** Resolves when everything said so far is done. */
  async idle(): Promise<void> {
    await this.busy;
  }

  /** Nothing more is performed, not even what waits. */
  stop(): void {
    this.stopped = true;
    this.waiting.length = 0;
  }

  private async drain(): Promise<void> {
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
        const perform = this.perform[next.type] as ((command: unknown) => void | Promise<void>) | undefined;
        if (perform === undefined) throw new Error(`no such command: ${next.type}`);
        const result = perform(next);
        if (result !== undefined) await result;
      }
    } catch (error) {
      this.stop();
      this.onFailure(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.draining = false;
    }
  }
}
