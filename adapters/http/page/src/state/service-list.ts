/** The services that somebody looks for, by node. Pure, and one pass over the list: hundreds of them are filtered at each key. */
import { isServiceTrouble } from '../../../../../contracts/trouble.ts';
import type { WorldService } from '../../../../../contracts/world.ts';
import { toneOf, toneRank } from './tones.ts';

export const filters = ['all', 'trouble', 'healthy', 'other'] as const;
export type Filter = (typeof filters)[number];

export interface Search {
  readonly query: string;
  readonly filter: Filter;
  /** null: all. */
  readonly node: string | null;
}

export interface Group {
  readonly node: string;
  readonly services: readonly WorldService[];
  /** Of those that are shown. */
  readonly troubles: number;
}

const kindOf = (service: WorldService): Filter => (isServiceTrouble(service) ? 'trouble' : service.status === 'healthy' ? 'healthy' : 'other');

/** Every word must be part of its name, its node, its status or its reason. */
function matches(service: WorldService, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = `${service.service} ${service.node} ${service.status} ${service.reason ?? ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Nodes with trouble first, then by name; within a node the same. */
export function groupsOf(services: readonly WorldService[], { query, filter, node }: Search): readonly Group[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const byNode = new Map<string, WorldService[]>();
  for (const each of services) {
    if (node !== null && each.node !== node) continue;
    if (filter !== 'all' && kindOf(each) !== filter) continue;
    if (!matches(each, words)) continue;
    const group = byNode.get(each.node);
    if (group === undefined) byNode.set(each.node, [each]);
    else group.push(each);
  }
  const worstFirst = (a: WorldService, b: WorldService): number =>
    Number(isServiceTrouble(b)) - Number(isServiceTrouble(a)) || toneRank(toneOf(a.status)) - toneRank(toneOf(b.status)) || a.service.localeCompare(b.service);
  return [...byNode]
    .map(([name, group]) => ({ node: name, services: group.sort(worstFirst), troubles: group.filter(isServiceTrouble).length }))
    .sort((a, b) => Number(b.troubles > 0) - Number(a.troubles > 0) || a.node.localeCompare(b.node));
}

export function tally(services: readonly WorldService[]): Readonly<Record<Filter, number>> {
  const counts = { all: services.length, trouble: 0, healthy: 0, other: 0 };
  for (const each of services) counts[kindOf(each)] += 1;
  return counts;
}
