/** What the engine says now: written by the node-agent of the node. */
import { z } from 'zod';
import { Bytes, Count, documentHead, NodeName, ServiceName, SiteName, Timestamp } from './common.ts';

const serviceStatuses = ['healthy', 'starting', 'unhealthy', 'down', 'stopped', 'unknown', 'gone'] as const;
export const ServiceStatus = z
  .enum(serviceStatuses)
  .describe(
    [
      'healthy: health check passes, or no check and settled;',
      'starting: running, not settled yet, or its health check has not decided;',
      'unhealthy: its health check fails;',
      'down: exited by itself, by a crash, an OOM or a kill, or restarting;',
      'stopped: a person stopped or paused it, or its job ended well;',
      'unknown: the engine does not answer;',
      'gone: removed (the last message of this topic)',
    ].join(' '),
  );
export type ServiceStatus = z.infer<typeof ServiceStatus>;

export const serviceReasons = [
  'running',
  'settling',
  'health_check_starting',
  'health_check_failed',
  'paused',
  'restarting',
  'crashed',
  'oom_killed',
  'killed',
  'engine_restart',
  'start_failed',
  'stopped_by_person',
  'completed',
  'engine_unreachable',
  'removed',
] as const;
export const ServiceReason = z.enum(serviceReasons);
export type ServiceReason = z.infer<typeof ServiceReason>;

export const ServiceHealth = z.object({
  ...documentHead,
  status: ServiceStatus,
  node: NodeName,
  service: ServiceName,
  reason: ServiceReason.describe('why the status is what it is'),
  container: z.string().nullable().default(null).describe("the container's name; null when there is none"),
  container_id: z.string().nullable().default(null).describe('first 12 hex digits'),
  image: z.string().nullable().default(null),
  started_at: Timestamp.nullable().default(null).describe('last start of the container, by the clock of the engine'),
  finished_at: Timestamp.nullable().default(null),
  exit_code: z.int().nullable().default(null),
  oom_killed: z.boolean().default(false),
  restart_count: Count.default(0).describe('restarts by the restart policy since the container was created'),
  restart_policy: z.string().default('no').describe('no | always | unless-stopped | on-failure'),
  project: z.string().nullable().default(null).describe('compose project, null outside compose'),
  health_log: z.string().max(300).nullable().default(null).describe('last line of the failing health check'),
  since: Timestamp.describe('when this status began'),
});
export type ServiceHealth = z.infer<typeof ServiceHealth>;

export const EngineState = z.enum(['up', 'unreachable', 'hung', 'none']).describe('none = this node runs no container engine');
export type EngineState = z.infer<typeof EngineState>;

export const NodeHealth = z.object({
  ...documentHead,
  status: z.enum(['online', 'degraded', 'offline', 'gone']).describe('degraded = the engine does not answer; offline = the will, or a clean stop'),
  node: NodeName.optional(),
  site: SiteName.optional().describe('site of the node-agent; absent: it does not say'),
  engine: EngineState.default('none'),
  engine_detail: z.string().max(300).nullable().default(null),
  heartbeat_ms: z.int().positive().optional().describe('promised interval between heartbeats'),
  uptime_s: z.number().nonnegative().optional(),
  cpu_pct: z.number().min(0).max(100).nullable().default(null).describe('busy share of all cores since the last heartbeat'),
  memory_pct: z.number().min(0).max(100).nullable().default(null).describe('used share: 1 - MemAvailable / MemTotal'),
  memory_bytes: Bytes.nullable().default(null).describe('MemTotal'),
  disk_pct: z.number().min(0).max(100).nullable().default(null).describe('used share of the disk that holds the data directory'),
  disk_free_bytes: Bytes.nullable().default(null),
  reclaimable_bytes: Bytes.nullable().default(null).describe('dangling images, by the engine; null until measured'),
  services_count: Count.default(0),
  services_digest: z.string().default('').describe('digest of the names of its services, so that a reader knows whether it holds them all'),
});
export type NodeHealth = z.infer<typeof NodeHealth>;
