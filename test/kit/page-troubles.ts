/** What is wrong in the homelab of page-world.ts, what is proposed about it, and what is over. */
import { topics } from '../../contracts/topics.ts';
import { type Ago, type Doc, diskIncident, downIncident, hosts, hourMs, minuteMs, nodeIncident, type Put, siteOf } from './page-parts.ts';

const incidentDoc = (node: string, service: string | null, kind: string, id: string, ago: Ago, sinceMs: number): Doc => ({
  status: 'active',
  id,
  site: siteOf(node),
  node,
  service,
  kind,
  severity: 'error',
  trigger_type: 'containers_not_running',
  started_at: ago(sinceMs),
  reopened_at: null,
  last_occurrence: ago(sinceMs),
  occurrence_count: 1,
  occurrences: [ago(sinceMs)],
  correlation_id: null,
  suppressed_by: null,
  related: null,
  consequences: [],
  consequences_count: 0,
  flapping: false,
  timeline: [{ at: ago(sinceMs - 20_000), what: 'opened' }],
  expires_at: null,
  resolved_at: null,
  resolved_by: null,
  message: '',
});

export function putTroubles(put: Put, ago: Ago): void {
  const incident = (doc: Doc): void =>
    put(topics.incident.build({ node: String(doc['node']), id: String(doc['id']) }), { summary: String(doc['message']), ...doc });
  incident({
    ...incidentDoc('vps', 'outline-postgres', 'down', downIncident, ago, 4 * minuteMs),
    severity: 'critical',
    message: 'outline-postgres on vps is down: it ran out of memory (exit code 137)',
    occurrence_count: 3,
    consequences: [{ what: 'vps/outline', status: 'unhealthy' }],
    consequences_count: 1,
    timeline: [
      { at: ago(3 * minuteMs + 40_000), what: 'opened' },
      { at: ago(2 * minuteMs), what: 'escalated', detail: 'critical' },
    ],
  });
  incident({
    ...incidentDoc('solaria', null, 'node_offline', nodeIncident, ago, 12 * minuteMs),
    trigger_type: 'node_offline',
    message: 'solaria: offline: the connection of the node-agent broke',
    consequences: (hosts['solaria'] ?? []).map((name) => ({ what: `solaria/${name}`, status: 'unknown' })),
    consequences_count: 5,
  });
  incident({
    ...incidentDoc('piha', null, 'disk', diskIncident, ago, 50 * minuteMs),
    severity: 'warning',
    trigger_type: 'disk_usage_high',
    message: 'the root+data disk (/) is 93 % full, 1.9 GB free',
  });
  const action = (doc: Doc): void => put(topics.action.build({ node: String(doc['node']), id: String(doc['id']) }), doc);
  action(
    actionDoc(
      { type: 'container_restart', node: 'vps', service: 'outline-postgres', params: { dependents: ['outline'] } },
      { message: 'outline-postgres on vps is down: it ran out of memory (exit code 137)', incident_id: downIncident, trigger_type: 'containers_not_running' },
      ago,
      3 * minuteMs,
    ),
  );
  action(
    actionDoc(
      { type: 'disk_cleanup', node: 'piha', service: null, params: {} },
      {
        message: 'the root+data disk (/) is 93 % full, 1.9 GB free; 2 stopped containers would go',
        incident_id: diskIncident,
        trigger_type: 'disk_usage_high',
        estimate_bytes: 536_870_912,
        containers: { names: ['old-grafana', 'clever_turing'], ids: ['0a1b2c3d4e5f', '1a1b2c3d4e5f'] },
      },
      ago,
      49 * minuteMs,
    ),
  );
  action({
    ...actionDoc(
      { type: 'container_restart', node: 'vps', service: 'joplin', params: {} },
      { message: 'joplin on vps is unhealthy', incident_id: null, trigger_type: 'service_unhealthy' },
      ago,
      5 * minuteMs,
    ),
    ...running(ago),
  });
}

const running = (ago: Ago): Record<string, unknown> => ({
  status: 'running',
  approved_by: 'anna via operator-ui-vps',
  approved_at: ago(35_000),
  claim: { nonce: 'nonce-12345678', by: 'executor-vps', at: ago(34_000), lease_until: ago(-6 * minuteMs) },
  transition_history: [
    { from: null, to: 'pending', at: ago(5 * minuteMs), by: 'supervisor-vps', note: '' },
    { from: 'pending', to: 'approved', at: ago(35_000), by: 'anna via operator-ui-vps', note: '' },
    { from: 'approved', to: 'running', at: ago(34_000), by: 'executor-vps', note: '' },
  ],
});

