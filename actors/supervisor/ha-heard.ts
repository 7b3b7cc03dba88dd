/**
 * What was heard about Home Assistant: of each kind the newest event that each watching node sent. Kept on disk by actor.ts,
 * because an event is delivered once and the supervisor may die before a document shows what it made of it.
 *
 * An event that is not newer than the one of its kind has been heard before: so nothing is done twice after a restart, and
 * there is no list of ids that could grow or be lost. The times compared are the watching node's own, since the two lanes
 * of its events may overtake each other.
 */
import { z } from 'zod';
import { NodeName, ServiceName, Timestamp } from '../../contracts/common.ts';
import type { Event } from '../../contracts/event.ts';
import { haDead, haRecovered, isHaEvent } from './routing.ts';

export const HaHeard = z.object({
  id: z.string(),
  type: z.string(),
  /** The node whose agent said it. */
  node: NodeName,
  service: ServiceName,
  /** The node that Home Assistant runs on, if the agent named one. */
  target_node: NodeName.nullable(),
  /** When it happened, by the clock of the agent. */
  at: Timestamp,
  /** When it was heard, by the clock of the supervisor. */
  heard_at: Timestamp,
  /** When the first one since the last recovery was heard. */
  first_heard_at: Timestamp,
  message: z.string(),
});
export type HaHeard = z.infer<typeof HaHeard>;

/** What is older asks for nothing any more: an agent says everything that lasts again within 6 h. */
const heardKeptMs = 24 * 3_600_000;
/** Eight kinds of twenty-five instances; beyond that the oldest go. */
const heardMax = 200;

/** The name under which Home Assistant runs, where an event names none. */
const usualService = 'homeassistant';

export const heardKey = (node: string, service: string, type: string): string => `${node}/${service}/${type}`;

/** Takes an event in; false: it says nothing new. */
export function hear(heard: Map<string, HaHeard>, event: Event, now: number): boolean {
  const atMs = Date.parse(event.ts);
  if (!isHaEvent(event.type) || now - atMs >= heardKeptMs) return false;
  const service = event.service ?? usualService;
  const key = heardKey(event.node, service, event.type);
  const known = heard.get(key);
  if (known !== undefined && atMs <= Date.parse(known.at)) return false;
  const heard_at = new Date(now).toISOString();
  const target = NodeName.safeParse(event.payload['target_node']);
  heard.delete(key);
  heard.set(key, {
    id: event.id,
    type: event.type,
    node: event.node,
    service,
    target_node: target.success ? target.data : null,
    at: new Date(atMs).toISOString(),
    heard_at,
    first_heard_at: known !== undefined && event.type === haDead && isDead(heard, known) ? known.first_heard_at : heard_at,
    message: event.message,
  });
  forgetOld(heard, now);
  return true;
}

/** This death has not been followed by a recovery. */
export function isDead(heard: ReadonlyMap<string, HaHeard>, dead: HaHeard): boolean {
  const recovered = heard.get(heardKey(dead.node, dead.service, haRecovered));
  return recovered === undefined || Date.parse(recovered.at) < Date.parse(dead.at);
}

export function forgetOld(heard: Map<string, HaHeard>, now: number): void {
  for (const [key, { at }] of heard) if (now - Date.parse(at) >= heardKeptMs) heard.delete(key);
  for (const key of heard.keys()) {
    if (heard.size <= heardMax) return;
    heard.delete(key);
  }
}
