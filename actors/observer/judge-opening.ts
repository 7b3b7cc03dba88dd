/** A trouble becomes an incident: a new one, or that which ended so short a time before that it is the same one. Level-triggered, like all of judge.ts. */
import { relatedTo } from './causes.ts';
import type { Docket } from './docket.ts';
import { returningIncident } from './incidents.ts';
import type { NodeLive, ObserverState } from './state.ts';
import type { Trouble } from './world.ts';

type Opening = Pick<Trouble, 'service' | 'kind' | 'severity' | 'trigger_type' | 'message' | 'correlation_id'> & {
  /** null: health documents say it, no event does. */
  readonly trigger_event_id: string | null;
  /** By the clock of who told. */
  readonly happenedMs: number;
  /** Observer's clock. */
  readonly sinceMs: number;
};

/** Which incident it is stands in the event, so that a replay need not decide again. */
export function openOrReopen(state: ObserverState, node: NodeLive, docket: Docket, opening: Opening): void {
  const { service, kind, severity, trigger_type, trigger_event_id, correlation_id, message, happenedMs, sinceMs } = opening;
  const returning = returningIncident(node.world, opening, { happenedMs, sinceMs, withinMs: state.options.returnsWithinMs });
  const related = relatedTo(state, node, service);
  const payload = {
    ...{ kind, trigger_type, trigger_event_id, severity },
    ...(trigger_event_id === null ? { since_ms: sinceMs } : {}),
    ...(related === null ? {} : { related }),
  };
  if (returning === null) docket.add('incident_opened', message, { service, correlation_id, payload });
  else docket.add('incident_reopened', message, { service, correlation_id, payload: { ...payload, id: returning.id } });
}
