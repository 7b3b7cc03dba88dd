/**
 * What a decision of the observer itself (judge.ts), read back from the store, does to the world of its node. Pure.
 *
 * What time or documents brought about is in the store as a derived event, so that a replay need not decide again. A decision
 * may have been overtaken by an event that was on its way to the disk: then it changes nothing.
 */
import { z } from 'zod';
import { Severity } from '../../contracts/common.ts';
import { IncidentKind } from '../../contracts/incident.ts';
import { countChange, turnBad } from './changes.ts';
import { closeKey, countOccurrence, escalate, isLouder, note, openIncident } from './incidents.ts';
import { BadEventError, type Moment, touchIncident, touchSubject } from './moment.ts';
import { derivedSource } from './stored-event.ts';
import { Cause, type Entry, entryAt, isIncident, type NodeWorld, openKey, type Trouble } from './world.ts';

const Kind = z.object({ kind: IncidentKind });
/** `since_ms`: when health documents began to say it, observer's clock; absent: an event said it. */
const Evidence = Kind.extend({ trigger_type: z.string().max(64), severity: Severity, since_ms: z.number().optional() });
/** `trigger_event_id` null: health documents said it, no event did. */
const Opening = Evidence.extend({ trigger_event_id: z.string().nullable(), related: Cause.optional() });
const payloads = {
  incident_opened: Opening,
  incident_reopened: Opening.extend({ id: z.string() }),
  /** `known`: it was a trouble or an incident already; absent: health documents said it just then. */
  incident_suppressed: Evidence.extend({ cause: Cause, known: z.boolean().default(false) }),
  incident_unsuppressed: Kind,
  incident_flapping: Kind,
  incident_quiet: Kind,
  incident_escalated: Kind.extend({ severity: Severity }),
  incident_expired: Kind,
  /** `final`: its subject is no more, so it cannot be flapping either. */
  incident_resolved: Kind.extend({ final: z.boolean().default(false) }),
};
type Decision = keyof typeof payloads;
type Payload<D extends Decision> = z.infer<(typeof payloads)[D]>;

export const isDecision = (type: string): type is Decision => Object.hasOwn(payloads, type);

/** Throws BadEventError before it changes anything. */
export function applyDecision(world: NodeWorld, moment: Moment): void {
  const { event } = moment;
  // Nobody decides for the observer.
  if (event.source !== derivedSource || !isDecision(event.type)) return;
  const parsed = payloads[event.type].safeParse(event.payload);
  if (!parsed.success) throw new BadEventError(`${event.type}: payload ${parsed.error.issues[0]?.path.join('.') ?? ''} does not fit`);
  const entry = entryAt(world, openKey(event.service, parsed.data.kind));
  const payload = parsed.data as never;
  switch (event.type) {
    case 'incident_opened':
    case 'incident_reopened':
      open(world, moment, entry, payload);
      break;
    case 'incident_suppressed':
      suppress(world, moment, entry, payload);
      break;
    case 'incident_resolved':
      resolve(world, moment, entry, payload);
      break;
    case 'incident_expired':
      if (entry !== undefined) close(world, moment, entry);
      break;
    default:
      if (entry !== undefined) change(world, moment, entry, event.type, payload);
  }
  if (entry !== undefined && isIncident(entry)) touchIncident(moment, entry);
  touchSubject(moment, event.service);
}

/** By a health document, which has no id and comes after whatever an event said. */
const troubleOf = (
  { event, atMs, happened }: Moment,
  { kind, trigger_type, severity, since_ms = atMs }: z.infer<typeof Evidence>,
  onsetMs: number,
): Trouble => ({
  service: event.service,
  kind,
  severity,
  trigger_type,
  trigger_event_id: event.id,
  message: event.message.slice(0, 400),
  correlation_id: event.correlation_id,
  started_at: happened,
  occurrences: [happened],
  count: 1,
  since_ms: atMs,
  last_ms: 0,
  cause: null,
  flapping: false,
  well: null,
  timeline: [],
  bad_ms: since_ms,
  onset_ms: Math.min(onsetMs, since_ms),
});