interface Target {
  readonly type: 'container_restart' | 'disk_cleanup';
  readonly node: string;
  readonly service: string | null;
  readonly params: Record<string, unknown>;
}

function actionDoc({ type, node, service, params }: Target, evidence: Record<string, unknown>, ago: Ago, sinceMs: number): Doc {
  return {
    status: 'pending',
    summary: `${type} ${service ?? ''} on ${node}: waiting for a yes`,
    id: [type.replaceAll('_', '-'), node, ...(service === null ? [] : [service])].join('-'),
    type,
    risk: type === 'disk_cleanup' ? 'guarded' : 'low',
    site: siteOf(node),
    node,
    service,
    params,
    attempt: 1,
    digest: 'a08da8e378a1e062',
    evidence,
    proposed_by: 'supervisor-vps',
    proposed_at: ago(sinceMs),
    approved_by: null,
    approved_at: null,
    expires_at: null,
    claim: null,
    outcome: null,
    verify_window_ms: 120_000,
    transition_history: [{ from: null, to: 'pending', at: ago(sinceMs), by: 'supervisor-vps', note: '' }],
  };
}

/** What is over: an incident of this morning, three actions, two deployments. */
export function putPast(put: Put, ago: Ago): void {
  const past = [
    ['vps', 'mail', 'down', 9 * hourMs, 8.6 * hourMs],
    ['chelsty-infra', 'zigbee2mqtt', 'unhealthy', 20 * hourMs, 19 * hourMs],
    ['piha', 'homeassistant', 'unhealthy', 3 * hourMs, 2.8 * hourMs],
  ] as const;
  for (const [node, service, kind, from, to] of past) {
    const id = `inc-${1_795_000_000 + Math.round(from / 1000)}-${node}-${service}-${kind}`;
    put(topics.incident.build({ node, id }), {
      ...incidentDoc(node, service, kind, id, ago, from),
      status: 'resolved',
      message: `${service} on ${node} was ${kind}`,
      summary: `${service} on ${node} was ${kind}`,
      resolved_at: ago(to),
      resolved_by: 'service_healthy',
    });
  }
  const ended = (status: string, node: string, service: string, sinceMs: number, extra: Record<string, unknown>): void => {
    const doc = actionDoc(
      { type: 'container_restart', node, service, params: {} },
      { message: `${service} on ${node} is down`, incident_id: null, trigger_type: 'containers_not_running' },
      ago,
      sinceMs,
    );
    const history = [
      ...(doc['transition_history'] as unknown[]),
      ...(status === 'rejected' ? [] : [{ from: 'pending', to: 'approved', at: ago(sinceMs - minuteMs), by: 'anna via operator-ui-vps', note: '' }]),
      {
        from: status === 'rejected' ? 'pending' : 'running',
        to: status,
        at: ago(sinceMs - 2 * minuteMs),
        by: status === 'rejected' ? 'ben' : `executor-${node}`,
        note: '',
      },
    ];
    put(topics.action.build({ node, id: String(doc['id']) }), { ...doc, status, transition_history: history, ...extra });
  };
  const outcome = (ok: boolean, code: string, message: string) => ({ ok, code, message, began_at: null, ended_at: null, result: {} });
  ended('completed', 'vps', 'mail', 8.8 * hourMs, { approved_by: 'anna via operator-ui-vps', outcome: outcome(true, 'verified', 'healthy after 14 s') });
  ended('failed', 'piha', 'zwave-js', 30 * hourMs, { approved_by: 'anna', outcome: outcome(false, 'not_healthy_in_time', 'still unhealthy after 120 s') });
  ended('rejected', 'lustro', 'magicmirror', 50 * hourMs, {});
  put(topics.deployment.build({ node: 'vps', correlation_id: 'deploy-1' }), {
    ...{ status: 'completed', summary: 'outline was deployed', correlation_id: 'deploy-1', node: 'vps', service: 'outline', site: 'hub' },
    ...{ started_at: ago(28 * hourMs), ended_at: ago(28 * hourMs - 70_000), message: 'commit 804b746' },
  });
  put(topics.deployment.build({ node: 'piha', correlation_id: 'deploy-2' }), {
    ...{ status: 'failed', summary: 'zwave-js was not deployed', correlation_id: 'deploy-2', node: 'piha', service: 'zwave-js', site: 'hub' },
    ...{ started_at: ago(31 * hourMs), ended_at: ago(31 * hourMs - 9000), message: 'image not found' },
  });
}
