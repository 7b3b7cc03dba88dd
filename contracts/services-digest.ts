/**
 * A short digest of the names of a node's services: the node-agent says it in its heartbeat, a reader computes it over
 * the documents it holds, and equal digests mean that it holds them all.
 *
 * FNV-1a with 32 bits, run twice from two starting values (64 bits together): a hash for telling sets apart, not for
 * security. Contracts import zod only, so the hashes of Node are not at hand; by chance two sets agree once in 2^64.
 */

/** Starting value and prime of FNV-1a for 32 bits (draft-eastlake-fnv, section 5). */
const fnvBasis = 0x811c9dc5;
const fnvPrime = 0x01000193;
/** Any other starting value makes a second, independent hash; this one is 2^32 divided by the golden ratio. */
const secondBasis = 0x9e3779b9;

function fnv1a(bytes: Uint8Array, basis: number): string {
  let hash = basis;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, fnvPrime);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** 16 hex digits; the order of the names does not matter, repeated names count once. No names at all have a digest too. */
export function servicesDigest(names: Iterable<string>): string {
  const bytes = new TextEncoder().encode([...new Set(names)].sort().join('\n'));
  return fnv1a(bytes, fnvBasis) + fnv1a(bytes, secondBasis);
}
