/**
 * What the telegram-bot remembers across a restart: which messages there should be, which are in which chat under which number,
 * what is muted. One JSON line for each change; the last line of a name is what holds.
 */
import { z } from 'zod';
import type { BotState } from './state.ts';

const Button = z.object({ label: z.string(), data: z.string() });
const MessageEntry = z.object({ text: z.string(), buttons: z.array(z.array(Button)) });

const Thread = z.object({
  key: z.string(),
  kind: z.enum(['action', 'incident', 'recovery', 'notice']),
  /** Id of the action or incident. */
  subject: z.string(),
  node: z.string(),
  service: z.string().nullable(),
  /** Of an action: the newest attempt that this message is about. */
  attempt: z.int(),
  bornMs: z.number(),
  /** null: it goes on. */
  endedMs: z.number().nullable(),
  /** What it is about, in a word; a change of it is shown at once, other changes now and then. */
  stage: z.string(),
  message: MessageEntry,
  /** The chats there were when it began: what has ended is no news to a chat that came later. */
  chats: z.array(z.number()),
});
export type Thread = z.infer<typeof Thread>;

const Copy = z.object({
  chat: z.number(),
  key: z.string(),
  messageId: z.number().nullable(),
  /** Digest of what it reads; null: not known. */
  looks: z.string().nullable(),
  stage: z.string(),
  /** When it was sent or edited last. */
  atMs: z.number(),
  /** It made a sound then; null: it made none. */
  soundedMs: z.number().nullable(),
  /** It was there while its subject went on: only then is the end news. */
  wasTold: z.boolean(),
  /** Deleted by a person, or refused: nothing more is done about it. */
  isLost: z.boolean(),
  /** It is being sent. With no number at a start it is not known whether it arrived; `afterId`: the newest message in the chat before it. */
  sending: z.object({ message: MessageEntry, afterId: z.number().nullable(), probed: z.number(), isSilent: z.boolean(), wasActive: z.boolean() }).nullable(),
});
export type Copy = z.infer<typeof Copy>;

const Mute = z.object({ chat: z.number(), subject: z.string(), untilMs: z.number() });
export type Mute = z.infer<typeof Mute>;

export const Entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('thread'), thread: Thread }),
  z.object({ kind: z.literal('copy'), copy: Copy }),
  /** The thread and all its copies. */
  z.object({ kind: z.literal('forgotten'), key: z.string() }),
  z.object({ kind: z.literal('mute'), mute: Mute }),
  z.object({ kind: z.literal('unmute'), chat: z.number(), subject: z.string() }),
  z.object({ kind: z.literal('last'), chat: z.number(), messageId: z.number() }),
]);
export type Entry = z.infer<typeof Entry>;

export interface Remembered {
  readonly threads: ReadonlyMap<string, Thread>;
  readonly copies: ReadonlyMap<string, Copy>;
  readonly mutes: ReadonlyMap<string, Mute>;
  readonly lastIds: ReadonlyMap<number, number>;
}

/** What the lines say in the end. */
export function replay(entries: Iterable<Entry>): Remembered {
  const threads = new Map<string, Thread>();
  const copies = new Map<string, Copy>();
  const mutes = new Map<string, Mute>();
  const lastIds = new Map<number, number>();
  const seen = (chat: number, id: number | null): void => {
    if (id !== null) lastIds.set(chat, Math.max(id, lastIds.get(chat) ?? 0));
  };
  for (const entry of entries) {
    switch (entry.kind) {
      case 'thread':
        threads.set(entry.thread.key, entry.thread);
        break;
      case 'copy':
        copies.set(`${entry.copy.chat} ${entry.copy.key}`, entry.copy);
        seen(entry.copy.chat, entry.copy.messageId);
        seen(entry.copy.chat, entry.copy.sending?.afterId ?? null);
        break;
      case 'forgotten':
        threads.delete(entry.key);
        for (const [name, { key }] of copies) if (key === entry.key) copies.delete(name);
        break;
      case 'mute':
        mutes.set(muteKey(entry.mute.chat, entry.mute.subject), entry.mute);
        break;
      case 'unmute':
        mutes.delete(muteKey(entry.chat, entry.subject));
        break;
      case 'last':
        seen(entry.chat, entry.messageId);
        break;
    }
  }
  return { threads, copies, mutes, lastIds };
}

export const muteKey = (chat: number, subject: string): string => `${chat} ${subject}`;

/** Everything that still holds, as few lines. */
export function entriesOf({ threads, copies, mutes, lastIds }: Remembered): readonly Entry[] {
  return [
    ...[...threads.values()].map((thread): Entry => ({ kind: 'thread', thread })),
    ...[...copies.values()].map((copy): Entry => ({ kind: 'copy', copy })),
    ...[...mutes.values()].map((mute): Entry => ({ kind: 'mute', mute })),
    ...[...lastIds].map(([chat, messageId]): Entry => ({ kind: 'last', chat, messageId })),
  ];
}

// -- changing it: in memory now, on disk before the next call ---------------------------------------------------------------

type Changing = Pick<BotState, 'threads' | 'copies' | 'mutes' | 'lastIds' | 'entries'>;

export function keepThread(state: Changing, thread: Thread): void {
  state.threads.set(thread.key, thread);
  state.entries.push({ kind: 'thread', thread });
}

export function keepCopy(state: Changing, copy: Copy): void {
  state.copies.set(`${copy.chat} ${copy.key}`, copy);
  state.entries.push({ kind: 'copy', copy });
}

export function forgetThread(state: Changing, key: string): void {
  state.threads.delete(key);
  for (const [name, copy] of state.copies) if (copy.key === key) state.copies.delete(name);
  state.entries.push({ kind: 'forgotten', key });
}

/** The number of a message, whoever wrote it: those that come later are higher. */
export function sawMessage(state: Changing, chat: number, messageId: number): void {
  if (messageId <= (state.lastIds.get(chat) ?? 0)) return;
  state.lastIds.set(chat, messageId);
  state.entries.push({ kind: 'last', chat, messageId });
}

export function mute(state: Changing, chosen: Mute): void {
  state.mutes.set(muteKey(chosen.chat, chosen.subject), chosen);
  state.entries.push({ kind: 'mute', mute: chosen });
}

export function unmute(state: Changing, chat: number, subject: string): boolean {
  if (!state.mutes.delete(muteKey(chat, subject))) return false;
  state.entries.push({ kind: 'unmute', chat, subject });
  return true;
}
