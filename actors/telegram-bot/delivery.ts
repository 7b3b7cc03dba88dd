/**
 * Makes the chats equal to what they should show: compares threads with copies and says the one next call to Telegram, if any.
 *
 * Telegram has no way to send a message twice only once: it gives it a number, and whoever dies before hearing it does not know whether it is there. So what is
 * about to be sent is written down first, with the newest number seen in that chat; afterwards the numbers above it are tried with
 * an edit that changes nothing ("is not modified": there it is), and only when none is ours is it sent again. What is missed while
 * Telegram is away is not queued: only the newest state of each thing is sent. Mutates the state given; what must be on disk before
 * the call is in its `entries`.
 */
import { actionMessage } from './action-message.ts';
import { looksOf } from './callback-data.ts';
import { isSilent } from './loudness.ts';
import { type Copy, keepCopy, type Thread } from './memory.ts';
import type { Message } from './ports.ts';
import { type BotState, type Call, copyKey } from './state.ts';
import { actionCalled } from './world.ts';

/** Telegram asks bots for no more than one message a second to one person, and 20 a minute to one group. */
export const personSpacingMs = 1_000;
export const groupSpacingMs = 3_000;

/** An edit that shows no new state waits so long since the last one: evidence that is refreshed every few seconds is not worth a call each. */
const editSpacingMs = 30_000;

/** Numbers tried after an interrupted sending: a person or two may have written something meanwhile. At a second each. */
const probesMax = 20;

interface Candidate {
  /** Lower goes first. */
  readonly rank: number;
  readonly bornMs: number;
  readonly dueMs: number;
  readonly take: () => Call;
}
const ranks = { probe: 0, reply: 1, loud: 2, newState: 3, quiet: 4, refresh: 5 } as const;

/** Takes the next call that is due, which is then under way. */
export function takeCall(state: BotState, now: number): Call | null {
  if (state.calling !== null || !state.isSynced || now < state.blockedUntilMs) return null;
  const due = candidatesAt(state, now).filter(({ dueMs }) => dueMs <= now);
  const [first] = due.sort((a, b) => a.rank - b.rank || a.bornMs - b.bornMs);
  state.calling = first?.take() ?? null;
  return state.calling;
}

/** When there will be one, epoch milliseconds. */
export function callDueMs(state: BotState, now: number): number | null {
  if (state.calling !== null || !state.isSynced) return null;
  const candidates = candidatesAt(state, now);
  return candidates.length === 0 ? null : Math.max(state.blockedUntilMs, Math.min(...candidates.map(({ dueMs }) => dueMs)));
}

const candidatesAt = (state: BotState, now: number): Candidate[] => [...replyCandidates(state), ...copyCandidates(state, now)];

/** Something should be in a chat and is not yet. */
export const isBehind = (state: BotState, now: number): boolean =>
  state.calling !== null || state.replies.length > 0 || copyCandidates(state, now).some(({ rank }) => rank !== ranks.refresh);

function replyCandidates(state: BotState): readonly Candidate[] {
  return state.replies.map((reply) => ({
    rank: ranks.reply,
    bornMs: reply.untilMs,
    dueMs: state.nextAtMs.get(reply.chat) ?? 0,
    take: (): Call => {
      state.replies.splice(state.replies.indexOf(reply), 1);
      return { op: 'reply', chat: reply.chat, key: null, message: reply.message, isSilent: true };
    },
  }));
}

function copyCandidates(state: BotState, now: number): readonly Candidate[] {
  return [...state.options.chats.keys()].flatMap((chat) =>
    [...state.threads.values()].flatMap((thread) => {
      const made = candidateFor(state, { thread, chat, now });
      return made === null ? [] : [{ ...made, bornMs: thread.bornMs, dueMs: Math.max(made.dueMs, state.nextAtMs.get(chat) ?? 0) }];
    }),
  );
}

interface Place {
  readonly thread: Thread;
  readonly chat: number;
  readonly now: number;
}

function candidateFor(state: BotState, place: Place): Omit<Candidate, 'bornMs'> | null {
  const { thread, chat, now } = place;
  const copy = state.copies.get(copyKey(chat, thread.key));
  if (copy?.isLost === true) return null;
  if (copy?.sending != null) return { rank: ranks.probe, dueMs: 0, take: () => probe(copy) };
  if (copy?.messageId == null) {
    if (thread.endedMs !== null && !thread.chats.includes(chat)) return null;
    const silent = isSilent(state, thread, chat, now);
    return { rank: silent ? ranks.quiet : ranks.loud, dueMs: 0, take: () => send(state, place, silent) };
  }
  const { messageId } = copy;
  const { message, stage } = desired(state, place);
  if (copy.looks === looksOf(message)) return null;
  const take = (): Call => {
    // Whoever dies in the middle, or hears nothing, does not know what it reads: then it is edited again.
    keepCopy(state, { ...copy, looks: null });
    return { op: 'edit', chat, key: thread.key, messageId, message, stage };
  };
  return stage === copy.stage ? { rank: ranks.refresh, dueMs: copy.atMs + editSpacingMs, take } : { rank: ranks.newState, dueMs: 0, take };
}

/** What a chat should show; the question whether somebody really means it only where it was tapped. */
function desired(state: BotState, { thread, chat, now }: Place): { readonly message: Message; readonly stage: string } {
  const confirming = state.confirming.find((each) => each.key === thread.key && each.chat === chat && each.untilMs > now);
  const action = confirming === undefined ? undefined : actionCalled(state.documents, thread.subject);
  if (action?.status !== 'pending') return thread;
  const message = actionMessage(state, action, { note: state.notes.get(thread.key), confirming, asking: null, nowMs: now });
  return { message, stage: `${thread.stage} confirming` };
}

function send(state: BotState, { thread, chat, now }: Place, silent: boolean): Call {
  const { message, stage } = thread;
  const sending = { message, afterId: state.lastIds.get(chat) ?? null, probed: 0, isSilent: silent, wasActive: thread.endedMs === null };
  keepCopy(state, { chat, key: thread.key, messageId: null, looks: null, stage, atMs: now, soundedMs: null, wasTold: false, isLost: false, sending });
  return { op: 'send', chat, key: thread.key, message, isSilent: silent, stage };
}

function probe({ chat, key, sending, stage }: Copy): Call {
  if (sending === null) throw new Error('nothing is being sent there');
  if (sending.probed >= probesMax) return { op: 'send', chat, key, message: sending.message, isSilent: sending.isSilent, stage };
  // A bot that has seen no message yet is most likely a new one, whose numbers begin at 1.
  return { op: 'probe', chat, key, messageId: (sending.afterId ?? 0) + sending.probed + 1, message: sending.message };
}
