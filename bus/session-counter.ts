/**
 * The number of an actor's connection: persisted, +1 per connection, and raised above what the broker still holds for it.
 * A fresh one starts at the clock in milliseconds, above anything it can have used before: readers that still know a document of an
 * earlier life would otherwise ignore the new ones when the broker has lost its memory too. Where the clock is wrong the
 * writer reads its own topics back and reconnects above them. For the same reason a disk that is full does not keep an actor off the bus: it may be the one to report it.
 */
import { readFileSync } from 'node:fs';
import { writeFileAtomic } from './journal.ts';

export class SessionCounter {
  private readonly file: string;
  private value: number;
  /** There was no number on disk: an earlier life may have been here, and somebody else may be. */
  readonly isFresh: boolean;

  private readonly onTrouble: (error: unknown) => void;

  constructor(file: string, nowMs: number, onTrouble: (error: unknown) => void) {
    this.file = file;
    this.onTrouble = onTrouble;
    const known = readNumber(file);
    this.isFresh = known === null;
    this.value = known ?? Math.floor(nowMs);
  }

  get current(): number {
    return this.value;
  }

  /** On disk before it is used, where the disk allows: then a number is never given twice. */
  async next(): Promise<number> {
    this.value += 1;
    await writeFileAtomic(this.file, `${this.value}\n`).catch(this.onTrouble);
    return this.value;
  }

  raiseAbove(seen: number): void {
    this.value = Math.max(this.value, seen);
  }
}

function readNumber(file: string): number | null {
  try {
    const value = Number(readFileSync(file, 'utf8').trim());
    return Number.isSafeInteger(value) && value >= 0 ? value : null;
  } catch {
    return null;
  }
}
