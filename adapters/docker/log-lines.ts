/**
 * What a container printed, as the engine sends it (GET logs, exec): from bytes to lines.
 *
 * Without a terminal the engine multiplexes: frames of 8 bytes head (stream, length) and text; with one it sends the text as it is.
 * A line longer than 16 KiB comes in several frames, each with its own timestamp, and frames of the two streams interleave: lines are
 * put together per stream, so that a secret is never split. Remembers only the newest lines.
 */
import { StringDecoder } from 'node:string_decoder';

interface LogLinesOptions {
  readonly tty: boolean;
  /** The engine was asked for timestamps (only without a terminal, where they are at the beginning of a frame). */
  readonly timestamps: boolean;
  readonly linesMax: number;
}

/** A longer line is left out whole: cutting it could leave half a secret, which nobody recognises. */
const lineCharsMax = 65_536;
/** The engine's frames have 16 KiB and a timestamp; more means that this is no frame. */
const frameBytesMax = 1024 * 1024;
const headBytes = 8;

class StreamLines {
  private readonly decoder = new StringDecoder('utf8');
  private partial = '';
  private tooLong = false;

  get midLine(): boolean {
    return this.partial !== '' || this.tooLong;
  }

  push(bytes: Buffer): string[] {
    const lines = (this.partial + this.decoder.write(bytes)).split('\n');
    this.partial = lines.pop() ?? '';
    const finished = lines.map((line, index) => this.finish(line, index === 0));
    if (this.partial.length > lineCharsMax) {
      this.partial = '';
      this.tooLong = true;
    }
    return finished;
  }

  private finish(line: string, first: boolean): string {
    const left = (first && this.tooLong) || line.length > lineCharsMax;
    if (first) this.tooLong = false;
    return left ? `(a line of more than ${lineCharsMax} characters was left out)` : line.replace(/\r$/, '');
  }

  end(): string[] {
    const last = this.partial + this.decoder.end();
    return last === '' && !this.tooLong ? [] : [this.finish(last, true)];
  }
}

export class LogLines {
  private readonly options: LogLinesOptions;
  private readonly streams = new Map<number, StreamLines>();
  private pending: Buffer = Buffer.alloc(0);
  private raw: boolean;
  private lines: string[] = [];

  constructor(options: LogLinesOptions) {
    this.options = options;
    this.raw = options.tty;
  }

  push(chunk: Buffer): void {
    if (this.raw) {
      this.take(1, chunk);
      return;
    }
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    while (this.pending.length >= headBytes) {
      const stream = this.pending.readUInt8(0);
      const length = this.pending.readUInt32BE(4);
      if (stream > 3 || this.pending.readUIntBE(1, 3) !== 0 || length > frameBytesMax) {
        // Not multiplexed after all (some engines do so for containers with a terminal).
        this.raw = true;
        this.take(1, this.pending);
        this.pending = Buffer.alloc(0);
        return;
      }
      if (this.pending.length < headBytes + length) return;
      this.take(stream, this.pending.subarray(headBytes, headBytes + length));
      this.pending = this.pending.subarray(headBytes + length);
    }
  }

  /** The newest lines, oldest first. */
  end(): readonly string[] {
    for (const stream of this.streams.values()) this.add(stream.end());
    return this.lines;
  }

  private take(stream: number, bytes: Buffer): void {
    const lines = this.streams.get(stream) ?? new StreamLines();
    this.streams.set(stream, lines);
    this.add(lines.push(this.options.timestamps && lines.midLine ? withoutTimestamp(bytes) : bytes));
  }

  private add(lines: readonly string[]): void {
    this.lines.push(...lines);
    if (this.lines.length > this.options.linesMax) this.lines = this.lines.slice(-this.options.linesMax);
  }
}

/** The timestamp of a continued line would stand in its middle. */
function withoutTimestamp(bytes: Buffer): Buffer {
  // 2026-03-01T12:00:00.123456789+01:00 and a blank: at most 36 bytes.
  const head = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) /.exec(bytes.toString('latin1', 0, 40))?.[0];
  return head === undefined ? bytes : bytes.subarray(head.length);
}
