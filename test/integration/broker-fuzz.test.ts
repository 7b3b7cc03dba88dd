/** 100,000 hostile inputs from one seed, against the embedded broker and plain aedes beside each other. docs/broker.md keeps the figures. */
import { expect, it } from 'vitest';
import { fuzzBroker } from '../kit/broker-fuzz.ts';

/** Fixed: a failure can be repeated. Change it to look further. */
const seed = 20_260_301;
const inputs = 100_000;

it('the embedded broker survives what plain aedes gets too, serves a healthy client all the while, and does not grow without end', async () => {
  const [[ours, said], [plain]] = await Promise.all([fuzzBroker('ours', seed, inputs), fuzzBroker('plain', seed, inputs)]);
  if (ours === null) throw new Error(`the embedded broker died: ${said}`);
  process.stdout.write(`fuzz, embedded broker: ${JSON.stringify(ours)}\nfuzz, plain aedes: ${JSON.stringify(plain)}\n`);
  expect(ours.inputs).toBeGreaterThanOrEqual(inputs);
  // Most inputs must get behind the CONNECT, or nothing was tried.
  expect(ours.published).toBeGreaterThan(inputs / 5);
  expect(ours.uncaught).toEqual([]);
  expect(ours.failedRoundTrips).toBe(0);
  expect(ours.heldOpen).toBe(0);
  // The limit that broker-fuzz-main.ts sets.
  expect(ours.retained).toBeLessThanOrEqual(500);
  // MB. Its sessions, retained messages and queues are full at half; 25 to 45 measured between the two, from garbage that is not collected yet.
  expect(ours.heapAtEnd - ours.heapAtHalf).toBeLessThan(90);
}, 120_000);
