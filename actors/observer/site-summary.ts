/**
 * The worst of a site in one document. Pure.
 *
 * Never nominal on stale data (regression R37): what is not known makes the site `unknown` at best, a node that is away
 * makes it `critical`, and `last_update` is the oldest of the newest words, so that a reader can judge freshness himself.
 */
import type { SiteSummary } from '../../contracts/world.ts';
import { isShown, type ObserverDocument } from './documents.ts';
import { consequencesFor, isConsequence } from './explained.ts';
import { lastHeardMs } from './links.ts';
import { siteNode, siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { isMonitored, serviceView } from './status.ts';
import { activeIncidents, badEntry, type IncidentRecord } from './world.ts';

const ranks = ['nominal', 'unknown', 'degraded', 'critical'] as const;
type Rank = (typeof ranks)[number];

class Verdict {
  rank: Rank = 'nominal';
  worst: string | null = null;

  /** The first of the worst decides. */
  add(rank: Rank, part: string): void {
    if (ranks.indexOf(rank) <= ranks.indexOf(this.rank)) return;
    this.rank = rank;
    this.worst = part.slice(0, 200);
  }
}

const count = (counts: Map<string, number>, status: string): void => {
  counts.set(status, (counts.get(status) ?? 0) + 1);
};

export function siteDocument(state: ObserverState): ObserverDocument {
  const { site } = state.options;
  // By name, so that the same world always names the same part as the worst.
  const nodes = state.hasSynced ? [...state.nodes.values()].filter((node) => isShown(state, node)).sort((a, b) => (a.name < b.name ? -1 : 1)) : [];
  const monitored = nodes.filter(isMonitored);
  const verdict = new Verdict();
  const byNode = new Map<string, number>();
  const byService = new Map<string, number>();
  let incidents = 0;
  for (const node of nodes) {
    if (siteOfNode(node.name) === null) count(byNode, node.status);
    addNode(verdict, node);
    incidents += addIncidents(state, verdict, node);
  }
  // A cause that has just ended leaves what it explained to recover: until then it is still so, and the site is not nominal.
  for (const node of nodes) addConsequences(state, verdict, node);
  // After all incidents: they are what is wrong, services only show it.
  for (const node of nodes) addServices(verdict, byService, node);
  if (!state.hasSynced) verdict.add('unknown', 'the observer has not read everything yet');
  else if (monitored.length === 0) verdict.add('unknown', 'no node reports');
  const actions = [...state.actions.values()];
  return {
    name: 'site',
    key: 'site',
    levels: { site },
    body: {
      status: verdict.rank,
      summary: `site ${site} is ${verdict.rank}${verdict.worst === null ? '' : `: ${verdict.worst}`}`,
      site,
      last_update: lastUpdate(monitored),
      nodes: Object.fromEntries(byNode),
      services: Object.fromEntries(byService),
      incidents_active: incidents,
      actions_pending: actions.filter((status) => status === 'pending').length,
      actions_running: actions.filter((status) => status === 'running').length,
      events_refused: state.counts.refused + state.counts.quarantined,
      ...linksOf(state),
      worst: verdict.worst,
    },
  };
}

/** Of the sites whose links lead here. What a site's own link does is nothing that it waits for. */
function linksOf(state: ObserverState): Pick<SiteSummary, 'links'> {
  const seen = [...state.links].flatMap(([site, { doc, shown, declaredAtMs }]) => {
    if (site === state.options.site || ((doc ?? null) === null && declaredAtMs === null)) return [];
    const world = state.nodes.get(siteNode(site))?.world;
    const downSince = (world === undefined ? undefined : badEntry(world, null, 'link_down'))?.started_at ?? null;
    // While it is there its own document says when it spoke last; to repeat each word here would cost as much as the words.
    const heardMs = shown === 'up' || shown === 'degraded' ? null : lastHeardMs(state, site);
    return [{ site, status: shown, down_since: downSince, heard_at: heardMs === null ? null : new Date(heardMs).toISOString() }];
  });
  return seen.length === 0 ? {} : { links: seen.sort((a, b) => (a.site < b.site ? -1 : 1)) };
}

function lastUpdate(monitored: readonly NodeLive[]): string | null {
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const { heardAtMs } of monitored) oldestMs = Math.min(oldestMs, heardAtMs ?? Number.NEGATIVE_INFINITY);
  return Number.isFinite(oldestMs) ? new Date(oldestMs).toISOString() : null;
}

function addNode(verdict: Verdict, node: NodeLive): void {
  if (node.status === 'offline') verdict.add('critical', `node ${node.name} is offline`);
  if (node.status === 'degraded') verdict.add('degraded', `node ${node.name} is degraded`);
  if (node.status === 'unknown') verdict.add('unknown', `node ${node.name} has not been heard yet`);
}

function addServices(verdict: Verdict, byService: Map<string, number>, node: NodeLive): void {
  for (const [service, { monitor, origin }] of node.wanted) {
    if (!monitor) continue;
    const { status } = serviceView(node, service);
    count(byService, status);
    const isBad = status === 'down' || status === 'unhealthy' || status === 'missing' || (status === 'stopped' && origin === 'declared');
    if (isBad) verdict.add('degraded', `${service} on ${node.name} is ${status}`);
    if (status === 'unknown') verdict.add('unknown', `${service} on ${node.name} is unknown`);
  }
}

/** Causes are counted, not their consequences. Incidents of services that are not monitored are counted, and do not decide. */
function addIncidents(state: ObserverState, verdict: Verdict, node: NodeLive): number {
  let causes = 0;
  for (const incident of activeIncidents(node.world)) {
    if (isConsequence(state, incident.id)) continue;
    causes += 1;
    if (isUnmonitored(node, incident)) continue;
    const isLoud = incident.severity === 'error' || incident.severity === 'critical';
    const { count } = consequencesFor(state, incident.id);
    verdict.add(
      isLoud ? 'critical' : 'degraded',
      `incident ${incident.id}${count === 0 ? '' : `, and ${count} ${count === 1 ? 'consequence' : 'consequences'}`}`,
    );
  }
  return causes;
}

function addConsequences(state: ObserverState, verdict: Verdict, node: NodeLive): void {
  for (const incident of activeIncidents(node.world))
    if (isConsequence(state, incident.id) && !isUnmonitored(node, incident)) verdict.add('degraded', `incident ${incident.id}`);
}

const isUnmonitored = (node: NodeLive, { service }: IncidentRecord): boolean => service !== null && node.wanted.get(service)?.monitor === false;
