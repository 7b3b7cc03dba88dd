/** One event on its way into the world of its node: when it happened, when it was received, what it touches. Pure. */
import type { IncidentKind } from '../../contracts/incident.ts';
import { isoMs } from './iso-time.ts';
import { derivedSource, type StoredEvent } from './stored-event.ts';

/** What changed, for the documents: `all`, `node`, `service/<name>`, `incident/<id>`, `deployment/<id>`. */
export type Touched = Set<string>;

/** An event whose content cannot be applied; the stream goes on without it. */
export class BadEventError extends Error {
  override readonly name = 'BadEventError';
}

export interface Moment {
  readonly event: StoredEvent;
  /** Observer's clock. */
  readonly atMs: number;
  /** When it happened, never later than it was received: a clock that runs ahead may not outlaw what follows. */
  readonly happenedMs: number;
  readonly happened: string;
  /** `happenedMs`, or 0 for what the observer decided itself: two clocks are not compared. */
  readonly emitterMs: number;
  /** As its emitter said it, or 0 likewise: to tell which of two of its events is older, whatever the clock here was at. */
  readonly saidMs: number;
  readonly touched: Touched | null;
}

export function momentOf(event: StoredEvent, touched: Touched | null): Moment {
  const atMs = isoMs(event.stored_at);
  const said = isoMs(event.ts);
  if (Number.isNaN(atMs) || Number.isNaN(said)) throw new BadEventError(`ts ${event.ts}, stored_at ${event.stored_at}: not times`);
  const happenedMs = Math.min(said, atMs);
  const derived = event.source === derivedSource;
  return {
    event,
    atMs,
    happenedMs,
    happened: said <= atMs ? event.ts : event.stored_at,
    emitterMs: derived ? 0 : happenedMs,
    saidMs: derived ? 0 : said,
    touched,
  };
}

/** Incidents of these kinds decide what can be known of a whole node, so their coming and going changes every document of it. */
const blinding: ReadonlySet<IncidentKind> = new Set(['node_offline', 'engine']);

export function touchIncident({ touched }: Moment, incident: { readonly id: string; readonly kind: IncidentKind }): void {
  touched?.add(blinding.has(incident.kind) ? 'all' : `incident/${incident.id}`);
}

export function touchSubject({ touched }: Moment, service: string | null): void {
  touched?.add(service === null ? 'node' : `service/${service}`);
}
