/**
 * How far this clock is from the observer's, out of documents that are on the bus anyway. Pure.
 *
 * MQTT 3.1.1 carries no time, so a broker's clock cannot be asked. But a heartbeat of this node goes to the observer and comes
 * back as `world/nodes/<node>`, and the four moments of an NTP exchange (RFC 5905, section 8) are in the two documents:
 * written here, heard there (`last_seen`), written there (`ts`), heard here. The error is at most half the way there and back.
 */
import type { NodeHealth } from '../../contracts/health.ts';
import type { WorldNode } from '../../contracts/world.ts';

export interface ClockSample {
  readonly atMs: number;
  /** Positive: the observer is ahead of us. */
  readonly offsetMs: number;
  /** How far the observer is ahead of most nodes of the site; null: it hears too few. */
  readonly observerAheadMs: number | null;
  readonly errorMs: number;
}

/** Of the last four minutes, at a heartbeat each 30 s. */
const samplesKept = 8;
/** Longer under way: not the answer to the heartbeat it is taken for, or too vague to say anything. */
const roundTripMaxMs = 10_000;

export interface Heartbeat {
  readonly writtenMs: number;
}

export const heartbeatOf = (doc: NodeHealth): Heartbeat => ({ writtenMs: Date.parse(doc.ts) });

/** null: this word of the observer says nothing about the clocks. `before`: what it said last. */
export function clockSample(heartbeat: Heartbeat | null, before: WorldNode | null, doc: WorldNode, now: number): ClockSample | null {
  if (heartbeat === null || doc.last_seen === null || doc.last_seen === before?.last_seen) return null;
  const thereMs = Date.parse(doc.last_seen);
  const answeredMs = Date.parse(doc.ts);
  const underWayMs = now - heartbeat.writtenMs - (answeredMs - thereMs);
  if (answeredMs < thereMs || answeredMs - thereMs > roundTripMaxMs || underWayMs < 0 || underWayMs > roundTripMaxMs) return null;
  const offsetMs = (thereMs - heartbeat.writtenMs + (answeredMs - now)) / 2;
  return { atMs: now, offsetMs, observerAheadMs: doc.observer_ahead_ms, errorMs: underWayMs / 2 };
}

export const withClockSample = (samples: readonly ClockSample[], sample: ClockSample): readonly ClockSample[] => [...samples, sample].slice(-samplesKept);
