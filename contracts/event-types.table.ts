/**
 * The known event types: what each says about its service or node, and how loud it is by default.
 * `opens`: the incident kind it is evidence for. `closes`: the kinds it ends.
 * Unknown types are stored and shown, and change nothing.
 */
import type { Severity } from './common.ts';
import type { IncidentKind } from './incident.ts';

interface EventTypeRow {
  readonly severity: Severity;
  readonly opens?: IncidentKind;
  readonly closes?: readonly IncidentKind[];
  readonly means: string;
}

const row = (severity: Severity, means: string, rest: Partial<EventTypeRow> = {}): EventTypeRow => ({ severity, means, ...rest });

const serviceKinds: readonly IncidentKind[] = ['down', 'unhealthy', 'missing'];

export const eventTypes = {
  // services, by node-agent
  service_healthy: row('info', 'the service is healthy', { closes: serviceKinds }),
  service_recovered: row('info', 'older name of service_healthy', { closes: serviceKinds }),
  containers_not_running: row('error', 'a container of the service exited, was killed or is in a restart loop', { opens: 'down' }),
  service_unhealthy: row('error', 'the service runs and is not what it should be', { opens: 'unhealthy' }),
  healthcheck_failed: row('error', "the engine's health check of the container turned unhealthy", { opens: 'unhealthy' }),
  service_stopped: row('info', 'a person stopped the container, or its job ended', {}),
  service_removed: row('info', 'the last container of the service was removed', {}),
  // services, by the observer itself
  service_missing: row('error', 'a desired service has no container', { opens: 'missing' }),
  service_present: row('info', 'a missing service has a container again', { closes: ['missing'] }),
  service_undesired: row('info', 'the service left the desired state', { closes: serviceKinds }),
  incident_opened: row('warning', 'trouble outlived its grace'),
  incident_resolved: row('info', 'an incident ended without an event of its own'),
  // nodes
  node_online: row('info', 'the node reports again', { closes: ['node_offline'] }),
  node_offline: row('error', 'no heartbeat, or the will of the node fired', { opens: 'node_offline' }),
  engine_unreachable: row('error', 'the container engine does not answer', { opens: 'engine' }),
  engine_recovered: row('info', 'the container engine answers again', { closes: ['engine'] }),
  disk_usage_high: row('warning', 'a disk is nearly full', { opens: 'disk' }),
  disk_pressure: row('warning', 'older name of disk_usage_high', { opens: 'disk' }),
  disk_usage_normal: row('info', 'the disk has room again', { closes: ['disk'] }),
  high_memory: row('warning', 'memory pressure'),
  high_cpu: row('warning', 'processor pressure'),
  mqtt_unreachable: row('error', 'a broker does not answer', { opens: 'broker' }),
  mqtt_reachable: row('info', 'the broker answers again', { closes: ['broker'] }),
  outbox_dropped: row('warning', 'an outbox was full and dropped its oldest events; the payload says how many'),
  // deployments
  deployment_started: row('info', 'a deployment began'),
  deployment_completed: row('info', 'a deployment ended well'),
  deployment_failed: row('error', 'a deployment failed'),
  // actions
  action_refused: row('warning', 'the ledger refused a request'),
  remediation_started: row('info', 'an approved action began'),
  remediation_completed: row('info', 'an approved action ended'),
  diagnostics_collected: row('info', 'diagnostics were written to a file on the node'),
  // the homelab itself
  inventory_invalid: row('error', 'a file of the declared truth does not parse; the last good one stays in force'),
  inventory_valid: row('info', 'the file parses again'),
  message_quarantined: row('warning', 'a message did not fit its contract; the payload says why'),
} as const satisfies Record<string, EventTypeRow>;

export type KnownEventType = keyof typeof eventTypes;

const rows: ReadonlyMap<string, EventTypeRow> = new Map(Object.entries(eventTypes));

/** The row of a type, or undefined for a type this table does not know. */
export const eventTypeRow = (type: string): EventTypeRow | undefined => rows.get(type);
