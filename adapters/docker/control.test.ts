import { describe, expect, it } from 'vitest';
import { probeOf } from './control.ts';

const shell = ['/bin/sh', '-c'];

describe('the health check of a container', () => {
  it.each([
    ['a command', { Test: ['CMD', 'curl', '-f', 'localhost'] }, undefined, ['curl', '-f', 'localhost']],
    ['a shell line', { Test: ['CMD-SHELL', 'a || b'] }, undefined, [...shell, 'a || b']],
    ['a shell line of an image with its own shell', { Test: ['CMD-SHELL', 'a'] }, ['/bin/ash', '-lc'], ['/bin/ash', '-lc', 'a']],
  ])('is run as the engine runs it: %s', (_, Healthcheck, Shell, command) => {
    expect(probeOf({ Healthcheck, ...(Shell === undefined ? {} : { Shell }) })?.command).toEqual(command);
  });

  it.each([
    ['none', {}],
    ['switched off', { Healthcheck: { Test: ['NONE'] } }],
    ['inherited and empty', { Healthcheck: { Test: [] } }],
    ['only times', { Healthcheck: { Timeout: 1e9 } }],
    ['a command without words', { Healthcheck: { Test: ['CMD'] } }],
  ])('is none when it is %s', (_, config) => {
    expect(probeOf(config)).toBeNull();
  });

  it.each([
    [undefined, 30_000],
    [0, 30_000],
    [5e9, 5_000],
    [3600e9, 120_000],
  ])('with a timeout of %s ns gets %s ms', (Timeout, ms) => {
    expect(probeOf({ Healthcheck: { Test: ['CMD', 'x'], ...(Timeout === undefined ? {} : { Timeout }) } })?.timeoutMs).toBe(ms);
  });
});
