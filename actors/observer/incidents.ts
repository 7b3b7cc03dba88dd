/**
 * How incidents of one node begin, count and end. Pure on a NodeWorld, which it changes in place.
 * One active incident per (service, kind); ended ones are kept for a while, and not without limit.
 */
import { levelPattern, type Severity, severities } from '../../contracts/common.ts';
import { historyKeptInDocument, resolvedKeptMs } from '../../contracts/defaults.ts';
import type { IncidentChange, IncidentKind } from '../../contracts/incident.ts';
import { type Entry, type IncidentRecord, incidentAt, type NodeWorld, openKey, type Trouble } from './world.ts';

/** What of an evidence goes into an incident, whether it came as a trouble or from health documents. */
export type Evidence = Pick<
  Trouble,
  | 'service'
  | 'kind'
  | 'severity'
  | 'trigger_type'
  | 'message'
  | 'correlation_id'
  | 'started_at'
  | 'occurrences'
  | 'count'
  | 'last_ms'
  | 'cause'
  | 'flapping'
  | 'well'
  | 'timeline'
>;

/** What an incident is about: at most one of each is active. */
interface Subject {
  readonly service: string | null;
  readonly kind: IncidentKind;
}

/** Parts of an id are cut so that the whole fits one topic level (128 characters). */
const idPartLength = 48;
/** Resolved incidents of one (service, kind) kept at most: a flapping service must not fill the broker. The same 20 as other histories. */
const resolvedKeptPerKey = historyKeptInDocument;
/** How often old incidents are looked for: far finer than the 7 days they are kept. */
const purgeEveryMs = 3_600_000;
/** So many changes of a verdict, close to each other, are flapping: bad, good and bad again. */
export const flapChangesMax = 3;

export const isLouder = (a: Severity, b: Severity): boolean => severities.indexOf(a) > severities.indexOf(b);

const iso = (ms: number): string => new Date(ms).toISOString();

/** One more change in the life of an incident; the newest 20 are kept. */
export function note(entry: Entry, atMs: number, what: IncidentChange['what'], detail?: string): void {
  entry.timeline.push({ at: iso(atMs), what, ...(detail === undefined ? {} : { detail: detail.slice(0, 128) }) });
  if (entry.timeline.length > historyKeptInDocument) entry.timeline.shift();
}

/** From good to bad, or back. */
export function countChange(world: NodeWorld, key: string, happenedMs: number, atMs: number): void {
  const known = world.changes.get(key);
  if (known === undefined) {
    world.changes.set(key, { times: [happenedMs], last_ms: atMs });
    return;
  }
  const { times } = known;
  // In place and by hand: every other event of a replay comes here.
  if (times.length < flapChangesMax) times.push(happenedMs);
  else {
    for (let at = 1; at < flapChangesMax; at += 1) times[at - 1] = times[at] as number;
    times[flapChangesMax - 1] = happenedMs;
  }
  known.last_ms = atMs;
}

const newest = (times: readonly string[]): string[] => times.slice(-historyKeptInDocument);

function newId(world: NodeWorld, evidence: Evidence): string {
  const parts = [world.node, ...(evidence.service === null ? [] : [evidence.service])].map((part) => part.slice(0, idPartLength));
  // Two incidents of one key within a second (a short grace) must not share an id: the later one counts on.
  for (let epoch = Math.max(0, Math.floor(Date.parse(evidence.started_at) / 1000)); ; epoch += 1) {
    const id = ['inc', epoch, ...parts, evidence.kind].join('-');
    if (!world.incidents.has(id)) return id;
  }
}

