/**
 * First in, first out, for tens of thousands: `Array.shift` moves all that is behind the first (55 µs with 50,000), and a full queue
 * does that with each event. Pure apart from itself.
 */

/** Below this, moving is cheaper than thinking of it. */
const looseMax = 1_024;

export class Fifo<T> {
  private items: T[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): T | undefined {
    return this.items[this.head];
  }

  at(index: number): T | undefined {
    return this.items[this.head + index];
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** The first `count`, taken out. */
  take(count: number): readonly T[] {
    const taken = this.items.slice(this.head, this.head + count);
    // What was taken is not to be kept alive by its empty place.
    this.items.fill(undefined as T, this.head, this.head + taken.length);
    this.head += taken.length;
    if (this.head > looseMax && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return taken;
  }

  /** How many of the first ones in a row are so. */
  countWhile(isSo: (item: T) => boolean): number {
    let count = 0;
    for (let item = this.first; item !== undefined && isSo(item); item = this.at(count)) count += 1;
    return count;
  }

  all(): readonly T[] {
    return this.items.slice(this.head);
  }
}
