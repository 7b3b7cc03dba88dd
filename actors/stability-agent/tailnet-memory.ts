/**
 * What is remembered of the tailnet over restarts: that this machine is on one, and which of the named peers have been seen there.
 * Pure; times are epoch milliseconds.
 *
 * Only what has been there can be lost. What has been away for a week is not lost but gone, and is forgotten; a peer that is not
 * named any more is forgotten at once. So it never holds more than the names that are configured.
 */
import type { TailnetReading } from './ports.ts';

export interface TailnetMemory {
  /** tailscaled has answered here. */
  readonly isKnown: boolean;
  /** Since when its socket has been away; null: it is there. */
  readonly awaySinceMs: number | null;
  /** Named peers that have been on the list of the tailnet: since when they are not; null: they are. */
  readonly peers: Readonly<Record<string, number | null>>;
}

export const noTailnet: TailnetMemory = { isKnown: false, awaySinceMs: null, peers: {} };

/** Whoever takes a machine off the tailnet, or tailscaled off a machine, has had a week of alarms; the observer gives up what nobody speaks of after the same 7 days. */
const forgottenAfterMs = 7 * 86_400_000;

export function withTailnet(memory: TailnetMemory, reading: TailnetReading, named: readonly string[], now: number): TailnetMemory {
  switch (reading.state) {
    case 'absent': {
      if (!memory.isKnown) return memory;
      const awaySinceMs = since(memory.awaySinceMs, now);
      return now - awaySinceMs >= forgottenAfterMs ? noTailnet : { ...memory, awaySinceMs };
    }
    case 'answered':
      return { isKnown: true, awaySinceMs: null, peers: withPeers(memory.peers, reading, named, now) };
    default:
      return memory.awaySinceMs === null ? memory : { ...memory, awaySinceMs: null };
  }
}

type Answer = Extract<TailnetReading, { readonly state: 'answered' }>;

function withPeers(known: TailnetMemory['peers'], { backend, peers: listed }: Answer, named: readonly string[], now: number): TailnetMemory['peers'] {
  const next = named.flatMap((peer): readonly (readonly [string, number | null])[] => {
    const before = Object.hasOwn(known, peer) ? known[peer] : undefined;
    // Off the tailnet there is no list, and nothing is learnt of anybody.
    if (backend !== 'Running') return before === undefined ? [] : [[peer, before]];
    if (Object.hasOwn(listed, peer)) return [[peer, null]];
    if (before === undefined) return [];
    const sinceMs = since(before, now);
    return now - sinceMs >= forgottenAfterMs ? [] : [[peer, sinceMs]];
  });
  return Object.fromEntries(next);
}

/** A clock that was set back begins anew. */
const since = (beganMs: number | null, now: number): number => (beganMs === null || beganMs > now ? now : beganMs);
