/** The bus on real brokers: the same cases that the memory broker passes as a unit test. */
import { describe } from 'vitest';
import { busSuite } from '../kit/bus-suite.ts';
import { restartableBrokers } from '../kit/restartable-brokers.ts';

describe.each(restartableBrokers)('$name', ({ available, start }) => {
  describe.skipIf(!available)('carries', () => {
    busSuite(start);
  });
});
