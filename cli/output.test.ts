import { expect, it } from 'vitest';
import { age, table } from './output.ts';

it('lines columns up under their headings', () => {
  expect(
    table(
      ['name', 'status'],
      [
        ['web', 'healthy'],
        ['a-long-name', 'down'],
      ],
    ),
  ).toBe(['NAME         STATUS', 'web          healthy', 'a-long-name  down'].join('\n'));
});

it.each([
  [0, '0 s'],
  [119, '119 s'],
  [120, '2 min'],
  [7_199, '120 min'],
  [7_200, '2 h'],
  [172_800, '2 d'],
  [-5, '0 s'],
])('says %i seconds as %s', (seconds, said) => {
  expect(age('2026-03-01T12:00:00.000Z', Date.parse('2026-03-01T12:00:00.000Z') + seconds * 1000)).toBe(said);
});
