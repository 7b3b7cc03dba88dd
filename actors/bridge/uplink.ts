/**
 * The link to the hub: what may be under way on it, how a dead one is noticed, and what `links/<site>` says of it. Pure but for the state given.
 *
 * One message in 54 s is canary, keep-alive and word of the site at once: its acknowledgement says that the hub's broker
 * works, and its absence that the link is dead.
 */
import type { BridgeCommand, BridgeState, LinkBody, Ticket } from './state.ts';

/**
 * MQTT keep-alive, seconds: just above the heartbeat, so that no PINGREQ is ever needed. The hub's broker fires the will after 1.5 times
 * this, and mosquitto looks every 6 s only (measured: 86 s with 57): 83 to 89 s.
 */
export const farKeepaliveS = 55;
/**
 * Nothing takes longer: 64 kB are 4 s on the worst LTE (5 % lost, 400 ms there and back), and there a segment that is lost three times in a row
 * arrives after 14. What is never acknowledged is sent on a new connection: the sooner the better, for TCP itself waits ever longer.
 */
export const ackWithinMs = 15_000;
/** Under way at once: what 1 Mbit/s carries in 400 ms (50 kB), rounded up. More would only queue up in the modem, in front of what is urgent. */
export const windowBytes = 64 * 1024;
/** The hub's store answers within a round trip; then one event of each stream asks again, ever more slowly. */
const confirmWithinMs = 10_000;
const confirmWithinMaxMs = 60_000;
/** Fixed header, topic and packet id of a PUBLISH, roughly. */
const overheadBytes = 60;

/** Puts a message under way. */
export function send(
  state: BridgeState,
  message: { readonly topic: string; readonly text: string; readonly retain: boolean; readonly document?: Ticket['document'] },
  now: number,
): BridgeCommand {
  const ticket = state.nextTicket;
  const bytes = message.text.length + overheadBytes;
  state.nextTicket += 1;
  state.bytesInFlight += bytes;
  state.tickets.set(ticket, { sentMs: now, bytes, document: message.document ?? null });
  return { type: 'publish', where: 'far', ticket, topic: message.topic, text: message.text, retain: message.retain };
}

export function settle(state: BridgeState, id: number): Ticket | null {
  const ticket = state.tickets.get(id);
  if (ticket === undefined) return null;
  state.tickets.delete(id);
  state.bytesInFlight -= ticket.bytes;
  return ticket;
}

export function forgetTickets(state: BridgeState): void {
  state.tickets.clear();
  state.bytesInFlight = 0;
}

/** When the oldest message under way is too old; null: nothing is. */
export function ackDueMs({ tickets }: BridgeState): number | null {
  // They are in the order in which they were sent.
  const [oldest] = tickets.values();
  return oldest === undefined ? null : oldest.sentMs + ackWithinMs;
}

/** When to ask the hub's store again; null: it owes nothing. */
export function confirmDueMs(state: BridgeState): number | null {
  return state.far.status === 'up' && state.queue.unconfirmed > 0 ? state.confirmedMs + Math.max(state.confirmTimeoutMs, confirmWithinMs) : null;
}

export function confirmed(state: BridgeState, now: number): void {
  state.confirmedMs = now;
  state.confirmTimeoutMs = confirmWithinMs;
}

export function askAgain(state: BridgeState, now: number): void {
  state.queue.probe();
  state.confirmedMs = now;
  state.confirmTimeoutMs = Math.min(confirmWithinMaxMs, Math.max(state.confirmTimeoutMs, confirmWithinMs) * 2);
}

type Health = Pick<LinkBody, 'status' | 'summary'>;

/** What the link is now. */
export function healthOf({ far, near, isStandbyOpen, confirmTimeoutMs, options }: BridgeState): Health {
  if (far.status !== 'up') return { status: 'down', summary: `the hub is not reached from ${options.site}` };
  if (isStandbyOpen) return { status: 'degraded', summary: `the broker of ${options.site} is away; its standby is in its place` };
  if (near.status !== 'up') return { status: 'degraded', summary: `the broker of ${options.site} is not reached` };
  if (confirmTimeoutMs > confirmWithinMs) return { status: 'degraded', summary: `the hub is reached, and its store takes no events of ${options.site}` };
  return { status: 'up', summary: 'up' };
}

/** How the actors of the site talk to each other. */
export const nearOf = ({ near, isStandbyOpen }: BridgeState): NonNullable<LinkBody['near']> =>
  isStandbyOpen ? 'standby' : near.status === 'up' ? 'up' : 'down';
