import { describe, expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

describe('this machine itself', () => {
  it.each(['localhost', '127.0.0.1', '127.10.20.30', '::1', '[::1]', '::ffff:127.0.0.1'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '0.0.0.0',
    '::',
    '192.0.2.7',
    '::ffff:192.0.2.7',
    '127.0.0.1.example.org',
    '127.evil.example.org',
    'localhost.example.org',
    '[::1',
    '::1]',
  ])('is not %s', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
