/**
 * What an event does to the world of its node: the only place where incidents and deployments change.
 *
 * Pure and deterministic: everything it knows is in the event (with the time the observer received it), so a replay of
 * the store gives the same world as the live observer had. No timers: what time alone brings about (a grace that ran
 * out, a heartbeat that did not come) was decided live and stored as a derived event.
 */

import { z } from 'zod';
import { Severity } from '../../contracts/common.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import { IncidentKind } from '../../contracts/incident.ts';
import { canBeLevel, closeKey, countOccurrence, openIncident, purge } from './incidents.ts';
import { isoMs } from './iso-time.ts';
import { derivedSource, positionKey, type StoredEvent } from './stored-event.ts';
import { type NodeWorld, openKey, positionsOf, type Verdict } from './world.ts';

/** What changed, for the documents: `all`, `node`, `service/<name>`, `incident/<id>`, `deployment/<id>`. */
export type Touched = Set<string>;

/** An event whose content cannot be applied; the stream goes on without it. */
class BadEventError extends Error {
  override readonly name = 'BadEventError';
}

/** payload of incident_opened; `trigger_event_id` null: health documents said it, no event did. */
const OpenedPayload = z.object({
  kind: IncidentKind,
  trigger_type: z.string().max(64),
  trigger_event_id: z.string().nullable(),
  severity: Severity,
});
/** payload of incident_resolved */
const ResolvedPayload = z.object({ kind: IncidentKind });

const verdictOfType: ReadonlyMap<string, Verdict['status'] | null> = new Map([
  ['service_healthy', 'healthy'],
  ['service_recovered', 'healthy'],
  ['containers_not_running', 'down'],
  ['service_unhealthy', 'unhealthy'],
  ['healthcheck_failed', 'unhealthy'],
  ['service_stopped', 'stopped'],
  ['service_missing', 'missing'],
  ['service_removed', null],
  ['service_undesired', null],
]);

/** Incidents of these kinds explain all others of their node, so their coming and going changes every document. */
const explaining: ReadonlySet<IncidentKind> = new Set(['node_offline', 'engine']);

interface Moment {
  readonly event: StoredEvent;
  /** Observer's clock. */
  readonly atMs: number;
  /** When it happened, never later than it was received: a clock that runs ahead may not outlaw what follows. */
  readonly happenedMs: number;
  readonly happened: string;
  /** `happenedMs`, or 0 for what the observer decided itself: two clocks are not compared. */
  readonly emitterMs: number;
  readonly touched: Touched | null;
}

/** Moves the position past the event. false: it was stored before, and must change nothing. */
export function advance(world: NodeWorld, event: StoredEvent): boolean {
  const row = positionsOf(world.positions, positionKey(event));
  if (event.seq <= row[event.lane]) return false;
  row[event.lane] = event.seq;
  return true;
}

/** Throws BadEventError before it changes anything. Unknown types change nothing. */
export function applyEvent(world: NodeWorld, event: StoredEvent, touched: Touched | null = null): void {
  const row = eventTypeRow(event.type);
  if (row === undefined) return;
  const moment = momentOf(event, touched);
  purge(world, moment.atMs);
  switch (event.type) {
    case 'incident_opened':
      applyOpened(world, moment);
      return;
    case 'incident_resolved':
      applyResolved(world, moment);
      return;
    case 'deployment_started':
    case 'deployment_completed':
    case 'deployment_failed':
      applyDeployment(world, moment);
      return;
    case 'node_online':
    case 'node_offline':
      applyReach(world, moment, event.type === 'node_online' ? 'online' : 'offline');
      break;
    default:
  }
  if (row.opens !== undefined) applyEvidence(world, moment, row.opens);
  else if (row.closes !== undefined) for (const kind of row.closes) applyClosing(world, moment, kind);
  applyVerdict(world, moment);
}

function momentOf(event: StoredEvent, touched: Touched | null): Moment {
  const atMs = isoMs(event.stored_at);
  const said = isoMs(event.ts);
  if (Number.isNaN(atMs) || Number.isNaN(said)) throw new BadEventError(`ts ${event.ts}, stored_at ${event.stored_at}: not times`);
  const happenedMs = Math.min(said, atMs);
  const derived = event.source === derivedSource;
  return { event, atMs, happenedMs, happened: said <= atMs ? event.ts : event.stored_at, emitterMs: derived ? 0 : happenedMs, touched };
}

