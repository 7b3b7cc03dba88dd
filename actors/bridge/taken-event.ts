/**
 * An event as it is taken from the site's broker, or from the journal: of its topic's node, and of a size that the link takes. Pure.
 *
 * The site's broker takes more than the bus sends. An event above that would never cross, and everything behind it would wait for ever:
 * it goes without its payload, as an outbox would have kept it.
 */
import { payloadBytesMax } from '../../contracts/defaults.ts';
import { Event } from '../../contracts/event.ts';

/** `floor` is written anew at each sending: its name, sixteen digits, and what JSON puts around them; as much as an outbox leaves. */
const headroomBytes = 100;
const sentBytesMax = payloadBytesMax - headroomBytes;

export interface TakenEvent {
  /** null: it is not carried. */
  readonly event: Event | null;
  /** What is wrong with it; null: nothing. */
  readonly problem: string | null;
}

export function takenEvent(node: string | undefined, text: string): TakenEvent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { event: null, problem: 'not JSON; it is not carried' };
  }
  const { data, error } = Event.safeParse(value);
  if (data === undefined) {
    const issue = error.issues[0];
    return { event: null, problem: `not an event: ${issue?.path.join('.') || 'payload'}: ${issue?.message ?? 'does not fit'}; it is not carried` };
  }
  if (data.node !== node) return { event: null, problem: `an event of ${data.node}, where those of ${String(node)} belong; it is not carried` };
  return sendableEvent(data);
}

export function sendableEvent(event: Event): TakenEvent & { readonly event: Event } {
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= sentBytesMax) return { event, problem: null };
  return {
    event: { ...event, payload: { payload_dropped_bytes: bytes } },
    problem: `an event of ${bytes} bytes; at most ${sentBytesMax} cross the link: it goes without its payload`,
  };
}
