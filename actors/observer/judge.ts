/**
 * Compares what is true of a node now with what its events have made of it, and says which derived events close the gap.
 *
 * Level-triggered: it never asks what just happened, only what is so and for how long. All timers of the observer are
 * here, as times at which to look again. Called only while the observer hears everything, and only once all derived
 * events of the node are on disk and applied, so it never decides the same thing twice.
 */
import type { Severity } from '../../contracts/common.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { canSpeak, holdsAllServices, isMonitored, judgeService, nodeStatusUntilMs, openEntry, ttlMs } from './status.ts';
import { activeIncident, type IncidentRecord, openKey, type Trouble } from './world.ts';

/** A derived event, before it has a number. */
export interface Derived {
  readonly type: string;
  readonly severity: Severity;
  readonly service: string | null;
  readonly correlation_id: string | null;
  readonly message: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Judged {
  readonly derived: readonly Derived[];
  /** When to look again even if nothing happens. */
  readonly dueAtMs: number | null;
}

/** Kinds that health documents can confirm or refute; the others end only by their own events. */
const serviceKinds: readonly IncidentKind[] = ['down', 'unhealthy', 'missing'];
const nodeKinds: readonly IncidentKind[] = ['node_offline', 'engine'];

class Docket {
  readonly derived: Derived[] = [];
  readonly now: number;
  private dueAtMs = Number.POSITIVE_INFINITY;

  constructor(now: number) {
    this.now = now;
  }

  /** Is it time? If not, look again then. */
  isDue(atMs: number): boolean {
    if (atMs <= this.now) return true;
    this.dueAtMs = Math.min(this.dueAtMs, atMs);
    return false;
  }

  add(type: string, message: string, rest: Partial<Derived> = {}): void {
    this.derived.push({ type, message, severity: eventTypeRow(type)?.severity ?? 'info', service: null, correlation_id: null, payload: {}, ...rest });
  }

