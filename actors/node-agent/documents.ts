/**
 * What the node-agent writes: the bodies of `health/<node>/<service>` and `health/<node>`, and the events that announce
 * a change. Pure; the head (ts, session, rev) is added by the bus, id and seq of events by the outbox.
 */
import { composeProjectLabel } from '../../contracts/canonical-name.ts';
import { heartbeatIntervalMs, settledAfterMs } from '../../contracts/defaults.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { eventTypes, type KnownEventType } from '../../contracts/event-types.table.ts';
import type { EngineState, NodeHealth, ServiceHealth, ServiceReason, ServiceStatus } from '../../contracts/health.ts';
import { servicesDigest } from '../../contracts/services-digest.ts';
import type { Verdict } from './classify.ts';
import type { ContainerFacts, EngineTrouble, HostMetrics } from './ports.ts';

type Body<D> = Omit<D, 'ts' | 'session' | 'rev'>;
export type ServiceBody = Body<ServiceHealth>;
export type NodeBody = Body<NodeHealth>;

/** What a service was last said to be, for events: changes among these are announced; starting and unknown leave it as it was. */
export type Standing = 'good' | 'down' | 'unhealthy' | 'stopped';

const standings: Partial<Record<ServiceStatus, Standing>> = { healthy: 'good', down: 'down', unhealthy: 'unhealthy', stopped: 'stopped' };
export const standingOf = (status: ServiceStatus): Standing | null => standings[status] ?? null;

const reasonWords: Record<ServiceReason, string> = {
  running: 'running',
  settling: `running for less than ${settledAfterMs / 1000} s`,
  health_check_starting: 'its health check has not decided yet',
  health_check_failed: 'its health check fails',
  paused: 'paused by a person',
  restarting: 'it keeps exiting and being restarted',
  crashed: 'it exited by itself',
  oom_killed: 'it ran out of memory',
  killed: 'it was killed',
  engine_restart: 'it was not started again after the container engine restarted',
  start_failed: 'the engine could not start it',
  stopped_by_person: 'stopped by a person',
  completed: 'its job ended well',
  engine_unreachable: 'the container engine does not answer',
  removed: 'it is being removed',
};

