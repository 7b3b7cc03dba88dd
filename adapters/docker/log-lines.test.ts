import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogLines } from './log-lines.ts';

const stamp = '2026-03-01T12:00:00.123456789Z ';
const frame = (stream: number, text: string | Buffer): Buffer => {
  const body = Buffer.from(text as string);
  const head = Buffer.alloc(8);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
};
const read = (bytes: Buffer, options: Partial<ConstructorParameters<typeof LogLines>[0]> = {}): readonly string[] => {
  const lines = new LogLines({ tty: false, timestamps: false, linesMax: 200, ...options });
  lines.push(bytes);
  return lines.end();
};

describe('the log of a container', () => {
  it('is read from frames, both streams in the order of their ends', () => {
    expect(read(Buffer.concat([frame(1, 'a\n'), frame(2, 'oops\n'), frame(1, 'b\r\n')]))).toEqual(['a', 'oops', 'b']);
  });

  it('is read as it is from a terminal', () => {
    expect(read(Buffer.from('one\r\ntwo'), { tty: true })).toEqual(['one', 'two']);
  });

  it('puts a long line together that comes in several stamped frames, with the other stream in between', () => {
    const bytes = Buffer.concat([frame(1, `${stamp}pass`), frame(2, `${stamp}err\n`), frame(1, `${stamp}word\n`), frame(1, `${stamp}next\n`)]);
    expect(read(bytes, { timestamps: true })).toEqual([`${stamp}err`, `${stamp}password`, `${stamp}next`]);
  });

  it('is the same however the bytes are cut', () => {
    const bytes = Buffer.concat([
      frame(1, 'grüße 😀\n'),
      frame(2, Buffer.from('ä\n').subarray(0, 1)),
      frame(2, Buffer.from('ä\n').subarray(1)),
      frame(1, 'end'),
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(12)), (cuts) => {
        const lines = new LogLines({ tty: false, timestamps: false, linesMax: 200 });
        let rest = bytes;
        for (const cut of cuts) {
          lines.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        lines.push(rest);
        expect(lines.end()).toEqual(['grüße 😀', 'ä', 'end']);
      }),
    );
  });

  it('keeps only the newest lines', () => {
    expect(read(frame(1, 'a\nb\nc\n'), { linesMax: 2 })).toEqual(['b', 'c']);
  });

  it('leaves out a line too long to hold, and reads on', () => {
    const long = 'x'.repeat(40_000);
    const lines = read(Buffer.concat([frame(1, long), frame(1, long), frame(1, long), frame(1, 'tail\nnext\n')]));
    expect(lines).toEqual([expect.stringContaining('left out'), 'next']);
  });

  it('is read as it is when it is not in frames after all', () => {
    expect(read(Buffer.from('plain text\nmore\n'))).toEqual(['plain text', 'more']);
  });
});
