/** The hysteresis of one alarm, at its edges. */
import { describe, expect, it } from 'vitest';
import { type Alarm, quietAlarm, type Sight, step } from './alarm.ts';

const patience = { raiseAfterMs: 120, clearAfterMs: 300 };
/** Each sight at its time, one after the other. */
const after = (...sights: readonly (readonly [atMs: number, sight: Sight])[]): Alarm =>
  sights.reduce((alarm, [atMs, sight]) => step(alarm, sight, patience, atMs), quietAlarm);

describe('an alarm', () => {
  it('is raised once trouble has lasted long enough, and not a moment before', () => {
    expect(after([1_000, 'warning'], [1_119, 'warning']).level).toBeNull();
    expect(after([1_000, 'warning'], [1_120, 'warning'])).toMatchObject({ level: 'warning', raisedMs: 1_000 });
  });

  it('is raised at once where there is nothing to wait for', () => {
    expect(step(quietAlarm, 'error', { raiseAfterMs: 0, clearAfterMs: 0 }, 5)).toMatchObject({ level: 'error', raisedMs: 5 });
  });

  it.each(['well', 'between', 'unknown'] as const)('waits anew after it was %s', (sight) => {
    expect(after([1_000, 'warning'], [1_100, sight], [1_150, 'warning'], [1_269, 'warning']).level).toBeNull();
    expect(after([1_000, 'warning'], [1_100, sight], [1_150, 'warning'], [1_270, 'warning']).level).toBe('warning');
  });

  it('is cleared once it has been well long enough, and not a moment before', () => {
    expect(after([0, 'warning'], [120, 'warning'], [500, 'well'], [799, 'well']).level).toBe('warning');
    expect(after([0, 'warning'], [120, 'warning'], [500, 'well'], [800, 'well']).level).toBeNull();
  });

  it.each(['warning', 'between', 'unknown'] as const)('stays, and waits anew, when it is %s before it is cleared', (sight) => {
    expect(after([0, 'warning'], [120, 'warning'], [500, 'well'], [700, sight], [710, 'well'], [1_009, 'well']).level).toBe('warning');
    expect(after([0, 'warning'], [120, 'warning'], [500, 'well'], [700, sight], [710, 'well'], [1_010, 'well']).level).toBeNull();
  });

  it('gets louder when what is worse has lasted long enough, and never softer until it is cleared', () => {
    const warned = [
      [0, 'warning'],
      [120, 'warning'],
    ] as const;
    expect(after(...warned, [200, 'error'], [319, 'error']).level).toBe('warning');
    expect(after(...warned, [200, 'error'], [320, 'error'])).toMatchObject({ level: 'error', raisedMs: 0 });
    expect(after(...warned, [200, 'error'], [320, 'error'], [999, 'warning']).level).toBe('error');
  });

  it('does not wait for a clock that was set back', () => {
    const setBack = after([1_000_000, 'warning'], [1_000, 'warning']);
    expect(step(setBack, 'warning', patience, 1_120).level).toBe('warning');
  });
});