const short = (id: string): string => id.slice(0, 12);
const isoOrNull = (iso: string | null): string | null => (iso === null ? null : new Date(iso).toISOString());
const cut = (text: string, charsMax: number): string => (text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`);

/** `down: it was killed (exit code 137), restarted 2 times` */
function summaryOf(verdict: Verdict, facts: ContainerFacts): string {
  const details = [
    facts.exitCode !== null && (verdict.status === 'down' || verdict.status === 'stopped') && facts.finishedAt !== null ? ` (exit code ${facts.exitCode})` : '',
    facts.error === '' || verdict.status !== 'down' ? '' : `: ${facts.error}`,
    facts.restartCount > 0 && verdict.status !== 'healthy' ? `, restarted ${facts.restartCount} times` : '',
  ];
  return cut(`${verdict.status}: ${reasonWords[verdict.reason]}${details.join('')}`, 400);
}

/** When a status began, as far as the engine can tell; it never lies in the future. */
function beganAtMs(verdict: Verdict, facts: ContainerFacts, now: number): number {
  const startedAtMs = facts.startedAt === null ? now : Date.parse(facts.startedAt);
  const finishedAtMs = facts.finishedAt === null ? now : Date.parse(facts.finishedAt);
  if (verdict.status === 'down' || verdict.status === 'stopped') return Math.min(now, facts.status === 'exited' ? finishedAtMs : now);
  if (verdict.status === 'starting') return Math.min(now, startedAtMs);
  if (verdict.reason === 'running' && facts.health === 'none') return Math.min(now, startedAtMs + settledAfterMs);
  return now;
}

/** `before`: what was last said of the service while the engine answered; its `since` stays as long as status and container life do. */
export function serviceBody(at: {
  readonly node: string;
  readonly service: string;
  readonly facts: ContainerFacts;
  readonly verdict: Verdict;
  readonly before: ServiceBody | null;
  readonly now: number;
}): ServiceBody {
  const { node, service, facts, verdict, before, now } = at;
  const containerId = short(facts.id);
  const startedAt = isoOrNull(facts.startedAt);
  const isSame = before !== null && before.status === verdict.status && before.container_id === containerId && before.started_at === startedAt;
  return {
    status: verdict.status,
    summary: summaryOf(verdict, facts),
    node,
    service,
    reason: verdict.reason,
    container: facts.name,
    container_id: containerId,
    image: facts.image,
    started_at: startedAt,
    finished_at: isoOrNull(facts.finishedAt),
    exit_code: facts.status === 'running' || facts.status === 'paused' ? null : facts.exitCode,
    oom_killed: facts.oomKilled || verdict.reason === 'oom_killed',
    restart_count: facts.restartCount,
    restart_policy: facts.restartPolicy === '' ? 'no' : facts.restartPolicy,
    project: facts.labels[composeProjectLabel] ?? null,
    health_log: verdict.reason === 'health_check_failed' && facts.healthLog !== null ? cut(facts.healthLog, 300) : null,
    since: isSame ? before.since : new Date(beganAtMs(verdict, facts, now)).toISOString(),
  };
}

/** The same service while the engine does not answer: what was last known stays readable, the status does not. */
export function unknownBody(said: ServiceBody, now: number): ServiceBody {
  if (said.status === 'unknown') return said;
  return {
    ...said,
    status: 'unknown',
    reason: 'engine_unreachable',
    summary: cut(`unknown: ${reasonWords.engine_unreachable}; it was ${said.status} before`, 400),
    since: new Date(now).toISOString(),
  };
}

export interface EngineView {
  readonly state: Exclude<EngineState, 'none'>;
  readonly detail: string | null;
}

export function nodeBody(at: {
  readonly node: string;
  readonly engine: EngineView;
  readonly services: readonly string[];
  readonly metrics: HostMetrics | null;
  readonly reclaimableBytes: number | null;
}): NodeBody {
  const { node, engine, services, metrics } = at;
  const isUp = engine.state === 'up';
  const percent = (value: number | null | undefined): number | null => (value == null ? null : Math.round(value * 10) / 10);
  return {
    status: isUp ? 'online' : 'degraded',
    summary: isUp
      ? `online, ${services.length} services`
      : cut(`degraded: the container engine is ${engine.state}${engine.detail === null ? '' : ` (${engine.detail})`}`, 400),
    node,
    engine: engine.state,
    engine_detail: engine.detail === null ? null : cut(engine.detail, 300),
    heartbeat_ms: heartbeatIntervalMs,
    ...(metrics === null ? {} : { uptime_s: Math.floor(metrics.uptimeS) }),
    cpu_pct: percent(metrics?.cpuPct),
    memory_pct: percent(metrics?.memoryPct),
    memory_bytes: metrics?.memoryBytes ?? null,
    disk_pct: percent(metrics?.diskPct),
    disk_free_bytes: metrics?.diskFreeBytes ?? null,
    reclaimable_bytes: at.reclaimableBytes,
    services_count: services.length,
    services_digest: servicesDigest(services),
  };
}

const draft = (type: KnownEventType, rest: Omit<EventDraft, 'type' | 'severity'>): EventDraft => ({ type, severity: eventTypes[type].severity, ...rest });

/** The same for every event about one life of one container, so that what follows from it can be told to belong together. */
function correlationId(body: ServiceBody): string {
  const at = body.status === 'down' || body.status === 'stopped' ? (body.finished_at ?? body.started_at) : body.started_at;
  return cut(`${body.node}-${body.service}-${Math.floor(Date.parse(at ?? body.since) / 1000)}`, 128);
}

/** The event of a service whose standing changed. */
export function standingEvent(body: ServiceBody, standing: Standing): EventDraft {
  const { reason, exit_code, oom_killed, restart_count, container, container_id, started_at, finished_at } = body;
  const types: Record<Standing, KnownEventType> = {
    good: 'service_healthy',
    down: 'containers_not_running',
    unhealthy: reason === 'health_check_failed' ? 'healthcheck_failed' : 'service_unhealthy',
    stopped: 'service_stopped',
  };
  return draft(types[standing], {
    service: body.service,
    correlation_id: correlationId(body),
    message: `${body.service} on ${body.node} is ${body.summary}`,
    payload: {
      ...{ reason, exit_code, oom_killed, restart_count, container, container_id, started_at, finished_at },
      ...(body.health_log === null ? {} : { health_log: body.health_log }),
    },
  });
}

export const removedEvent = (body: ServiceBody): EventDraft =>
  draft('service_removed', {
    service: body.service,
    correlation_id: correlationId(body),
    message: `${body.service} on ${body.node}: no container of this name is left`,
    payload: { container: body.container, container_id: body.container_id },
  });

export const engineLostEvent = (node: string, trouble: EngineTrouble): EventDraft =>
  draft('engine_unreachable', {
    service: null,
    message: cut(`the container engine of ${node} ${trouble.code === 'timeout' ? 'hangs' : 'does not answer'}: ${trouble.detail}`, 2000),
    payload: { code: trouble.code, detail: cut(trouble.detail, 300) },
  });

export const engineBackEvent = (node: string, lostForMs: number | null): EventDraft =>
  draft('engine_recovered', {
    service: null,
    message: `the container engine of ${node} answers`,
    payload: lostForMs === null ? {} : { lost_for_s: Math.round(lostForMs / 1000) },
  });