function open(world: NodeWorld, moment: Moment, entry: Entry | undefined, payload: Payload<'incident_opened'> & Partial<Payload<'incident_reopened'>>): void {
  const { event, atMs, happened } = moment;
  const { kind, trigger_event_id } = payload;
  const key = openKey(event.service, kind);
  const trouble = entry !== undefined && !isIncident(entry) ? entry : undefined;
  if (trigger_event_id !== null && trouble?.trigger_event_id !== trigger_event_id) return;
  const onsetMs = entry?.well !== null && trigger_event_id === null ? countChange(world, key, entry, moment) : atMs;
  if (entry !== undefined && isIncident(entry)) {
    // It flaps, was well, and health shows that it is not.
    if (entry.well === null) return;
    turnBad(entry, atMs);
    countOccurrence(entry, { severity: payload.severity, message: event.message.slice(0, 400), correlation_id: null, at: happened, emitterMs: 0, atMs });
    entry.last_occurrence = happened;
    entry.changed_ms = atMs;
    return;
  }
  world.troubles.delete(key);
  const incident = openIncident(world, trouble ?? troubleOf(moment, payload, onsetMs), atMs, payload.id ?? null);
  if (incident === null) return;
  incident.related = payload.related ?? null;
  touchIncident(moment, incident);
}

function suppress(world: NodeWorld, moment: Moment, entry: Entry | undefined, payload: Payload<'incident_suppressed'>): void {
  const { event, atMs } = moment;
  const { cause, kind, known } = payload;
  // It has ended while this was on its way to the disk, and nothing that ended may begin anew by it.
  if (entry === undefined && known) return;
  const key = openKey(event.service, kind);
  // What flaps below a cause is its business; and what flapped and is well by now is over.
  if (entry !== undefined && !isIncident(entry) && entry.flapping) {
    entry.flapping = false;
    if (entry.well !== null) {
      world.troubles.delete(key);
      return;
    }
  }
  const suppressed = entry ?? troubleOf(moment, payload, countChange(world, key, entry, moment));
  if (entry === undefined) world.troubles.set(key, suppressed as Trouble);
  suppressed.cause = cause;
  note(suppressed, atMs, 'suppressed', cause.id ?? `${cause.node}/${cause.service ?? ''} ${cause.kind}`);
}

function resolve(world: NodeWorld, moment: Moment, entry: Entry | undefined, { kind, final }: Payload<'incident_resolved'>): void {
  if (entry === undefined) return;
  const { event, happened } = moment;
  if (entry.well === null) countChange(world, openKey(event.service, kind), entry, moment);
  if (entry.flapping && !final) entry.well ??= { at: happened, type: event.type };
  else close(world, moment, entry);
}

function close(world: NodeWorld, { event, happened, atMs }: Moment, { service, kind }: Entry, type: string = event.type): void {
  closeKey(world, { service, kind }, { type, at: happened, atMs });
}

function change(world: NodeWorld, moment: Moment, entry: Entry, type: Decision, payload: { readonly severity?: Severity }): void {
  const { atMs } = moment;
  switch (type) {
    case 'incident_unsuppressed':
      if (entry.cause === null) return;
      entry.cause = null;
      if (isIncident(entry)) entry.standing_ms = atMs;
      note(entry, atMs, 'unsuppressed');
      return;
    case 'incident_flapping':
      if (entry.flapping) return;
      entry.flapping = true;
      note(entry, atMs, 'flapping');
      return;
    case 'incident_quiet':
      if (!entry.flapping) return;
      entry.flapping = false;
      world.changes.delete(openKey(entry.service, entry.kind));
      note(entry, atMs, 'quiet');
      if (entry.well !== null) close(world, moment, entry, entry.well.type);
      return;
    case 'incident_escalated':
      if (payload.severity !== undefined && isLouder(payload.severity, entry.severity)) escalate(entry, payload.severity, atMs);
      return;
    default:
  }
}
