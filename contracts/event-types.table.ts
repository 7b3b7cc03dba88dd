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
  incident_reopened: row('warning', 'the trouble of an incident that ended a short time before is back'),
  incident_resolved: row('info', 'an incident ended without an event of its own'),
  incident_suppressed: row('info', 'a trouble outlived its grace and is the consequence of another one'),
  incident_unsuppressed: row('info', 'its cause ended, and the consequence did not recover within its grace'),
  incident_flapping: row('warning', 'a verdict changes again and again'),
  incident_quiet: row('info', 'a verdict that was flapping has not changed for a while'),
  incident_escalated: row('warning', 'an incident has lasted long enough to be worse than it was'),
  incident_expired: row('info', 'nothing was heard of an incident for days'),
  // nodes
  node_online: row('info', 'the node reports again', { closes: ['node_offline'] }),
  node_offline: row('error', 'no heartbeat, or the will of the node fired', { opens: 'node_offline' }),
  link_down: row('error', 'the uplink of a site is down', { opens: 'link_down' }),
  link_up: row('info', 'the uplink of a site works again', { closes: ['link_down'] }),
  engine_unreachable: row('error', 'the container engine does not answer', { opens: 'engine' }),
  engine_recovered: row('info', 'the container engine answers again', { closes: ['engine'] }),
  disk_usage_high: row('warning', 'a disk is nearly full', { opens: 'disk' }),
  disk_pressure: row('warning', 'older name of disk_usage_high', { opens: 'disk' }),
  disk_inodes_high: row('warning', 'a disk can hold hardly any more files', { opens: 'disk' }),
  disk_filling: row('warning', 'a disk will be full within days if it goes on like this', { opens: 'disk' }),
  disk_usage_normal: row('info', 'the disks have room again', { closes: ['disk'] }),
  high_memory: row('warning', 'memory pressure', { opens: 'memory' }),
  memory_normal: row('info', 'no memory pressure any more', { closes: ['memory'] }),
  high_cpu: row('warning', 'processor pressure', { opens: 'cpu' }),
  cpu_normal: row('info', 'no processor pressure any more', { closes: ['cpu'] }),
  high_io: row('warning', 'programs wait for disks', { opens: 'io' }),
  io_normal: row('info', 'nothing waits for disks any more', { closes: ['io'] }),
  tailscale_down: row('error', 'the node is not on its tailnet', { opens: 'mesh' }),
  tailscale_key_expiring: row('warning', 'the key of the node expires within days, or has expired', { opens: 'mesh' }),
  tailscale_peer_lost: row('warning', 'a named peer is not on the tailnet', { opens: 'mesh' }),
  tailscale_peer_unknown: row('warning', 'HOMELAB_TAILSCALE_PEERS names what no machine of the tailnet is called: a fault of the configuration, no incident'),
  tailscale_peer_known: row('info', 'every name in HOMELAB_TAILSCALE_PEERS is one of the tailnet again'),
  tailscale_normal: row('info', 'nothing is wrong with the tailnet any more', { closes: ['mesh'] }),
  mqtt_unreachable: row('error', 'a broker does not answer', { opens: 'broker' }),
  mqtt_reachable: row('info', 'the broker answers again; the payload says since when it did not', { closes: ['broker'] }),
  upstream_unreachable: row('warning', 'the broker upstream does not answer this node', { opens: 'upstream' }),
  upstream_reachable: row('info', 'the broker upstream answers again', { closes: ['upstream'] }),
  clock_offset_high: row(
    'warning',
    'the clock of the node differs from those of most machines of its site, or where there are only two, from that of the observer',
    { opens: 'clock' },
  ),
  clock_offset_normal: row('info', 'the clocks agree again', { closes: ['clock'] }),
  engine_hung: row('critical', 'the container engine has been hanging for minutes', { opens: 'engine' }),
  engine_answering: row('info', 'the engine that hung answers again', { closes: ['engine'] }),
  zigbee_bridge_offline: row('error', 'zigbee2mqtt runs and says that it is offline', { opens: 'zigbee' }),
  zigbee_bridge_online: row('info', 'zigbee2mqtt is online again', { closes: ['zigbee'] }),
  desired_not_running: row('warning', 'a desired service does not run, and no observer is there to say so'),
  desired_running: row('info', 'it runs again, or an observer is back to judge it'),
  outbox_dropped: row('warning', 'an outbox was full and dropped its oldest events; the payload says how many'),
  // Home Assistant, by ha-diag-agent; they open no incident: the supervisor hears them itself
  ha_websocket_dead: row('error', 'Home Assistant says nothing on its WebSocket any more'),
  ha_websocket_recovered: row('info', 'Home Assistant speaks on its WebSocket again'),
  ha_integration_failed: row('error', 'an integration of Home Assistant failed, or most of its entities are unavailable'),
  ha_entity_unavailable_long: row('warning', 'an entity has been unavailable for a day'),
  ha_automation_failing: row('warning', 'an automation failed several times in a row'),
  ha_update_available: row('info', 'there are updates for Home Assistant or its parts'),
  ha_recorder_lag: row('warning', "Home Assistant's recorder does not keep up"),
  ha_system_health_degraded: row('warning', "a component of Home Assistant's system health turned bad"),
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
  history_pruned: row('info', "an observer's history reached its limit, and its oldest days were removed; the payload says how much"),
  message_quarantined: row('warning', 'a message did not fit its contract; the payload says why'),
} as const satisfies Record<string, EventTypeRow>;

export type KnownEventType = keyof typeof eventTypes;

const rows: ReadonlyMap<string, EventTypeRow> = new Map(Object.entries(eventTypes));

/** The row of a type, or undefined for a type this table does not know. */
export const eventTypeRow = (type: string): EventTypeRow | undefined => rows.get(type);
