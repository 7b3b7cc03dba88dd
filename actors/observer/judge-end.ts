/** Ends that no event and no health document tells of: orphans, what nobody has heard of for days, what is old. Level-triggered, like all of judge.ts. */
import type { Docket } from './docket.ts';
import { nodeKinds, serviceKinds } from './grace.ts';
import { linkStateOf } from './links.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { disagreedSince, engineAnswers, holdsAllServices, isMonitored, judgeService } from './status.ts';
import { activeIncidents, type Entry, entries, type IncidentRecord } from './world.ts';

/** Troubles of what nobody desires or reports any more end: an active incident without a subject would stay for ever (regression R23). */
export function judgeOrphans(state: ObserverState, node: NodeLive, docket: Docket): void {
  const ended = new Set<string>();
  // A site itself is neither desired nor reports.
  for (const entry of siteOfNode(node.name) === null ? entries(node.world) : []) {
    if (entry.service === null) judgeNodeOrphan(state, node, docket, entry);
    else if (!ended.has(entry.service) && isServiceOrphan(state, node, docket, entry)) {
      if (serviceKinds.includes(entry.kind)) {
        ended.add(entry.service);
        docket.add('service_undesired', `${entry.service} is not desired on ${node.name} any more`, { service: entry.service });
      } else docket.resolve(entry, `${entry.service} is not desired on ${node.name} any more`, true);
    }
  }
  node.left.clear();
}

function isServiceOrphan(state: ObserverState, node: NodeLive, docket: Docket, entry: Entry): boolean {
  const { kind } = entry;
  const service = entry.service as string;
  if (node.wanted.has(service)) return false;
  if (node.left.has(service) || kind === 'missing') return true;
  if (node.services.has(service)) return false;
  return docket.isDue(disagreedSince(state, 0, entry) + (holdsAllServices(node) ? state.options.healMs : state.options.orphanMs));
}

/** Of a node that is not expected to report, what only reports tell of; of one that nobody knows (any more), everything. */
function judgeNodeOrphan(state: ObserverState, node: NodeLive, docket: Docket, entry: Entry): void {
  if (isMonitored(node)) return;
  const isUnknown = node.desired === null && node.health === null && [...state.nodes.values()].some(({ desired }) => desired !== null);
  if (!isUnknown && !nodeKinds.includes(entry.kind)) return;
  if (docket.isDue(disagreedSince(state, 0, entry) + state.options.orphanMs)) docket.resolve(entry, `${node.name} is not expected to report`, true);
}

/** What only events tell of, and none has for a long time. What a document shows is never given up. */
export function judgeExpiry(state: ObserverState, node: NodeLive, docket: Docket): void {
  const { unheardMs, orphanMs } = state.options;
  for (const incident of activeIncidents(node.world)) {
    // Whoever was away himself first hears what is on its way.
    if (!docket.isDue(Math.max(incident.changed_ms + unheardMs, state.syncedAtMs + orphanMs)) || isConfirmed(state, node, incident, docket.now)) continue;
    const { service, kind } = incident;
    docket.add('incident_expired', `nothing was heard of it since ${new Date(incident.changed_ms).toISOString()}`, { service, payload: { kind } });
  }
}

function isConfirmed(state: ObserverState, node: NodeLive, { service, kind }: IncidentRecord, now: number): boolean {
  const site = kind === 'link_down' ? siteOfNode(node.name) : null;
  if (site !== null) return state.links.has(site) && linkStateOf(state, site, now) === 'down';
  if (service === null) return kind === 'node_offline' ? node.status === 'offline' : kind === 'engine' && engineAnswers(node) === false;
  if (kind === 'missing') return node.wanted.has(service) && !node.services.has(service);
  return serviceKinds.includes(kind) && judgeService(node, service).verdict === 'bad';
}

/** Resolved incidents and ended deployments leave the bus when their time is over: look again then. */
export function judgeOld(state: ObserverState, node: NodeLive, docket: Docket): void {
  const { resolvedKeptMs } = state.options;
  for (const { id, resolved_ms } of node.world.incidents.values())
    if (resolved_ms !== null && docket.isDue(resolved_ms + resolvedKeptMs)) node.dirty.add(`incident/${id}`);
  for (const [id, { changed_ms }] of node.world.deployments) if (docket.isDue(changed_ms + resolvedKeptMs)) node.dirty.add(`deployment/${id}`);
}
