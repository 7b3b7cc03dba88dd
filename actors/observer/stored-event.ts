/**
 * One line of the event store: an event as the bus delivered it, and when the observer received it.
 *
 * Reading is fast because nearly every line was written by this program: a line of the usual shape is accepted after
 * cheap checks, anything else goes through the full schema (which also reads the epoch numbers of the original system).
 */

import type { z } from 'zod';
import { Level, TimestampIn } from '../../contracts/common.ts';
import { Event } from '../../contracts/event.ts';

export const StoredEvent = Event.omit({ floor: true }).extend({
  stored_at: TimestampIn.describe('when the observer received it, by its own clock'),
  alias: Level.optional().describe('the name under which the sender knows its node, where an alias map renamed it'),
});
export type StoredEvent = z.infer<typeof StoredEvent>;

/**
 * Source of what the observer itself decides. Not `observer`: an actor of that name may also emit ordinary events
 * through its outbox, and the two would share one row of sequence numbers.
 */
export const derivedSource = 'observer-derived';

/** Sequence numbers count per sender; a renamed node keeps its own row beside the real one's. */
export const positionKey = (event: Pick<StoredEvent, 'source' | 'alias'>): string =>
  event.alias === undefined ? event.source : `${event.source}@${event.alias}`;

/** The foreign name in a position's key; null: its sender knows the node by our name. */
export function aliasOfKey(key: string): string | null {
  const at = key.lastIndexOf('@');
  return at === -1 ? null : key.slice(at + 1);
}

export type ParsedLine = { readonly ok: true; readonly event: StoredEvent } | { readonly ok: false; readonly reason: string };

/** Length of `2026-01-01T00:00:00.000Z`, the one form this program writes. */
const isoLength = 24;

const severities: ReadonlySet<unknown> = new Set(['info', 'warning', 'error', 'critical']);

const isIso = (value: unknown): boolean => typeof value === 'string' && value.length === isoLength && value.charCodeAt(isoLength - 1) === 90;

function hasUsualShape(value: Record<string, unknown>, names: ReadonlySet<unknown>): boolean {
  return (
    Number.isSafeInteger(value['seq']) &&
    (value['seq'] as number) > 0 &&
    (value['lane'] === 'info' || value['lane'] === 'urgent') &&
    names.has(value['source']) &&
    (value['service'] === null || names.has(value['service'])) &&
    (value['alias'] === undefined || names.has(value['alias'])) &&
    typeof value['type'] === 'string' &&
    severities.has(value['severity']) &&
    isIso(value['ts']) &&
    isIso(value['stored_at']) &&
    typeof value['id'] === 'string' &&
    typeof value['message'] === 'string' &&
    (value['correlation_id'] === null || typeof value['correlation_id'] === 'string') &&
    typeof value['payload'] === 'object' &&
    value['payload'] !== null
  );
}

/** Never throws. `names` remembers the topic levels that have passed the full check; one set per node. */
export function parseStoredLine(line: string, node: string, names: Set<unknown>): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (typeof value !== 'object' || value === null) return { ok: false, reason: 'not a JSON object' };
  const record = value as Record<string, unknown>;
  if (record['node'] !== node) return { ok: false, reason: `node: ${JSON.stringify(record['node'])} is not the node of this directory` };
  if (hasUsualShape(record, names)) return { ok: true, event: value as StoredEvent };
  const parsed = StoredEvent.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { ok: false, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}` };
  }
  names.add(parsed.data.source);
  if (parsed.data.service !== null) names.add(parsed.data.service);
  if (parsed.data.alias !== undefined) names.add(parsed.data.alias);
  return { ok: true, event: parsed.data };
}
