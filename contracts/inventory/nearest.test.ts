import { describe, expect, it } from 'vitest';
import { nearestOf } from './nearest.ts';

describe('the word that was most likely meant', () => {
  it.each([
    ['montior', 'monitor'],
    ['Monitor', 'monitor'],
    ['repair_riks', 'repair_risk'],
    ['grace', 'grace_s'],
  ])('%s: %s', (word, meant) => {
    expect(nearestOf(word, ['role', 'monitor', 'repair_risk', 'grace_s'])).toBe(meant);
  });

  it.each(['xyzzy', 'db', ''])('is none when nothing is close: %s', (word) => {
    expect(nearestOf(word, ['role', 'monitor', 'repair_risk', 'ab'])).toBeNull();
  });

  it('is the closest of several', () => {
    expect(nearestOf('mosquito', ['mosquitto-2', 'mosquitto', 'mosquit'])).toBe('mosquitto');
  });
});
