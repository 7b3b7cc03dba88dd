/** The world as the observer of a site understands it. */
import { z } from 'zod';
import { Count, documentHead, NodeName, ServiceName, SiteName, Timestamp } from './common.ts';
import { CursorPositions } from './event.ts';
import { EngineState, ServiceReason } from './health.ts';

export const WorldNode = z.object({
  ...documentHead,
  status: z
    .enum(['online', 'degraded', 'offline', 'unmonitored', 'unknown', 'gone'])
    .describe('unmonitored = no node-agent is expected there; unknown = not heard of since the observer started'),
  node: NodeName,
  site: SiteName,
  engine: EngineState.default('none'),
  last_seen: Timestamp.nullable().default(null).describe('last heartbeat, by the clock of the observer'),
  observer_ahead_ms: z
    .number()
    .nullable()
    .default(null)
    .describe('how far the clock of the observer is ahead of those of most nodes it hears, milliseconds; null: fewer than three are heard'),
  since: Timestamp.describe('when this status began'),
  services_count: Count.default(0),
  incident_id: z.string().nullable().default(null),
});
export type WorldNode = z.infer<typeof WorldNode>;

export const WorldService = z.object({
  ...documentHead,
  status: z
    .enum(['healthy', 'starting', 'unhealthy', 'down', 'stopped', 'missing', 'unknown', 'gone'])
    .describe('missing = desired, and its node says there is no container; unknown = its node cannot say'),
  node: NodeName,
  service: ServiceName,
  site: SiteName,
  desired: z.enum(['declared', 'adopted', 'no']).default('no'),
  monitor: z.boolean().default(true),
  reason: ServiceReason.nullable().default(null),
  last_status: z.string().nullable().default(null).describe('what was known before it became unknown'),
  started_at: Timestamp.nullable().default(null),
  since: Timestamp,
  last_update: Timestamp.nullable().default(null).describe('last word of the node about it'),
  incident_id: z.string().nullable().default(null).describe('active incident of it, or the one elsewhere that explains what is wrong with it'),
});
export type WorldService = z.infer<typeof WorldService>;

export const Deployment = z.object({
  ...documentHead,
  status: z.enum(['running', 'completed', 'failed', 'gone']),
  correlation_id: z.string(),
  node: NodeName,
  service: ServiceName.nullable().default(null),
  site: SiteName,
  started_at: Timestamp.nullable().default(null),
  ended_at: Timestamp.nullable().default(null),
  message: z.string().max(400).default(''),
});
export type Deployment = z.infer<typeof Deployment>;

/** The link of another site as this observer sees it. */
const SeenLink = z.object({
  site: SiteName,
  status: z
    .enum(['up', 'degraded', 'down', 'unknown'])
    .describe('down: it says so, or nothing was heard of it for long enough; unknown: not heard yet, or declared and never heard'),
  down_since: Timestamp.nullable().describe('by the clock of the observer; null: it is not down; unknown and down_since: never heard, and awaited since then'),
  heard_at: Timestamp.nullable()
    .default(null)
    .describe('last word of the site while its link is neither up nor degraded, by the clock of the observer; null: it is, or nobody knows'),
});

export const SiteSummary = z.object({
  ...documentHead,
  status: z.enum(['nominal', 'degraded', 'critical', 'unknown', 'gone']).describe('the worst of its parts; never nominal on stale data'),
  site: SiteName,
  last_update: Timestamp.nullable().default(null).describe('oldest of the newest words of its monitored nodes'),
  nodes: z.record(z.string(), Count).describe('count by status'),
  services: z.record(z.string(), Count).describe('count by status, desired and monitored services only'),
  incidents_active: Count.describe('causes; what they explain is listed in them'),
  actions_pending: Count,
  actions_running: Count,
  events_refused: Count.default(0).describe('events since the observer started that could not be stored or understood'),
  links: z.array(SeenLink).optional().describe('of the sites whose links lead here, by name; absent: none does'),
  worst: z.string().max(200).nullable().default(null).describe('the part that decides the status'),
});
export type SiteSummary = z.infer<typeof SiteSummary>;

export const Cursor = z.object({
  ...documentHead,
  site: SiteName,
  node: NodeName,
  positions: CursorPositions.describe("highest seq in that observer's store, by source and lane"),
});
export type Cursor = z.infer<typeof Cursor>;
