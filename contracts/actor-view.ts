/**
 * Whether a node can be believed to be as it stands here, and whether an actor really runs. Pure; `nowMs` is epoch milliseconds by the clock of the reader.
 *
 * A connection has one will, and that of a node-agent is the heartbeat of its node; a broker that lost its memory has forgotten all wills. So what an actor
 * said last is believed only while its node is there and heard, its site's link is up, and the reader has its broker: else nobody knows.
 */
import type { ActorStatus } from './actor-status.ts';
import type { NodeHealth } from './health.ts';
import { linkViewsOf } from './link-view.ts';
import { busDoubt, type Doubt, type Evidence, linkDoubt, nodeTtlMs, type SiteView, siteOfNode, wordDoubt } from './site-view.ts';
import type { WorldNode } from './world.ts';

export interface ActorView {
  readonly said: ActorStatus;
  /** What may be said of it: unknown while there is a doubt. */
  readonly status: ActorStatus['status'] | 'unknown';
  readonly doubt: Doubt | null;
}

/** These say that it lives; the others were true when they were said, and stay so until it says something else. */
const living: readonly ActorStatus['status'][] = ['online', 'restarting'];

export function actorViewsOf(evidence: Evidence, nowMs: number): readonly ActorView[] {
  const doubtOf = nodeDoubts(evidence, nowMs);
  return evidence.actors
    .filter(({ status }) => status !== 'gone')
    .map((said) => {
      const doubt = doubtOf(said.node ?? '');
      const isTold = doubt === null || (!isBlind(doubt) && !living.includes(said.status));
      return isTold ? { said, status: said.status, doubt: null } : { said, status: 'unknown', doubt };
    });
}

/** Nothing of it comes here: what is bad may be over, too. */
const isBlind = ({ kind }: Doubt): boolean => kind === 'bus' || kind === 'link';

/** Why what stands here of a node is no longer its word, or null. */
export function nodeDoubts(evidence: Evidence, nowMs: number): (node: string) => Doubt | null {
  const bus = busDoubt(evidence.bus);
  const links = linkViewsOf(evidence, nowMs);
  const worlds = new Map(evidence.nodes.map((node) => [node.node, node]));
  const siteOf = siteOfNode(evidence);
  return (node) => {
    const [world, health] = [worlds.get(node), evidence.health?.get(node)];
    const link = links.get(siteOf(node) ?? '') ?? null;
    return (
      bus ??
      linkDoubt(link, world?.ts ?? health?.ts ?? new Date(nowMs).toISOString()) ??
      ownDoubt({ world, health, isCrossed: link?.isCrossed === true }, nodeTtlMs(node, evidence), nowMs)
    );
  };
}

interface NodeEvidence {
  readonly world: WorldNode | undefined;
  readonly health: NodeHealth | undefined;
  readonly isCrossed: boolean;
}

function ownDoubt({ world, health, isCrossed }: NodeEvidence, ttlMs: number, nowMs: number): Doubt | null {
  const asOf = world?.last_seen ?? null;
  // The time of a will is that of its connection: only the observer knows when the node went.
  if (world?.status === 'offline') return { kind: 'offline', since: world.since, asOf, observer: null };
  if (health?.status === 'offline') return { kind: 'offline', since: null, asOf, observer: null };
  if (world?.status === 'unknown') return { kind: 'unheard', since: world.since, asOf, observer: null };
  const isExpected = world?.status === 'online' || world?.status === 'degraded';
  // Behind a link heartbeats are condensed, and its age is the link's.
  if (!isExpected || isCrossed || asOf === null) return null;
  // The observer may be away, or its clock wrong, and the node not. The node's own clock counts where it can be right at all.
  if (health !== undefined && wordDoubt(health.ts, ttlMs, nowMs) === null) return null;
  return wordDoubt(asOf, ttlMs, nowMs);
}

/** Why what an observer said of a node and its services may not be true any more, or null. That a node is away is what it said. */
export function doubtsAboutNodes(
  evidence: Evidence,
  views: readonly SiteView[],
  nowMs: number,
): (node: { readonly node: string; readonly site: string }) => Doubt | null {
  const own = nodeDoubts(evidence, nowMs);
  const sites = new Map(views.map(({ site, doubt }) => [site, doubt]));
  return ({ node, site }) => {
    const doubt = sites.get(site) ?? own(node);
    return doubt?.kind === 'offline' || doubt?.kind === 'unheard' ? null : doubt;
  };
}
