/** Verdicts that change, from good to bad and back: how often, and since when it is one trouble. Pure on a NodeWorld, which it changes in place. */
import { flapQuietMs } from '../../contracts/defaults.ts';
import type { Entry, NodeWorld } from './world.ts';

/** So many changes of a verdict, close to each other, are flapping: bad, good and bad again. */
export const flapChangesMax = 3;
/** So many without a quiet time between any two are flapping too, however slow: bad for the third time. Back once may be a repair that did not hold. */
export const slowFlapChangesMax = 5;

/** Since when what turns bad now is in trouble: a time of doing well that was shorter than the quiet time of flapping was no end. */
export function onsetOf(world: NodeWorld, key: string, atMs: number): number {
  const known = world.changes.get(key);
  return known !== undefined && known.onset_ms !== 0 && atMs - known.last_ms < flapQuietMs ? known.onset_ms : atMs;
}

/** From good to bad, or back. `entry`: as it was before. Returns the onset of the trouble. */
export function countChange(
  world: NodeWorld,
  key: string,
  entry: Entry | undefined,
  { happenedMs, atMs }: { readonly happenedMs: number; readonly atMs: number },
): number {
  const known = world.changes.get(key);
  const onsetMs = entry?.well === null ? entry.onset_ms : onsetOf(world, key, atMs);
  if (known === undefined) {
    world.changes.set(key, { times: [happenedMs], last_ms: atMs, onset_ms: onsetMs });
    return onsetMs;
  }
  const { times } = known;
  // In place and by hand: every other event of a replay comes here.
  if (times.length < slowFlapChangesMax) times.push(happenedMs);
  else {
    for (let at = 1; at < slowFlapChangesMax; at += 1) times[at - 1] = times[at] as number;
    times[slowFlapChangesMax - 1] = happenedMs;
  }
  known.last_ms = atMs;
  known.onset_ms = onsetMs;
  return onsetMs;
}

/** What flapped or had ended is bad again. */
export function turnBad(entry: Entry, atMs: number): void {
  entry.well = null;
  entry.bad_ms = atMs;
}
