/** The quick reading of times agrees with Date.parse on everything, also on what is no time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoMs } from './iso-time.ts';

describe('a time', () => {
  it.each([
    '2026-01-01T00:00:00.000Z',
    '2024-02-29T23:59:59.999Z',
    '2023-02-29T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-10T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-01T23:60:00.000Z',
    '2026-01-01T23:59:60.000Z',
    '0099-01-01T00:00:00.000Z',
    '2026-01-01T00:00:00.0x0Z',
    '2026-01-01T00:00:00+02:00',
    'yesterday',
    '',
  ])('%j is read as Date.parse reads it', (text) => {
    expect(isoMs(text)).toBe(Date.parse(text));
  });

  it('is read as Date.parse reads it, whatever it is', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
        expect(isoMs(date.toISOString())).toBe(date.getTime());
      }),
    );
    const almost = fc.tuple(fc.nat(23), fc.constantFrom(...'0123456789-T:.Z '.split(''))).map(([at, char]) => {
      const text = '2026-12-28T19:39:49.123Z';
      return text.slice(0, at) + char + text.slice(at + 1);
    });
    fc.assert(
      fc.property(almost, (text) => {
        expect(isoMs(text)).toBe(Date.parse(text));
      }),
    );
  });
});