function applyEvidence(world: NodeWorld, moment: Moment, kind: IncidentKind): void {
  const { event, happened: at, emitterMs } = moment;
  const key = openKey(event.service, kind);
  // The lanes are delivered independently, and an outbox may deliver hours later: a recovery after this is already known.
  if (emitterMs > 0 && emitterMs < (world.closed.get(key) ?? 0)) return;
  const occurrence = { severity: event.severity, message: event.message.slice(0, 400), at, emitterMs };
  const id = world.active.get(key);
  const incident = id === undefined ? undefined : world.incidents.get(id);
  if (incident !== undefined) {
    countOccurrence(incident, occurrence);
    incident.last_occurrence = at;
    incident.changed_ms = moment.atMs;
    touchIncident(moment, incident);
    return;
  }
  const trouble = world.troubles.get(key);
  if (trouble !== undefined) {
    countOccurrence(trouble, occurrence);
    return;
  }
  const { service, severity, correlation_id } = event;
  world.troubles.set(key, {
    service,
    kind,
    severity,
    trigger_type: event.type,
    trigger_event_id: event.id,
    message: occurrence.message,
    correlation_id,
    started_at: at,
    occurrences: [at],
    count: 1,
    since_ms: moment.atMs,
    last_ms: emitterMs,
  });
  touchSubject(moment, service);
}

function applyClosing(world: NodeWorld, moment: Moment, kind: IncidentKind): void {
  const { event, emitterMs, happened, atMs } = moment;
  const key = openKey(event.service, kind);
  const id = world.active.get(key);
  const open = world.troubles.get(key) ?? (id === undefined ? undefined : world.incidents.get(id));
  if (emitterMs > 0) {
    if (open !== undefined && emitterMs < open.last_ms) return;
    world.closed.set(key, Math.max(emitterMs, world.closed.get(key) ?? 0));
  }
  if (open === undefined) return;
  const incident = closeKey(world, { service: event.service, kind }, { type: event.type, at: happened, atMs });
  if (incident !== null) touchIncident(moment, incident);
  touchSubject(moment, event.service);
}

function applyOpened(world: NodeWorld, moment: Moment): void {
  const { event, atMs } = moment;
  if (event.source !== derivedSource) return;
  const payload = OpenedPayload.safeParse(event.payload);
  if (!payload.success) throw new BadEventError(`incident_opened: payload ${payload.error.issues[0]?.path.join('.') ?? ''} does not fit`);
  const { kind, trigger_type, trigger_event_id, severity } = payload.data;
  const { service, correlation_id } = event;
  const key = openKey(service, kind);
  const trouble = world.troubles.get(key);
  // Decided while an event was on its way to the disk that ended this trouble: nothing is left to open.
  if (trigger_event_id !== null && trouble?.trigger_event_id !== trigger_event_id) return;
  const message = event.message.slice(0, 400);
  const evidence = trouble ?? {
    service,
    kind,
    severity,
    trigger_type,
    message,
    correlation_id,
    started_at: moment.happened,
    occurrences: [moment.happened],
    count: 1,
    last_ms: 0,
  };
  world.troubles.delete(key);
  const incident = openIncident(world, evidence, atMs);
  if (incident !== null) touchIncident(moment, incident);
  touchSubject(moment, service);
}

function applyResolved(world: NodeWorld, moment: Moment): void {
  const { event, happened, atMs } = moment;
  if (event.source !== derivedSource) return;
  const payload = ResolvedPayload.safeParse(event.payload);
  if (!payload.success) throw new BadEventError('incident_resolved: payload has no known kind');
  const incident = closeKey(world, { service: event.service, kind: payload.data.kind }, { type: event.type, at: happened, atMs });
  if (incident !== null) touchIncident(moment, incident);
  touchSubject(moment, event.service);
}

function applyReach(world: NodeWorld, moment: Moment, status: 'online' | 'offline'): void {
  if (world.reach?.status === status) return;
  world.reach = { status, since: moment.happened };
  moment.touched?.add('all');
}

function applyVerdict(world: NodeWorld, { event, happened, happenedMs, touched }: Moment): void {
  const status = verdictOfType.get(event.type);
  if (event.service === null || status === undefined) return;
  const known = world.verdicts.get(event.service);
  if (known?.status === status || (known !== undefined && isoMs(known.since) > happenedMs)) return;
  if (status === null) world.verdicts.delete(event.service);
  else world.verdicts.set(event.service, { status, since: happened });
  touched?.add(`service/${event.service}`);
}

function applyDeployment(world: NodeWorld, { event, happened, atMs, touched }: Moment): void {
  const id = event.correlation_id;
  if (id === null || !canBeLevel(id)) return;
  const known = world.deployments.get(id);
  const ended = event.type !== 'deployment_started';
  // The start travels in the info lane and may arrive after a failure, which is urgent: an end stays an end.
  const status = event.type === 'deployment_failed' ? 'failed' : ended ? 'completed' : (known?.status ?? 'running');
  world.deployments.set(id, {
    status,
    service: event.service ?? known?.service ?? null,
    started_at: ended ? (known?.started_at ?? null) : happened,
    ended_at: ended ? happened : (known?.ended_at ?? null),
    message: ended || known === undefined ? event.message.slice(0, 400) : known.message,
    changed_ms: atMs,
  });
  touched?.add(`deployment/${id}`);
}

function touchIncident({ touched }: Moment, incident: { readonly id: string; readonly kind: IncidentKind }): void {
  touched?.add(explaining.has(incident.kind) ? 'all' : `incident/${incident.id}`);
}

function touchSubject({ touched }: Moment, service: string | null): void {
  touched?.add(service === null ? 'node' : `service/${service}`);
}
