/** What a check is: what it looks at, how patient it is, and the pair of events it speaks with. A pure function of what was seen. */
import type { KnownEventType } from '../../contracts/event-types.table.ts';
import type { Patience, Sight } from './alarm.ts';
import type { Seen } from './seen.ts';

/** Where news for a check come from; it looks again whenever there are some. `bus`: documents, at each round. */
export type Source = 'host' | 'tailnet' | 'own_broker' | 'upstream' | 'bus';

/** One thing a check looks at, such as one disk. */
export interface Sighting {
  /** Tells the things of one check apart; empty where there is only one. */
  readonly subject: string;
  /** The service that its events are about; null: the node. */
  readonly service: string | null;
  readonly sight: Sight;
  /** How it is now, for a person. */
  readonly message: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Where it has another patience than its check. */
  readonly raiseAfterMs?: number;
}

/** Nothing in the list: there is nothing of the kind on this node. `unknown`: it cannot be looked at now. */
export type Look = readonly Sighting[] | 'unknown';

export interface Check extends Patience {
  readonly name: string;
  readonly source: Source;
  readonly raised: KnownEventType;
  /** Checks that share it speak of one incident: it is said when the last of their alarms is over. */
  readonly cleared: KnownEventType;
  look(seen: Seen): Look;
  /** May trouble be told while it lasts? Where not, it is told when it is over, as history. Absent: always. */
  isTellable?(seen: Seen): boolean;
}

/** A sighting of the only thing that a check looks at. */
export const one = (sight: Sight, message: string, payload: Readonly<Record<string, unknown>> = {}): readonly Sighting[] => [
  { subject: '', service: null, sight, message, payload },
];
