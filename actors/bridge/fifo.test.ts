/** A queue of many is like an array, whatever is taken when. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';

test('gives back what was put in, in order, however much is taken when', () => {
  const step = fc.record({ put: fc.nat(2_000), taken: fc.nat(2_500) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const fifo = new Fifo<number>();
      const plain: number[] = [];
      let next = 0;
      for (const { put, taken } of steps) {
        for (let count = 0; count < put; count += 1) {
          fifo.push(next);
          plain.push(next);
          next += 1;
        }
        expect(fifo.take(taken)).toEqual(plain.splice(0, taken));
        expect([fifo.length, fifo.first, fifo.at(3)]).toEqual([plain.length, plain[0], plain[3]]);
        expect(fifo.all()).toEqual(plain);
        expect(fifo.countWhile((each) => each < next - 5)).toBe(Math.max(0, plain.length - 5));
      }
    }),
    { numRuns: 30 },
  );
});
