/**
 * Whether what the page shows may be believed, and how old it is otherwise. Pure; `nowMs` is epoch milliseconds by the clock of the server.
 *
 * Three things stand between a machine and the eye: the link of its site, the observer that judges it, and the stream of this page (with
 * the broker behind its server). When one of them is away, what follows is a memory: shown with its age, and never as well.
 */
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../../../../../contracts/defaults.ts';
import { isCutOff, type LinkView, linkViewsOf } from '../../../../../contracts/link-view.ts';
import type { SiteSummary, WorldNode } from '../../../../../contracts/world.ts';
import type { World } from './documents.ts';

export interface Connection {
  readonly status: 'connecting' | 'live' | 'lost';
  /** When this began. */
  readonly sinceMs: number;
}

/** Of the server of this page with its broker. */
export interface BusState {
  readonly status: string;
  readonly since: string;
}

export interface Doubt {
  readonly kind: 'stream' | 'reading' | 'bus' | 'link' | 'observer' | 'silent';
  /** Since when; null: nobody knows. */
  readonly sinceMs: number | null;
  /** How old what follows is; null: nobody knows. */
  readonly ageMs: number | null;
  readonly detail: string;
}

export interface SiteView {
  readonly site: string;
  readonly summary: SiteSummary;
  /** What may be shown: unknown while there is a doubt. */
  readonly status: SiteSummary['status'];
  readonly link: LinkView | undefined;
  readonly doubt: Doubt | null;
  /** When something was heard of it last, by the clock of the server; null: never. */
  readonly heardAt: string | null;
}

/** As old as the heartbeat of a node that counts as offline. */
const staleMs = heartbeatIntervalMs * heartbeatIntervalsMissedMax;

/** What the server of this page says of itself. */
export interface ServerState {
  readonly bus: BusState | null;
  /** It has read everything at least once. */
  readonly isWhole: boolean;
}

/** Why nothing on the page may be believed, or null. */
export function pageDoubt(connection: Connection, { bus, isWhole }: ServerState, nowMs: number): Doubt | null {
  if (connection.status === 'lost') return { kind: 'stream', sinceMs: connection.sinceMs, ageMs: nowMs - connection.sinceMs, detail: '' };
  if (bus === null || (bus.status === 'up' && isWhole)) return null;
  const sinceMs = Date.parse(bus.since);
  return { kind: isWhole ? 'bus' : 'reading', sinceMs, ageMs: nowMs - sinceMs, detail: bus.status };
}

/** Those that cannot be believed first, then the worst. */
export function siteViewsOf(world: World, nowMs: number): readonly SiteView[] {
  const links = linkViewsOf(world, nowMs);
  const views = world.sites.map((summary): SiteView => {
    const link = links.get(summary.site);
    const doubt = doubtOf(summary, link, world, nowMs);
    return {
      site: summary.site,
      summary,
      status: doubt === null ? summary.status : 'unknown',
      link,
      doubt,
      heardAt: link?.isCrossed === true ? link.heardAt : summary.last_update,
    };
  });
  const rank = ({ doubt, status }: SiteView): number => (doubt === null ? ['critical', 'degraded', 'unknown', 'nominal'].indexOf(status) : -1);
  return views.sort((a, b) => rank(a) - rank(b) || a.site.localeCompare(b.site));
}

function doubtOf(site: SiteSummary, link: LinkView | undefined, world: World, nowMs: number): Doubt | null {
  if (link !== undefined && isCutOff(link)) {
    const sinceMs = link.downSince === null ? null : Date.parse(link.downSince);
    return {
      kind: 'link',
      sinceMs,
      ageMs: nowMs - (link.lastWordAt === null ? (sinceMs ?? Date.parse(site.ts)) : Date.parse(link.lastWordAt)),
      detail: site.site,
    };
  }
  const nodes = new Set(world.nodes.filter((node) => node.site === site.site).map((node) => node.node));
  const observers = world.actors.filter((actor) => actor.actor === 'observer' && (world.sites.length === 1 || nodes.has(actor.node ?? '')));
  if (!observers.some(({ status }) => status === 'online')) {
    const saidMs = Date.parse(site.ts);
    return { kind: 'observer', sinceMs: saidMs, ageMs: nowMs - saidMs, detail: site.site };
  }
  // Its figures cross the link hourly; the link itself speaks every minute.
  if (link?.isCrossed === true || site.last_update === null) return null;
  const heardMs = Date.parse(site.last_update);
  return nowMs - heardMs <= staleMs ? null : { kind: 'silent', sinceMs: heardMs, ageMs: nowMs - heardMs, detail: site.site };
}

/** Of a site, by name; a doubt about the whole page counts for all. */
export const doubtAbout = (site: string, views: readonly SiteView[], page: Doubt | null): Doubt | null =>
  page ?? views.find((view) => view.site === site)?.doubt ?? null;

/** The heartbeat of a node that should have one is older than it may be. Behind a link heartbeats are condensed, and its age is the link's. */
export const isSilent = (node: WorldNode, isCrossed: boolean, nowMs: number): boolean =>
  !isCrossed && node.status !== 'unmonitored' && (node.last_seen === null || nowMs - Date.parse(node.last_seen) > staleMs);
