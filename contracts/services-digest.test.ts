import { describe, expect, it } from 'vitest';
import { servicesDigest } from './services-digest.ts';

describe('the digest of service names', () => {
  it('is the same for the same names in any order', () => {
    expect(servicesDigest(['web', 'db', 'web'])).toBe(servicesDigest(['db', 'web']));
  });

  it('differs when a name is added, lost or split differently', () => {
    const digests = [[], [''], ['a'], ['b'], ['a', 'b'], ['ab'], ['a', 'b', 'c'], ['żółw']].map((names) => servicesDigest(names));
    // [''] and [] join to the same text; a service cannot have an empty name.
    expect(new Set(digests).size).toBe(digests.length - 1);
  });

  it('is 16 hex digits, and its first half is FNV-1a as published', () => {
    // Test vectors of FNV-1a 32: "" → 811c9dc5, "a" → e40c292c, "foobar" → bf9cf968.
    expect(servicesDigest([])).toMatch(/^811c9dc5[0-9a-f]{8}$/);
    expect(servicesDigest(['a'])).toMatch(/^e40c292c[0-9a-f]{8}$/);
    expect(servicesDigest(['foobar'])).toMatch(/^bf9cf968[0-9a-f]{8}$/);
  });
});
