/** The shape of one direction of a link: what its figures mean, and that a seed draws the same again. */
import { describe, expect, it } from 'vitest';
import { type DirectionProfile, DirectionShape, linkProfiles, queueMsMax } from './link-shape.ts';
import { Random } from './random.ts';

const still: DirectionProfile = linkProfiles.wire.up;
const shape = (profile: Partial<DirectionProfile>, seed = 1): DirectionShape => new DirectionShape({ ...still, ...profile }, new Random(seed));
const arrivals = (direction: DirectionShape, count: number): readonly (number | null)[] =>
  Array.from({ length: count }, (_, at) => direction.arrivalOf(1_250, at));

describe('one direction of a link', () => {
  it('lets packets through at once when it has no figures', () => {
    expect(arrivals(shape({}), 3)).toEqual([0, 1, 2]);
  });

  it('sends one packet after the other at its rate, then each takes the delay', () => {
    const direction = shape({ kbitPerS: 1_000, delayMs: 100 });
    // 1,250 bytes are 10 ms at 1 Mbit/s.
    expect([direction.arrivalOf(1_250, 0), direction.arrivalOf(1_250, 0), direction.arrivalOf(1_250, 50)]).toEqual([110, 120, 160]);
  });

  it('keeps the order, and at least the delay, whatever the jitter', () => {
    const times = arrivals(shape({ delayMs: 20, jitterMs: 50 }), 500) as number[];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((time, at) => time >= at + 20)).toBe(true);
    expect(Math.max(...times.map((time, at) => time - at))).toBeGreaterThan(60);
  });

  it('loses the share it says', () => {
    const lost = arrivals(shape({ loss: 0.05 }), 10_000).filter((time) => time === null).length;
    expect(lost).toBeGreaterThan(400);
    expect(lost).toBeLessThan(600);
    expect(arrivals(shape({ loss: 1 }), 100).every((time) => time === null)).toBe(true);
  });

  it('drops what would wait too long to leave', () => {
    const direction = shape({ kbitPerS: 1 });
    // 125 bytes are a second at 1 kbit/s.
    const sent = [1, 2, 3, 4, 5].map(() => direction.arrivalOf(125, 0));
    expect(sent).toEqual([1_000, 2_000, queueMsMax + 1_000, null, null]);
  });

  it('draws the same fate from the same seed, and keeps to it when the figures change on the way', () => {
    const uneven = { jitterMs: 30, loss: 0.1 };
    expect(arrivals(shape(uneven, 7), 200)).toEqual(arrivals(shape(uneven, 7), 200));
    expect(arrivals(shape(uneven, 7), 200)).not.toEqual(arrivals(shape(uneven, 8), 200));
    const changed = shape({ loss: 0 }, 7);
    arrivals(changed, 100);
    changed.profile = { ...still, loss: 0.1 };
    const isLost = (time: number | null): boolean => time === null;
    expect(arrivals(changed, 100).map(isLost)).toEqual(
      arrivals(shape({ loss: 0.1 }, 7), 200)
        .slice(100)
        .map(isLost),
    );
  });

  it('a packet on its way is not overtaken when the link becomes faster', () => {
    const direction = shape({ delayMs: 400 });
    expect(direction.arrivalOf(100, 0)).toBe(400);
    direction.profile = still;
    expect(direction.arrivalOf(100, 10)).toBe(400);
    expect(direction.arrivalOf(100, 500)).toBe(500);
  });
});
