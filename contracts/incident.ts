/**
 * A trouble with a beginning and an end: one active per (node, service, kind).
 *
 * One outage is one incident: what another incident explains is listed there as a consequence and opens none of its own. An
 * incident that was open already when its explanation came stays, and names it in `suppressed_by`. Causes are therefore the
 * active incidents whose `suppressed_by` is null: count, show and repair those (docs/decisions/0014).
 */
import { z } from 'zod';
import { Count, documentHead, NodeName, ServiceName, Severity, SiteName, Timestamp } from './common.ts';

export const incidentKinds = [
  'down',
  'unhealthy',
  'missing',
  'node_offline',
  'engine',
  'disk',
  'memory',
  'cpu',
  'io',
  'mesh',
  'clock',
  'broker',
  'upstream',
  'zigbee',
  'link_down',
  'other',
] as const;
export const IncidentKind = z.enum(incidentKinds);
export type IncidentKind = z.infer<typeof IncidentKind>;

const changes = ['opened', 'reopened', 'escalated', 'flapping', 'quiet', 'suppressed', 'unsuppressed', 'resolved'] as const;
export const IncidentChange = z.object({
  at: Timestamp.describe('by the clock of the observer'),
  what: z.enum(changes),
  detail: z.string().max(128).optional().describe('escalated: the new severity; suppressed: the cause; resolved: the type of the event'),
});
export type IncidentChange = z.infer<typeof IncidentChange>;

/** What an incident explains: something that is not as it should be, and would not be repaired by itself. */
export const Consequence = z.object({
  what: z.string().describe('<node>/<service>, or <node> for what is wrong with the node itself'),
  status: z.string().describe('status of the service, or the kind of trouble of the node'),
});
export type Consequence = z.infer<typeof Consequence>;

/** Listed in a document, of however many there are: what fits on a phone, and keeps a document of a lost node below 1.5 kB. */
export const consequencesListed = 10;

export const Incident = z.object({
  ...documentHead,
  status: z.enum(['active', 'resolved', 'gone']),
  id: z.string().describe('inc-<epoch seconds>-<node>-<service>-<kind>'),
  site: SiteName,
  node: NodeName,
  service: ServiceName.nullable().default(null),
  kind: IncidentKind,
  severity: Severity.describe('only ever rises while it is active: by louder evidence, or by time'),
  trigger_type: z.string().describe('type of the event that opened it; the supervisor routes on it'),
  message: z.string().max(400).default(''),
  started_at: Timestamp,
  reopened_at: Timestamp.nullable().default(null).describe('when it was back last, after it had ended for a while; null: it never had'),
  last_occurrence: Timestamp,
  occurrence_count: Count,
  occurrences: z.array(Timestamp).max(20).default([]).describe('newest 20'),
  correlation_id: z.string().nullable().default(null),
  suppressed_by: z
    .string()
    .nullable()
    .default(null)
    .describe('id of the incident at the root of this one, also while it has just ended and this one has its grace to recover; null: it is a cause itself'),
  related: z
    .string()
    .nullable()
    .default(null)
    .describe('id of an incident of something that its service needs, which stood when this one opened and does not explain it; null: there was none'),
  consequences: z.array(Consequence).max(consequencesListed).default([]).describe('what it explains now, directly or through others, by name'),
  consequences_count: Count.default(0).describe('all of them'),
  flapping: z.boolean().default(false).describe('its verdict changes again and again: it stays active until it has been quiet for 10 minutes'),
  well_since: Timestamp.nullable().default(null).describe('flapping, and well at the moment: since then; null: it is bad, does not flap, or has ended'),
  quiet_at: Timestamp.nullable()
    .default(null)
    .describe('flapping: it will have been quiet for long enough then, by the clock of the observer, unless its verdict changes; null: does not flap'),
  timeline: z.array(IncidentChange).max(20).default([]).describe('newest 20 changes, oldest first'),
  expires_at: Timestamp.nullable()
    .default(null)
    .describe('resolved: leaves the bus then; active: given up then unless something is heard of it; null: as long as its node shows it'),
  resolved_at: Timestamp.nullable().default(null),
  resolved_by: z.string().nullable().default(null).describe('type of the event that ended it'),
});
export type Incident = z.infer<typeof Incident>;
