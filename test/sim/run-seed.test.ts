import { describe, expect, it } from 'vitest';
import { runSeed } from './run-seed.ts';

describe('a simulation', () => {
  it('runs the same way whenever the same seed runs, to the last step', async () => {
    const first = await runSeed(7);
    const again = await runSeed(7);
    expect(again).toEqual(first);
    expect(first.messages).toBeGreaterThan(100);
  });

  it('runs differently with another seed', async () => {
    const { digest } = await runSeed(8);
    expect(digest).not.toBe((await runSeed(9)).digest);
  });
});
