/**
 * World → documents: what the observer publishes about a node. Pure.
 *
 * Each document has a key (`node`, `service/<name>`, `incident/<id>`, `deployment/<id>`), so that after an event only what
 * it touched is computed again.
 */
import type { DocumentBody } from '../../bus/actor.ts';
import type { LevelsOf } from '../../contracts/topic.ts';
import type { topics } from '../../contracts/topics.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { activeIncidents, explainingIncident, isOwn, openEntry, serviceView } from './status.ts';

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

function nodeDocument(state: ObserverState, node: NodeLive, key: string): ObserverDocument {
  const { status, health, world, name } = node;
  const engineSince = status === 'degraded' ? openEntry(node, null, 'engine')?.started_at : undefined;
  const heard = node.heardAtMs === null ? null : iso(node.heardAtMs);
  const reachSince = status === 'unknown' ? (heard ?? node.desired?.ts) : world.reach?.since;
  const troubles = activeIncidents(node);
  const incident = explainingIncident(node) ?? troubles.find((each) => each.service === null);
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
  const incident = activeIncidents(node).find((each) => each.service === service);
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
      incident_id: incident?.id ?? null,
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
  const { count, opened_ms: _opened, changed_ms: _changed, last_ms: _last, resolved_ms: _resolved, ...told } = incident;
  const explains = explainingIncident(node);
  const isActive = incident.resolved_at === null;
  const subject = incident.service === null ? node.name : `${incident.service} on ${node.name}`;
  return {
    name: 'incident',
    key,
    levels: { node: node.name, id },
    body: {
      ...told,
      status: isActive ? 'active' : 'resolved',
      summary: cut(`${isActive ? '' : 'resolved: '}${incident.message === '' ? `${subject}: ${incident.kind}` : incident.message}`),
      site: state.options.site,
      node: node.name,
      occurrence_count: count,
      suppressed_by: isActive && explains !== undefined && explains !== incident ? explains.id : null,
    },
  };
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
