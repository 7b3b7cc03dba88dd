import { describe, expect, it } from 'vitest';
import { runSeed } from './run-seed.ts';

describe('a simulation', () => {
  it.each([
    { sites: 'one site', seed: 7 },
    { sites: 'two sites', seed: 8 },
  ])('of $sites runs the same way whenever the same seed runs, to the last step', async ({ seed }) => {
    const first = await runSeed(seed);
    const again = await runSeed(seed);
    expect(again).toEqual(first);
    expect(first.messages).toBeGreaterThan(100);
  });

  it('runs differently with another seed', async () => {
    const { digest } = await runSeed(8);
    expect(digest).not.toBe((await runSeed(9)).digest);
  });
});
