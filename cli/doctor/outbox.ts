/**
 * Events that wait in the outboxes of this machine's actors: nobody stores them. A file also holds what was stored
 * already (it is compacted now and then), so only the cursor of the observer tells which ones wait. Pure.
 */
import { z } from 'zod';
import type { CursorPositions } from '../../contracts/event.ts';
import { counted, type Finding, findingsOf } from './finding.ts';

/** As much of a line of outbox.jsonl as counting needs. */
export const OutboxLine = z.object({ source: z.string(), lane: z.enum(['urgent', 'info']), seq: z.number(), ts: z.string() });
export type OutboxLine = z.infer<typeof OutboxLine>;

/** The store answers within milliseconds and is asked again after 10 s; what waits for a minute is not on its way. */
const waitingMs = 60_000;
/** An outbox holds 10,000 and then drops the oldest; this leaves time to do something. */
const nearlyFull = 9_000;

const say = findingsOf('outboxes');
const mend = 'homelab run observer   # or homelab up, where the observer of this site belongs';

/** `positions` null: the broker did not say how far the store is. */
export function checkOutboxes(lines: readonly OutboxLine[], positions: CursorPositions | null, nowMs: number): Finding {
  const waiting = lines.filter(({ source, lane, seq }) => seq > (positions?.[source]?.[lane] ?? 0));
  if (waiting.length === 0) return say.ok('nothing waits', 'every event is stored');
  if (positions === null && waiting.length < nearlyFull) {
    return say.ok(`at most ${counted(waiting.length, 'event')}; nobody says how far the store is`, 'they are on disk and are sent when the observer is there');
  }
  const oldestMs = Math.min(...waiting.map(({ ts }) => Date.parse(ts)));
  const found = `${counted(waiting.length, 'event')} for ${Math.max(0, Math.round((nowMs - oldestMs) / 60_000))} min`;
  if (waiting.length >= nearlyFull) return say.error(`${found} (10,000 fit)`, 'the oldest will be dropped soon', mend);
  if (nowMs - oldestMs < waitingMs) return say.ok(`${counted(waiting.length, 'event')} on the way`, 'they are on disk until the observer has them');
  return say.warning(found, 'nobody stores them: no observer, or no way to it; they are safe on disk', mend);
}
