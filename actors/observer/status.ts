/**
 * What is true of a node and its services now, from their documents and the observer's own clock. Pure.
 *
 * Unknown is not missing and not unhealthy: what a node cannot say, nobody says for it.
 */

import { heartbeatIntervalsMissedMax } from '../../contracts/defaults.ts';
import type { NodeHealth, serviceReasons } from '../../contracts/health.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import { servicesDigest } from '../../contracts/services-digest.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, NodeStatus, ObserverState } from './state.ts';
import { badEntry, type Entry, type IncidentRecord, isIncident } from './world.ts';

/** Where the inventory places it, else the site whose observer speaks of it, else what its own agent says, else what was known. Nodes that nobody placed elsewhere belong to this site. */
export const siteOf = ({ options }: ObserverState, node: NodeLive): string =>
  node.desired?.site ?? node.otherSite ?? node.health?.doc.site ?? node.rememberedSite ?? options.site;

export const isOwn = (state: ObserverState, node: NodeLive): boolean => siteOf(state, node) === state.options.site && (isPlaced(node) || !hasSitesBelow(state));

/** Where other sites' documents arrive, what merely names a node does not say whose it is: to claim it would be to write over that site. */
const isPlaced = (node: NodeLive): boolean => node.desired !== null || node.health !== null || siteOfNode(node.name) !== null;
const hasSitesBelow = ({ links, options }: ObserverState): boolean => [...links].some(([site, { doc }]) => site !== options.site && doc !== undefined);

/** Heartbeats are expected where the desired state names a node-agent, and where one reports without being named by anybody. */
export const isMonitored = (node: NodeLive): boolean => (node.desired === null ? node.health !== null : node.desired.agents.includes('node-agent'));

export const ttlMs = (state: ObserverState, node: NodeLive): number =>
  (node.health?.doc.heartbeat_ms ?? state.options.heartbeatMs) * heartbeatIntervalsMissedMax;

/**
 * While the observer itself was away, silence proves nothing: after each (re)connect a node has one TTL to speak before
 * its silence counts; until then it is `unknown`.
 */
export function nodeStatus(state: ObserverState, node: NodeLive, now: number): NodeStatus {
  if (!isMonitored(node)) return 'unmonitored';
  if (node.health?.doc.status === 'offline') return 'offline';
  const ttl = ttlMs(state, node);
  if (node.health !== null && node.heardAtMs !== null && now - node.heardAtMs < ttl) return node.health.doc.status === 'degraded' ? 'degraded' : 'online';
  if (state.phase !== 'watching' || now - state.syncedAtMs < ttl) return 'unknown';
  return 'offline';
}

/** When time alone will change that answer, or null. */
export function nodeStatusUntilMs(state: ObserverState, node: NodeLive): number | null {
  const ttl = ttlMs(state, node);
  if ((node.status === 'online' || node.status === 'degraded') && node.heardAtMs !== null) return node.heardAtMs + ttl;
  return node.status === 'unknown' && state.phase === 'watching' ? state.syncedAtMs + ttl : null;
}

/** Can the node say anything about its services? Nodes without a node-agent may still have documents from somewhere. */
export const canSpeak = (node: NodeLive): boolean => {
  const engine = node.health?.doc.engine;
  return node.status === 'unmonitored' || ((node.status === 'online' || node.status === 'degraded') && engine !== 'unreachable' && engine !== 'hung');
};

/** The node counts exactly the services whose documents are held: then what is not among them does not exist. */
export const holdsAllServices = (node: NodeLive): boolean =>
  (node.status === 'online' || node.status === 'degraded') &&
  node.health?.doc.engine === 'up' &&
  isDigestOf(node.health.doc, node.services.keys(), node.services.size);

const isDigestOf = (health: NodeHealth, names: Iterable<string>, count: number): boolean =>
  health.services_count === count && (health.services_digest === '' || health.services_digest === servicesDigest(names));

