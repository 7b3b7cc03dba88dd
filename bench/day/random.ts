/** Numbers that come from one seed: the same seed always draws the same ones. */

export type Draw = () => number;

/**
 * 0 ≤ x < 1 (mulberry32: 32 bits of state are plenty for the draws of a day). Each part that draws has a name and a stream of its own,
 * so that nobody's numbers depend on who draws first.
 */
export function drawFrom(seed: number, part: string): Draw {
  let state = hashOf(`${seed}/${part}`);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** A whole number, both ends included. */
export const between = (draw: Draw, from: number, to: number): number => from + Math.floor(draw() * (to - from + 1));

export function pick<T>(draw: Draw, from: readonly T[]): T {
  const picked = from[Math.floor(draw() * from.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}

/** In the form of a UUIDv7, as the contracts ask for: its time is the caller's, the rest is drawn. */
export function drawUuid(draw: Draw, nowMs: number): string {
  const hex = (digits: number): string =>
    Math.floor(draw() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  const time = Math.floor(nowMs).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
}
