/** What ha-discovery knows, what moves it, and what it wants done. Its maps are changed in place. */
import type { Delivery } from '../../bus/actor.ts';
import type { Action } from '../../contracts/action.ts';
import type { HomeAssistantDevice, HomeAssistantTap, Inbox } from '../../contracts/home-assistant.ts';
import type { Maker } from './device.ts';
import type { Announced } from './memory.ts';

export interface DiscoveryOptions {
  readonly node: string;
  readonly site: string;
  readonly maker: Maker;
}

export type DiscoveryEvent =
  /** `luck`: 0 to 1, for what must not happen everywhere at once. */
  { readonly type: 'delivery'; readonly delivery: Delivery; readonly luck: number; readonly now: number } | { readonly type: 'wake'; readonly now: number };

export type InboxBody = Omit<Inbox, 'ts' | 'session' | 'rev' | 'simulated'>;

export type DiscoveryCommand =
  /** Before anything is announced: a device that nobody remembers can never be taken away. */
  | { readonly type: 'remember'; readonly announced: readonly Announced[] }
  | { readonly type: 'announce'; readonly id: string; readonly payload: HomeAssistantDevice }
  | { readonly type: 'take_away'; readonly id: string }
  | { readonly type: 'inbox'; readonly body: InboxBody }
  /** It names nobody, or nothing that waits. */
  | { readonly type: 'tap_ignored'; readonly tap: HomeAssistantTap }
  /** A person deleted the device in Home Assistant. */
  | { readonly type: 'declined'; readonly id: string };

/** Somebody wants to approve what one tap may not. */
export interface FirstPress {
  readonly id: string;
  readonly attempt: number;
  readonly digest: string;
  readonly by: string;
  /** By the clock of Home Assistant, in seconds: its template compares. */
  readonly at: number;
  readonly untilMs: number;
}

/** Something, by its key (inbox.ts), and since when it is that. */
export interface Since {
  readonly key: string;
  readonly sinceMs: number;
}

export interface KnownNode {
  readonly site: string;
  readonly isMonitored: boolean;
}

export interface KnownService {
  readonly node: string;
  readonly service: string;
  readonly site: string;
}

export interface DiscoveryState {
  readonly options: DiscoveryOptions;
  readonly sites: Set<string>;
  readonly links: Set<string>;
  readonly nodes: Map<string, KnownNode>;
  /** By topic. */
  readonly services: Map<string, KnownService>;
  /** Node → where it stands. */
  readonly areas: Map<string, string>;
  /** Nodes where one was heard. */
  readonly ledgers: Set<string>;
  readonly bridges: Set<string>;
  /** Node → what its observer lists as its own: nodes, services, its site. */
  readonly manifests: Map<string, ReadonlySet<string>>;
  /** Actions that wait for a yes, by topic. */
  readonly pending: Map<string, Action>;
  /** What the broker holds of ours, by id, as text. */
  readonly there: Map<string, string>;
  readonly announced: Map<string, Announced>;
  /** Ids of what was seen to end in this life. */
  readonly ended: Set<string>;
  /** Ids that a person deleted in Home Assistant: not announced again until the next start. */
  readonly declined: Set<string>;
  /** Id → when to see whether it stayed away. */
  readonly leaving: Map<string, number>;
  /** Id → our own empty messages that have not come back yet: those are no person's. */
  readonly ownEchoes: Map<string, number>;
  readonly isConnected: boolean;
  /** The only action that waits; null: none or several do. */
  readonly only: Since | null;
  /** The inbox says so: it has been that one for long enough. */
  readonly isOffered: boolean;
  /** The oldest action that waits, and whether it has been that one for long enough. */
  readonly oldest: Since | null;
  readonly isAsked: boolean;
  readonly pressed: FirstPress | null;
  /** Inbox as last said, as JSON. */
  readonly saidInbox: string | null;
  /** When to compare what is announced with what is; null: nothing has changed. */
  readonly settleAtMs: number | null;
  /** When to answer the birth of Home Assistant. */
  readonly answerAtMs: number | null;
}

export const initialState = (options: DiscoveryOptions, announced: readonly Announced[]): DiscoveryState => ({
  options,
  sites: new Set(),
  links: new Set(),
  nodes: new Map(),
  services: new Map(),
  areas: new Map(),
  ledgers: new Set(),
  bridges: new Set(),
  manifests: new Map(),
  pending: new Map(),
  there: new Map(),
  announced: new Map(announced.map((each) => [each.id, each])),
  ended: new Set(),
  declined: new Set(),
  leaving: new Map(),
  ownEchoes: new Map(),
  isConnected: false,
  only: null,
  isOffered: false,
  oldest: null,
  isAsked: false,
  pressed: null,
  saidInbox: null,
  settleAtMs: null,
  answerAtMs: null,
});
