/**
 * Compares what is true of a node now with what its events have made of it, and says which derived events close the gap.
 *
 * Level-triggered: it never asks what just happened, only what is so and for how long. All timers of the observer are
 * here, as times at which to look again. Called only while the observer hears everything, and only once all derived
 * events of the node are on disk and applied, so it never decides the same thing twice.
 */
import type { IncidentKind } from '../../contracts/incident.ts';
import { explanationOf } from './causes.ts';
import { onsetOf } from './changes.ts';
import { Docket, type Judged } from './docket.ts';
import { graceOf, graceOfService, isNobodysWish, recoveryOf, serviceKinds } from './grace.ts';
import { judgeFlapping, judgeSeverity } from './judge-course.ts';
import { judgeExpiry, judgeOld, judgeOrphans } from './judge-end.ts';
import { judgeLink } from './judge-link.ts';
import { openOrReopen } from './judge-opening.ts';
import { judgeSuppressed, suppress, unexplainedSince } from './judge-suppression.ts';
import { linkStateOf } from './links.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { canSpeak, disagreedSince, engineAnswers, holdsAllServices, judgeService, nodeStatusUntilMs, openEntry, ttlMs } from './status.ts';
import { badEntry, openKey, type Trouble } from './world.ts';

/** `node.status` must be up to date. */
export function judgeNode(state: ObserverState, node: NodeLive, now: number): Judged {
  const docket = new Docket(now);
  const untilMs = nodeStatusUntilMs(state, node);
  if (untilMs !== null) docket.isDue(untilMs);
  judgeReach(state, node, docket);
  judgeLink(state, node, docket);
  judgeTroubles(state, node, docket);
  judgeEngine(state, node, docket);
  judgeServices(state, node, docket);
  judgeSuppressed(state, node, docket);
  judgeFlapping(state, node, docket);
  judgeSeverity(state, node, docket);
  judgeOrphans(state, node, docket);
  judgeExpiry(state, node, docket);
  judgeOld(state, node, docket);
  return docket.judged();
}

function judgeReach(state: ObserverState, node: NodeLive, docket: Docket): void {
  const known = node.world.reach?.status;
  if ((node.status === 'online' || node.status === 'degraded') && (known !== 'online' || openEntry(node, null, 'node_offline') !== undefined)) {
    docket.add('node_online', `${node.name} reports`);
  }
  if (node.status !== 'offline' || (known === 'offline' && openEntry(node, null, 'node_offline') !== undefined)) return;
  const silent = node.heardAtMs === null ? 'has never reported' : `has been silent for more than ${Math.round(ttlMs(state, node) / 1000)} s`;
  docket.add(
    'node_offline',
    node.health?.doc.status === 'offline' ? `${node.name}: ${node.health.doc.summary || 'connection lost'}` : `${node.name} ${silent}`,
  );
}

/** Troubles that outlived their grace become incidents, unless their subject is well by now, or another trouble explains them. */
function judgeTroubles(state: ObserverState, node: NodeLive, docket: Docket): void {
  for (const [key, trouble] of node.world.troubles) {
    if (isNobodysWish(node, trouble)) continue;
    const graceMs = graceOf(state, node, trouble);
    const explanation = explanationOf(state, node, trouble, docket);
    if (explanation !== null) {
      node.unexplainedSinceMs.set(key, null);
      if (docket.isDue(trouble.since_ms + graceMs)) suppress(state, docket, trouble, explanation);
      continue;
    }
    // A consequence has its own grace to recover once its cause is over; what was missing all the time waits like the others.
    const sinceMs = unexplainedSince(node, key, { isSuppressed: trouble.cause !== null, now: docket.now });
    const dueMs = sinceMs === null ? trouble.since_ms + graceMs : Math.max(trouble.since_ms + graceMs, sinceMs + recoveryOf(state, node, trouble));
    if (!docket.isDue(dueMs) || (isWell(node, trouble) && !trouble.flapping) || isUnknown(state, node, trouble, docket.now)) continue;
    openOrReopen(state, node, docket, { ...trouble, happenedMs: Date.parse(trouble.started_at), sinceMs: trouble.since_ms });
  }
}

/**
 * While its node or engine is away nothing is known of a service: what it was before decides nothing. Looked at again with the next word of the node.
 * So it is with a link that was not heard yet, or is back in this moment.
 */
function isUnknown(state: ObserverState, node: NodeLive, { service, kind }: Trouble, now: number): boolean {
  const site = kind === 'link_down' ? siteOfNode(node.name) : null;
  if (site !== null) return linkStateOf(state, site, now) !== 'down';
  return service !== null && serviceKinds.includes(kind) && !canSpeak(node);
}

