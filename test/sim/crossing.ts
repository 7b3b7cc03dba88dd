/**
 * What the two sides of a bridge do not agree on once nothing moves any more: what a site's writers say is retained at the hub word for
 * word, and what the hub decided for its nodes at the site. Only figures that move with every heartbeat may be older on the far side.
 */
import { contentOf } from '../../bus/document-text.ts';
import { findTopic, topics } from '../../contracts/topics.ts';
import type { Site } from './site.ts';
import { isBrought } from './territory.ts';

/** By docs/actors/bridge.md they cross with the next real change, and hourly; `updated` with them. */
const tickingOf: Readonly<Record<string, readonly string[]>> = {
  nodeHealth: ['ts', 'rev', 'uptime_s', 'cpu_pct', 'memory_pct', 'disk_pct', 'disk_free_bytes', 'reclaimable_bytes'],
  worldNode: ['ts', 'rev', 'last_seen', 'observer_ahead_ms'],
  worldService: ['ts', 'rev', 'last_update'],
  site: ['ts', 'rev', 'last_update'],
};

/** In words, one line each. */
export function crossingDifferences(hub: Site, edge: Site): readonly string[] {
  const found: string[] = [];
  compare(found, { from: edge, to: hub });
  compare(found, { from: hub, to: edge });
  const link = topics.link.build({ site: edge.name });
  for (const site of [hub, edge]) {
    const text = textAt(site, link);
    const status = text === undefined ? 'not there' : (JSON.parse(text) as { readonly status: string }).status;
    if (status !== 'up') found.push(`${link} at ${site.name} is ${status}, not up`);
  }
  return found;
}

const textAt = ({ broker, root }: Site, topic: string): string | undefined => broker.retainedTopics.get(`${root}/${topic}`);

/** What the bridge has to bring from one to the other. */
function compare(found: string[], { from, to }: { readonly from: Site; readonly to: Site }): void {
  const there = broughtTo(to, to);
  const here = broughtTo(to, from);
  for (const [topic, text] of here) {
    const copy = there.get(topic);
    if (copy === undefined) found.push(`${topic} of ${from.name} is missing at ${to.name}`);
    else if (lastingOf(topic, copy) !== lastingOf(topic, text)) found.push(`${topic} of ${from.name} is ${text}, and at ${to.name} ${copy}`);
  }
  for (const topic of there.keys()) if (!here.has(topic)) found.push(`${topic} is left over at ${to.name}: at ${from.name} there is no such document`);
}

/** Retained on the broker of `on`: what the bridge brings to `to`. */
function broughtTo(to: Site, on: Site): ReadonlyMap<string, string> {
  const brought = new Map<string, string>();
  for (const [absolute, text] of on.broker.retainedTopics) {
    const topic = absolute.slice(on.root.length + 1);
    const row = findTopic(topic);
    if (row !== null && isBrought(to.overseer.territory, row)) brought.set(topic, text);
  }
  return brought;
}

function lastingOf(topic: string, text: string): string {
  const ticking = tickingOf[findTopic(topic)?.name ?? ''];
  if (ticking === undefined) return text;
  const doc = JSON.parse(text) as Record<string, unknown>;
  return contentOf(Object.fromEntries(Object.entries(doc).filter(([field]) => !ticking.includes(field))));
}
