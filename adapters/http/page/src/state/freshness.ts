/**
 * Whether what the page shows may be believed, and how old it is otherwise. Pure; `nowMs` is epoch milliseconds by the clock of the server.
 *
 * Three things stand between a machine and the eye: the link of its site, the observer that judges it (of both: contracts/site-view.ts), and the
 * stream of this page (with the broker behind its server). When one of them is away, what follows is a memory: shown with its age, and never as well.
 */
import * as sites from '../../../../../contracts/site-view.ts';
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
  /** dark: the link of a site is down, and nothing of it stands here. The others: contracts/site-view.ts. */
  readonly kind: 'stream' | 'reading' | 'dark' | sites.Doubt['kind'];
  /** Since when; null: nobody knows. */
  readonly sinceMs: number | null;
  /** How old what follows is; null: nobody knows, or nothing follows. */
  readonly ageMs: number | null;
  /** What it is about. */
  readonly detail: string;
}

export interface SiteView extends Omit<sites.SiteView, 'doubt'> {
  readonly doubt: Doubt | null;
}

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
  const views = sites.siteViewsOf(world, nowMs).map((view): SiteView => {
    const doubt = doubtOf(view.doubt, view.site, nowMs);
    return { ...view, doubt: doubt?.kind === 'link' && view.said === null ? { ...doubt, kind: 'dark' } : doubt };
  });
  const rank = ({ doubt, status }: SiteView): number => (doubt === null ? ['critical', 'degraded', 'unknown', 'nominal'].indexOf(status) : -1);
  return views.sort((a, b) => rank(a) - rank(b) || a.site.localeCompare(b.site));
}

function doubtOf(doubt: sites.Doubt | null, detail: string, nowMs: number): Doubt | null {
  if (doubt === null) return null;
  const { kind, since, asOf } = doubt;
  // Nobody says when an observer went: what it said last is from then.
  const sinceMs = since ?? (kind === 'observer' ? asOf : null);
  return { kind, detail, sinceMs: sinceMs === null ? null : Date.parse(sinceMs), ageMs: asOf === null ? null : nowMs - Date.parse(asOf) };
}

/** Of a site, by name; a doubt about the whole page counts for all. */
export const doubtAbout = (site: string, views: readonly SiteView[], page: Doubt | null): Doubt | null =>
  page ?? views.find((view) => view.site === site)?.doubt ?? null;
