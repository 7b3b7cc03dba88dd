/** GET /summary and GET /topology, from the documents. Pure. */
import type { z } from 'zod';
import { type SiteView as SiteSeen, verdictOf, verdictOfSite } from '../../../contracts/site-view.ts';
import { topics } from '../../../contracts/topics.ts';
import type { SiteView, Summary, Topology } from '../schemas.ts';
import { documentsOf } from './documents-of.ts';
import { beliefOf, faultWords, type Seen, staleWords } from './freshness.ts';

export function summaryOf(seen: Seen, self: { readonly node: string; readonly version: string }): z.infer<typeof Summary> {
  const { sites } = beliefOf(seen);
  const views = sites.map((site) => siteView(site, seen));
  const own = sites.find(({ site }) => site === seen.here);
  const sum = (of: (view: z.infer<typeof SiteView>) => number): number => views.reduce((total, view) => total + of(view), 0);
  return {
    status: verdictOf(sites),
    last_update: own?.said?.last_update == null ? null : Date.parse(own.said.last_update) / 1000,
    site: seen.here,
    ...self,
    simulated: sites.some(({ said }) => said?.simulated === true),
    bus: seen.picture.bus,
    incidents_active: sum((view) => view.incidents_active),
    actions_pending: sum((view) => view.actions_pending),
    actions_running: sum((view) => view.actions_running),
    sites: views,
  };
}

function siteView(view: SiteSeen, { picture, nowMs }: Seen): z.infer<typeof SiteView> {
  const { site, said, link, doubt } = view;
  const stale = staleWords(doubt);
  const faults = faultWords(view);
  return {
    site,
    status: verdictOfSite(view),
    stale,
    summary: said?.summary ?? `${site}: ${stale}`,
    last_update: said?.last_update ?? null,
    worst: said?.worst ?? faults[0] ?? null,
    inventory_faults: [...faults],
    incidents_active: said?.incidents_active ?? 0,
    actions_pending: said?.actions_pending ?? 0,
    actions_running: said?.actions_running ?? 0,
    link:
      link === null
        ? null
        : {
            ...{ status: picture.bus.status === 'up' ? link.status : 'unknown', heard_at: link.heardAt, age_s: ageS(link.heardAt, nowMs) },
            ...{ down_since: link.downSince, summary: link.summary },
          },
  };
}

export function topologyOf(seen: Seen): z.infer<typeof Topology> {
  const nodes = documentsOf(seen.picture, topics.worldNode);
  const { sites, doubtAbout } = beliefOf(seen);
  const desired = new Map(documentsOf(seen.picture, topics.desired).map((doc) => [doc.node, doc]));
  return {
    sites: sites.map((site) => ({
      ...siteView(site, seen),
      nodes: nodes.filter((node) => node.site === site.site).map(({ node }) => node),
      // Links lead from a site further out to the one where they are seen.
      upstream: site.link === null ? null : site.site === seen.here ? null : seen.here,
    })),
    nodes: nodes.map(({ node, site, status, last_seen, services_count }) => ({
      ...{ node, site, status: doubtAbout({ node, site }) === null ? status : 'unknown', last_seen, services: services_count },
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
