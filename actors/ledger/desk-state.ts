/**
 * What the desk knows, hears and wants done: the types of the ledger's reducer.
 *
 * `LedgerState` is owned and mutated by the reducer (copying the maps for each request would be the most it does);
 * the records in it are never mutated, so a command may carry one.
 */
import type { Action, MaintenanceWindow, Reply } from '../../contracts/action.ts';
import { verifyWindowMs } from '../../contracts/defaults.ts';
import type { AccessList, DesiredNode } from '../../contracts/desired.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { type NodeAliases, nodeAliases } from '../../contracts/node-alias.ts';
import type { ActionRecord } from './record.ts';

export interface ActionEntry {
  readonly kind: 'action';
  /** ISO 8601. */
  readonly at: string;
  /** What happened: a change code of the machine. */
  readonly what: string;
  readonly action: ActionRecord;
}
export interface MaintenanceEntry {
  readonly kind: 'maintenance';
  readonly at: string;
  readonly what: 'begun' | 'ended' | 'expired';
  readonly node: string;
  /** All windows of the node that are in force after this. */
  readonly windows: readonly MaintenanceWindow[];
}
export type LedgerEntry = ActionEntry | MaintenanceEntry;

/** What the journal says: the last word on each id and node. */
export interface Remembered {
  readonly actions: ReadonlyMap<string, ActionRecord>;
  readonly maintenance: ReadonlyMap<string, readonly MaintenanceWindow[]>;
}

/** A request, as it came. `state` is null for a maintenance request. */
export interface RequestEvent {
  readonly type: 'request';
  readonly state: string | null;
  /** The broker login, or `anonymous`. */
  readonly requester: string;
  readonly topic: string;
  readonly text: string;
  /** A stored copy: somebody published it with the retain flag, at an unknown time. */
  readonly retained: boolean;
  readonly now: number;
}
export type LedgerEvent =
  | RequestEvent
  | { readonly type: 'desired'; readonly node: string; readonly doc: DesiredNode | null; readonly now: number }
  /** One of our own documents, as the broker holds it. */
  | { readonly type: 'published'; readonly doc: Pick<Action, 'id' | 'site' | 'attempt'>; readonly now: number }
  | { readonly type: 'synced'; readonly now: number }
  | { readonly type: 'disconnected'; readonly now: number }
  | { readonly type: 'wake'; readonly now: number };

export type LedgerCommand =
  | { readonly type: 'record'; readonly entry: LedgerEntry }
  /** `always`: publish it although nothing changed, because somebody has not seen it. */
  | { readonly type: 'publish'; readonly record: ActionRecord; readonly always: boolean }
  | { readonly type: 'withdraw'; readonly node: string; readonly id: string }
  | { readonly type: 'publishMaintenance'; readonly node: string; readonly windows: readonly MaintenanceWindow[] }
  | { readonly type: 'documentsComplete' }
  | { readonly type: 'reply'; readonly requester: string; readonly reply: Reply }
  | { readonly type: 'emit'; readonly draft: EventDraft }
  | { readonly type: 'clear'; readonly topic: string };

export interface LedgerState {
  readonly site: string;
  readonly anonymousAllowed: boolean;
  /** For services whose desired document states none. */
  readonly verifyWindowMs: number;
  /** Everything retained has been read on this connection; until then requests are held. */
  synced: boolean;
  readonly held: RequestEvent[];
  /** By id; closed ones until they leave the bus. */
  readonly actions: Map<string, ActionRecord>;
  /** Lives of each id so far, also of those that left the bus. */
  readonly attempts: Map<string, number>;
  readonly maintenance: Map<string, readonly MaintenanceWindow[]>;
  readonly desired: Map<string, DesiredNode>;
  /** Recurring windows of `desired` that are open, by node; not in the journal, because they follow from it and the time. */
  readonly recurring: Map<string, readonly MaintenanceWindow[]>;
  /** When one of them opens or closes next, epoch milliseconds; null: there are none. */
  recurringChangesMs: number | null;
  /** Foreign node name → node. Follows `desired`. */
  aliases: NodeAliases;
  readonly aliasMap: Readonly<Record<string, string>>;
  /** Of the site; null = there is none. Follows `desired`. */
  access: AccessList | null;
  /** When a refusal was last told as an event, by requester and code. */
  readonly refusalsTold: Map<string, number>;
}

/** The desk as it opens: what the journal says, and nothing yet of what should be. */
export function openDesk(
  options: {
    readonly site: string;
    readonly anonymousAllowed: boolean;
    readonly verifyWindowMs?: number;
    readonly aliasMap?: Readonly<Record<string, string>>;
  },
  remembered: Remembered,
): LedgerState {
  return {
    verifyWindowMs,
    aliasMap: {},
    ...options,
    aliases: nodeAliases(options.aliasMap ?? {}, []),
    synced: false,
    held: [],
    actions: new Map(remembered.actions),
    attempts: new Map([...remembered.actions].map(([id, record]) => [id, record.attempt])),
    maintenance: new Map([...remembered.maintenance].filter(([, windows]) => windows.length > 0)),
    desired: new Map(),
    recurring: new Map(),
    recurringChangesMs: null,
    access: null,
    refusalsTold: new Map(),
  };
}
