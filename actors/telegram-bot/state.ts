/**
 * What the telegram-bot knows: the documents it read, the messages that should be in the chats (threads), what of them is there
 * (copies), and what is under way. Types and the empty state; nothing here decides anything.
 */
import type { Delivery } from '../../bus/actor.ts';
import type { DocumentHead } from '../../contracts/common.ts';
import type { TopicName } from '../../contracts/topics.ts';
import type { Asking } from './asking.ts';
import type { Copy, Entry, Mute, Remembered, Thread } from './memory.ts';
import type { CallResult, Message, PollResult } from './ports.ts';

export interface BotOptions {
  readonly site: string;
  /** Who may see and decide; the name of a chat is that of the person, where it is a private one. */
  readonly chats: ReadonlyMap<number, string | null>;
  /** Minutes since midnight; null: never quiet. */
  readonly quiet: { readonly from: number; readonly until: number } | null;
  /** IANA name. */
  readonly timeZone: string;
}

export type Call =
  | { readonly op: 'send'; readonly chat: number; readonly key: string; readonly message: Message; readonly isSilent: boolean; readonly stage: string }
  | { readonly op: 'edit'; readonly chat: number; readonly key: string; readonly messageId: number; readonly message: Message; readonly stage: string }
  /** Looks for a message whose sending was interrupted: an edit to what it would read already. */
  | { readonly op: 'probe'; readonly chat: number; readonly key: string; readonly messageId: number; readonly message: Message }
  /** The answer to a command. */
  | { readonly op: 'reply'; readonly chat: number; readonly key: null; readonly message: Message; readonly isSilent: true };

export interface PendingReply {
  readonly chat: number;
  readonly message: Message;
  readonly untilMs: number;
}

/** The second step of a yes to something guarded. */
export interface Confirming {
  readonly key: string;
  readonly chat: number;
  readonly userId: number;
  readonly untilMs: number;
}

/** A line under an action in the chats, for as long as it is in that state. */
export interface Note {
  readonly text: string;
  readonly attempt: number;
  readonly status: string;
}

export interface BotState {
  readonly options: BotOptions;
  /** By row of the topic table, then by topic. */
  readonly documents: Map<TopicName, Map<string, DocumentHead>>;
  readonly threads: Map<string, Thread>;
  /** By copyKey. */
  readonly copies: Map<string, Copy>;
  /** By chat and subject. */
  readonly mutes: Map<string, Mute>;
  /** Highest number of a message seen in a chat. */
  readonly lastIds: Map<number, number>;
  readonly notes: Map<string, Note>;
  readonly asking: Asking[];
  readonly replies: PendingReply[];
  confirming: Confirming[];
  /** Incidents that have just appeared, and since when: by id, epoch milliseconds. */
  readonly appeared: Map<string, number>;
  /** Chats that were turned away, so that each is logged once. */
  readonly strangers: Set<number>;
  /** Told of nowhere when it went for lack of room: it was over already. */
  leftOut: number;
  /** Keys of threads for which there is no room. */
  readonly turnedAway: Set<string>;
  /** Documents or questions changed since messages were made of them. */
  isDirty: boolean;
  /** When messages were made last. */
  refreshedMs: number;
  isSynced: boolean;
  isConnected: boolean;
  lastAskId: number;
  /** What Telegram said last when it did not do what it was asked; null: all is well. */
  trouble: { readonly is: string; readonly detail: string } | null;
  calling: Call | null;
  /** Nothing is asked of Telegram before. */
  blockedUntilMs: number;
  failuresInARow: number;
  /** Epoch milliseconds before which a chat gets nothing, so that Telegram does not mind. */
  readonly nextAtMs: Map<number, number>;
  /** Changes that are not on disk yet. */
  entries: Entry[];
  /** Of the newest event. */
  nowMs: number;
}

export type BotEvent =
  | { readonly type: 'delivery'; readonly delivery: Delivery; readonly now: number }
  | { readonly type: 'called'; readonly result: CallResult; readonly now: number }
  /** `isAged`: it may have waited at Telegram for any time, because nobody was listening. */
  | { readonly type: 'polled'; readonly result: PollResult; readonly isAged: boolean; readonly now: number }
  | { readonly type: 'unsent'; readonly askId: number; readonly now: number }
  | { readonly type: 'explained'; readonly chat: number; readonly lines: readonly string[]; readonly now: number }
  | { readonly type: 'wake'; readonly now: number };

export type BotCommand =
  /** On disk before anything that comes after it. */
  | { readonly type: 'record'; readonly entries: readonly Entry[] }
  | { readonly type: 'call'; readonly call: Call }
  | { readonly type: 'answer'; readonly queryId: string; readonly text: string; readonly isAlert: boolean }
  | { readonly type: 'ask'; readonly askId: number; readonly state: 'approved' | 'rejected'; readonly request: Asking['request'] }
  | { readonly type: 'explain'; readonly chat: number; readonly node: string; readonly service: string | undefined }
  | { readonly type: 'turned_away'; readonly chat: number };

export const copyKey = (chat: number, key: string): string => `${chat} ${key}`;

export function openBot(options: BotOptions, { threads, copies, mutes, lastIds }: Remembered): BotState {
  return {
    options,
    documents: new Map(),
    threads: new Map(threads),
    copies: new Map(copies),
    mutes: new Map(mutes),
    lastIds: new Map(lastIds),
    notes: new Map(),
    asking: [],
    replies: [],
    confirming: [],
    appeared: new Map(),
    strangers: new Set(),
    leftOut: 0,
    turnedAway: new Set(),
    isDirty: true,
    refreshedMs: 0,
    isSynced: false,
    isConnected: false,
    lastAskId: 0,
    trouble: null,
    calling: null,
    blockedUntilMs: 0,
    failuresInARow: 0,
    nextAtMs: new Map(),
    entries: [],
    nowMs: 0,
  };
}
