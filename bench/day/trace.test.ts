import { describe, expect, it } from 'vitest';
import { dayMs, dayTrace, troubleAt } from './trace.ts';

const seeds = [1, 2, 3, 4, 5];

describe('the trace of a day', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(dayTrace(1)).toEqual(dayTrace(1));
    expect(dayTrace(1).happenings).not.toEqual(dayTrace(2).happenings);
  });

  it.each(seeds)('happens in order and within the day (seed %i)', (seed) => {
    const times = dayTrace(seed).happenings.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(dayMs);
  });

  it.each(seeds)('has a hundred services, and leaves every one of them as it found it (seed %i)', (seed) => {
    const { services, happenings } = dayTrace(seed);
    expect(services).toHaveLength(100);
    const last = new Map(happenings.flatMap(({ deed }) => ('service' in deed ? [[deed.service, deed] as const] : [])));
    for (const deed of last.values()) expect(['start', 'health healthy']).toContain(deed.kind === 'health' ? `health ${deed.health}` : deed.kind);
  });

  it('counts a moment to the newest trouble, for half an hour after its end', () => {
    const trace = dayTrace(1);
    const [flapping, netsplit] = trace.troubles;
    expect(troubleAt(trace, (flapping?.fromMs ?? 0) - 1)).toBeNull();
    expect(troubleAt(trace, flapping?.fromMs ?? 0)?.name).toBe('flapping');
    expect(troubleAt(trace, (flapping?.untilMs ?? 0) + 30 * 60_000)).toBeNull();
    expect(troubleAt(trace, netsplit?.untilMs ?? 0)?.name).toBe('netsplit');
  });
});
