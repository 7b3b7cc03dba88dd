/**
 * The uplinks of sites as this observer sees them: what their documents say, and whether they still say it. Pure but for the state given.
 *
 * Here a link of another site speaks at least once a minute, so silence counts, by our own clock. A stored copy says what was, never that
 * it is so: until a link was heard, or was silent for long enough while we listened, nothing is known of it. On the broker of the site itself
 * its document changes only with the link, and is believed as it stands.
 *
 * A site that is declared is expected here from when we first saw it declared: one that has never spoken is silent too.
 */
import { linkQuietMs, linkSilentMs } from '../../contracts/defaults.ts';
import type { DesiredUplink } from '../../contracts/desired.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { siteNode } from './site-node.ts';
import { type NodeLive, nodeOf, type ObserverInput, type ObserverState } from './state.ts';
import { derivedSource } from './stored-event.ts';

export interface LinkLive {
  /** null: its writer has taken the document back, or the broker has lost it; undefined: there was none in this life of ours. */
  doc: LinkStatus | null | undefined;
  /** Since when, by our clock, we know that the site is declared with an uplink that leads here; null: it is not. */
  declaredAtMs: number | null;
  /** Its last live word of being there, by our own clock; null: none counts. */
  heardAtMs: number | null;
  /** The same, and not forgotten when it says that it is down: what stands of the site is from then. */
  lastHeardAtMs: number | null;
  /** It was said while we listened that it is down. */
  isDownHeard: boolean;
  /** As in the summary of the site. */
  shown: LinkState;
}

export type LinkState = 'up' | 'degraded' | 'down' | 'unknown';

const unheard = { doc: undefined, declaredAtMs: null, heardAtMs: null, lastHeardAtMs: null, isDownHeard: false, shown: 'unknown' } as const;

export function hearLink(state: ObserverState, { site, doc, retained, now }: Extract<ObserverInput, { readonly type: 'link' }>): NodeLive {
  const link: LinkLive = state.links.get(site) ?? { ...unheard };
  if ((link.doc ?? null) === null || doc === null) state.isSummaryDirty = true;
  state.links.set(site, link);
  const isDown = doc?.status === 'down';
  link.doc = doc;
  link.isDownHeard = isDown && !retained;
  if (isDown) link.heardAtMs = null;
  else if (!retained) link.heardAtMs = now;
  const wordMs = doc === null ? null : lastWordMs(doc, retained, now);
  if (wordMs !== null) link.lastHeardAtMs = Math.max(wordMs, link.lastHeardAtMs ?? Number.NEGATIVE_INFINITY);
  return nodeOf(state, siteNode(site));
}

/** Who is down does not say so: its will does, with the time at which its connection began. A stored copy is as old as it says, by the clock of the site. */
function lastWordMs({ status, ts, clock_offset_ms: offsetMs }: LinkStatus, retained: boolean, now: number): number | null {
  if (status !== 'up' && status !== 'degraded') return null;
  return retained ? Math.min(now, Date.parse(ts) + (offsetMs ?? 0)) : now;
}

/** When something was heard of the site last, by our clock, in this life or an earlier one; null: nobody knows. */
export function lastHeardMs({ links, nodes }: Pick<ObserverState, 'links' | 'nodes'>, site: string): number | null {
  const told = nodes.get(siteNode(site))?.world.linkHeardMs ?? null;
  const heard = links.get(site)?.lastHeardAtMs ?? null;
  return told === null || heard === null ? (heard ?? told) : Math.max(told, heard);
}

/** Not a word, not an event, now or in an earlier life: a site that is not built yet, or whose bridge was never set up. */
export function isNeverHeard(state: ObserverState, site: string): boolean {
  if ((state.links.get(site)?.doc ?? null) !== null || lastHeardMs(state, site) !== null) return false;
  for (const { name, desired, rememberedSite, world } of state.nodes.values()) {
    if (name !== siteNode(site) && (desired?.site ?? rememberedSite) !== site) continue;
    // What we decided ourselves is no word of the site.
    for (const source of world.positions.keys()) if (source !== derivedSource) return false;
  }
  return true;
}

/** Which sites the inventory expects here. Returns the nodes of those for which that has changed. */
export function declareLinks(state: ObserverState, now: number): readonly NodeLive[] {
  const here = state.options.site;
  const declared = new Set<string>();
  for (const { desired } of state.nodes.values()) if (desired?.uplink !== undefined) declared.add(desired.site);
  // Uplinks lead to the hub, which has none itself: another site is not waited for by its neighbours.
  if (declared.has(here)) declared.clear();
  const changed = [...declared].filter((site) => (state.links.get(site)?.declaredAtMs ?? null) === null);
  for (const site of changed) state.links.set(site, { ...(state.links.get(site) ?? unheard), declaredAtMs: now });
  for (const [site, link] of state.links) {
    if (link.declaredAtMs === null || declared.has(site)) continue;
    link.declaredAtMs = null;
    changed.push(site);
  }
  if (changed.length > 0) state.isSummaryDirty = true;
  return changed.map((site) => nodeOf(state, siteNode(site)));
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
function silentAtMs({ syncedAtMs }: ObserverState, link: LinkLive | undefined): number {
  const expectedAtMs = (link?.doc ?? null) === null ? link?.declaredAtMs : null;
  return Math.max(syncedAtMs, link?.heardAtMs ?? Number.NEGATIVE_INFINITY, expectedAtMs ?? Number.NEGATIVE_INFINITY) + linkSilentMs;
}

/** Where nobody says: what is expected to go away now and then. Nobody is called for what nobody called wired. */
const usualUplink: DesiredUplink = { kind: 'lte', quiet_ms: linkQuietMs.lte };

/** As the inventory says it with each node of the site. */
export function uplinkOf({ nodes }: ObserverState, site: string): DesiredUplink {
  for (const { desired } of nodes.values()) if (desired?.site === site && desired.uplink !== undefined) return desired.uplink;
  return usualUplink;
}
