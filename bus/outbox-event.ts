/** From what an emitter says to the event that its outbox keeps: of its node and source, numbered, and of a size that every link takes. */
import { payloadBytesMax } from '../contracts/defaults.ts';
import { Event, type EventDraft, type Lane } from '../contracts/event.ts';
import { eventTypeRow } from '../contracts/event-types.table.ts';

/** `floor` is added when it is sent. */
const headroomBytes = 100;
/** As the contract allows. */
const messageCharsMax = 2_000;

/** `bytesDropped`: the event was too large, and is kept without its payload; null: it is whole. */
export function eventOf(
  draft: EventDraft,
  of: { readonly id: string; readonly ts: string; readonly node: string; readonly source: string; readonly lane: Lane; readonly seq: number },
): { readonly event: Event; readonly bytesDropped: number | null } {
  const event = Event.parse({
    id: of.id,
    ts: of.ts,
    node: of.node,
    source: of.source,
    lane: of.lane,
    seq: of.seq,
    type: draft.type,
    severity: draft.severity,
    service: draft.service ?? null,
    correlation_id: draft.correlation_id ?? null,
    message: draft.message.slice(0, messageCharsMax),
    payload: draft.payload ?? {},
  });
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= payloadBytesMax - headroomBytes) return { event, bytesDropped: null };
  // No link would ever take it, and everything behind it would wait for ever.
  return { event: { ...event, payload: { payload_dropped_bytes: bytes } }, bytesDropped: bytes };
}

/** Must outlive a power cut: what is urgent, and what ends a trouble. Its sender says that once, and an end that is lost leaves an incident open for ever. */
export const isSynced = ({ lane, type }: Event): boolean => lane === 'urgent' || (eventTypeRow(type)?.closes ?? []).length > 0;
