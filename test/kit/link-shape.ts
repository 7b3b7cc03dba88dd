/**
 * What one direction of a slow, lossy link does to a packet: when it arrives, or that it does not.
 *
 * Pure: time and randomness are handed in. The same seed and the same packets at the same times give the same fate. Order is
 * kept: jitter delays what follows, as the queue of a modem does, and never lets a packet overtake.
 */
import type { Random } from './random.ts';

export interface DirectionProfile {
  /** One way, at least. Unit: ms. */
  readonly delayMs: number;
  /** Up to so much more, drawn anew for each packet. */
  readonly jitterMs: number;
  /** Share of packets that vanish: 0 none, 1 all. */
  readonly loss: number;
  /** How fast packets leave, 1,000 bits with all headers; null: at once. */
  readonly kbitPerS: number | null;
}

/** `up` leads from the site to the hub. */
export interface LinkProfile {
  readonly up: DirectionProfile;
  readonly down: DirectionProfile;
}

/** No link at all between the two ends: what comes in goes out. */
const wire: DirectionProfile = { delayMs: 0, jitterMs: 0, loss: 0, kbitPerS: null };

/** From `wire`, the fast end, to the LTE of a site at the edge of its cell: 80 to 400 ms there and back, 1 to 5 % lost, 1 Mbit/s up. */
export const linkProfiles = {
  wire: { up: wire, down: wire },
  lte: { up: { delayMs: 40, jitterMs: 20, loss: 0.01, kbitPerS: 1_000 }, down: { delayMs: 40, jitterMs: 20, loss: 0.01, kbitPerS: 10_000 } },
  poorLte: { up: { delayMs: 200, jitterMs: 60, loss: 0.05, kbitPerS: 1_000 }, down: { delayMs: 200, jitterMs: 60, loss: 0.05, kbitPerS: 4_000 } },
} as const satisfies Readonly<Record<string, LinkProfile>>;

/** A packet that would wait longer than this to leave is dropped: modems keep a second or two of what they cannot send. */
export const queueMsMax = 2_000;

export class DirectionShape {
  profile: DirectionProfile;
  private readonly random: Random;
  private lastLeftAtMs = 0;
  private lastArrivalAtMs = 0;

  constructor(profile: DirectionProfile, random: Random) {
    this.profile = profile;
    this.random = random;
  }

  /** When a packet that comes in now arrives at the other end; null: never. */
  arrivalOf(bytes: number, nowMs: number): number | null {
    const { delayMs, jitterMs, loss, kbitPerS } = this.profile;
    // Both are drawn for every packet, so that a change of profile does not shift the fate of later ones.
    const isLost = this.random.chance(loss);
    const jitter = this.random.next() * jitterMs;
    if (isLost) return null;
    const startsAtMs = Math.max(nowMs, this.lastLeftAtMs);
    if (startsAtMs - nowMs > queueMsMax) return null;
    // kbit/s is bit/ms.
    this.lastLeftAtMs = startsAtMs + (kbitPerS === null ? 0 : (bytes * 8) / kbitPerS);
    this.lastArrivalAtMs = Math.max(this.lastLeftAtMs + delayMs + jitter, this.lastArrivalAtMs);
    return this.lastArrivalAtMs;
  }
}
