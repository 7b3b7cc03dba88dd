/**
 * When one trouble is the consequence of another. Level-triggered, like all of judge.ts.
 *
 * A trouble that outlives its grace while something explains it is marked with its cause and opens no incident; an incident
 * that is open already is marked when what explains it is an incident too. The mark goes when nothing explains it any more for
 * as long as its grace: until then it may recover with its cause.
 */
import { type Explanation, explanationOf } from './causes.ts';
import type { Docket } from './docket.ts';
import { recoveryOf } from './grace.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { activeIncidents, badEntry, type Cause, type Entry, entryAt, isIncident, openKey } from './world.ts';

type Suppressible = Pick<Entry, 'service' | 'kind' | 'severity' | 'trigger_type' | 'message' | 'correlation_id'> & {
  readonly cause?: Cause | null;
  /** Where health documents say it, and no event. */
  readonly since_ms?: number;
};

const isSame = (a: Cause, b: Explanation): boolean => a.node === b.node && a.service === b.service && a.kind === b.kind;

/** Says whose consequence it is, once. */
export function suppress(state: ObserverState, docket: Docket, entry: Suppressible, { node, service, kind }: Explanation): void {
  const known = entry.cause ?? null;
  if (known !== null && isSame(known, { node, service, kind, isSettled: true })) return;
  const world = state.nodes.get(node)?.world;
  const cause = world === undefined ? undefined : badEntry(world, service, kind);
  const id = cause === undefined ? null : isIncident(cause) ? (cause.cause?.id ?? cause.id) : (cause.cause?.id ?? null);
  const subject = service === null ? node : `${service} on ${node}`;
  docket.add('incident_suppressed', entry.message === '' ? `because of ${subject}: ${kind}` : entry.message, {
    service: entry.service,
    correlation_id: entry.correlation_id,
    payload: {
      ...{ kind: entry.kind, trigger_type: entry.trigger_type, severity: entry.severity, since_ms: entry.since_ms },
      cause: { node, service, kind, id } satisfies Cause,
      ...('started_at' in entry ? { known: true } : {}),
    },
  });
}

interface Look {
  readonly isSuppressed: boolean;
  readonly now: number;
}

/** Since when nothing explains it any more; null: nothing has. After a restart, what is marked has its grace anew. */
export function unexplainedSince(node: NodeLive, key: string, { isSuppressed, now }: Look): number | null {
  const known = node.unexplainedSinceMs.get(key);
  if (known === undefined && !isSuppressed) return null;
  const sinceMs = known ?? now;
  node.unexplainedSinceMs.set(key, sinceMs);
  return sinceMs;
}

export function judgeSuppressed(state: ObserverState, node: NodeLive, docket: Docket): void {
  for (const incident of activeIncidents(node.world)) {
    const { service, kind, cause } = incident;
    const key = openKey(service, kind);
    const explanation = explanationOf(state, node, incident, docket);
    if (explanation !== null) {
      node.unexplainedSinceMs.set(key, null);
      // What may pass within its grace does not take an open incident away.
      if (explanation.isSettled) suppress(state, docket, incident, explanation);
      continue;
    }
    if (cause === null) continue;
    const sinceMs = unexplainedSince(node, key, { isSuppressed: true, now: docket.now }) ?? docket.now;
    if (!docket.isDue(sinceMs + recoveryOf(state, node, incident))) continue;
    docket.add('incident_unsuppressed', incident.message, { service, correlation_id: incident.correlation_id, payload: { kind } });
  }
  forgetEnded(node);
}

function forgetEnded(node: NodeLive): void {
  for (const key of node.unexplainedSinceMs.keys()) if (entryAt(node.world, key) === undefined && !isUntold(node, key)) node.unexplainedSinceMs.delete(key);
}

/** In trouble by its health documents alone: it has no entry yet. */
const isUntold = (node: NodeLive, key: string): boolean => {
  const service = key.slice(0, key.lastIndexOf('|'));
  const status = node.services.get(service)?.doc.status;
  return status === 'down' || status === 'unhealthy' || status === 'stopped';
};
