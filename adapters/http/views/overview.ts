/** GET /summary and GET /topology, from the documents. Pure. */
import type { z } from 'zod';
import { topics } from '../../../contracts/topics.ts';
import type { SiteView, Summary, Topology } from '../schemas.ts';
import { documentsOf } from './documents-of.ts';
import { type Seen, type SiteSeen, sitesOf } from './freshness.ts';

type Status = z.infer<typeof Summary>['status'];
/** Worst last. */
const ranks: readonly Status[] = ['nominal', 'unknown', 'degraded', 'critical'];

export function summaryOf(seen: Seen, self: { readonly node: string; readonly version: string }): z.infer<typeof Summary> {
  const sites = sitesOf(seen);
  const views = sites.map((site) => siteView(site, seen.nowMs));
  const own = sites.find(({ doc }) => doc.site === seen.here);
  const sum = (of: (view: z.infer<typeof SiteView>) => number): number => views.reduce((total, view) => total + of(view), 0);
  return {
    status: worstOf(views.map(({ status }) => status)),
    last_update: own?.doc.last_update == null ? null : Date.parse(own.doc.last_update) / 1000,
    site: seen.here,
    ...self,
    simulated: sites.some(({ doc }) => doc.simulated === true),
    bus: seen.picture.bus,
    incidents_active: sum((view) => view.incidents_active),
    actions_pending: sum((view) => view.actions_pending),
    actions_running: sum((view) => view.actions_running),
    sites: views,
  };
}

/** Nothing at all is known: that is not well. */
const worstOf = (statuses: readonly string[]): Status =>
  statuses.reduce<Status>(
    (worst, each) => {
      const status = ranks.find((rank) => rank === each) ?? 'unknown';
      return ranks.indexOf(status) > ranks.indexOf(worst) ? status : worst;
    },
    statuses.length === 0 ? 'unknown' : 'nominal',
  );

function siteView({ doc, link, stale }: SiteSeen, nowMs: number): z.infer<typeof SiteView> {
  const { site, status, summary, last_update, worst, incidents_active, actions_pending, actions_running } = doc;
  return {
    site,
    status: stale === null ? status : 'unknown',
    stale,
    ...{ summary, last_update, worst, incidents_active, actions_pending, actions_running },
    link:
      link === null
        ? null
        : { status: link.status, heard_at: link.heardAt, age_s: ageS(link.heardAt, nowMs), down_since: link.downSince, summary: link.summary },
  };
}

export function topologyOf(seen: Seen): z.infer<typeof Topology> {
  const nodes = documentsOf(seen.picture, topics.worldNode);
  const desired = new Map(documentsOf(seen.picture, topics.desired).map((doc) => [doc.node, doc]));
  return {
    sites: sitesOf(seen).map((site) => ({
      ...siteView(site, seen.nowMs),
      nodes: nodes.filter((node) => node.site === site.doc.site).map(({ node }) => node),
      // Links lead from a site further out to the one where they are seen.
      upstream: site.link === null ? null : site.doc.site === seen.here ? null : seen.here,
    })),
    nodes: nodes.map(({ node, site, status, last_seen, services_count }) => ({
      ...{ node, site, status, last_seen, services: services_count },
      age_s: last_seen === null ? null : ageS(last_seen, seen.nowMs),
      roles: desired.get(node)?.roles ?? [],
      location: desired.get(node)?.location ?? null,
    })),
    dependencies: [...desired.values()].flatMap(({ node, services }) =>
      services.flatMap(({ name, depends_on = [] }) => depends_on.map((needs) => ({ from: `${node}/${name}`, needs }))),
    ),
  };
}

const ageS = (iso: string, nowMs: number): number => Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
