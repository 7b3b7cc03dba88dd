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
  | 'bad_ms'
  | 'onset_ms'
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
export const isLouder = (a: Severity, b: Severity): boolean => severities.indexOf(a) > severities.indexOf(b);

const iso = (ms: number): string => new Date(ms).toISOString();

/** One more change in the life of an incident; the newest 20 are kept. */
export function note(entry: Entry, atMs: number, what: IncidentChange['what'], detail?: string): void {
  entry.timeline.push({ at: iso(atMs), what, ...(detail === undefined ? {} : { detail: detail.slice(0, 128) }) });
  if (entry.timeline.length > historyKeptInDocument) entry.timeline.shift();
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

/** `returning`: the id of the one that is back. Returns null when one is active already. */
export function openIncident(world: NodeWorld, evidence: Evidence, atMs: number, returning: string | null): IncidentRecord | null {
  const key = openKey(evidence.service, evidence.kind);
  if (world.active.has(key)) return null;
  const former = returning === null ? undefined : world.incidents.get(returning);
  if (former !== undefined) return reopen(world, former, evidence, atMs);
  const { service, kind, severity, trigger_type, message, correlation_id, started_at, count, last_ms, flapping, well, bad_ms, onset_ms } = evidence;
  const incident: IncidentRecord = {
    id: returning ?? newId(world, evidence),
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
    reopened_at: null,
    related: null,
    cause: null,
    flapping,
    well,
    timeline: [...evidence.timeline],
    bad_ms,
    onset_ms,
  };
  if (evidence.cause !== null) note(incident, atMs, 'unsuppressed');
  note(incident, atMs, returning === null ? 'opened' : 'reopened');
  world.incidents.set(incident.id, incident);
  world.active.set(key, incident.id);
  return incident;
}

/** Under its id: whoever was told of it, or repaired it, finds what became of it in one place. It never gets quieter by ending for a while. */
function reopen(world: NodeWorld, incident: IncidentRecord, evidence: Evidence, atMs: number): IncidentRecord {
  incident.resolved_at = null;
  incident.resolved_by = null;
  incident.resolved_ms = null;
  incident.trigger_type = evidence.trigger_type;
  incident.message = evidence.message;
  incident.correlation_id = evidence.correlation_id ?? incident.correlation_id;
  incident.last_occurrence = evidence.occurrences.at(-1) ?? evidence.started_at;
  incident.occurrences = newest([...incident.occurrences, ...evidence.occurrences]);
  incident.count += evidence.count;
  incident.last_ms = Math.max(incident.last_ms, evidence.last_ms);
  incident.reopened_at = evidence.started_at;
  incident.standing_ms = atMs;
  incident.changed_ms = atMs;
  incident.cause = null;
  incident.related = null;
  incident.flapping = evidence.flapping;
  incident.well = evidence.well;
  incident.bad_ms = evidence.bad_ms;
  incident.onset_ms = evidence.onset_ms;
  for (const { at, what, detail } of evidence.timeline) note(incident, Date.parse(at), what, detail);
  if (evidence.cause !== null) note(incident, atMs, 'unsuppressed');
  note(incident, atMs, 'reopened');
  if (isLouder(evidence.severity, incident.severity)) escalate(incident, evidence.severity, atMs);
  world.active.set(openKey(incident.service, incident.kind), incident.id);
  return incident;
}

/** The last incident of this trouble, if that ended so short a time before that it is the same one again: by the clock of who told, and by the observer's own. */
export function returningIncident(
  world: NodeWorld,
  { service, kind }: Subject,
  { happenedMs, sinceMs, withinMs }: { readonly happenedMs: number; readonly sinceMs: number; readonly withinMs: number },
): IncidentRecord | null {
  let last: IncidentRecord | null = null;
  for (const each of world.incidents.values())
    if (each.kind === kind && each.service === service && each.resolved_ms !== null && each.resolved_ms >= (last?.resolved_ms ?? 0)) last = each;
  if (last === null || last.resolved_ms === null || last.resolved_at === null) return null;
  return Math.max(sinceMs - last.resolved_ms, happenedMs - Date.parse(last.resolved_at)) < withinMs ? last : null;
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
