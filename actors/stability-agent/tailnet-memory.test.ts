/** What is remembered of the tailnet, and until when. */
import { describe, expect, it } from 'vitest';
import { onTailnet } from '../../test/kit/stability-world.ts';
import { noTailnet, withTailnet } from './tailnet-memory.ts';

const week = 7 * 86_400_000;
const known = { isKnown: true, awaySinceMs: null, peers: { attic: null } };
const named = ['attic'];

describe('a peer that is not on the list any more', () => {
  it.each([
    [week - 1, { attic: 0 }],
    [week, {}],
    [week + 1, {}],
  ])('after %d ms: %j', (now, peers) => {
    const away = withTailnet(known, onTailnet, named, 0);
    expect(withTailnet(away, onTailnet, named, now).peers).toEqual(peers);
  });

  it('is known anew from the moment it is back', () => {
    const away = withTailnet(known, onTailnet, named, 0);
    const back = withTailnet(away, { ...onTailnet, peers: { attic: false } }, named, week - 1);
    expect(withTailnet(back, onTailnet, named, week).peers).toEqual({ attic: week });
  });

  it.each([
    ['Stopped', { attic: 0 }],
    ['Running', {}],
  ])('is not forgotten by a node that cannot see it: while it is %s, %j', (backend, peers) => {
    const away = withTailnet(known, onTailnet, named, 0);
    expect(withTailnet(away, { ...onTailnet, backend }, named, week).peers).toEqual(peers);
  });

  it('waits anew after the clock was set back', () => {
    const away = withTailnet(known, onTailnet, named, 2 * week);
    expect(withTailnet(away, onTailnet, named, 5).peers).toEqual({ attic: 5 });
  });
});

describe('a tailscaled whose socket is away', () => {
  it.each([
    [week - 1, true],
    [week, false],
    [week + 1, false],
  ])('after %d ms is expected: %s', (now, isKnown) => {
    const away = withTailnet(known, { state: 'absent' }, named, 0);
    expect(withTailnet(away, { state: 'absent' }, named, now).isKnown).toBe(isKnown);
  });

  it.each([{ state: 'silent', detail: '' } as const, { state: 'unknown', detail: '' } as const])('is away no longer when it is %j', (reading) => {
    const away = withTailnet(known, { state: 'absent' }, named, 0);
    expect(withTailnet(away, reading, named, 1)).toEqual(known);
  });

  it('that was never there is never known, nor are names that nobody has', () => {
    expect(withTailnet(noTailnet, { state: 'absent' }, named, 0)).toEqual(noTailnet);
    expect(withTailnet(noTailnet, { ...onTailnet, peers: { cellar: true } }, [...named, 'constructor'], 0).peers).toEqual({});
  });
});

it('keeps no more than the names that are configured', () => {
  expect(withTailnet(known, { ...onTailnet, peers: { attic: true, cellar: true } }, ['cellar'], 0).peers).toEqual({ cellar: null });
});
