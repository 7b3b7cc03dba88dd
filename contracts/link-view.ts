/**
 * How fresh another site's documents are: as its link. Pure; `nowMs` is epoch milliseconds. In one place for the command line and the web page.
 *
 * Figures of a site cross its link hourly at most, so their age says nothing while the link is there; and a document that has not changed for a
 * month says nothing about a link that has been away for an hour. On the broker of the site itself a link is shown, and judges nothing.
 */
import { linkSilentMs } from './defaults.ts';
import type { LinkStatus } from './link.ts';
import type { SiteSummary } from './world.ts';

export interface LinkEvidence {
  /** The site that the reader belongs to. */
  readonly here: string;
  readonly sites: readonly SiteSummary[];
  readonly links: readonly LinkStatus[];
}

export interface LinkView {
  readonly site: string;
  readonly status: 'up' | 'degraded' | 'down';
  /** The documents of the site come over it to where they are read. */
  readonly isCrossed: boolean;
  /** When it last spoke, by our clock; of a will that is when its connection began. */
  readonly heardAt: string;
  /** Until when what stands here of the site was its own word, by our clock; null: nobody knows. The will of a link fires a while after its last word. */
  readonly lastWordAt: string | null;
  /** Since when it is down, by our clock; null: it is not, or nobody knows. */
  readonly downSince: string | null;
  readonly summary: string;
  /** How far our clock is ahead of the site's; null: not measured. */
  readonly offsetMs: number | null;
}

/** By site. */
export function linkViewsOf({ here, sites, links }: LinkEvidence, nowMs: number): ReadonlyMap<string, LinkView> {
  const observed = sites.find(({ site }) => site === here);
  const views = links.flatMap((link): (readonly [string, LinkView])[] => {
    const { site } = link;
    if (site === undefined || link.status === 'gone') return [];
    // Where nobody speaks for the reader's own site, it cannot be told which side this is.
    const isCrossed = site !== here && observed !== undefined;
    const seen = isCrossed ? observed.links?.find((each) => each.site === site) : undefined;
    return [
      [
        site,
        viewOf({ ...link, site, status: link.status }, { isCrossed, seenDownSince: seen?.down_since ?? null, seenHeardAt: seen?.heard_at ?? null, nowMs }),
      ],
    ];
  });
  return new Map(views);
}

/** A site that is declared, and of which nothing stands here. */
export interface AwaitedSite {
  readonly site: string;
  /** Nothing was ever heard of it: it is not built yet, or its bridge does not run. */
  readonly isNeverHeard: boolean;
  /** Since when that counts as silence, by our clock; null: it still has its time to speak. */
  readonly silentSince: string | null;
}

export function awaitedSitesOf({ here, sites, links }: LinkEvidence): readonly AwaitedSite[] {
  const seen = sites.find(({ site }) => site === here)?.links ?? [];
  const isThere = (site: string): boolean => [...sites, ...links].some((doc) => doc.site === site && doc.status !== 'gone');
  return seen
    .filter(({ site, status }) => !isThere(site) && (status === 'unknown' || status === 'down'))
    .map(({ site, status, down_since: silentSince }) => ({ site, isNeverHeard: status === 'unknown' && silentSince !== null, silentSince }));
}

interface Sight {
  readonly isCrossed: boolean;
  /** By the observer here; a will does not say when it fired. */
  readonly seenDownSince: string | null;
  readonly seenHeardAt: string | null;
  readonly nowMs: number;
}

function viewOf(
  link: LinkStatus & { readonly site: string; readonly status: LinkView['status'] },
  { isCrossed, seenDownSince, seenHeardAt, nowMs }: Sight,
): LinkView {
  const { site, summary, clock_offset_ms: offsetMs, rev, since } = link;
  const ours = (theirs: string): string => new Date(Math.min(nowMs, Date.parse(theirs) + (isCrossed ? (offsetMs ?? 0) : 0))).toISOString();
  const heardAt = ours(link.ts);
  const isSilent = isCrossed && link.status !== 'down' && nowMs - Date.parse(heardAt) >= linkSilentMs;
  const status = isSilent ? 'down' : link.status;
  // A will has no rev, and the time at which its connection began.
  const saidSince = since !== undefined && !isSilent ? ours(since) : isSilent || rev !== undefined ? heardAt : null;
  const lastWordAt = seenHeardAt ?? (link.status === 'down' ? null : heardAt);
  return { site, status, isCrossed, heardAt, lastWordAt, downSince: status === 'down' ? (seenDownSince ?? saidSince) : null, summary, offsetMs };
}

export const isCutOff = ({ isCrossed, status }: LinkView): boolean => isCrossed && status === 'down';
