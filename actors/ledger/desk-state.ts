/**
 * What the desk knows, hears and wants done: the types of the ledger's reducer.
 *
 * `LedgerState` is owned and mutated by the reducer (copying the maps for each request would be the most it does);
 * the records in it are never mutated, so a command may carry one.
 */
import type { Action, ActionState, MaintenanceWindow, Reply } from '../../contracts/action.ts';
import { verifyWindowMs } from '../../contracts/defaults.ts';
import type { AccessList, DesiredNode } from '../../contracts/desired.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { LinkStatus, RelayedRequest, Verdict } from '../../contracts/link.ts';
import { type NodeAliases, nodeAliases } from '../../contracts/node-alias.ts';
import type { ActionRecord } from './record.ts';
import type { GivenVerdict, Relay } from './relay-record.ts';

export interface ActionEntry {
  readonly kind: 'action';
  /** ISO 8601. */
  readonly at: string;
  /** What happened: a change code of the machine. */
  readonly what: string;
  readonly action: ActionRecord;
  /** Of the request from the hub that did it: in one line with what it did, so that no crash parts them. */
  readonly verdict?: Verdict | undefined;
}
export interface MaintenanceEntry {
  readonly kind: 'maintenance';
  readonly at: string;
  readonly what: 'begun' | 'ended' | 'expired';
  readonly node: string;
  /** All windows of the node that are in force after this. */
  readonly windows: readonly MaintenanceWindow[];
  readonly verdict?: Verdict | undefined;
}
/** A request for another site; with anything but `forwarded` it is over. */
export interface RelayEntry {
  readonly kind: 'relay';
  readonly at: string;
  readonly what: 'forwarded' | 'answered' | 'too_old';
  readonly relay: Relay;
  /** What the requester was told. */
  readonly answer: string;
}
/** The verdict on a request from the hub that changed nothing. */
export interface VerdictEntry {
  readonly kind: 'verdict';
  readonly at: string;
  readonly what: 'judged';
  readonly verdict: Verdict;
}
export type LedgerEntry = ActionEntry | MaintenanceEntry | RelayEntry | VerdictEntry;

/** What the journal says: the last word on each id and node, what waits for a verdict, and the verdicts given, by relay_id. */
export interface Remembered {
  readonly actions: ReadonlyMap<string, ActionRecord>;
  readonly maintenance: ReadonlyMap<string, readonly MaintenanceWindow[]>;
  readonly relays: ReadonlyMap<string, Relay>;
  readonly verdicts: ReadonlyMap<string, GivenVerdict>;
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
  /** When it came, whoever had no login might ask. */
  readonly anonymousAllowed: boolean;
  readonly now: number;
}
/** `links/<site>`: of the site itself, or (at the hub) of those below it. */
export interface LinkHeard {
  readonly type: 'link';
  readonly site: string;
  readonly doc: LinkStatus | null;
  /** The broker says it, because the bridge is not there to say it. */
  readonly will: boolean;
  /** A stored copy: said before now. */
  readonly retained: boolean;
  readonly now: number;
}
/** `world/sites/<our own>`: since when the observer here sees the links of other sites down, by our clock; null: they are not. */
export interface LinksSeen {
  readonly type: 'linksSeen';
  readonly links: readonly { readonly site: string; readonly downSinceMs: number | null }[];
  readonly now: number;
}
export type LedgerEvent =
  | RequestEvent
  | { readonly type: 'desired'; readonly node: string; readonly doc: DesiredNode | null; readonly now: number }
  /** An action's document, our own as the broker holds it, or one that the bridge of another site has put there. */
  | { readonly type: 'published'; readonly topic: string; readonly doc: Action | null; readonly now: number }
  | LinkHeard
  | LinksSeen
  | { readonly type: 'relayed'; readonly relayed: RelayedRequest; readonly now: number }
  | { readonly type: 'verdict'; readonly site: string; readonly verdict: Verdict; readonly now: number }
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
  | { readonly type: 'relay'; readonly site: string; readonly relayed: RelayedRequest }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'emit'; readonly draft: EventDraft }
  | { readonly type: 'clear'; readonly topic: string };

/** As much of another site's action as a request for it must name. */
export type ForeignAction = Pick<Action, 'id' | 'type' | 'risk' | 'site' | 'node' | 'service' | 'attempt' | 'digest'> & { readonly state: ActionState };

export interface LinkSeen {
  readonly status: LinkStatus['status'];
  /** Epoch milliseconds since when it is so; null: not known. */
  readonly sinceMs: number | null;
  /** How far the clock of the site upstream is ahead; null: not measured. */
  readonly offsetMs: number | null;
}

export interface LedgerState {
  readonly site: string;
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
  /** Actions of other sites, by topic. */
  readonly foreign: Map<string, ForeignAction>;
  /** By site. */
  readonly links: Map<string, LinkSeen>;
  /** By site, as the observer has it; for what a will that fired before this life does not say. */
  readonly downSinceMs: Map<string, number>;
  /** Requests for other sites that wait for a verdict, by relay_id; oldest first. */
  readonly relays: Map<string, Relay>;
  /** When each of them was last sent, epoch milliseconds; absent: not in this life, or not since its link came up. */
  readonly sentMs: Map<string, number>;
  /** Verdicts on requests from another site, by relay_id; oldest first. */
  readonly verdicts: Map<string, GivenVerdict>;
  readonly newRelayId: () => string;
}

/** The desk as it opens: what the journal says, and nothing yet of what should be. */
export function openDesk(
  options: {
    readonly site: string;
    readonly verifyWindowMs?: number;
    readonly aliasMap?: Readonly<Record<string, string>>;
    /** A UUID that nobody else gives. */
    readonly newRelayId: () => string;
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
    foreign: new Map(),
    links: new Map(),
    downSinceMs: new Map(),
    relays: new Map(remembered.relays),
    sentMs: new Map(),
    verdicts: new Map(remembered.verdicts),
  };
}