/** Returns null when one is active already. */
export function openIncident(world: NodeWorld, evidence: Evidence, atMs: number): IncidentRecord | null {
  const key = openKey(evidence.service, evidence.kind);
  if (world.active.has(key)) return null;
  const { service, kind, severity, trigger_type, message, correlation_id, started_at, count, last_ms, flapping, well } = evidence;
  const incident: IncidentRecord = {
    id: newId(world, evidence),
    service,
    kind,
    severity,
    trigger_type,
    message,
    correlation_id,
    started_at,
    last_occurrence: evidence.occurrences.at(-1) ?? started_at,
    occurrences: newest(evidence.occurrences),
    count,
    resolved_at: null,
    resolved_by: null,
    opened_ms: atMs,
    changed_ms: atMs,
    last_ms,
    resolved_ms: null,
    standing_ms: atMs,
    cause: null,
    flapping,
    well,
    timeline: [...evidence.timeline],
  };
  if (evidence.cause !== null) note(incident, atMs, 'unsuppressed');
  note(incident, atMs, 'opened');
  world.incidents.set(incident.id, incident);
  world.active.set(key, incident.id);
  return incident;
}

export interface Occurrence {
  readonly severity: Severity;
  readonly message: string;
  readonly correlation_id: string | null;
  readonly at: string;
  readonly emitterMs: number;
  /** Observer's clock. */
  readonly atMs: number;
}

/** Louder evidence escalates at once. */
export function countOccurrence(entry: Entry, occurrence: Occurrence): void {
  entry.count += 1;
  // In place: a replay counts hundreds of thousands of them.
  entry.occurrences.push(occurrence.at);
  if (entry.occurrences.length > historyKeptInDocument) entry.occurrences.shift();
  if (isLouder(occurrence.severity, entry.severity)) escalate(entry, occurrence.severity, occurrence.atMs);
  entry.message = occurrence.message;
  entry.correlation_id ??= occurrence.correlation_id;
  entry.last_ms = Math.max(entry.last_ms, occurrence.emitterMs);
}

export function escalate(entry: Entry, severity: Severity, atMs: number): void {
  entry.severity = severity;
  if ('opened_ms' in entry) note(entry, atMs, 'escalated', severity);
}

/** Ends the trouble and the active incident of a key. Returns the incident, if there was one. */
export function closeKey(world: NodeWorld, target: Subject, by: { readonly type: string; readonly at: string; readonly atMs: number }): IncidentRecord | null {
  const key = openKey(target.service, target.kind);
  world.troubles.delete(key);
  const incident = incidentAt(world, key);
  if (incident === undefined) return null;
  world.active.delete(key);
  incident.flapping = false;
  incident.well = null;
  note(incident, by.atMs, 'resolved', by.type);
  incident.resolved_at = by.at;
  incident.resolved_by = by.type;
  incident.resolved_ms = by.atMs;
  incident.changed_ms = by.atMs;
  dropOldestResolved(world, target);
  return incident;
}

function dropOldestResolved(world: NodeWorld, { service, kind }: Subject): void {
  const resolved: IncidentRecord[] = [];
  for (const each of world.incidents.values()) if (each.kind === kind && each.service === service && each.resolved_ms !== null) resolved.push(each);
  // Insertion order is the order of opening; only one of a key is active at a time, so it is the order of resolving too.
  for (const old of resolved.slice(0, Math.max(0, resolved.length - resolvedKeptPerKey))) world.incidents.delete(old.id);
}

/** Forgets what ended long ago. Driven by the times in events, so that a replay forgets the same. */
export function purge(world: NodeWorld, atMs: number): void {
  if (atMs - world.purgedMs < purgeEveryMs) return;
  world.purgedMs = atMs;
  for (const incident of world.incidents.values()) {
    if (incident.resolved_ms !== null && atMs - incident.resolved_ms >= resolvedKeptMs) world.incidents.delete(incident.id);
  }
  for (const [id, deployment] of world.deployments) {
    if (atMs - deployment.changed_ms >= resolvedKeptMs) world.deployments.delete(id);
  }
  for (const [key, { last_ms }] of world.changes) if (atMs - last_ms >= purgeEveryMs) world.changes.delete(key);
  for (const [key, closedMs] of world.closed) if (atMs - closedMs >= resolvedKeptMs) world.closed.delete(key);
}

/** A correlation id becomes a topic level; one that cannot is history without a document. */
export const canBeLevel = (text: string): boolean => levelPattern.test(text);
