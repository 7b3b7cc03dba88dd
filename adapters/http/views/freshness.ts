/** What of the picture may be believed, and in which words it is said where not. Pure; `nowMs` is epoch milliseconds. The rules: contracts/site-view.ts. */
import { createHash } from 'node:crypto';
import type { Picture } from '../../../actors/operator-ui/ports.ts';
import { type ActorView, actorViewsOf, doubtsAboutNodes, nodeDoubts } from '../../../contracts/actor-view.ts';
import type { NodeHealth } from '../../../contracts/health.ts';
import { type Doubt, type Evidence, type SiteView, siteViewsOf } from '../../../contracts/site-view.ts';
import { topics } from '../../../contracts/topics.ts';
import { documentsOf } from './documents-of.ts';

export interface Seen {
  readonly picture: Picture;
  /** The site of the web server. */
  readonly here: string;
  readonly nowMs: number;
}

export interface Belief {
  readonly sites: readonly SiteView[];
  readonly actors: readonly ActorView[];
  /** Why what is said of a node and its services may not be true any more, or null. */
  readonly doubtAbout: (thing: { readonly node: string; readonly site: string }) => Doubt | null;
  /** Why a node does not speak for itself, or null: what its engine and its services do is not known then. */
  readonly isUnheard: (node: string) => Doubt | null;
}

export function beliefOf({ picture, here, nowMs }: Seen): Belief {
  const health = new Map<string, NodeHealth>();
  for (const doc of documentsOf(picture, topics.nodeHealth)) if (doc.node !== undefined) health.set(doc.node, doc);
  const evidence: Evidence = {
    ...{ here, health, bus: picture.bus, sites: documentsOf(picture, topics.site), links: documentsOf(picture, topics.link) },
    ...{ nodes: documentsOf(picture, topics.worldNode), actors: documentsOf(picture, topics.actorStatus) },
  };
  const sites = siteViewsOf(evidence, nowMs);
  return {
    ...{ sites, actors: actorViewsOf(evidence, nowMs) },
    doubtAbout: doubtsAboutNodes(evidence, sites, nowMs),
    isUnheard: nodeDoubts(evidence, nowMs),
  };
}

/** Changes when something is believed that was not, or the other way: time alone does that. */
export function beliefKey(seen: Seen): string {
  const { sites, isUnheard } = beliefOf(seen);
  const doubts = [...sites.map(({ site, doubt }) => [site, doubt]), ...documentsOf(seen.picture, topics.worldNode).map(({ node }) => [node, isUnheard(node)])];
  return createHash('sha256').update(JSON.stringify(doubts)).digest('base64url').slice(0, 16);
}

/** With times, not ages: two readers at different moments read the same. null: no doubt. */
export function staleWords(doubt: Doubt | null): string | null {
  if (doubt === null) return null;
  const { kind, since, asOf, observer } = doubt;
  const from = since === null ? '' : ` since ${since}`;
  switch (kind) {
    case 'bus':
      return `no connection to the broker${from}`;
    case 'link':
      return `link down${from}${asOf === null ? '; nothing of it is known here' : ''}`;
    case 'observer':
      return observer === null ? 'no observer is known' : `its observer is ${observer.status}`;
    case 'silent':
      return `the last word is from ${since ?? 'some time ago'}`;
    case 'clock':
      return 'its clock is ahead of ours, so that its silence would not be noticed';
    case 'offline':
      return `its node is offline${from}`;
    case 'unheard':
      return 'not heard yet';
    case 'never':
      return 'never heard: is its bridge running?';
  }
}

/** What is wrong with the files of a site, one line each. */
export const faultWords = ({ faults }: Pick<SiteView, 'faults'>): readonly string[] =>
  faults.map(({ node, detail, summary }) => `inventory of ${node ?? 'some node'}: ${detail ?? summary}`);
