/**
 * Which executions should start now, from the documents, the claims remembered and what is under way.
 *
 * Pure. Never looks at which event came in: a document seen twice, or late, changes nothing.
 */
import type { ClaimRecord, ClaimRecords } from './claims.ts';
import type { Phase } from './protocol.ts';
import type { ActionView } from './view.ts';

/** Executions that claim or work at once; the rest wait. Four: a small node restarts containers one after the other anyway, and a wave of approvals must not stop it. */
export const executionsMax = 4;

export interface Active {
  readonly attempt: number;
  /** What it may touch: its service and the dependents named with it; empty = the node itself. */
  readonly services: readonly string[];
  readonly phase: Phase;
}

export interface Situation {
  readonly documents: Readonly<Record<string, ActionView>>;
  readonly records: ClaimRecords;
  /** By action id: one execution for each. */
  readonly active: Readonly<Record<string, Active>>;
}

export interface Start {
  readonly action: ActionView;
  readonly record: ClaimRecord | null;
}

/** In the order in which they should start: what was begun in an earlier life first, because its lease is running. */
export function startsNow({ documents, records, active }: Situation): readonly Start[] {
  const busy = new Set(Object.values(active).flatMap(({ services }) => keysOf(services)));
  // One that only repeats its report takes nothing from the engine, and may have to do so for as long as the ledger is away.
  let free = executionsMax - Object.values(active).filter(({ phase }) => phase !== 'reporting').length;
  const starts: Start[] = [];
  for (const start of wanted(documents, records)) {
    const { id } = start.action;
    const keys = keysOf(servicesOf(start.action));
    if (free <= 0) break;
    if (active[id] !== undefined || keys.some((key) => busy.has(key))) continue;
    starts.push(start);
    for (const key of keys) busy.add(key);
    free -= 1;
  }
  return starts;
}

function wanted(documents: Situation['documents'], records: ClaimRecords): readonly Start[] {
  const resumed: Start[] = [];
  const fresh: Start[] = [];
  for (const action of Object.values(documents)) {
    const record = records[action.id] ?? null;
    if (record !== null && !record.settled) {
      // A document of an earlier attempt than the claim's is stale: a newer one will come.
      if (record.attempt <= action.attempt) resumed.push({ action, record });
    } else if (action.status === 'approved' && (record === null || record.attempt < action.attempt)) {
      fresh.push({ action, record: null });
    }
    // Running without a claim of ours: a grant to a nonce nobody here knows is never executed.
  }
  return [...resumed, ...fresh];
}

/** Actions on the node itself exclude each other like those on one service. No service can have this name: it is not a topic level. */
const keysOf = (services: readonly string[]): readonly string[] => (services.length === 0 ? ['/'] : services);

/** All or none: two actions that share a service never run beside each other. */
export const servicesOf = ({ service, dependents }: ActionView): readonly string[] => (service === null ? [] : [service, ...dependents]);