  judged(): Judged {
    return { derived: this.derived, dueAtMs: Number.isFinite(this.dueAtMs) ? this.dueAtMs : null };
  }
}

/** `node.status` must be up to date. */
export function judgeNode(state: ObserverState, node: NodeLive, now: number): Judged {
  const docket = new Docket(now);
  const untilMs = nodeStatusUntilMs(state, node);
  if (untilMs !== null) docket.isDue(untilMs);
  judgeReach(state, node, docket);
  judgeTroubles(state, node, docket);
  judgeEngine(state, node, docket);
  judgeServices(state, node, docket);
  judgeOrphans(state, node, docket);
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

const graceOf = (state: ObserverState, node: NodeLive, service: string | null): number =>
  (service === null ? undefined : node.wanted.get(service)?.grace_ms) ?? state.options.graceMs;

/** Troubles that outlived their grace become incidents, unless their subject is well by now. */
function judgeTroubles(state: ObserverState, node: NodeLive, docket: Docket): void {
  for (const trouble of node.world.troubles.values()) {
    // An absence has already waited its grace before it was called missing.
    const graceMs = trouble.kind === 'missing' ? 0 : graceOf(state, node, trouble.service);
    if (isNobodysWish(node, trouble) || !docket.isDue(trouble.since_ms + graceMs) || isWell(node, trouble) || isUnknown(node, trouble)) continue;
    const { service, kind, trigger_type, trigger_event_id, severity, correlation_id, message } = trouble;
    docket.add('incident_opened', message, { service, correlation_id, payload: { kind, trigger_type, trigger_event_id, severity } });
  }
}

/** A container that nobody ever wanted to run, such as an experiment with `docker run`, may crash. Without any word of what is desired, everything counts. */
const isNobodysWish = (node: NodeLive, { service, kind }: Trouble): boolean =>
  service !== null && serviceKinds.includes(kind) && node.desired !== null && !node.wanted.has(service);

/** While its node or engine is away nothing is known of a service: what it was before decides nothing. Looked at again with the next word of the node. */
const isUnknown = (node: NodeLive, { service, kind }: Trouble): boolean => service !== null && serviceKinds.includes(kind) && !canSpeak(node);

function isWell(node: NodeLive, { service, kind }: Trouble): boolean {
  if (kind === 'node_offline') return node.status === 'online' || node.status === 'degraded';
  if (kind === 'engine') return engineAnswers(node) === true;
  if (service === null || !serviceKinds.includes(kind)) return false;
  return kind === 'missing' ? node.services.has(service) : judgeService(node, service).verdict === 'good';
}

/** null: the node does not say. */
function engineAnswers(node: NodeLive): boolean | null {
  if (node.health === null || (node.status !== 'online' && node.status !== 'degraded')) return null;
  return node.health.doc.engine === 'up' || node.health.doc.engine === 'none';
}

/** When health and incidents have disagreed for this long, with no event between, health wins (regression R23). */
const disagreedSince = (state: ObserverState, healthSinceMs: number, entries: readonly (Trouble | IncidentRecord | undefined)[]): number =>
  Math.max(state.syncedAtMs, healthSinceMs, ...entries.map((entry) => changedMs(entry)));

const changedMs = (entry: Trouble | IncidentRecord | undefined): number =>
  entry === undefined ? Number.NEGATIVE_INFINITY : 'since_ms' in entry ? entry.since_ms : entry.changed_ms;

const entriesOf = (node: NodeLive, service: string | null, kind: IncidentKind): readonly (Trouble | IncidentRecord)[] =>
  [activeIncident(node.world, service, kind), node.world.troubles.get(openKey(service, kind))].filter((each) => each !== undefined);

function judgeEngine(state: ObserverState, node: NodeLive, docket: Docket): void {
  const answers = engineAnswers(node);
  if (answers === null || node.health === null) return;
  const entries = entriesOf(node, null, 'engine');
  const sinceMs = disagreedSince(state, node.health.engineSinceMs, entries);
  if (answers && entries.length > 0 && docket.isDue(sinceMs + state.options.healMs)) resolve(docket, null, 'engine', 'the engine answers');
  if (!answers && entries.length === 0 && docket.isDue(sinceMs + state.options.graceMs + state.options.healMs)) {
    const message = node.health.doc.engine_detail ?? `the container engine is ${node.health.doc.engine}`;
    docket.add('incident_opened', message, { payload: { kind: 'engine', trigger_type: 'engine_unreachable', trigger_event_id: null, severity: 'error' } });
  }
}

function resolve(docket: Docket, service: string | null, kind: IncidentKind, message: string): void {
  docket.add('incident_resolved', message, { service, payload: { kind } });
}

function judgeServices(state: ObserverState, node: NodeLive, docket: Docket): void {
  for (const [service, { monitor }] of node.wanted) if (monitor && !node.services.has(service)) judgeAbsent(state, node, docket, service);
  for (const [service, { doc, sinceMs }] of node.services) {
    if (entriesOf(node, service, 'missing').length > 0) docket.add('service_present', `${service} has a container again`, { service });
    const judgement = judgeService(node, service);
    if (judgement.verdict === 'good') healService(state, node, docket, { service, sinceMs, status: doc.status });
    if (judgement.verdict === 'bad' && node.wanted.has(service)) {
      const entries = entriesOf(node, service, judgement.kind);
      // A stop is no trouble by itself, so no event says so and nothing is on its way; for the others one should be.
      const waitMs = graceOf(state, node, service) + (doc.status === 'stopped' ? 0 : state.options.healMs);
      if (entries.length > 0 || !docket.isDue(disagreedSince(state, sinceMs, []) + waitMs)) continue;
      const { kind, trigger } = judgement;
      docket.add('incident_opened', `${service} is ${doc.status}: ${doc.summary}`.slice(0, 400), {
        service,
        payload: { kind, trigger_type: trigger, trigger_event_id: null, severity: 'error' },
      });
    }
  }
}

function healService(
  state: ObserverState,
  node: NodeLive,
  docket: Docket,
  health: { readonly service: string; readonly sinceMs: number; readonly status: string },
): void {
  const { service } = health;
  for (const kind of ['down', 'unhealthy'] as const) {
    const entries = entriesOf(node, service, kind);
    if (entries.length === 0 || !docket.isDue(disagreedSince(state, health.sinceMs, entries) + state.options.healMs)) continue;
    resolve(docket, service, kind, `${service} is ${health.status}`);
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
  if (entriesOf(node, service, 'missing').length > 0) return;
  if (!docket.isDue(sinceMs + graceOf(state, node, service)) || !holdsAllServices(node)) return;
  docket.add('service_missing', `${service} is desired and has no container`, { service });
}

/** Troubles of what nobody desires or reports any more end: an active incident without a subject would stay for ever. */
function judgeOrphans(state: ObserverState, node: NodeLive, docket: Docket): void {
  const ended = new Set<string>();
  for (const entry of [...node.world.troubles.values(), ...[...node.world.active.keys()].map((key) => incidentAt(node, key))]) {
    if (entry === undefined || entry.service === null || !serviceKinds.includes(entry.kind) || ended.has(entry.service)) continue;
    const { service, kind } = entry;
    const isReported = node.services.has(service);
    const isUnwanted = !node.wanted.has(service) && (node.left.has(service) || kind === 'missing');
    const isOrphan = !node.wanted.has(service) && !isReported;
    if (!isUnwanted && !isOrphan) continue;
    const keptMs = isUnwanted ? 0 : holdsAllServices(node) ? state.options.healMs : state.options.orphanMs;
    if (!docket.isDue((isUnwanted ? docket.now : disagreedSince(state, 0, [entry])) + keptMs)) continue;
    ended.add(service);
    docket.add('service_undesired', `${service} is not desired on ${node.name} any more`, { service });
  }
  node.left.clear();
  if (isMonitored(node)) return;
  for (const kind of nodeKinds) {
    const entries = entriesOf(node, null, kind);
    if (entries.length > 0 && docket.isDue(disagreedSince(state, 0, entries) + state.options.orphanMs))
      resolve(docket, null, kind, `${node.name} is not expected to report`);
  }
}

function incidentAt(node: NodeLive, key: string): IncidentRecord | undefined {
  const id = node.world.active.get(key);
  return id === undefined ? undefined : node.world.incidents.get(id);
}

/** Resolved incidents and ended deployments leave the bus when their time is over: look again then. */
function judgeOld(state: ObserverState, node: NodeLive, docket: Docket): void {
  const { resolvedKeptMs } = state.options;
  for (const { id, resolved_ms } of node.world.incidents.values())
    if (resolved_ms !== null && docket.isDue(resolved_ms + resolvedKeptMs)) node.dirty.add(`incident/${id}`);
  for (const [id, { changed_ms }] of node.world.deployments) if (docket.isDue(changed_ms + resolvedKeptMs)) node.dirty.add(`deployment/${id}`);
}