export type Judgement =
  | { readonly verdict: 'good' }
  | { readonly verdict: 'neutral' }
  | { readonly verdict: 'bad'; readonly kind: IncidentKind; readonly trigger: string };

const neutral: Judgement = { verdict: 'neutral' };

/** What the health document of a service means; `neutral` lets the last verdict stand. */
export function judgeService(node: NodeLive, service: string): Judgement {
  const doc = node.services.get(service)?.doc;
  if (doc === undefined || !canSpeak(node)) return neutral;
  switch (doc.status) {
    case 'healthy':
      return { verdict: 'good' };
    case 'down':
      return { verdict: 'bad', kind: 'down', trigger: 'containers_not_running' };
    case 'unhealthy':
      return { verdict: 'bad', kind: 'unhealthy', trigger: 'service_unhealthy' };
    case 'stopped':
      // A person may stop what was only adopted; what is declared should run whoever stopped it.
      if (node.wanted.get(service)?.origin === 'declared') return { verdict: 'bad', kind: 'down', trigger: 'containers_not_running' };
      return { verdict: 'good' };
    default:
      return neutral;
  }
}

export interface ServiceView {
  readonly status: 'healthy' | 'starting' | 'unhealthy' | 'down' | 'stopped' | 'missing' | 'unknown';
  readonly last_status: string | null;
  readonly reason: (typeof serviceReasons)[number] | null;
  readonly started_at: string | null;
  readonly since: string;
  readonly last_update: string | null;
}

/** Only for services that are desired or reported. */
export function serviceView(node: NodeLive, service: string): ServiceView {
  const doc = node.services.get(service)?.doc;
  const verdict = node.world.verdicts.get(service);
  const told = { reason: doc?.reason ?? null, started_at: doc?.started_at ?? null, last_update: doc?.ts ?? null };
  const lastStatus = doc !== undefined && doc.status !== 'unknown' && doc.status !== 'gone' ? doc.status : (verdict?.status ?? null);
  if (canSpeak(node)) {
    if (doc !== undefined && doc.status !== 'unknown' && doc.status !== 'gone') return { ...told, status: doc.status, last_status: null, since: doc.since };
    const missing = doc === undefined ? openEntry(node, service, 'missing') : undefined;
    if (missing !== undefined) return { ...told, status: 'missing', last_status: lastStatus, since: missing.started_at };
  }
  const awaySince = (node.status === 'degraded' ? openEntry(node, null, 'engine')?.started_at : undefined) ?? node.world.reach?.since;
  const since = canSpeak(node) ? (doc?.since ?? verdict?.since) : awaySince;
  return { ...told, status: 'unknown', last_status: lastStatus, since: since ?? doc?.since ?? node.desired?.ts ?? '1970-01-01T00:00:00.000Z' };
}

/** The active incident of a subject, or the trouble that may become one; not while it flaps and is well. */
export const openEntry = (node: NodeLive, service: string | null, kind: IncidentKind): { readonly started_at: string } | undefined =>
  badEntry(node.world, service, kind);

/** The incident that says why a node cannot speak: it is away, else its engine does not answer. */
export function blindingIncident(node: NodeLive): IncidentRecord | undefined {
  const entry = badEntry(node.world, null, 'node_offline') ?? badEntry(node.world, null, 'engine');
  return entry !== undefined && isIncident(entry) ? entry : undefined;
}

/** null: the node does not say. */
export function engineAnswers(node: NodeLive): boolean | null {
  if (node.health === null || (node.status !== 'online' && node.status !== 'degraded')) return null;
  return node.health.doc.engine === 'up' || node.health.doc.engine === 'none';
}

/** When health and incidents have disagreed for this long, with no event between, health wins (regression R23). */
export const disagreedSince = (state: ObserverState, healthSinceMs: number, entry: Entry | undefined): number =>
  Math.max(state.syncedAtMs, healthSinceMs, entry === undefined ? Number.NEGATIVE_INFINITY : isIncident(entry) ? entry.changed_ms : entry.since_ms);
