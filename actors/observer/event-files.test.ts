/** Lines come out of a file as they went in, wherever its chunks end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readLines } from './event-files.ts';

async function linesOf(content: string): Promise<{ readonly lines: readonly string[]; readonly bytesGood: number; readonly bytesHalf: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'homelab-events-'));
  try {
    const file = join(directory, 'events.jsonl');
    await writeFile(file, content);
    const lines: string[] = [];
    return { ...(await readLines(file, 0, (line) => lines.push(line))), lines };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Many chunks of 64 KiB, with a length that no chunk is a multiple of. */
const many = (line: (at: number) => string): readonly string[] => Array.from({ length: 30_011 }, (_, at) => line(at));

describe('reading lines', () => {
  test.each([
    ['plain lines', many((at) => `event ${at} ${'x'.repeat(at % 150)}`)],
    ['lines with letters of two and more bytes', many((at) => `Ereignis ${at} ${'äß😀'.repeat(at % 15)}`)],
    ['lines longer than what is carried from chunk to chunk, and longer than a chunk', [3e5, 5, 9e5, 2_500_001, 7].map((length) => 'ü'.repeat(length))],
  ])('%s come out as they went in', async (_, lines) => {
    const content = lines.map((line) => `${line}\n`).join('');
    const read = await linesOf(content);
    expect(read.lines).toEqual(lines);
    expect([read.bytesGood, read.bytesHalf]).toEqual([Buffer.byteLength(content), 0]);
  });

  test('half a line at the end is counted and not read', async () => {
    const lines = many((at) => `event ${at} ${'é'.repeat(at % 70)}`);
    const content = lines.map((line) => `${line}\n`).join('');
    const read = await linesOf(`${content}half a lin`);
    expect(read.lines.length).toBe(lines.length);
    expect([read.bytesGood, read.bytesHalf]).toEqual([Buffer.byteLength(content), 10]);
  });
});
