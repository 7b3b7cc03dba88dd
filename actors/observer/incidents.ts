/**
 * How incidents of one node begin, count and end. Pure on a NodeWorld, which it changes in place.
 * One active incident per (service, kind); ended ones are kept for a while, and not without limit.
 */
import { levelPattern, type Severity, severities } from '../../contracts/common.ts';
import { crashLoopRestartsMax, crashLoopWindowMs, historyKeptInDocument, resolvedKeptMs } from '../../contracts/defaults.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import { type IncidentRecord, type NodeWorld, openKey, type Trouble } from './world.ts';

/** What of an evidence goes into an incident, whether it came as a trouble or from health documents. */
export type Evidence = Pick<
  Trouble,
  'service' | 'kind' | 'severity' | 'trigger_type' | 'message' | 'correlation_id' | 'started_at' | 'occurrences' | 'count' | 'last_ms'
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

const louder = (a: Severity, b: Severity): Severity => (severities.indexOf(b) > severities.indexOf(a) ? b : a);

const newest = (times: readonly string[]): string[] => times.slice(-historyKeptInDocument);

function newId(world: NodeWorld, evidence: Evidence): string {
  const parts = [world.node, ...(evidence.service === null ? [] : [evidence.service])].map((part) => part.slice(0, idPartLength));
  // Two incidents of one key within a second (a short grace) must not share an id: the later one counts on.
  for (let epoch = Math.max(0, Math.floor(Date.parse(evidence.started_at) / 1000)); ; epoch += 1) {
    const id = ['inc', epoch, ...parts, evidence.kind].join('-');
    if (!world.incidents.has(id)) return id;
  }
}

/** The third incident of a key within the window: the same figures as the crash-loop guard. */
function isFlapping(world: NodeWorld, { service, kind }: Subject, atMs: number): boolean {
  let recent = 1;
  for (const incident of world.incidents.values()) {
    if (incident.kind === kind && incident.service === service && atMs - incident.opened_ms < crashLoopWindowMs) recent += 1;
  }
  return recent >= crashLoopRestartsMax;
}

/** Returns null when one is active already. */
export function openIncident(world: NodeWorld, evidence: Evidence, atMs: number): IncidentRecord | null {
  const key = openKey(evidence.service, evidence.kind);
  if (world.active.has(key)) return null;
  const { service, kind, severity, trigger_type, message, correlation_id, started_at, count, last_ms } = evidence;
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
    flapping: isFlapping(world, evidence, atMs),
    resolved_at: null,
    resolved_by: null,
    opened_ms: atMs,
    changed_ms: atMs,
    last_ms,
    resolved_ms: null,
  };
  world.incidents.set(incident.id, incident);
  world.active.set(key, incident.id);
  return incident;
}

export interface Occurrence {
  readonly severity: Severity;
  readonly message: string;
  readonly at: string;
  readonly emitterMs: number;
}

export function countOccurrence(entry: Trouble | IncidentRecord, occurrence: Occurrence): void {
  entry.count += 1;
  entry.occurrences = newest([...entry.occurrences, occurrence.at]);
  entry.severity = louder(entry.severity, occurrence.severity);
  entry.message = occurrence.message;
  entry.last_ms = Math.max(entry.last_ms, occurrence.emitterMs);
}

/** Ends the trouble and the active incident of a key. Returns the incident, if there was one. */
export function closeKey(world: NodeWorld, target: Subject, by: { readonly type: string; readonly at: string; readonly atMs: number }): IncidentRecord | null {
  const key = openKey(target.service, target.kind);
  world.troubles.delete(key);
  const id = world.active.get(key);
  const incident = id === undefined ? undefined : world.incidents.get(id);
  if (incident === undefined) return null;
  world.active.delete(key);
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
  for (const [key, closedMs] of world.closed) if (atMs - closedMs >= resolvedKeptMs) world.closed.delete(key);
}

/** A correlation id becomes a topic level; one that cannot is history without a document. */
export const canBeLevel = (text: string): boolean => levelPattern.test(text);
