import { expect, it } from 'vitest';
import { envLines, variablesIn, withVariables } from './variables.ts';

const d = '$';
const file = (text: string) => ({ path: 'env.example', text, isExecutable: false });

it('finds each form of a variable at its place, and none in comments or behind a double dollar', () => {
  const text = `a: ${d}{A}\nb: "${d}{B:-x} # ${d}{C:?must}" # ${d}{NO}\n# ${d}{NO}\nc: ${d}${d}{NO} ${d}D\n`;
  expect(variablesIn(text).map(({ name, place, isRequired }) => [name, place.line, place.column, isRequired])).toEqual([
    ['A', 1, 4, false],
    ['B', 2, 5, false],
    ['C', 2, 15, true],
    ['D', 4, 11, false],
  ]);
});

it('reads the lines of an env file', () => {
  expect(envLines(file('# A=1\nA=1\nexport B="two words"\nC =\nnothing\n'))).toEqual([
    { name: 'A', value: '1', line: 2 },
    { name: 'B', value: 'two words', line: 3 },
    { name: 'C', value: '', line: 4 },
  ]);
  expect(envLines(null)).toEqual([]);
});

it.each([
  ['plain', 'plain'],
  [`${d}{A}-${d}A`, '1-1'],
  [`${d}{EMPTY:-x}`, 'x'],
  [`${d}{UNKNOWN-}`, ''],
  [`${d}{EMPTY}`, null],
  [`${d}{UNKNOWN:?say it}`, null],
  [`${d}${d}A`, `${d}A`],
])('puts values into %s', (given, expected) => {
  expect(withVariables(given, envLines(file('A=1\nEMPTY=\n')))).toBe(expected);
});
