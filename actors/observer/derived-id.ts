/**
 * The id of a derived event: a UUID of version 7 whose random bits are a hash of what is unique about the event.
 * Pure, because the reducer that makes it may not roll dice.
 */

/** FNV-1a, 32 bits; `seed` gives independent hashes of one text. */
function fnv1a(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0').slice(-digits);

/** `unique`: site, node, lane and seq in one text. RFC 9562, section 5.7. */
export function derivedId(now: number, unique: string): string {
  const time = hex(Math.max(0, Math.floor(now)), 12);
  const [a, b, c] = [fnv1a(unique, 0), fnv1a(unique, 0x9e3779b9), fnv1a(unique, 0x85ebca6b)];
  const variant = hex(0x8000 | (b & 0x3fff), 4);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(a, 3)}-${variant}-${hex(c, 8)}${hex(b >>> 16, 4)}`;
}
