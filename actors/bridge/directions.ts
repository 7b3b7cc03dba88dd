/**
 * What crosses the link, and which way: nothing but the `bridge` column of the topic table. Pure.
 *
 * No topic goes both ways, and what the bridge brings down it never takes up again, so nothing can go round in a circle.
 */
import type { Topic } from '../../contracts/topic.ts';
import { allTopics, findTopic, type TopicName, topics } from '../../contracts/topics.ts';

export interface Place {
  readonly name: TopicName;
  readonly row: Topic;
  readonly levels: Readonly<Record<string, string>>;
}

const rows = (direction: Topic['bridge']): readonly Topic[] => allTopics.map(([, row]) => row).filter((row) => row.bridge === direction);

const siteNodePrefix = 'site-';

/** The troubles of a site itself are the hub's to tell: whatever stands under that name is not carried up. */
export const isMachine = (node: string): boolean => !node.startsWith(siteNodePrefix);

/** Everything of the site's own broker that the bridge looks at: what goes up, and its own copies of what came down. */
export const nearFilters: readonly string[] = [...rows('up'), topics.desired].map((row) => row.filter());

/** Levels by which a row is narrowed to one site: its nodes, or the site itself. */
function filtersFor(row: Topic, nodes: readonly string[], site: string): readonly string[] {
  if (row.pattern.includes('{node}')) return nodes.map((node) => row.filter({ node }));
  return row.pattern.includes('{site}') ? [row.filter({ site })] : [];
}

/** What these nodes of the site have at the hub: read once to compare, then given up, so that nothing we write comes back to us. */
export const readBackFilters = (nodes: readonly string[], site: string): readonly string[] =>
  rows('up')
    .filter(({ kind }) => kind === 'document')
    .flatMap((row) => filtersFor(row, nodes, site));

/** What stays subscribed at the hub: what comes down for these nodes, and what tells how far the hub's store is. */
export const downFilters = (nodes: readonly string[], site: string, hubSite: string): readonly string[] => [
  ...rows('down').flatMap((row) => filtersFor(row, nodes, site)),
  ...nodes.map((node) => topics.cursor.filter({ site: hubSite, node })),
];

/** Who lists the `desired/…` there are: from it the bridge learns of nodes it has not heard of. */
export const inventoryManifests = topics.manifest.filter({ actor: 'inventory' });

export const placeOf = (topic: string): Place | null => findTopic(topic);

/** Does this go up? What the bridge itself brought down never does. */
export const goesUp = ({ row, levels }: Place, site: string): boolean =>
  row.bridge === 'up' && (levels['node'] === undefined || isMachine(levels['node'])) && (levels['site'] === undefined || levels['site'] === site);
