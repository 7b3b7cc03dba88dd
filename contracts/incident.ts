/** A trouble with a beginning and an end: one active per (node, service, kind). */
import { z } from 'zod';
import { Count, documentHead, NodeName, ServiceName, Severity, SiteName, Timestamp } from './common.ts';

export const incidentKinds = ['down', 'unhealthy', 'missing', 'node_offline', 'engine', 'disk', 'broker', 'link_down', 'other'] as const;
export const IncidentKind = z.enum(incidentKinds);
export type IncidentKind = z.infer<typeof IncidentKind>;

export const Incident = z.object({
  ...documentHead,
  status: z.enum(['active', 'resolved', 'gone']),
  id: z.string().describe('inc-<epoch seconds>-<node>-<service>-<kind>'),
  site: SiteName,
  node: NodeName,
  service: ServiceName.nullable().default(null),
  kind: IncidentKind,
  severity: Severity,
  trigger_type: z.string().describe('type of the event that opened it; the supervisor routes on it'),
  message: z.string().max(400).default(''),
  started_at: Timestamp,
  last_occurrence: Timestamp,
  occurrence_count: Count,
  occurrences: z.array(Timestamp).max(20).default([]).describe('newest 20'),
  correlation_id: z.string().nullable().default(null),
  suppressed_by: z.string().nullable().default(null).describe('id of the incident that explains this one'),
  flapping: z.boolean().default(false),
  resolved_at: Timestamp.nullable().default(null),
  resolved_by: z.string().nullable().default(null).describe('type of the event that ended it'),
});
export type Incident = z.infer<typeof Incident>;
