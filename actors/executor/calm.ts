/**
 * Since when the container under repair has been up without trouble: a health check that passes once proves nothing of one that crashes soon after.
 *
 * Pure. A restart changes `started_at`, whoever restarted it; a check that failed after it had passed does not.
 */
import type { HealthView } from './view.ts';

export interface Calm {
  readonly startedAtMs: number | null;
  /** null: not yet, since it started. */
  readonly isWell: boolean | null;
  /** Its start, or when it was healthy again; epoch milliseconds by the clock of this machine. */
  readonly fromMs: number;
}

/** What is known after this health; `unknown` is neither good nor bad. */
export function calmAfter(before: Calm | null, health: HealthView, nowMs: number): Calm | null {
  const { status, startedAtMs } = health;
  if (status === 'unknown') return before;
  const known = before?.startedAtMs === startedAtMs ? before : null;
  const isWell = known?.isWell ?? null;
  // A start in the future: the clock was set back meanwhile.
  const fromMs = known?.fromMs ?? Math.min(startedAtMs ?? nowMs, nowMs);
  if (status !== 'healthy') return { startedAtMs, isWell: isWell === null ? null : false, fromMs };
  return { startedAtMs, isWell: true, fromMs: isWell === false ? nowMs : fromMs };
}

interface Times {
  readonly nowMs: number;
  readonly settledAfterMs: number;
}

/** Until it has been calm for long enough. */
export const calmInMs = (calm: Calm | null, { nowMs, settledAfterMs }: Times): number => Math.max(0, (calm?.fromMs ?? nowMs) + settledAfterMs - nowMs);

/** The same of a container of which only the newest health is at hand. */
export const isLongUp = ({ startedAtMs }: HealthView, { nowMs, settledAfterMs }: Times): boolean =>
  startedAtMs !== null && (startedAtMs > nowMs || startedAtMs + settledAfterMs <= nowMs);