function isWell(node: NodeLive, { service, kind }: Trouble): boolean {
  if (kind === 'node_offline') return node.status === 'online' || node.status === 'degraded';
  if (kind === 'engine') return engineAnswers(node) === true;
  if (service === null || !serviceKinds.includes(kind)) return false;
  return kind === 'missing' ? node.services.has(service) : judgeService(node, service).verdict === 'good';
}

function judgeEngine(state: ObserverState, node: NodeLive, docket: Docket): void {
  const answers = engineAnswers(node);
  if (answers === null || node.health === null) return;
  const entry = badEntry(node.world, null, 'engine');
  const sinceMs = disagreedSince(state, node.health.engineSinceMs, entry);
  if (answers && entry !== undefined && docket.isDue(sinceMs + state.options.healMs)) docket.resolve(entry, 'the engine answers');
  if (!answers && entry === undefined && docket.isDue(sinceMs + state.options.graceMs + state.options.healMs)) {
    const message = node.health.doc.engine_detail ?? `the container engine is ${node.health.doc.engine}`;
    const sinceMs = node.health.engineSinceMs;
    openOrReopen(state, node, docket, {
      ...{ service: null, kind: 'engine', severity: 'error', trigger_type: 'engine_unreachable', trigger_event_id: null, correlation_id: null, message },
      ...{ happenedMs: sinceMs, sinceMs },
    });
  }
}

function judgeServices(state: ObserverState, node: NodeLive, docket: Docket): void {
  for (const [service, { monitor }] of node.wanted) if (monitor && !node.services.has(service)) judgeAbsent(state, node, docket, service);
  for (const [service, { doc, sinceMs }] of node.services) {
    if (badEntry(node.world, service, 'missing') !== undefined) docket.add('service_present', `${service} has a container again`, { service });
    const judgement = judgeService(node, service);
    if (judgement.verdict === 'good') healService(state, node, docket, { service, sinceMs, status: doc.status });
    if (judgement.verdict === 'bad' && node.wanted.has(service)) judgeUntold(state, node, docket, { service, ...judgement });
  }
}

/** Health is bad, and no event said so. */
function judgeUntold(
  state: ObserverState,
  node: NodeLive,
  docket: Docket,
  { service, kind, trigger }: { readonly service: string; readonly kind: IncidentKind; readonly trigger: string },
): void {
  const health = node.services.get(service);
  if (health === undefined || badEntry(node.world, service, kind) !== undefined) return;
  const { doc, sinceMs } = health;
  // A stop is no trouble by itself, so no event says so and nothing is on its way; for the others one should be.
  const waitMs = graceOfService(state, node, service) + (doc.status === 'stopped' ? 0 : state.options.healMs);
  const key = openKey(service, kind);
  const untold = {
    service,
    kind,
    severity: 'error',
    trigger_type: trigger,
    correlation_id: null,
    message: `${service} is ${doc.status}: ${doc.summary}`.slice(0, 400),
    since_ms: sinceMs,
    onset_ms: onsetOf(node.world, key, sinceMs),
    ...{ bad_ms: sinceMs, cause: null, flapping: false },
  } as const;
  const explanation = explanationOf(state, node, untold, docket);
  if (explanation !== null) node.unexplainedSinceMs.set(key, null);
  const freeMs = explanation === null ? (unexplainedSince(node, key, { isSuppressed: false, now: docket.now }) ?? 0) + graceOfService(state, node, service) : 0;
  if (!docket.isDue(Math.max(disagreedSince(state, sinceMs, undefined) + waitMs, freeMs))) return;
  if (explanation !== null) suppress(state, docket, untold, explanation);
  else openOrReopen(state, node, docket, { ...untold, trigger_event_id: null, happenedMs: sinceMs, sinceMs });
}

function healService(
  state: ObserverState,
  node: NodeLive,
  docket: Docket,
  health: { readonly service: string; readonly sinceMs: number; readonly status: string },
): void {
  const { service } = health;
  for (const kind of ['down', 'unhealthy'] as const) {
    const entry = badEntry(node.world, service, kind);
    if (entry === undefined || !docket.isDue(disagreedSince(state, health.sinceMs, entry) + state.options.healMs)) continue;
    docket.resolve(entry, `${service} is ${health.status}`);
  }
}

/** Missing = desired and monitored (an unmonitored one may be no container at all), and its node proves that it has no such service. Waits the grace first, then says so at once. */
function judgeAbsent(state: ObserverState, node: NodeLive, docket: Docket, service: string): void {
  if (!canSpeak(node) || node.status === 'unmonitored') {
    node.absentSinceMs.delete(service);
    return;
  }
  const sinceMs = node.absentSinceMs.get(service) ?? docket.now;
  node.absentSinceMs.set(service, sinceMs);
  if (badEntry(node.world, service, 'missing') !== undefined) return;
  if (!docket.isDue(sinceMs + graceOfService(state, node, service)) || !holdsAllServices(node)) return;
  docket.add('service_missing', `${service} is desired and has no container`, { service });
}
