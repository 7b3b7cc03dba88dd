/** Which of the things said about documents are not acknowledged yet, and who waits for them. Remembers nothing on disk. */

interface Waiter {
  /** topic → number of the last thing said about it before the wait began */
  readonly needs: Map<string, number>;
  readonly resolve: () => void;
}

export class Settlement {
  private said = 0;
  private readonly open = new Map<string, number>();
  private waiters: Waiter[] = [];

  say(topic: string): void {
    this.said += 1;
    this.open.set(topic, this.said);
  }

  /** What a publish of this topic covers when it is sent now; to be handed to `acknowledge`. */
  covers(topic: string): number {
    return this.open.get(topic) ?? 0;
  }

  /** The broker has what was said about a topic up to this number: latest wins, so also what it replaced. */
  acknowledge(topic: string, upTo: number): void {
    if ((this.open.get(topic) ?? Number.POSITIVE_INFINITY) <= upTo) this.open.delete(topic);
    this.waiters = this.waiters.filter(({ needs, resolve }) => {
      if ((needs.get(topic) ?? Number.POSITIVE_INFINITY) <= upTo) needs.delete(topic);
      if (needs.size > 0) return true;
      resolve();
      return false;
    });
  }

  /** Resolves when everything said before this call is acknowledged, whatever is said after it. */
  settled(): Promise<void> {
    if (this.open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ needs: new Map(this.open), resolve }));
  }
}
