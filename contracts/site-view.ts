/**
 * How each site is, and why that may not be true any more. Pure; `nowMs` is epoch milliseconds by the clock of the reader. In one place for the
 * status screen, /summary, /metrics, /ai, the web page and the bot: what is nominal for one of them is so for all.
 *
 * Between a machine and the eye stand the broker, the link of its site, and the observer that judges it. When one of them is away, what stands
 * here is a memory: it has an age, and is never well.
 */
import type { ActorStatus } from './actor-status.ts';
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from './defaults.ts';
import type { NodeHealth } from './health.ts';
import { faultyInventoriesOf } from './inventory-fault.ts';
import { type AwaitedSite, awaitedSitesOf, isCutOff, type LinkEvidence, type LinkView, linkViewsOf } from './link-view.ts';
import type { SiteSummary, WorldNode } from './world.ts';

export interface Evidence extends LinkEvidence {
  readonly nodes: readonly WorldNode[];
  readonly actors: readonly ActorStatus[];
  /** By node. Of those that are not given the usual heartbeat is assumed. */
  readonly health?: ReadonlyMap<string, NodeHealth>;
  /** The reader's own connection to the broker; absent: it is there. */
  readonly bus?: { readonly status: string; readonly since: string | null };
}

export interface Doubt {
  /**
   * bus: the reader is cut off from the broker; link: the site is cut off; observer: nobody judges the site; silent: what should speak has not for
   * too long; clock: it spoke at a time that is still to come, so that its silence would not be noticed; offline: the node is away; unheard: nothing
   * was heard yet; never: nothing was ever heard, and should have been.
   */
  readonly kind: 'bus' | 'link' | 'observer' | 'silent' | 'clock' | 'offline' | 'unheard' | 'never';
  /** When it began; null: nobody knows. Of bus and link by our clock, else by that of the observer. */
  readonly since: string | null;
  /** Until when what stands here was true; null: nobody knows, or nothing stands here. By the same clock. */
  readonly asOf: string | null;
  /** Of kind observer: what is said of one; null: none is known. */
  readonly observer: ActorStatus | null;
}

export type SiteStatus = 'nominal' | 'unknown' | 'degraded' | 'critical';

export interface SiteView {
  readonly site: string;
  /** What its observer said last; null: nothing stands here. */
  readonly said: SiteSummary | null;
  /** What may be said of it: unknown while there is a doubt. */
  readonly status: SiteStatus;
  readonly doubt: Doubt | null;
  readonly link: LinkView | null;
  /** When something was heard of it last; null: never. By the clock of its observer, or by ours where it is behind a link. */
  readonly heardAt: string | null;
  /** Inventories of it with a fault: not all that somebody declared is looked at. Those of no site that is known here are with the reader's own. */
  readonly faults: readonly ActorStatus[];
}

/** By name, the reader's own first, and last those that are declared and of which nothing stands here. */
export function siteViewsOf(evidence: Evidence, nowMs: number): readonly SiteView[] {
  const { here, bus } = evidence;
  const links = linkViewsOf(evidence, nowMs);
  const sites = evidence.sites.filter(({ status }) => status !== 'gone');
  const siteOf = siteOfNode(evidence);
  const known = sites.map((said): SiteView => {
    const link = links.get(said.site) ?? null;
    const nodes = evidence.nodes.filter(({ site }) => site === said.site);
    const words = wordsOf(said, nodes);
    const lastWord = link?.isCrossed === true ? link.heardAt : (words[0] ?? null);
    const observers = evidence.actors.filter(({ actor, node }) => actor === 'observer' && siteOf(node) === said.site);
    const doubt = busDoubt(bus) ?? linkDoubt(link, said.ts) ?? observerDoubt(observers, said) ?? silence({ link, words, ttlMs: ttlOf(nodes, evidence), nowMs });
    return { site: said.site, said, status: doubt === null ? statusOf(said) : 'unknown', doubt, link, heardAt: lastWord ?? said.last_update, faults: [] };
  });
  const first = (site: string): number => Number(site !== here);
  const views = [
    ...known.sort((a, b) => first(a.site) - first(b.site) || (a.site < b.site ? -1 : 1)),
    ...awaitedSitesOf(evidence).map((site) => awaitedView(site, busDoubt(bus))),
  ];
  return withFaults(views, evidence);
}

/** Each fault counts somewhere: one of no site that is shown (an inventory on a machine that no observer knows) with the first, the reader's own. */
function withFaults(views: readonly SiteView[], evidence: Evidence): readonly SiteView[] {
  const siteOf = siteOfNode(evidence);
  const isShown = new Set(views.map(({ site }) => site));
  const faults = faultyInventoriesOf(evidence.actors).map((said) => ({ said, site: siteOf(said.node) ?? '' }));
  return views.map((view, at) => {
    const own = faults.filter(({ site }) => site === view.site || (at === 0 && !isShown.has(site)));
    return own.length === 0 ? view : { ...view, faults: own.map(({ said }) => said) };
  });
}

