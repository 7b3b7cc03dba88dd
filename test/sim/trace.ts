/**
 * What happened, step by step: the last lines for people, and a digest of all of them, which must be the same whenever
 * the same seed runs. Remembers nothing on disk.
 */
import { mountedDisk } from './mount-disk.ts';

/** The last two minutes or so of a lively site. */
const linesKept = 400;

export class Trace {
  readonly isVerbose: boolean;
  /** How many lines there were. */
  count = 0;
  private readonly lines: string[] = [];
  private readonly now: () => number;
  private readonly startMs: number;
  private low = 0x811c9dc5;
  private high = 0x01000193;

  constructor(now: () => number, options: { readonly isVerbose: boolean }) {
    this.now = now;
    this.startMs = now();
    this.isVerbose = options.isVerbose;
  }

  /** `who` did or met `what`. */
  say(who: string, what: string): void {
    const line = `${this.time()} ${who.padEnd(18)} ${what.replace(mountedDisk, '…')}`;
    this.count += 1;
    this.mix(line);
    this.lines[this.count % linesKept] = line;
    if (this.isVerbose) process.stdout.write(`${line}\n`);
  }

  /** The newest lines, oldest first. */
  tail(count: number): readonly string[] {
    const from = Math.max(1, this.count - Math.min(count, linesKept) + 1);
    return Array.from({ length: this.count - from + 1 }, (_, at) => this.lines[(from + at) % linesKept] ?? '');
  }

  get digest(): string {
    return (this.high >>> 0).toString(16).padStart(8, '0') + (this.low >>> 0).toString(16).padStart(8, '0');
  }

  /** Virtual time since the start: `12:34.567`. */
  private time(): string {
    const ms = this.now() - this.startMs;
    const part = (value: number, digits: number): string => String(value).padStart(digits, '0');
    return `${part(Math.floor(ms / 60_000), 2)}:${part(Math.floor(ms / 1000) % 60, 2)}.${part(ms % 1000, 3)}`;
  }

  private mix(line: string): void {
    for (let at = 0; at < line.length; at += 1) {
      this.low = Math.imul(this.low ^ line.charCodeAt(at), 0x01000193);
      this.high = Math.imul(this.high ^ (this.low >>> 16), 0x85ebca6b);
    }
  }
}
