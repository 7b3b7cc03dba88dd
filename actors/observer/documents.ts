/**
 * World → documents: what the observer publishes about a node. Pure.
 *
 * Each document has a key (`node`, `service/<name>`, `incident/<id>`, `deployment/<id>`), so that after an event only what
 * it touched is computed again.
 */
import type { DocumentBody } from '../../bus/actor.ts';
import type { LevelsOf } from '../../contracts/topic.ts';
import type { topics } from '../../contracts/topics.ts';
import { observerAheadMs } from './clocks.ts';
import { consequencesFor, incidentOfService } from './explained.ts';
import { documentedKinds, serviceKinds } from './grace.ts';
import { quietAtMs } from './judge-course.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { blindingIncident, isOwn, judgeService, openEntry, serviceView } from './status.ts';
import { activeIncidents, type IncidentRecord } from './world.ts';

type DocumentName = 'worldNode' | 'worldService' | 'incident' | 'deployment' | 'site';
export type ObserverDocument = {
  [N in DocumentName]: {
    readonly name: N;
    readonly key: string;
    readonly levels: LevelsOf<(typeof topics)[N]['pattern']>;
    readonly body: DocumentBody<(typeof topics)[N]>;
  };
}[DocumentName];

/** A node that only ever sent events is shown while it has something to show. */
export const isShown = (state: ObserverState, node: NodeLive): boolean =>
  isOwn(state, node) && (node.desired !== null || node.health !== null || node.services.size > 0 || node.world.incidents.size > 0);

const epochIso = '1970-01-01T00:00:00.000Z';
const iso = (ms: number): string => new Date(ms).toISOString();
const cut = (text: string): string => text.slice(0, 400);

export function allKeys(node: NodeLive): Set<string> {
  const keys = new Set(['node']);
  for (const service of node.wanted.keys()) keys.add(`service/${service}`);
  for (const service of node.services.keys()) keys.add(`service/${service}`);
  for (const id of node.world.incidents.keys()) keys.add(`incident/${id}`);
  for (const id of node.world.deployments.keys()) keys.add(`deployment/${id}`);
  return keys;
}

/** null: there is no such document (any more). */
export function documentFor(state: ObserverState, node: NodeLive, key: string, now: number): ObserverDocument | null {
  if (!isShown(state, node)) return null;
  const slash = key.indexOf('/');
  const rest = key.slice(slash + 1);
  switch (slash === -1 ? key : key.slice(0, slash)) {
    case 'node':
      return nodeDocument(state, node, key);
    case 'service':
      return serviceDocument(state, node, key, rest);
    case 'incident':
      return incidentDocument(state, node, { key, id: rest, now });
    case 'deployment':
      return deploymentDocument(state, node, { key, id: rest, now });
    default:
      throw new Error(`no document has the key ${key}`);
  }
}

/** null: a site is no machine. */
function nodeDocument(state: ObserverState, node: NodeLive, key: string): ObserverDocument | null {
  if (siteOfNode(node.name) !== null) return null;
  const { status, health, world, name } = node;
  const engineSince = status === 'degraded' ? openEntry(node, null, 'engine')?.started_at : undefined;
  const heard = node.heardAtMs === null ? null : iso(node.heardAtMs);
  const reachSince = status === 'unknown' ? (heard ?? node.desired?.ts) : world.reach?.since;
  const incident = blindingIncident(node) ?? activeIncidents(world).find((each) => each.service === null);
  return {
    name: 'worldNode',
    key,
    levels: { node: name },
    body: {
      status,
      summary: cut(`${name} is ${status}${health?.doc.engine_detail != null && status === 'degraded' ? `: ${health.doc.engine_detail}` : ''}`),
      node: name,
      site: state.options.site,
      engine: health?.doc.engine ?? 'none',
      last_seen: heard,
      observer_ahead_ms: observerAheadMs(state),
      since: engineSince ?? reachSince ?? node.desired?.ts ?? epochIso,
      services_count: node.services.size,
      incident_id: incident?.id ?? null,
    },
  };
}

