/**
 * Documents of services whose node cannot speak for them yet wait a moment.
 *
 * A node says what is so of each of its services, and last that it is there (so that nobody believes half of it). Published one by
 * one, each service would be unknown, then unknown with another past, then what it is: three documents where one says it all.
 * Only arrivals wait; that a node is lost touches everything of it, and is shown at once.
 */
import type { NodeLive } from './state.ts';
import { canSpeak } from './status.ts';

/** 100 services are 50 kB, a second on a slow uplink. Nobody acts on a service that is unknown before and after. */
const heldMs = 1_000;

/** They are shown when their node can speak, else when the time is over. */
export function holdServices(node: NodeLive, now: number): void {
  const { dirty, held } = node;
  if (dirty.size > 0 && !dirty.has('all') && !canSpeak(node)) {
    for (const key of dirty) {
      if (!key.startsWith('service/')) continue;
      dirty.delete(key);
      held.keys.add(key);
      held.untilMs ??= now + heldMs;
    }
  }
  if (held.untilMs === null || (now < held.untilMs && !canSpeak(node))) return;
  for (const key of held.keys) dirty.add(key);
  held.keys.clear();
  held.untilMs = null;
}
