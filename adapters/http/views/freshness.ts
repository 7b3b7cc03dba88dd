/** What of a site may be believed, and how old its link is. Pure; `nowMs` is epoch milliseconds. */
import type { Picture } from '../../../actors/operator-ui/ports.ts';
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../../../contracts/defaults.ts';
import { type AwaitedSite, awaitedSitesOf, isCutOff, type LinkView, linkViewsOf } from '../../../contracts/link-view.ts';
import { topics } from '../../../contracts/topics.ts';
import { SiteSummary } from '../../../contracts/world.ts';
import { documentsOf } from './documents-of.ts';

/** As old as the heartbeat of a node that counts as offline. */
const staleMs = heartbeatIntervalMs * heartbeatIntervalsMissedMax;

export interface Seen {
  readonly picture: Picture;
  /** The site of the web server. */
  readonly here: string;
  readonly nowMs: number;
}

export interface SiteSeen {
  readonly doc: SiteSummary;
  readonly link: LinkView | null;
  /** Why what it says may not be true any more; null: it may be believed. */
  readonly stale: string | null;
}

/** By name, our own first, and last those that are declared and of which nothing stands here. */
export function sitesOf({ picture, here, nowMs }: Seen): readonly SiteSeen[] {
  const sites = documentsOf(picture, topics.site);
  const evidence = { here, sites, links: documentsOf(picture, topics.link) };
  const links = linkViewsOf(evidence, nowMs);
  const observers = observersOf(picture, sites);
  const known = sites
    .map((doc) => {
      const link = links.get(doc.site) ?? null;
      return { doc, link, stale: staleness(doc, { link, bus: picture.bus, observer: observers.get(doc.site) ?? null, nowMs }) };
    })
    .sort((a, b) => Number(b.doc.site === here) - Number(a.doc.site === here));
  return [...known, ...awaitedSitesOf(evidence).map((site) => silentSite(site, nowMs))];
}

function silentSite({ site, isNeverHeard, silentSince }: AwaitedSite, nowMs: number): SiteSeen {
  const stale = isNeverHeard ? 'never heard: is its bridge running?' : silentSince === null ? 'not heard yet' : `silent since ${silentSince}`;
  const nothing = { nodes: {}, services: {}, incidents_active: 0, actions_pending: 0, actions_running: 0 };
  const head = { status: 'unknown', summary: `${site}: ${stale}`, ts: new Date(nowMs).toISOString(), session: 0 };
  return { doc: SiteSummary.parse({ ...head, ...nothing, site }), link: null, stale };
}

interface Evidence {
  readonly link: LinkView | null;
  readonly bus: Picture['bus'];
  /** Status of the site's observer. */
  readonly observer: string | null;
  readonly nowMs: number;
}

function staleness(site: SiteSummary, { link, bus, observer, nowMs }: Evidence): string | null {
  if (bus.status === 'down') return `no connection to the broker since ${bus.since}`;
  if (link !== null && isCutOff(link)) return `link down${link.downSince === null ? '' : ` since ${link.downSince}`}`;
  if (observer === null) return 'no observer is known';
  if (observer !== 'online') return `its observer is ${observer}`;
  // Its figures cross the link hourly; the link itself speaks every minute.
  if (link?.isCrossed === true) return null;
  if (site.last_update === null || nowMs - Date.parse(site.last_update) <= staleMs) return null;
  return `the last word is from ${site.last_update}`;
}

/** Site → status of the best of its observers. */
function observersOf(picture: Picture, sites: readonly SiteSummary[]): ReadonlyMap<string, string> {
  const siteOf = new Map(documentsOf(picture, topics.worldNode).map(({ node, site }) => [node, site]));
  const found = new Map<string, string>();
  for (const { actor, node, status } of documentsOf(picture, topics.actorStatus)) {
    if (actor !== 'observer') continue;
    const site = siteOf.get(node ?? '') ?? (sites.length === 1 ? sites[0]?.site : undefined);
    if (site !== undefined && found.get(site) !== 'online') found.set(site, status);
  }
  return found;
}