const statusOf = ({ status }: SiteSummary): SiteStatus => (status === 'gone' ? 'unknown' : status);

function awaitedView({ site, isNeverHeard, silentSince }: AwaitedSite, bus: Doubt | null): SiteView {
  const kind = isNeverHeard ? 'never' : silentSince === null ? 'unheard' : 'link';
  const doubt = bus ?? { kind, since: silentSince, asOf: null, observer: null };
  return { site, said: null, status: 'unknown', doubt, link: null, heardAt: null, faults: [] };
}

export const busDoubt = (bus: Evidence['bus']): Doubt | null =>
  bus === undefined || bus.status === 'up' ? null : { kind: 'bus', since: bus.since, asOf: bus.since, observer: null };

/** `saidAt`: when the newest of what stands here was written. */
export function linkDoubt(link: LinkView | null, saidAt: string): Doubt | null {
  if (link === null || !isCutOff(link)) return null;
  return { kind: 'link', since: link.downSince, asOf: link.lastWordAt ?? link.downSince ?? saidAt, observer: null };
}

/**
 * Its own word, not that of its node: the observer is who says that a node is away, and where only the node-agent has died it says so with good reason.
 * One that is gone without its will is found out by its silence.
 */
function observerDoubt(observers: readonly ActorStatus[], { ts }: SiteSummary): Doubt | null {
  if (observers.some(({ status }) => status === 'online')) return null;
  return { kind: 'observer', since: null, asOf: ts, observer: observers[0] ?? null };
}

interface Heard {
  readonly link: LinkView | null;
  /** Oldest first. */
  readonly words: readonly string[];
  readonly ttlMs: number;
  readonly nowMs: number;
}

function silence({ link, words, ttlMs, nowMs }: Heard): Doubt | null {
  // Its figures cross the link hourly; the link itself speaks every minute.
  if (link?.isCrossed === true) return null;
  const doubts = words.map((word) => wordDoubt(word, ttlMs, nowMs));
  return doubts.find((doubt) => doubt !== null) ?? null;
}

/** Too old, or of a time that is to come. The time is that of an observer, and its clock may be wrong, or ours. */
export function wordDoubt(word: string, ttlMs: number, nowMs: number): Doubt | null {
  const ageMs = nowMs - Date.parse(word);
  if (Math.abs(ageMs) <= ttlMs) return null;
  return ageMs > 0 ? { kind: 'silent', since: word, asOf: word, observer: null } : { kind: 'clock', since: null, asOf: null, observer: null };
}

/** The newest word of each that is said to be there, oldest first: one that is switched off says nothing, and that makes nothing else old. */
function wordsOf({ last_update, nodes: counts }: SiteSummary, nodes: readonly WorldNode[]): readonly string[] {
  const isAllThere = (counts['offline'] ?? 0) + (counts['unknown'] ?? 0) === 0;
  return [...nodes.filter(({ status }) => status === 'online' || status === 'degraded').map(({ last_seen }) => last_seen), ...(isAllThere ? [last_update] : [])]
    .filter((word) => word !== null)
    .toSorted();
}

/** How old the heartbeat of a node may be, as its observer sees it. */
export const nodeTtlMs = (node: string, { health }: Pick<Evidence, 'health'>): number =>
  (health?.get(node)?.heartbeat_ms ?? heartbeatIntervalMs) * heartbeatIntervalsMissedMax;

const ttlOf = (nodes: readonly WorldNode[], evidence: Evidence): number =>
  Math.max(heartbeatIntervalMs * heartbeatIntervalsMissedMax, ...nodes.map(({ node }) => nodeTtlMs(node, evidence)));

/** By what the observers say, else by what the node itself says. Where there is one site only, everything is of it. */
export function siteOfNode({ nodes, sites, health }: Evidence): (node: string | undefined) => string | null {
  const sitesByNode = new Map(nodes.map(({ node, site }) => [node, site]));
  const only = sites.length === 1 ? sites[0]?.site : undefined;
  return (node = '') => sitesByNode.get(node) ?? health?.get(node)?.site ?? only ?? null;
}

type Judged = Pick<SiteView, 'status' | 'faults'>;

/** How the site is, with what it cannot know itself: what is declared in a file with a fault is not looked at by anybody. */
export const verdictOfSite = ({ status, faults }: Judged): SiteStatus => (status === 'nominal' && faults.length > 0 ? 'degraded' : status);

/** Worst last. */
const ranks: readonly SiteStatus[] = ['nominal', 'unknown', 'degraded', 'critical'];

/** The worst of all sites. Nothing at all is known: that is not well. */
export const verdictOf = (views: readonly Judged[]): SiteStatus =>
  ranks[Math.max(...(views.length === 0 ? [ranks.indexOf('unknown')] : views.map((view) => ranks.indexOf(verdictOfSite(view)))))] ?? 'unknown';

/** Every site that is declared says so and may be believed, and nothing that is declared is left out because its file has a fault. */
export const isNominal = (views: readonly Judged[]): boolean => verdictOf(views) === 'nominal';
