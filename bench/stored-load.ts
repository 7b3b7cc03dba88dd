/** Lines of the event store as the observer writes them: an eventful day of one node with 50 services. Pure. */
import { derivedSource } from '../actors/observer/stored-event.ts';
import { laneOf } from '../contracts/event.ts';
import { eventTypes } from '../contracts/event-types.table.ts';
import { uuidOf } from './load.ts';

export interface StoredLoad {
  readonly node: string;
  readonly date: string;
  /** Number of its first event, counted over all days. */
  readonly from: number;
  readonly count: number;
}

type KnownType = keyof typeof eventTypes;
const servicesCount = 50;
/** Two troubles and their ends, pressure of the machine, and every hundredth event a deployment. */
const cycle: readonly KnownType[] = [
  'service_unhealthy',
  'service_healthy',
  'high_cpu',
  'high_memory',
  'disk_usage_high',
  'containers_not_running',
  'service_healthy',
  'disk_usage_normal',
  'high_cpu',
  'high_memory',
];
/** Every hundredth event opens an incident for the trouble before it, as the observer itself decides. */
const incidentEvery = 100;

export function storedLines({ node, date, from, count }: StoredLoad): readonly string[] {
  const startMs = Date.parse(`${date}T00:00:00.000Z`);
  const stepMs = 86_400_000 / count;
  const rows = new Map<string, number>([
    ['load/urgent', from],
    ['load/info', from],
    [`${derivedSource}/urgent`, from],
  ]);
  const lines: string[] = [];
  let troubleId = '';
  for (let at = 0; at < count; at += 1) {
    const opens = at % incidentEvery === 1;
    const type = opens ? 'incident_opened' : typeOf(at);
    const { severity } = eventTypes[type];
    const source = opens ? derivedSource : 'load';
    const lane = laneOf(severity);
    const seq = (rows.get(`${source}/${lane}`) ?? from) + 1;
    rows.set(`${source}/${lane}`, seq);
    const ms = Math.floor(startMs + at * stepMs);
    const ts = new Date(ms).toISOString();
    // The way to the observer took a moment.
    const stored_at = new Date(ms + 3).toISOString();
    const id = uuidOf(ms, from % 4096, at);
    const isOfService = opens || type.startsWith('service') || type.startsWith('containers') || type.startsWith('deployment');
    // An incident belongs to the trouble of the event just before it.
    const service = isOfService ? `service-${Math.floor((opens ? at - 1 : at) / 5) % servicesCount}` : null;
    const payload = opens
      ? { kind: 'unhealthy', trigger_type: 'service_unhealthy', trigger_event_id: troubleId, severity: 'error' }
      : { exit_code: at % 3, value: at };
    const correlation_id = type.startsWith('deployment') ? `deployment-${Math.floor((from + at) / 200)}` : null;
    const message = `${type} of ${service ?? node}, number ${from + at}`;
    lines.push(`${JSON.stringify({ id, ts, node, source, lane, seq, type, severity, service, correlation_id, message, payload, stored_at })}\n`);
    troubleId = id;
  }
  return lines;
}

function typeOf(at: number): KnownType {
  if (at % 100 === 99) return at % 200 === 99 ? 'deployment_started' : 'deployment_completed';
  return cycle[at % cycle.length] as KnownType;
}
