/** Events as a list that grows at both ends: what the history has, and what happens meanwhile. Pure. */
import type { Event } from '../../../../../contracts/event.ts';

export interface EventSearch {
  readonly node: string;
  readonly type: string;
  /** Hours back; 0: as far as the history goes. */
  readonly hours: number;
}

/** As many as a phone scrolls through; older ones are asked for. */
const keptMax = 1000;

/** Newest first, each once. */
export function merged(...lists: readonly (readonly Event[])[]): readonly Event[] {
  const byId = new Map(lists.flat().map((event) => [event.id, event]));
  return [...byId.values()].sort((a, b) => b.ts.localeCompare(a.ts) || b.id.localeCompare(a.id)).slice(0, keptMax);
}

export const fits = (event: Event, { node, type }: EventSearch): boolean => (node === '' || event.node === node) && (type === '' || event.type === type);

/** The query of GET /events; `before` comes from the answer before it. */
export function eventQuery({ node, type, hours }: EventSearch, before: string | null, nowMs: number): string {
  const query = new URLSearchParams({ limit: '100' });
  if (node !== '') query.set('node', node);
  if (type !== '') query.set('type', type);
  if (hours > 0) query.set('since', new Date(nowMs - hours * 3_600_000).toISOString());
  if (before !== null) query.set('before', before);
  return query.toString();
}
