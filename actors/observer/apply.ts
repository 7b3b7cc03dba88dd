/**
 * What an event does to the world of its node: the only place where incidents and deployments change.
 *
 * Pure and deterministic: everything it knows is in the event (with the time the observer received it), so a replay of
 * the store gives the same world as the live observer had. No timers: what time alone brings about (a grace that ran
 * out, a heartbeat that did not come) was decided live and stored as a derived event.
 */

import { positionsOf } from '../../contracts/event-order.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import { applyDecision, isDecision } from './apply-decision.ts';
import { countChange, turnBad } from './changes.ts';
import { canBeLevel, closeKey, countOccurrence, purge } from './incidents.ts';
import { isoMs } from './iso-time.ts';
import { type Moment, momentOf, type Touched, touchIncident, touchSubject } from './moment.ts';
import { positionKey, type StoredEvent } from './stored-event.ts';
import { entryAt, isIncident, type NodeWorld, openKey, type Verdict } from './world.ts';

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

/** Not a verdict, hence no end of flapping to wait for: there is nothing left that could flap. */
const finalTypes: ReadonlySet<string> = new Set(['service_undesired']);

/**
 * So far ahead of ours the clock of an emitter may be, and what it says of before and after is taken as it says it: its beginning may be held
 * up longer than its end. A stability-agent keeps its own order across as much (stamp.ts). What is said from further ahead outlaws nothing.
 */
const aheadBelievedMs = 600_000;

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
  if (row.opens === undefined && row.closes === undefined && isDecision(event.type)) {
    applyDecision(world, moment);
    return;
  }
  switch (event.type) {
    case 'deployment_started':
    case 'deployment_completed':
    case 'deployment_failed':
      applyDeployment(world, moment);
      return;
    case 'node_online':
    case 'node_offline':
      applyReach(world, moment, event.type === 'node_online' ? 'online' : 'offline');
      break;
    case 'link_down':
      if (typeof event.payload['heard_ms'] === 'number') world.linkHeardMs = event.payload['heard_ms'];
      break;
    default:
  }
  if (row.opens !== undefined) applyEvidence(world, moment, row.opens);
  else if (row.closes !== undefined) for (const kind of row.closes) applyClosing(world, moment, kind);
  applyVerdict(world, moment);
}

function applyEvidence(world: NodeWorld, moment: Moment, kind: IncidentKind): void {
  const { event, happened: at, emitterMs, saidMs, atMs } = moment;
  const key = openKey(event.service, kind);
  // The lanes are delivered independently, and an outbox may deliver hours later: a recovery after this is already known.
  if (saidMs > 0 && saidMs < (world.closed.get(key) ?? 0)) return;
  const { service, severity, correlation_id } = event;
  const message = event.message.slice(0, 400);
  const entry = entryAt(world, key);
  const onsetMs = entry?.well === null ? entry.onset_ms : countChange(world, key, entry, moment);
  if (entry !== undefined) {
    countOccurrence(entry, { severity, message, correlation_id, at, emitterMs, atMs });
    if (entry.well !== null) {
      turnBad(entry, atMs);
      touchSubject(moment, service);
    }
    if (!isIncident(entry)) return;
    entry.last_occurrence = at;
    entry.changed_ms = atMs;
    touchIncident(moment, entry);
    return;
  }
  world.troubles.set(key, {
    service,
    kind,
    severity,
    trigger_type: event.type,
    trigger_event_id: event.id,
    message,
    correlation_id,
    started_at: at,
    occurrences: [at],
    count: 1,
    since_ms: atMs,
    last_ms: emitterMs,
    cause: null,
    flapping: false,
    well: null,
    timeline: [],
    bad_ms: atMs,
    onset_ms: onsetMs,
  });
  touchSubject(moment, service);
}

function applyClosing(world: NodeWorld, moment: Moment, kind: IncidentKind): void {
  const { event, saidMs, happened, atMs } = moment;
  const key = openKey(event.service, kind);
  const entry = entryAt(world, key);
  if (saidMs > 0) {
    if (entry !== undefined && saidMs < entry.last_ms) return;
    world.closed.set(key, Math.max(saidMs - atMs <= aheadBelievedMs ? saidMs : atMs, entry?.last_ms ?? 0, world.closed.get(key) ?? 0));
  }
  if (entry === undefined) return;
  const isFinal = finalTypes.has(event.type);
  if (!isFinal && entry.well === null) countChange(world, key, entry, moment);
  if (!isFinal && entry.flapping) {
    // It stays, and ends when it has been quiet: nobody is told of every turn.
    entry.well ??= { at: happened, type: event.type };
    if (isIncident(entry)) touchIncident(moment, entry);
  } else {
    const incident = closeKey(world, { service: event.service, kind }, { type: event.type, at: happened, atMs });
    if (incident !== null) touchIncident(moment, incident);
  }
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
