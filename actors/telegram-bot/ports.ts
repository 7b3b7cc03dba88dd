/**
 * What the telegram-bot needs of the world: Telegram itself, and somebody who can explain a decision. Calls never reject: what Telegram
 * refuses, or that it is not reached, is an answer too. Nothing in an answer ever holds the token.
 */
import type { DocumentHead } from '../../contracts/common.ts';
import type { TopicName } from '../../contracts/topics.ts';

export interface Button {
  readonly label: string;
  /** At most 64 bytes; comes back when it is tapped. */
  readonly data: string;
}

/** Plain text, at most 4096 characters; rows of buttons below it. */
export interface Message {
  readonly text: string;
  readonly buttons: readonly (readonly Button[])[];
}

/** What became of a call. */
export type CallResult =
  | { readonly is: 'done'; readonly messageId: number }
  /** Edits: the message reads so already. */
  | { readonly is: 'unchanged' }
  /** Edits: there is no such message, or none of ours. */
  | { readonly is: 'lost'; readonly detail: string }
  /** 429: nothing was done, and nothing may be asked for so long. */
  | { readonly is: 'flood'; readonly retryAfterMs: number }
  /** Telegram understood it and will not: the chat is gone, the bot was blocked, the message is not valid. */
  | { readonly is: 'refused'; readonly detail: string }
  | Trouble;

export type Trouble =
  /** `isUnsent`: it certainly never arrived; otherwise nobody knows. */
  | { readonly is: 'unreachable'; readonly detail: string; readonly isUnsent: boolean }
  | { readonly is: 'bad_token'; readonly detail: string }
  /** Another program polls with the same token. */
  | { readonly is: 'conflict'; readonly detail: string };

export interface TelegramUser {
  readonly id: number;
  /** As they call themselves; anything. */
  readonly name: string;
}

export type Update =
  | {
      readonly kind: 'tap';
      readonly queryId: string;
      /** null: of a message that Telegram does not show any more. */
      readonly chat: number | null;
      readonly messageId: number | null;
      readonly from: TelegramUser;
      readonly data: string;
    }
  | {
      readonly kind: 'text';
      readonly chat: number;
      readonly messageId: number;
      /** null: a channel, or somebody who hides. */
      readonly from: TelegramUser | null;
      readonly text: string;
      /** By Telegram's clock, epoch milliseconds. */
      readonly sentAtMs: number;
    };

export type PollResult =
  | { readonly is: 'updates'; readonly updates: readonly Update[]; readonly nextOffset: number }
  | { readonly is: 'flood'; readonly retryAfterMs: number }
  | Trouble;

export interface TelegramPort {
  readonly send: (chat: number, message: Message, options: { readonly isSilent: boolean }) => Promise<CallResult>;
  readonly edit: (chat: number, messageId: number, message: Message) => Promise<CallResult>;
  /** The small window at a button that was tapped. Whether it was seen nobody can know. */
  readonly answer: (queryId: string, text: string, options: { readonly isAlert: boolean }) => Promise<void>;
  /** Waits up to `waitS` seconds for something newer than `offset`. */
  readonly poll: (offset: number, waitS: number, signal: AbortSignal) => Promise<PollResult>;
}

/** By row of the topic table, then by topic without the root. */
export type Documents = ReadonlyMap<TopicName, ReadonlyMap<string, DocumentHead>>;

/** Why something is proposed, or nothing, in lines for a person; what is wrong with the question where it makes no sense. */
export type Explain = (documents: Documents, about: { readonly node: string; readonly service: string | undefined }, nowMs: number) => readonly string[];
