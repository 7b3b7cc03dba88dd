/**
 * The telegram-bot's picture of the homelab and of its chats, and the one next thing to do about the difference.
 *
 * Reads: documents, replies to its own login, what people tap and write, what Telegram answers, time. Wants done: memory on disk, one call to
 * Telegram at a time, requests to the ledger. Owns and mutates its state. Remembers (memory.ts) which messages are where; what is true
 * it reads again.
 */
import type { Delivery } from '../../bus/actor.ts';
import type { Reduction } from '../../bus/reducer.ts';
import type { Reply } from '../../contracts/action.ts';
import type { TopicName } from '../../contracts/topics.ts';
import { hearText, reply } from './commands.ts';
import { callDueMs, isBehind, takeCall } from './delivery.ts';
import { sayWhatWasLeftOut } from './left-out.ts';
import { muteKey, sawMessage } from './memory.ts';
import type { Update } from './ports.ts';
import { hearResult, noteTrouble } from './results.ts';
import type { BotCommand, BotEvent, BotState } from './state.ts';
import { hearReply, hearTap, hearUnsent, passTime } from './taps.ts';
import { recoveryDueMs, refresh, settleMs } from './threads.ts';

/** Old messages are let go at least this often, also when nothing happens. */
const housekeepingMs = 3_600_000;

/** Each stranger is logged once; of a flood only so many. */
const strangersMax = 100;

export function reduce(state: BotState, event: BotEvent): Reduction<BotState, BotCommand> {
  const out: BotCommand[] = [];
  const { now } = event;
  state.nowMs = now;
  switch (event.type) {
    case 'delivery':
      hear(state, event.delivery, out);
      break;
    case 'called':
      hearResult(state, event.result, now);
      break;
    case 'polled':
      noteTrouble(state, event.result, now);
      if (event.result.is === 'updates') for (const update of event.result.updates) hearUpdate(state, { update, isAged: event.isAged, now, out });
      break;
    case 'unsent':
      hearUnsent(state, event.askId, out);
      break;
    case 'explained':
      reply(state, event.chat, event.lines, now);
      break;
    case 'wake':
      break;
  }
  passTime(state, { now, out });
  forgetLate(state, now);
  if (state.isSynced && (state.isDirty || isRefreshDue(state))) {
    refresh(state, now);
    sayWhatWasLeftOut(state, now);
    [state.isDirty, state.refreshedMs] = [false, now];
  }
  const call = takeCall(state, now);
  // On disk first: whoever dies in the middle of a call must know that there was one.
  if (state.entries.length > 0) out.push({ type: 'record', entries: state.entries.splice(0) });
  if (call !== null) out.push({ type: 'call', call });
  return { state, commands: out };
}

function hear(state: BotState, delivery: Delivery, out: BotCommand[]): void {
  const { at: now } = delivery;
  switch (delivery.kind) {
    case 'document': {
      const rows = state.documents.get(delivery.name) ?? new Map();
      if (delivery.doc === null) rows.delete(delivery.topic);
      else rows.set(delivery.topic, delivery.doc);
      state.documents.set(delivery.name as TopicName, rows);
      // Heartbeats are in no message; what is answered to a question is made then.
      if (delivery.name !== 'worldNode') state.isDirty = true;
      break;
    }
    case 'message':
      if (!delivery.retained && delivery.name === 'reply') hearReply(state, delivery.payload as Reply, { now, out });
      break;
    case 'synced':
      [state.isSynced, state.isConnected, state.isDirty] = [true, true, true];
      break;
    case 'disconnected':
      state.isConnected = false;
      break;
  }
}

/** By time alone: something has settled, something has been over for long enough, or old messages are to be let go. */
function isRefreshDue(state: BotState): boolean {
  const { appeared, refreshedMs, nowMs } = state;
  if (nowMs - refreshedMs >= housekeepingMs || [...appeared.values()].some((since) => nowMs - since >= settleMs)) return true;
  const recovery = recoveryDueMs(state);
  return recovery !== null && recovery <= nowMs;
}

interface Heard {
  readonly update: Update;
  readonly isAged: boolean;
  readonly now: number;
  readonly out: BotCommand[];
}

/** Whoever is not on the list gets nothing, not even a word that there is a list. */
function hearUpdate(state: BotState, { update, isAged, now, out }: Heard): void {
  const { chat } = update;
  if (chat !== null && !state.options.chats.has(chat)) {
    if (state.strangers.has(chat) || state.strangers.size >= strangersMax) return;
    state.strangers.add(chat);
    out.push({ type: 'turned_away', chat });
    return;
  }
  if (chat !== null && update.messageId !== null) sawMessage(state, chat, update.messageId);
  if (update.kind === 'tap') hearTap(state, update, isAged, { now, out });
  else hearText(state, update, { now, out });
}

function forgetLate(state: BotState, now: number): void {
  for (let at = state.replies.length - 1; at >= 0; at -= 1) if ((state.replies[at]?.untilMs ?? 0) <= now) state.replies.splice(at, 1);
  for (const { chat, subject, untilMs } of state.mutes.values()) {
    if (untilMs > now) continue;
    state.mutes.delete(muteKey(chat, subject));
    state.entries.push({ kind: 'unmute', chat, subject });
  }
}

/** What it is doing, for its ActorStatus. */
export function mode(state: BotState): string {
  if (state.options.chats.size === 0) return 'nobody';
  if (!state.isSynced) return 'loading';
  const { trouble } = state;
  if (trouble?.is === 'bad_token' || trouble?.is === 'conflict') return 'refused';
  if (trouble?.is === 'unreachable') return 'unreachable';
  if (!state.isConnected) return 'blind';
  return isBehind(state, state.nowMs) ? 'delivering' : 'watching';
}

export function detail(state: BotState): string | null {
  if (state.options.chats.size === 0)
    return 'TELEGRAM_ALLOWED_CHATS names no chat: nobody is told anything. Write to the bot; the log says the number of your chat.';
  return state.trouble === null ? null : state.trouble.detail.slice(0, 300);
}

export function wakeAt(state: BotState): number {
  const { asking, confirming, replies, appeared, mutes, nowMs } = state;
  const dues = [recoveryDueMs(state), callDueMs(state, nowMs)].filter((each) => each !== null);
  const ends = [...asking, ...confirming, ...replies, ...mutes.values()].map(({ untilMs }) => untilMs);
  return Math.min(nowMs + housekeepingMs, ...dues, ...ends, ...[...appeared.values()].map((since) => since + settleMs));
}
