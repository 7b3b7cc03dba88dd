/**
 * What says whether an entity can be believed: the node, the actor whose word it is, and at the hub the link of its site. Pure.
 *
 * An entity that reads a document of somebody who is away shows the past, so all of its sources must be there (mode `all`). At a
 * site's own broker the link is none of them: the site works without it.
 */
import { topics } from '../../contracts/topics.ts';
import { type Maker, type Source, template } from './device.ts';

/** Who is where, as far as it is known. */
export interface Directory {
  readonly maker: Maker;
  /** Site of this broker. */
  readonly site: string;
  /** Site → node of its observer; by the observer's manifest, which lists the summary of its site. */
  readonly observers: ReadonlyMap<string, string>;
  /** Node of the ledger that judges what is asked at this broker; null: not heard. */
  readonly ledger: string | null;
  /** Node of the bridge of this broker's own site; null: it has none. */
  readonly bridge: string | null;
  /** Node on which this actor runs. */
  readonly self: string;
  readonly sites: ReadonlySet<string>;
  readonly nodes: ReadonlyMap<string, unknown>;
  /** Sites whose link is known here. */
  readonly links: ReadonlySet<string>;
}

export const topicAt = ({ maker }: Pick<Directory, 'maker'>, relative: string): string => `${maker.root}/${relative}`;

export const nodeSource = (at: Directory, node: string): Source => ({
  topic: topicAt(at, topics.nodeHealth.build({ node })),
  // degraded: its engine does not answer, which the observer says of each service.
  value_template: template.available(['online', 'degraded']),
});

export const actorSource = (at: Directory, node: string, actor: string): Source => ({
  topic: topicAt(at, topics.actorStatus.build({ node, actor })),
  value_template: template.available(['online']),
});

/** Over which everything comes that is seen here of another site. */
export const linkSources = (at: Directory, site: string): readonly Source[] =>
  site === at.site || !at.links.has(site) ? [] : [{ topic: topicAt(at, topics.link.build({ site })), value_template: template.available(['up', 'degraded']) }];

/** For what the observer of a site says. */
export function observerSources(at: Directory, site: string): readonly Source[] {
  const node = at.observers.get(site);
  return [...(node === undefined ? [] : [actorSource(at, node, 'observer')]), ...linkSources(at, site)];
}
