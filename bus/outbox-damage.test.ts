import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { payloadBytesMax } from '../contracts/defaults.ts';
import type { Event } from '../contracts/event.ts';
import { outboxPlace, urgent } from '../test/kit/outbox-place.ts';
import { Journal, readJournal } from './journal.ts';
import type { Outbox } from './outbox.ts';

const place = outboxPlace('hub');
const file = (): string => join(place.dir, 'outbox.jsonl');
const cursorOf = (seq: number) => ({ 'node-agent': { urgent: seq, info: 0 } });

/** Follows decision 4, and answers each event at once. */
function store(box: Outbox): Event[] {
  const stored: Event[] = [];
  let cursor = 0;
  box.connect((event) => {
    const expected = cursor === 0 ? (event.floor ?? event.seq) : Math.max(cursor + 1, event.floor ?? 0);
    if (event.seq === expected) {
      cursor = event.seq;
      stored.push(event);
      queueMicrotask(() => {
        box.onCursor('hub', cursorOf(cursor));
      });
    }
    return Promise.resolve();
  });
  return stored;
}

it('brings the events around a broken line in its file to the store without waiting for a time-out', async () => {
  const first = await place.outbox();
  for (const message of ['1', '2', '3', '4']) await first.emit(urgent(message));
  await first.close();
  const lines = readFileSync(file(), 'utf8').split('\n');
  lines[2] = '{"broken';
  writeFileSync(file(), lines.join('\n'));
  const second = await place.outbox();
  await second.emit(urgent('5'));
  const stored = store(second);
  await expect.poll(() => stored.map(({ message }) => message)).toEqual(['1', '3', '4', '5']);
});

it('does not use the number of an event again whose line is broken', async () => {
  const first = await place.outbox();
  await first.emit(urgent('sent and stored'));
  const seen: number[] = [];
  first.connect((event) => Promise.resolve(void seen.push(event.seq)));
  await first.close();
  writeFileSync(file(), `${readFileSync(file(), 'utf8').trimEnd().slice(0, -5)}\n`);
  place.clock.advance(1_000);
  const second = await place.outbox();
  await second.emit(urgent('new'));
  second.onCursor('hub', cursorOf(seen[0] ?? 0));
  expect(store(second).map(({ message }) => message)).toEqual(['new']);
});

it('does not take a new event for stored when the end of its file was lost and the cursor knows its number', async () => {
  const first = await place.outbox();
  await first.emit(urgent('kept'));
  await first.close();
  const shorter = readFileSync(file(), 'utf8');
  const second = await place.outbox();
  const seen: number[] = [];
  second.connect((event) => Promise.resolve(void seen.push(event.seq)));
  await second.emit(urgent('lost with the power'));
  await second.close();
  writeFileSync(file(), shorter);
  const third = await place.outbox();
  for (const message of ['a', 'b']) await third.emit(urgent(message));
  third.onCursor('hub', cursorOf(seen.at(-1) ?? 0));
  const sent: string[] = [];
  third.connect((event) => Promise.resolve(void sent.push(event.message)));
  await expect.poll(() => sent).toEqual(expect.arrayContaining(['a', 'b']));
});

it('leaves no hole when the disk refused an event in the middle', async () => {
  const box = await place.outbox();
  await box.emit(urgent('1'));
  const { journal } = (box as unknown as { file: { journal: { append: Journal<unknown>['append'] } } }).file;
  const append = journal.append.bind(journal);
  journal.append = () => Promise.reject(new Error('ENOSPC: no space left on device'));
  await expect(box.emit(urgent('refused'))).rejects.toThrow('ENOSPC');
  journal.append = append;
  await box.emit(urgent('3'));
  const stored = store(box);
  await expect.poll(() => stored.map(({ message }) => message)).toEqual(['1', '3']);
  expect(box.backlog).toBe(0);
});

it('keeps its file bounded while nobody stores for days', async () => {
  const box = await place.outbox();
  for (let n = 0; n < 26_000; n += 1) void box.emit({ type: 'service_stopped', severity: 'info', message: String(n) });
  await box.emit(urgent('last'));
  await expect.poll(() => readFileSync(file(), 'utf8').split('\n').length).toBeLessThan(21_000);
});

it('sends an event that is too large for the bus without its payload instead of waiting behind it for ever', async () => {
  const box = await place.outbox();
  await box.emit({ ...urgent('large'), payload: { log: 'x'.repeat(payloadBytesMax) } });
  await box.emit(urgent('behind'));
  const stored = store(box);
  await expect.poll(() => stored.map(({ message }) => message)).toEqual(['large', 'behind']);
  expect(stored[0]?.payload['payload_dropped_bytes']).toBeGreaterThan(100_000);
});

it('does not lose an acknowledged line behind what a full disk left of another', async () => {
  const journal = new Journal<{ n: number }>(file());
  await journal.open(0);
  await journal.append({ n: 1 });
  const handle = (journal as unknown as { handle: { appendFile: (data: Buffer) => Promise<void> } }).handle;
  const appendFile = handle.appendFile.bind(handle);
  handle.appendFile = (data) => {
    appendFileSync(file(), data.subarray(0, 3));
    return Promise.reject(new Error('ENOSPC: no space left on device'));
  };
  await expect(journal.append({ n: 2 })).rejects.toThrow('ENOSPC');
  handle.appendFile = appendFile;
  await journal.append({ n: 3 });
  await journal.close();
  expect(readJournal(file(), z.object({ n: z.number() }))).toMatchObject({ entries: [{ n: 1 }, { n: 3 }], problems: [] });
});
