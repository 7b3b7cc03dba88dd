/**
 * Examples of every contract: what must be accepted, what must be refused and for which field, and what an older
 * version of a writer sent (fields that came later are absent, times may be epoch numbers), with the defaults it gets.
 */
import type { ContractName } from '../../scripts/contract-schemas.ts';

export interface Bad {
  /** Path of the field that the refusal must name; '' = the message as a whole. */
  readonly field: string;
  readonly value: unknown;
}
export interface Older {
  readonly value: Readonly<Record<string, unknown>>;
  /** What the fields that are absent, or in an older form, become. */
  readonly becomes: Readonly<Record<string, unknown>>;
}
export interface Examples {
  readonly good: readonly unknown[];
  readonly bad: readonly Bad[];
  readonly older: readonly Older[];
}

const ts = '2026-03-01T12:00:00.000Z';
const later = '2026-03-01T12:05:00.000Z';
const head = { status: 'online', summary: 'one line', ts, session: 3, rev: 12 };
const longLine = 'x'.repeat(401);

/** A copy with some fields changed; `undefined` leaves a field out. */
function but<T extends object>(value: T, changes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries({ ...value, ...changes }).filter(([, each]) => each !== undefined));
}
const only = (value: Readonly<Record<string, unknown>>, ...keys: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(keys.map((key) => [key, value[key]]));
const headKeys = ['status', 'summary', 'ts', 'session'];

/** What every document refuses alike. */
const badHeads = (good: object): readonly Bad[] => [
  { field: 'status', value: but(good, { status: 'splendid' }) },
  { field: 'summary', value: but(good, { summary: longLine }) },
  { field: 'ts', value: but(good, { ts: 'yesterday' }) },
  { field: 'ts', value: but(good, { ts: '2026-03-01T13:00:00+01:00' }) },
  { field: 'session', value: but(good, { session: undefined }) },
  { field: 'rev', value: but(good, { rev: -1 }) },
  { field: '', value: [good] },
  { field: '', value: 'online' },
];

const event = {
  id: '0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  ts,
  node: 'vps',
  source: 'node-agent',
  lane: 'urgent',
  seq: 7,
  floor: 5,
  type: 'containers_not_running',
  severity: 'error',
  service: 'web',
  correlation_id: 'deploy-17',
  message: 'web exited with code 1',
  payload: { exit_code: 1, container: 'shop_web_1' },
};
const nodeHealth = {
  ...head,
  node: 'vps',
  engine: 'up',
  engine_detail: null,
  heartbeat_ms: 30_000,
  uptime_s: 86_400.5,
  cpu_pct: 12.5,
  memory_pct: 40,
  memory_bytes: 8_589_934_592,
  disk_pct: 71,
  disk_free_bytes: 12_000_000_000,
  reclaimable_bytes: null,
  services_count: 2,
  services_digest: 'a1b2',
};
const serviceHealth = {
  ...head,
  status: 'down',
  node: 'vps',
  service: 'web',
  reason: 'crashed',
  container: 'shop_web_1',
  container_id: '0123456789ab',
  image: 'shop/web:3',
  started_at: ts,
  finished_at: later,
  exit_code: 1,
  oom_killed: false,
  restart_count: 0,
  restart_policy: 'no',
  project: 'shop',
  health_log: null,
  since: later,
};
const actorStatus = {
  ...head,
  node: 'vps',
  actor: 'observer',
  mode: 'watching',
  mode_since: ts,
  started_at: ts,
  restarts: 0,
  last_error: null,
  quarantined: 0,
  version: '0.1.0',
};
const manifest = { ...head, topics: ['health/vps', 'health/vps/web'] };
const desiredNode = {
  ...head,
  status: 'declared',
  node: 'vps',
  site: 'hub',
  agents: ['node-agent', 'executor'],
  services: [{ name: 'web', origin: 'declared', monitor: true, verify_window_ms: 60_000, grace_ms: 0 }],
  access: { alice: 'operator', 'telegram-bot-vps': 'delegate' },
};
const worldNode = { ...head, node: 'vps', site: 'hub', engine: 'up', last_seen: ts, since: ts, services_count: 2, incident_id: null };
const worldService = {
  ...head,
  status: 'missing',
  node: 'vps',
  service: 'web',
  site: 'hub',
  desired: 'declared',
  monitor: true,
  reason: null,
  last_status: 'healthy',
  started_at: null,
  since: ts,
  last_update: ts,
  incident_id: 'inc-1772366400-vps-web-missing',
};
const incident = {
  ...head,
  status: 'active',
  id: 'inc-1772366400-vps-web-down',
  site: 'hub',
  node: 'vps',
  service: 'web',
  kind: 'down',
  severity: 'error',
  trigger_type: 'containers_not_running',
  message: 'web exited with code 1',
  started_at: ts,
  last_occurrence: later,
  occurrence_count: 2,
  occurrences: [ts, later],
  correlation_id: null,
  suppressed_by: null,
  consequences: [{ what: 'piha/zigbee2mqtt', status: 'unhealthy' }],
  consequences_count: 1,
  flapping: false,
  timeline: [
    { at: ts, what: 'opened' },
    { at: later, what: 'escalated', detail: 'critical' },
  ],
  expires_at: null,
  resolved_at: null,
  resolved_by: null,
};
const deployment = {
  ...head,
  status: 'completed',
  correlation_id: 'deploy-17',
  node: 'vps',
  service: 'web',
  site: 'hub',
  started_at: ts,
  ended_at: later,
  message: '',
};
const siteSummary = {
  ...head,
  status: 'degraded',
  site: 'hub',
  last_update: ts,
  nodes: { online: 2 },
  services: { healthy: 5, down: 1 },
  incidents_active: 1,
  actions_pending: 1,
  actions_running: 0,
  worst: 'vps/web is down',
};
const cursor = { ...head, status: 'ok', site: 'hub', node: 'vps', positions: { 'node-agent': { urgent: 7, info: 40 } } };

const outcome = { ok: true, code: 'verified', message: 'healthy again', began_at: ts, ended_at: later, result: { container: 'shop_web_1' } };
const action = {
  ...head,
  status: 'completed',
  id: 'container-restart-vps-web',
  type: 'container_restart',
  risk: 'low',
  site: 'hub',
  node: 'vps',
  service: 'web',
  params: {},
  attempt: 2,
  digest: 'd1g35t',
  evidence: { trigger_type: 'containers_not_running', message: 'web exited', incident_id: 'inc-1772366400-vps-web-down', at: ts },
  proposed_by: 'supervisor-vps',
  proposed_at: ts,
  approved_by: 'alice',
  approved_at: ts,
  expires_at: later,
  claim: { nonce: 'n0nc3-n0nc3', by: 'executor-vps', at: ts, lease_until: later },
  outcome,
  verify_window_ms: 120_000,
  transition_history: [
    { from: null, to: 'pending', at: ts, by: 'supervisor-vps', note: '' },
    { from: 'pending', to: 'approved', at: ts, by: 'bob via telegram-bot-vps', note: 'go' },
  ],
};
const maintenance = { ...head, status: 'active', node: 'vps', windows: [{ service: null, until: later, reason: 'new disk', by: 'alice' }] };
const decisions = {
  ...head,
  status: 'blocked',
  node: 'vps',
  services: [{ service: 'web', decision: 'blocked', why: 'in maintenance', action_id: null }],
  counts: { blocked: 1 },
};
const linkStatus = { ...head, status: 'up', site: 'chelsty', since: ts, backlog: 0, clock_offset_ms: -12.5 };

const proposal = {
  type: 'container_restart',
  node: 'vps',
  service: 'web',
  params: {},
  evidence: { trigger_type: 'containers_not_running', message: '', incident_id: null },
  note: 'it is down',
  on_behalf_of: 'alice',
};
const decision = { id: 'container-restart-vps-web', note: 'go', digest: 'd1g35t', on_behalf_of: 'alice', reason: 'by_operator' };
const claim = { id: 'container-restart-vps-web', attempt: 2, nonce: 'n0nc3-n0nc3' };
const outcomeRequest = { ...claim, outcome };
const maintenanceRequest = { node: 'vps', service: 'web', until: later, reason: 'new disk' };
const reply = { summary: 'approved: restart web on vps', code: 'approved', ok: true, id: 'container-restart-vps-web', request: 'approved next', ts };
const relayed = { relay_id: event.id, state: 'approved', by: 'alice', login: 'alice', site: 'hub', received_at: ts, request: decision };
const verdict = { relay_id: event.id, ok: false, code: 'not_pending', summary: 'it is completed' };

const waiting = {
  ...{ id: 'container-restart-vps-web', type: 'container_restart', risk: 'low', site: 'hub', node: 'vps', service: 'web', attempt: 1 },
  ...{ digest: '0123456789ab', why: 'web exited with code 1', since: ts },
};
const inbox = but(head, { status: 'one', site: 'hub', count: 1, actions: [waiting] });
const tap = { id: waiting.id, attempt: 1, digest: waiting.digest, at: 1772366400.25, on_behalf_of: 'Anna' };

export const examples: Readonly<Record<ContractName, Examples>> = {
  Event: {
    good: [event, but(event, { service: null, payload: { nested: { any: [1, 'thing'] } } }), but(event, { type: 'a_type_nobody_knows', ts: later })],
    bad: [
      { field: 'id', value: but(event, { id: 'seven' }) },
      { field: 'ts', value: but(event, { ts: 'yesterday' }) },
      { field: 'ts', value: but(event, { ts: -1 }) },
      { field: 'ts', value: but(event, { ts: 1e18 }) },
      { field: 'node', value: but(event, { node: 'vps/web' }) },
      { field: 'node', value: but(event, { node: undefined }) },
      { field: 'source', value: but(event, { source: 'a b' }) },
      { field: 'lane', value: but(event, { lane: 'express' }) },
      { field: 'seq', value: but(event, { seq: 0 }) },
      { field: 'seq', value: but(event, { seq: 1.5 }) },
      { field: 'floor', value: but(event, { floor: 0 }) },
      { field: 'type', value: but(event, { type: 'Containers Not Running' }) },
      { field: 'severity', value: but(event, { severity: 'fatal' }) },
      { field: 'service', value: but(event, { service: '#' }) },
      { field: 'message', value: but(event, { message: 'x'.repeat(2001) }) },
      { field: 'payload', value: but(event, { payload: 'text' }) },
      { field: '', value: null },
    ],
    older: [
      {
        value: but(only(event, 'id', 'ts', 'node', 'source', 'lane', 'seq', 'type', 'severity'), { ts: 1_772_366_400 }),
        becomes: { ts, service: null, correlation_id: null, message: '', payload: {} },
      },
      { value: but(event, { ts: 1_772_366_400_123 }), becomes: { ts: '2026-03-01T12:00:00.123Z' } },
      { value: but(event, { ts: 1_772_366_400.5 }), becomes: { ts: '2026-03-01T12:00:00.500Z' } },
      { value: but(event, { ts: '2026-03-01T13:00:00+01:00' }), becomes: { ts } },
    ],
  },
  NodeHealth: {
    good: [nodeHealth, but(nodeHealth, { status: 'gone' }), { status: 'offline', summary: 'connection lost', ts, session: 3 }],
    bad: [
      ...badHeads(nodeHealth),
      { field: 'engine', value: but(nodeHealth, { engine: 'podman' }) },
      { field: 'cpu_pct', value: but(nodeHealth, { cpu_pct: 101 }) },
      { field: 'heartbeat_ms', value: but(nodeHealth, { heartbeat_ms: 0 }) },
      { field: 'disk_free_bytes', value: but(nodeHealth, { disk_free_bytes: '12 GB' }) },
      { field: 'services_count', value: but(nodeHealth, { services_count: -1 }) },
    ],
    older: [
      {
        value: only(nodeHealth, ...headKeys, 'node'),
        becomes: { engine: 'none', cpu_pct: null, reclaimable_bytes: null, services_count: 0, services_digest: '' },
      },
    ],
  },
  ServiceHealth: {
    good: [serviceHealth, but(serviceHealth, { status: 'gone', reason: 'removed', container: null })],
    bad: [
      ...badHeads(serviceHealth),
      { field: 'service', value: but(serviceHealth, { service: undefined }) },
      { field: 'reason', value: but(serviceHealth, { reason: 'bad luck' }) },
      { field: 'exit_code', value: but(serviceHealth, { exit_code: '1' }) },
      { field: 'started_at', value: but(serviceHealth, { started_at: 'never' }) },
      { field: 'since', value: but(serviceHealth, { since: undefined }) },
    ],
    older: [
      {
        value: only(serviceHealth, ...headKeys, 'node', 'service', 'reason', 'since'),
        becomes: { container: null, image: null, started_at: null, exit_code: null, oom_killed: false, restart_count: 0, restart_policy: 'no', project: null },
      },
    ],
  },
  ActorStatus: {
    good: [actorStatus, but(actorStatus, { status: 'duplicate_writer' }), { status: 'offline', summary: 'connection lost', ts, session: 3 }],
    bad: [
      ...badHeads(actorStatus),
      { field: 'actor', value: but(actorStatus, { actor: 'a/b' }) },
      { field: 'restarts', value: but(actorStatus, { restarts: -1 }) },
      { field: 'mode_since', value: but(actorStatus, { mode_since: 0 }) },
    ],
    older: [{ value: only(actorStatus, ...headKeys, 'node', 'actor'), becomes: { restarts: 0, last_error: null, quarantined: 0, version: '0' } }],
  },
  Manifest: {
    good: [manifest, but(manifest, { topics: [] })],
    bad: [
      { field: 'summary', value: but(manifest, { summary: longLine }) },
      { field: 'status', value: but(manifest, { status: '' }) },
      { field: 'topics', value: but(manifest, { topics: undefined }) },
      { field: 'topics.1', value: but(manifest, { topics: ['health/vps', 7] }) },
    ],
    older: [{ value: only(manifest, ...headKeys, 'topics'), becomes: {} }],
  },
  DesiredNode: {
    good: [desiredNode, but(desiredNode, { status: 'adopted', access: null, services: [{ name: 'db', origin: 'adopted' }] })],
    bad: [
      ...badHeads(desiredNode),
      { field: 'services', value: but(desiredNode, { services: undefined }) },
      { field: 'services.0.name', value: but(desiredNode, { services: [{ name: 'a/b', origin: 'declared' }] }) },
      { field: 'services.0.origin', value: but(desiredNode, { services: [{ name: 'web' }] }) },
      { field: 'services.0.verify_window_ms', value: but(desiredNode, { services: [{ name: 'web', origin: 'declared', verify_window_ms: 0 }] }) },
      { field: 'access.alice', value: but(desiredNode, { access: { alice: 'king' } }) },
      { field: 'site', value: but(desiredNode, { site: 'a+b' }) },
    ],
    older: [{ value: but(only(desiredNode, ...headKeys, 'node', 'site'), { services: [] }), becomes: { agents: [], access: null } }],
  },
  WorldNode: {
    good: [worldNode, but(worldNode, { status: 'unmonitored', last_seen: null })],
    bad: [
      ...badHeads(worldNode),
      { field: 'node', value: but(worldNode, { node: '' }) },
      { field: 'since', value: but(worldNode, { since: null }) },
      { field: 'last_seen', value: but(worldNode, { last_seen: 12 }) },
    ],
    older: [
      { value: only(worldNode, ...headKeys, 'node', 'site', 'since'), becomes: { engine: 'none', last_seen: null, services_count: 0, incident_id: null } },
    ],
  },
  WorldService: {
    good: [worldService, but(worldService, { status: 'unknown' })],
    bad: [
      ...badHeads(worldService),
      { field: 'desired', value: but(worldService, { desired: true }) },
      { field: 'reason', value: but(worldService, { reason: 'bad luck' }) },
      { field: 'service', value: but(worldService, { service: '$SYS' }) },
    ],
    older: [
      {
        value: only(worldService, ...headKeys, 'node', 'service', 'site', 'since'),
        becomes: { desired: 'no', monitor: true, reason: null, last_status: null, last_update: null, incident_id: null },
      },
    ],
  },
  Incident: {
    good: [incident, but(incident, { status: 'resolved', resolved_at: later, resolved_by: 'service_healthy' })],
    bad: [
      ...badHeads(incident),
      { field: 'kind', value: but(incident, { kind: 'sad' }) },
      { field: 'severity', value: but(incident, { severity: 'fatal' }) },
      { field: 'occurrences', value: but(incident, { occurrences: Array.from({ length: 21 }, () => ts) }) },
      { field: 'occurrence_count', value: but(incident, { occurrence_count: undefined }) },
      { field: 'consequences', value: but(incident, { consequences: Array.from({ length: 11 }, () => ({ what: 'piha/app', status: 'down' })) }) },
      { field: 'timeline.0.what', value: but(incident, { timeline: [{ at: ts, what: 'forgotten' }] }) },
      { field: 'trigger_type', value: but(incident, { trigger_type: null }) },
    ],
    older: [
      {
        value: but(incident, {
          message: undefined,
          occurrences: undefined,
          suppressed_by: undefined,
          consequences: undefined,
          consequences_count: undefined,
          flapping: undefined,
          timeline: undefined,
          expires_at: undefined,
          resolved_at: undefined,
          resolved_by: undefined,
        }),
        becomes: {
          ...{ message: '', occurrences: [], suppressed_by: null, consequences: [], consequences_count: 0, flapping: false },
          ...{ timeline: [], expires_at: null, resolved_at: null, resolved_by: null },
        },
      },
    ],
  },
  Deployment: {
    good: [deployment, but(deployment, { status: 'running', ended_at: null })],
    bad: [...badHeads(deployment), { field: 'correlation_id', value: but(deployment, { correlation_id: undefined }) }],
    older: [
      {
        value: only(deployment, ...headKeys, 'correlation_id', 'node', 'site'),
        becomes: { service: null, started_at: null, ended_at: null, message: '' },
      },
    ],
  },
  SiteSummary: {
    good: [siteSummary, but(siteSummary, { status: 'nominal', worst: null })],
    bad: [
      ...badHeads(siteSummary),
      { field: 'nodes.online', value: but(siteSummary, { nodes: { online: 'two' } }) },
      { field: 'incidents_active', value: but(siteSummary, { incidents_active: undefined }) },
    ],
    older: [{ value: but(siteSummary, { last_update: undefined, worst: undefined }), becomes: { last_update: null, worst: null } }],
  },
  Cursor: {
    good: [cursor, but(cursor, { positions: {} })],
    bad: [
      { field: 'session', value: but(cursor, { session: '3' }) },
      { field: 'positions', value: but(cursor, { positions: undefined }) },
      { field: 'positions.node-agent.info', value: but(cursor, { positions: { 'node-agent': { urgent: 7 } } }) },
      { field: 'positions.node-agent.urgent', value: but(cursor, { positions: { 'node-agent': { urgent: -7, info: 1 } } }) },
    ],
    older: [{ value: only(cursor, ...headKeys, 'site', 'node', 'positions'), becomes: {} }],
  },
  Action: {
    good: [action, but(action, { status: 'gone' }), but(action, { status: 'pending', service: null, claim: null, outcome: null })],
    bad: [
      ...badHeads(action),
      { field: 'type', value: but(action, { type: 'format_disk' }) },
      { field: 'risk', value: but(action, { risk: 'none' }) },
      { field: 'attempt', value: but(action, { attempt: 0 }) },
      { field: 'digest', value: but(action, { digest: undefined }) },
      { field: 'claim.nonce', value: but(action, { claim: { ...action.claim, nonce: 'short' } }) },
      { field: 'outcome.code', value: but(action, { outcome: { ok: true } }) },
      { field: 'transition_history.0.to', value: but(action, { transition_history: [{ from: null, to: 'done', at: ts, by: 'alice' }] }) },
      { field: 'verify_window_ms', value: but(action, { verify_window_ms: 0 }) },
    ],
    older: [
      {
        value: but(action, { params: undefined, evidence: { at: 1_772_366_400 }, approved_by: undefined, claim: undefined, outcome: undefined }),
        becomes: {
          params: {},
          evidence: { trigger_type: 'requested', message: '', incident_id: null, at: ts },
          approved_by: null,
          claim: null,
          outcome: null,
        },
      },
    ],
  },
  Maintenance: {
    good: [maintenance, but(maintenance, { windows: [] })],
    bad: [
      { field: 'windows', value: but(maintenance, { windows: undefined }) },
      { field: 'windows.0.until', value: but(maintenance, { windows: [{ reason: 'for ever' }] }) },
      { field: 'windows.0.service', value: but(maintenance, { windows: [{ service: 'a/b', until: later }] }) },
    ],
    older: [{ value: but(maintenance, { windows: [{ until: 1_772_366_700 }] }), becomes: { windows: [{ service: null, until: later, reason: '', by: '' }] } }],
  },
  Decisions: {
    good: [decisions, but(decisions, { services: [] })],
    bad: [
      { field: 'services.0.decision', value: but(decisions, { services: [{ service: 'web', decision: 'perhaps', why: '' }] }) },
      { field: 'services.0.why', value: but(decisions, { services: [{ service: 'web', decision: 'nothing' }] }) },
      { field: 'counts.blocked', value: but(decisions, { counts: { blocked: -1 } }) },
    ],
    older: [
      {
        value: but(decisions, { services: [{ service: 'web', decision: 'nothing', why: 'healthy' }], counts: undefined }),
        becomes: { services: [{ service: 'web', decision: 'nothing', why: 'healthy', action_id: null }], counts: {} },
      },
    ],
  },
  LinkStatus: {
    good: [linkStatus, { status: 'down', summary: 'connection lost', ts, session: 3 }],
    bad: [...badHeads(linkStatus), { field: 'backlog', value: but(linkStatus, { backlog: -1 }) }, { field: 'since', value: but(linkStatus, { since: 12 }) }],
    older: [{ value: only(linkStatus, ...headKeys), becomes: { backlog: 0, clock_offset_ms: null } }],
  },
  ActionRequest: {
    good: [proposal, decision, claim, outcomeRequest, { id: 'next' }],
    bad: [
      { field: '', value: {} },
      { field: '', value: 'container-restart-vps-web' },
      { field: '', value: { note: 'which one?' } },
      { field: '', value: null },
    ],
    older: [{ value: { id: 'next' }, becomes: {} }],
  },
  ProposalRequest: {
    good: [proposal, but(proposal, { type: 'a_type_that_the_ledger_refuses' })],
    bad: [
      { field: 'type', value: but(proposal, { type: undefined }) },
      { field: 'type', value: but(proposal, { type: '' }) },
      { field: 'node', value: but(proposal, { node: 'a b' }) },
      { field: 'service', value: but(proposal, { service: 'a+b' }) },
      { field: 'params', value: but(proposal, { params: [] }) },
      { field: 'evidence.at', value: but(proposal, { evidence: { at: 'soon' } }) },
    ],
    older: [
      {
        value: only(proposal, 'type', 'node'),
        becomes: { service: null, params: {}, evidence: { trigger_type: 'requested', message: '', incident_id: null } },
      },
      {
        value: but(proposal, { evidence: { at: 1_772_366_400 } }),
        becomes: { evidence: { trigger_type: 'requested', message: '', incident_id: null, at: ts } },
      },
    ],
  },
  DecisionRequest: {
    good: [decision, { id: 'next' }],
    bad: [
      { field: 'id', value: but(decision, { id: '' }) },
      { field: 'id', value: but(decision, { id: undefined }) },
      { field: 'note', value: but(decision, { note: longLine }) },
      { field: 'reason', value: but(decision, { reason: 'just because' }) },
      { field: 'on_behalf_of', value: but(decision, { on_behalf_of: '' }) },
    ],
    older: [{ value: only(decision, 'id'), becomes: {} }],
  },
  ClaimRequest: {
    good: [claim],
    bad: [
      { field: 'attempt', value: but(claim, { attempt: undefined }) },
      { field: 'attempt', value: but(claim, { attempt: 0 }) },
      { field: 'nonce', value: but(claim, { nonce: 'short' }) },
    ],
    older: [{ value: claim, becomes: {} }],
  },
  OutcomeRequest: {
    good: [outcomeRequest],
    bad: [
      { field: 'outcome', value: but(outcomeRequest, { outcome: undefined }) },
      { field: 'outcome.ok', value: but(outcomeRequest, { outcome: { code: 'verified' } }) },
      { field: 'outcome.began_at', value: but(outcomeRequest, { outcome: { ...outcome, began_at: 12 } }) },
      { field: 'nonce', value: but(outcomeRequest, { nonce: undefined }) },
    ],
    older: [
      {
        value: but(outcomeRequest, { outcome: { ok: false, code: 'handler_missing' } }),
        becomes: { outcome: { ok: false, code: 'handler_missing', message: '', began_at: null, ended_at: null, result: {} } },
      },
    ],
  },
  MaintenanceRequest: {
    good: [maintenanceRequest],
    bad: [
      { field: 'until', value: but(maintenanceRequest, { until: 'tomorrow' }) },
      { field: 'reason', value: but(maintenanceRequest, { reason: undefined }) },
      { field: 'node', value: but(maintenanceRequest, { node: undefined }) },
    ],
    older: [{ value: but(maintenanceRequest, { service: undefined, until: 1_772_366_700_000 }), becomes: { service: null, until: later } }],
  },
  Reply: {
    good: [reply, but(reply, { ok: false, id: null }), but(reply, { ref: 'mgl3k2-17' })],
    bad: [
      { field: 'summary', value: but(reply, { summary: longLine }) },
      { field: 'code', value: but(reply, { code: undefined }) },
      { field: 'ok', value: but(reply, { ok: 'yes' }) },
      { field: 'ts', value: but(reply, { ts: 12 }) },
      { field: 'ref', value: but(reply, { ref: 'two words' }) },
    ],
    older: [{ value: but(reply, { id: undefined, request: undefined }), becomes: { id: null, request: '' } }],
  },
  Probe: {
    good: [{ nonce: 'abc', ts }, { nonce: 'abc' }],
    bad: [
      { field: 'nonce', value: { ts } },
      { field: 'nonce', value: { nonce: 'x'.repeat(65) } },
    ],
    older: [{ value: { nonce: 'abc' }, becomes: {} }],
  },
  RelayedRequest: {
    good: [relayed, but(relayed, { state: 'pending', request: proposal }), but(relayed, { state: 'maintenance', request: maintenanceRequest })],
    bad: [
      { field: 'state', value: but(relayed, { state: 'running' }) },
      { field: 'request.type', value: but(relayed, { state: 'pending' }) },
      { field: 'request.id', value: but(relayed, { request: {} }) },
      { field: 'relay_id', value: but(relayed, { relay_id: 'one' }) },
    ],
    older: [{ value: but(relayed, { request: { id: decision.id } }), becomes: {} }],
  },
  Verdict: {
    good: [verdict],
    bad: [
      { field: 'code', value: but(verdict, { code: undefined }) },
      { field: 'ok', value: but(verdict, { ok: 1 }) },
    ],
    older: [{ value: verdict, becomes: {} }],
  },
  Inbox: {
    good: [
      inbox,
      but(inbox, { status: 'empty', count: 0, offered: null, actions: [] }),
      but(inbox, { offered: waiting, asks: null, confirm: null }),
      but(inbox, { offered: null, asks: waiting, confirm: { ...waiting, by: 'Anna', at: 1772366400.25 } }),
    ],
    bad: [
      ...badHeads(inbox),
      { field: 'count', value: but(inbox, { count: -1 }) },
      { field: 'actions.0.risk', value: but(inbox, { actions: [{ ...waiting, risk: 'none' }] }) },
      { field: 'actions.0.attempt', value: but(inbox, { actions: [{ ...waiting, attempt: 0 }] }) },
      { field: 'confirm.by', value: but(inbox, { confirm: { ...waiting, at: 1772366400 } }) },
      { field: 'confirm.at', value: but(inbox, { confirm: { ...waiting, by: 'Anna', at: ts } }) },
      { field: 'actions', value: but(inbox, { actions: Array(21).fill(waiting) }) },
    ],
    older: [{ value: only(inbox, ...headKeys, 'site', 'count', 'actions'), becomes: {} }],
  },
  HomeAssistantTap: {
    good: [tap, but(tap, { on_behalf_of: undefined })],
    bad: [
      { field: 'digest', value: but(tap, { digest: undefined }) },
      { field: 'attempt', value: but(tap, { attempt: '1' }) },
      { field: 'at', value: but(tap, { at: ts }) },
      { field: 'on_behalf_of', value: but(tap, { on_behalf_of: '' }) },
    ],
    older: [{ value: tap, becomes: {} }],
  },
  HomeAssistantDevice: {
    good: [{ device: { identifiers: ['homelab_node_vps'] }, origin: { name: 'homelab' }, components: {} }, {}],
    bad: [{ field: '', value: 'online' }],
    older: [{ value: {}, becomes: {} }],
  },

  HomeAssistantStatus: {
    good: [{ status: 'online' }, { status: 'offline' }],
    bad: [{ field: '', value: { status: 'asleep' } }],
    older: [{ value: { status: 'online' }, becomes: {} }],
  },

  ZigbeeBridgeState: {
    good: [{ state: 'online' }, { state: 'offline' }],
    bad: [{ field: '', value: { state: 'asleep' } }],
    older: [{ value: { state: 'online' }, becomes: {} }],
  },
};
