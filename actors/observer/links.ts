/**
 * The uplinks of sites as this observer sees them: what their documents say, and whether they still say it. Pure but for the state given.
 *
 * Here a link of another site speaks at least once a minute, so silence counts, by our own clock. A stored copy says what was, never that
 * it is so: until a link was heard, or was silent for long enough while we listened, nothing is known of it. On the broker of the site itself
 * its document changes only with the link, and is believed as it stands.
 */
import { linkQuietMs, linkSilentMs } from '../../contracts/defaults.ts';
import type { DesiredUplink } from '../../contracts/desired.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { siteNode } from './site-node.ts';
import { type NodeLive, nodeOf, type ObserverInput, type ObserverState } from './state.ts';

export interface LinkLive {
  /** null: its writer has taken the document back. */
  doc: LinkStatus | null;
  /** Its last live word of being there, by our own clock; null: none counts. */
  heardAtMs: number | null;
  /** It was said while we listened that it is down. */
  isDownHeard: boolean;
  /** As in the summary of the site. */
  shown: LinkState;
}

export type LinkState = 'up' | 'degraded' | 'down' | 'unknown';

export function hearLink(state: ObserverState, { site, doc, retained, now }: Extract<ObserverInput, { readonly type: 'link' }>): NodeLive {
  const known = state.links.get(site);
  const link: LinkLive = known ?? { doc, heardAtMs: null, isDownHeard: false, shown: 'unknown' };
  if (known === undefined || (known.doc === null) !== (doc === null)) state.isSummaryDirty = true;
  state.links.set(site, link);
  const isDown = doc?.status === 'down';
  link.doc = doc;
  link.isDownHeard = isDown && !retained;
  if (isDown) link.heardAtMs = null;
  else if (!retained) link.heardAtMs = now;
  return nodeOf(state, siteNode(site));
}

export function linkStateOf(state: ObserverState, site: string, now: number): LinkState {
  const link = state.links.get(site);
  const said = link?.doc?.status;
  if (site === state.options.site) return said === undefined || said === 'gone' ? 'unknown' : said;
  if (link?.isDownHeard === true) return 'down';
  if ((said === 'up' || said === 'degraded') && now < (link?.heardAtMs ?? Number.NEGATIVE_INFINITY) + linkSilentMs) return said;
  return state.phase === 'watching' && now >= silentAtMs(state, link) ? 'down' : 'unknown';
}

/** When silence alone will change that answer; null: it never will. */
export function linkStateUntilMs(state: ObserverState, site: string, now: number): number | null {
  const link = state.links.get(site);
  if (site === state.options.site || link?.isDownHeard === true) return null;
  const untilMs = [(link?.heardAtMs ?? Number.NEGATIVE_INFINITY) + linkSilentMs, silentAtMs(state, link)].filter((atMs) => atMs > now);
  return untilMs.length === 0 ? null : Math.min(...untilMs);
}

/** While we were away it may have spoken: after each (re)connect it has its time anew. */
const silentAtMs = ({ syncedAtMs }: ObserverState, link: LinkLive | undefined): number =>
  Math.max(syncedAtMs, link?.heardAtMs ?? Number.NEGATIVE_INFINITY) + linkSilentMs;

/** Where nobody says: what is expected to go away now and then. Nobody is called for what nobody called wired. */
const usualUplink: DesiredUplink = { kind: 'lte', quiet_ms: linkQuietMs.lte };

/** As the inventory says it with each node of the site. */
export function uplinkOf({ nodes }: ObserverState, site: string): DesiredUplink {
  for (const { desired } of nodes.values()) if (desired?.site === site && desired.uplink !== undefined) return desired.uplink;
  return usualUplink;
}