function serviceDocument(state: ObserverState, node: NodeLive, key: string, service: string): ObserverDocument | null {
  const wanted = node.wanted.get(service);
  if (wanted === undefined && !node.services.has(service)) return null;
  const view = serviceView(node, service);
  const because =
    view.status === 'unknown' ? ` (${node.name} cannot say; it was ${view.last_status ?? 'never seen'})` : view.reason === null ? '' : ` (${view.reason})`;
  return {
    name: 'worldService',
    key,
    levels: { node: node.name, service },
    body: {
      ...view,
      summary: cut(`${service} on ${node.name} is ${view.status}${because}`),
      node: node.name,
      service,
      site: state.options.site,
      desired: wanted?.origin ?? 'no',
      monitor: wanted?.monitor ?? true,
      incident_id: incidentOfService(state, node, service),
    },
  };
}

interface Of {
  readonly key: string;
  readonly id: string;
  readonly now: number;
}

function incidentDocument(state: ObserverState, node: NodeLive, { key, id, now }: Of): ObserverDocument | null {
  const incident = node.world.incidents.get(id);
  if (incident === undefined) return null;
  if (incident.resolved_ms !== null && now - incident.resolved_ms >= state.options.resolvedKeptMs) return null;
  const isActive = incident.resolved_at === null;
  const consequences = consequencesFor(state, id);
  const { kind, severity, service, trigger_type, message, started_at, reopened_at, last_occurrence, correlation_id, flapping, timeline } = incident;
  const { resolved_at, resolved_by } = incident;
  const expiresMs = expiresAtMs(state, incident);
  return {
    name: 'incident',
    key,
    levels: { node: node.name, id },
    body: {
      status: isActive ? 'active' : 'resolved',
      summary: cut(`${isActive ? '' : 'resolved: '}${wordsFor(node, incident)}${withConsequences(consequences.count)}`),
      id,
      ...{ site: state.options.site, node: node.name, service, kind, severity, trigger_type, message, started_at, reopened_at, last_occurrence },
      occurrence_count: incident.count,
      occurrences: incident.occurrences,
      correlation_id,
      suppressed_by: isActive ? (state.explained.suppressedBy.get(id) ?? null) : null,
      related: incident.related?.id ?? null,
      consequences: [...consequences.listed],
      consequences_count: consequences.count,
      flapping,
      well_since: flapping ? (incident.well?.at ?? null) : null,
      quiet_at: flapping ? iso(quietAtMs(state, node, incident)) : null,
      // The writer compares with what it published: a list that the world goes on changing would look the same.
      timeline: [...timeline],
      expires_at: expiresMs === null ? null : iso(expiresMs),
      ...{ resolved_at, resolved_by },
    },
  };
}

/** What health says now: the exit code and the count of a restart loop go on while no event tells of them. Else what the evidence said. */
function wordsFor(node: NodeLive, { service, kind, message, resolved_at }: IncidentRecord): string {
  const health = service === null ? undefined : node.services.get(service)?.doc;
  const isTold = service !== null && resolved_at === null && serviceKinds.includes(kind) && judgeService(node, service).verdict === 'bad';
  if (isTold && health !== undefined && health.summary !== '') return health.summary;
  return message === '' ? `${service === null ? node.name : `${service} on ${node.name}`}: ${kind}` : message;
}

const withConsequences = (count: number): string => (count === 0 ? '' : ` (and ${count} ${count === 1 ? 'consequence' : 'consequences'})`);

/** Health documents keep what they show; see judge-end.ts. */
function expiresAtMs({ options }: ObserverState, { kind, changed_ms, resolved_ms }: IncidentRecord): number | null {
  if (resolved_ms !== null) return resolved_ms + options.resolvedKeptMs;
  return documentedKinds.includes(kind) ? null : changed_ms + options.unheardMs;
}

function deploymentDocument(state: ObserverState, node: NodeLive, { key, id, now }: Of): ObserverDocument | null {
  const deployment = node.world.deployments.get(id);
  if (deployment === undefined || now - deployment.changed_ms >= state.options.resolvedKeptMs) return null;
  const { changed_ms: _changed, ...told } = deployment;
  return {
    name: 'deployment',
    key,
    levels: { node: node.name, correlation_id: id },
    body: {
      ...told,
      summary: cut(`deployment ${id} of ${told.service ?? node.name}: ${told.status}`),
      correlation_id: id,
      node: node.name,
      site: state.options.site,
    },
  };
}
