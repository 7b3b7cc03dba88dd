import { expect, test } from 'vitest';
import { acceptEvent, type EventPositions } from './event-order.ts';

const known = (urgent: number, info: number): EventPositions => new Map([['node-agent', { urgent, info }]]);

test.each([
  ['the next one is accepted', 4, undefined, 'accepted', 4],
  ['one that was stored is a duplicate', 3, undefined, 'duplicate', 3],
  ['one further on is a hole', 5, undefined, 'hole', 3],
  ['a floor above what is stored is where to go on', 9, 9, 'accepted', 9],
  ['one above such a floor is a hole', 10, 9, 'hole', 3],
  ['a floor below what is stored changes nothing', 4, 2, 'accepted', 4],
] as const)('after seq 3, %s', (_name, seq, floor, expected, reached) => {
  const positions = known(3, 0);
  expect(acceptEvent(positions, 'node-agent', { lane: 'urgent', seq, ...(floor === undefined ? {} : { floor }) })).toBe(expected);
  expect(positions.get('node-agent')).toEqual({ urgent: reached, info: 0 });
});

test('an unknown sender begins anywhere, but not above the floor it names', () => {
  const positions: EventPositions = new Map();
  expect(acceptEvent(positions, 'a', { lane: 'info', seq: 41 })).toBe('accepted');
  expect(acceptEvent(positions, 'b', { lane: 'info', seq: 41, floor: 40 })).toBe('hole');
  expect(acceptEvent(positions, 'b', { lane: 'info', seq: 40, floor: 40 })).toBe('accepted');
  expect(Object.fromEntries(positions)).toEqual({ a: { urgent: 0, info: 41 }, b: { urgent: 0, info: 40 } });
});

test('the lanes of a sender count apart', () => {
  const positions = known(3, 7);
  expect(acceptEvent(positions, 'node-agent', { lane: 'info', seq: 8 })).toBe('accepted');
  expect(acceptEvent(positions, 'node-agent', { lane: 'urgent', seq: 8 })).toBe('hole');
});
