/** A page of the events that were heard since the start, for where no store is at hand. Pure. */
import type { EventPage, EventQuery, HeardEvent } from '../../actors/operator-ui/ports.ts';

const keyOf = ({ event, at }: HeardEvent): string => `${at}_${event.id}`;

export function pageOfHeard(heard: readonly HeardEvent[], { node, type, since, until, before, limit }: EventQuery): EventPage {
  const fitting = heard
    .filter(
      (each) =>
        (node === null || each.event.node === node) &&
        (type === null || each.event.type === type) &&
        (since === null || each.event.ts >= since) &&
        (until === null || each.event.ts <= until) &&
        (before === null || keyOf(each) < before),
    )
    .sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
  const shown = fitting.slice(0, limit);
  const last = shown.at(-1);
  return { events: shown.map(({ event }) => event), next: fitting.length > shown.length && last !== undefined ? keyOf(last) : null };
}
