import { expect, it } from 'vitest';
import { settlePromises } from '../test/kit/step-clock.ts';
import { Settlement } from './settlement.ts';

async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => (over = true));
  await settlePromises();
  return over;
}

it('waits for what was said before, and not for what is said after', async () => {
  const settlement = new Settlement();
  settlement.say('a');
  const covers = settlement.covers('a');
  const wait = settlement.settled();
  settlement.say('a');
  settlement.say('b');
  expect(await isOver(wait)).toBe(false);
  settlement.acknowledge('a', covers);
  expect(await isOver(wait)).toBe(true);
  expect(await isOver(settlement.settled())).toBe(false);
});

it('counts what was replaced as acknowledged with what replaced it', async () => {
  const settlement = new Settlement();
  settlement.say('a');
  const wait = settlement.settled();
  settlement.say('a');
  settlement.acknowledge('a', settlement.covers('a'));
  expect(await isOver(wait)).toBe(true);
});

it('is not settled by an acknowledgement of something older', async () => {
  const settlement = new Settlement();
  settlement.say('a');
  const old = settlement.covers('a');
  settlement.say('a');
  const wait = settlement.settled();
  settlement.acknowledge('a', old);
  expect(await isOver(wait)).toBe(false);
});
