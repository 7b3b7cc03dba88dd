import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Event } from '../contracts/event.ts';
import { info, outboxPlace, urgent } from '../test/kit/outbox-place.ts';

const place = outboxPlace('hub');

/** A store that can be deaf; acknowledges only when asked to. */
function receiver(): { readonly got: Event[]; send: (event: Event) => Promise<void> } {
  const got: Event[] = [];
  return {
    got,
    send: (event) => {
      got.push(event);
      return Promise.resolve();
    },
  };
}
const upTo = (event: Event | undefined, other = 0) => ({
  'node-agent': { urgent: event?.lane === 'urgent' ? event.seq : other, info: event?.lane === 'info' ? event.seq : other },
});

it('sends in order, urgent first, without holes, each with the floor of its lane', async () => {
  const box = await place.outbox();
  await box.emit(info('a'));
  await box.emit(urgent('b'));
  await box.emit(urgent('c'));
  const store = receiver();
  box.connect(store.send);
  expect(store.got.map(({ message }) => message)).toEqual(['b', 'c', 'a']);
  const [b, c] = store.got;
  expect(c?.seq).toBe((b?.seq ?? 0) + 1);
  expect(c?.floor).toBe(b?.seq);
});

it('keeps an event over a restart until the cursor has passed it', async () => {
  const first = await place.outbox();
  await first.emit(urgent('kept'));
  await first.close();
  const second = await place.outbox();
  const store = receiver();
  second.connect(store.send);
  expect(store.got.map(({ message }) => message)).toEqual(['kept']);
  second.onCursor('hub', upTo(store.got[0]));
  expect(second.backlog).toBe(0);
  second.connect(null);
  second.connect(store.send);
  expect(store.got).toHaveLength(1);
});

it('numbers on after a restart instead of using a number twice', async () => {
  const first = await place.outbox();
  await first.emit(urgent('one'));
  await first.close();
  const second = await place.outbox();
  await second.emit(urgent('two'));
  const store = receiver();
  second.connect(store.send);
  expect(new Set(store.got.map(({ seq }) => seq)).size).toBe(2);
});

it('sends again after 10 s of silence, and not just before', async () => {
  const box = await place.outbox();
  const store = receiver();
  box.connect(store.send);
  await box.emit(urgent('lost on the way'));
  place.clock.advance(9_999);
  expect(store.got).toHaveLength(1);
  place.clock.advance(1);
  expect(store.got).toHaveLength(2);
});

it('asks with one event while nobody stores, and sends the rest when the cursor moves', async () => {
  const box = await place.outbox();
  for (const message of ['1', '2', '3']) await box.emit(urgent(message));
  const store = receiver();
  box.connect(store.send);
  expect(store.got).toHaveLength(3);
  place.clock.advance(10_000);
  expect(store.got.map(({ message }) => message)).toEqual(['1', '2', '3', '1']);
  box.onCursor('hub', upTo(store.got[0]));
  expect(store.got.map(({ message }) => message).slice(4)).toEqual(['2', '3']);
});

it('goes on above the cursor when it lost its file and its clock is behind', async () => {
  const box = await place.outbox();
  await box.emit(urgent('after the loss'));
  const ahead = place.clock.now() + 5_000_000;
  box.onCursor('hub', { 'node-agent': { urgent: ahead, info: ahead } });
  const store = receiver();
  await new Promise((resolve) => setTimeout(resolve, 0));
  box.connect(store.send);
  await expect.poll(() => store.got.map(({ seq }) => seq)).toEqual([ahead + 1]);
  expect(box.backlog).toBe(1);
});

it('is not emptied by the cursor of another source', async () => {
  const box = await place.outbox();
  await box.emit(urgent('mine'));
  box.onCursor('hub', { executor: { urgent: Number.MAX_SAFE_INTEGER, info: 0 } });
  expect(box.backlog).toBe(1);
});

it('takes an event with an id of its own only once, also when it crashed right after taking it', async () => {
  const id = '0195bc7a-0000-7000-8000-000000000001';
  const first = await place.outbox();
  await first.emit({ ...urgent('spooled'), id });
  await first.close();
  const second = await place.outbox();
  await second.emit({ ...urgent('spooled'), id });
  expect(second.backlog).toBe(1);
});

it('drops the oldest info first when it is full, and says how many', async () => {
  const box = await place.outbox();
  await box.emit(urgent('kept'));
  for (let n = 0; n < 10_000; n += 1) void box.emit(info(`i${n}`));
  await box.emit(info('last'));
  const store = receiver();
  box.connect(store.send);
  expect(store.got.some(({ message }) => message === 'kept')).toBe(true);
  await expect.poll(() => store.got.find(({ type }) => type === 'outbox_dropped')?.payload.dropped).toBeGreaterThan(0);
  expect(box.backlog).toBeLessThanOrEqual(10_001);
});

it('shrinks its file once the store has what was in it', async () => {
  const box = await place.outbox();
  for (let n = 0; n < 1_200; n += 1) void box.emit(info(`${n}`));
  await box.emit(info('last'));
  const store = receiver();
  box.connect(store.send);
  for (let round = 0; round < 5 && box.backlog > 0; round += 1) box.onCursor('hub', upTo(store.got.at(-1)));
  await expect.poll(() => readFileSync(join(place.dir, 'outbox.jsonl'), 'utf8').split('\n').length).toBeLessThan(5);
  await box.emit(info('after'));
  expect(box.backlog).toBe(1);
});
