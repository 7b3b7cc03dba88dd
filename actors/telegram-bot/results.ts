/** What the answer to a call changes: numbers of messages, what they read, when the next call may be. Mutates the state given. */
import { looksOf } from './callback-data.ts';
import { groupSpacingMs, personSpacingMs } from './delivery.ts';
import { type Copy, keepCopy, sawMessage } from './memory.ts';
import type { CallResult } from './ports.ts';
import { type BotState, type Call, copyKey } from './state.ts';

/** After a failure 1 s, doubling up to a minute: Telegram, or the uplink, is usually back within seconds or within hours. */
const retryFirstMs = 1_000;
const retryMaxMs = 60_000;
/** What only a person can mend is tried this often. */
const badTokenRetryMs = 300_000;
/** Telegram counts whole seconds. */
const floodMarginMs = 500;
/** Whoever asked a minute ago has asked again. */
export const replyWithinMs = 60_000;

export function hearResult(state: BotState, result: CallResult, now: number): void {
  const call = state.calling;
  if (call === null) throw new Error('an answer, and nothing was asked');
  state.calling = null;
  state.nextAtMs.set(call.chat, now + (call.chat < 0 ? groupSpacingMs : personSpacingMs));
  noteTrouble(state, result, now);
  const copy = call.key === null ? undefined : state.copies.get(copyKey(call.chat, call.key));
  if (result.is === 'done') sawMessage(state, call.chat, result.messageId);
  if (copy === undefined) answerAgain(state, call, result, now);
  else hearOfCopy(state, copy, { call, result, now });
}

/** The answer to a command waits for a while; what is refused is not tried again. */
function answerAgain(state: BotState, call: Call, { is }: CallResult, now: number): void {
  if (call.op === 'reply' && (is === 'flood' || is === 'unreachable'))
    state.replies.unshift({ chat: call.chat, message: call.message, untilMs: now + replyWithinMs });
}

interface Heard {
  readonly call: Call;
  readonly result: CallResult;
  readonly now: number;
}

function hearOfCopy(state: BotState, copy: Copy, { call, result, now }: Heard): void {
  switch (result.is) {
    case 'done':
      if (call.op === 'edit') keepCopy(state, { ...copy, looks: looksOf(call.message), stage: call.stage, atMs: now });
      else keepCopy(state, arrived(copy, result.messageId, now));
      break;
    case 'unchanged':
      if (call.op === 'probe') {
        // What is sent from now on comes after it, and must not be looked for there.
        sawMessage(state, call.chat, call.messageId);
        keepCopy(state, arrived(copy, call.messageId, now));
      } else if (call.op === 'edit') keepCopy(state, { ...copy, looks: looksOf(call.message), stage: call.stage, atMs: now });
      break;
    case 'lost':
    case 'refused':
      if (call.op === 'probe' && copy.sending !== null) keepCopy(state, { ...copy, sending: { ...copy.sending, probed: copy.sending.probed + 1 } });
      else keepCopy(state, { ...copy, sending: null, isLost: true });
      break;
    case 'flood':
    case 'bad_token':
    case 'conflict':
      // Nothing was done.
      if (call.op === 'send') keepCopy(state, unsent(copy));
      break;
    case 'unreachable':
      if (call.op === 'send' && result.isUnsent) keepCopy(state, unsent(copy));
      break;
  }
}

/** It is there, whatever became of the answer. */
export function arrived(copy: Copy, messageId: number, now: number): Copy {
  const { sending } = copy;
  if (sending === null) return copy;
  return {
    ...{ ...copy, messageId, looks: looksOf(sending.message), atMs: now, sending: null },
    ...{ soundedMs: sending.isSilent ? null : now, wasTold: sending.wasActive },
  };
}

/** As if nobody had tried: what is sent next is how things are then. */
const unsent = (copy: Copy): Copy => ({ ...copy, sending: null });

/** Of calls and of polling alike. */
export function noteTrouble(
  state: BotState,
  result: { readonly is: string } & Partial<{ readonly detail: string; readonly retryAfterMs: number }>,
  now: number,
): void {
  const detail = result.detail ?? '';
  switch (result.is) {
    case 'flood':
      state.blockedUntilMs = now + (result.retryAfterMs ?? retryFirstMs) + floodMarginMs;
      state.trouble = { is: 'flood', detail: 'Telegram wants it slower' };
      break;
    case 'unreachable':
      state.failuresInARow += 1;
      state.blockedUntilMs = now + Math.min(retryFirstMs * 2 ** (state.failuresInARow - 1), retryMaxMs);
      state.trouble = { is: 'unreachable', detail };
      break;
    case 'bad_token':
      state.blockedUntilMs = now + badTokenRetryMs;
      state.trouble = { is: 'bad_token', detail };
      break;
    case 'conflict':
    case 'refused':
      state.trouble = { is: result.is, detail };
      break;
    default:
      state.failuresInARow = 0;
      if (state.trouble?.is === 'unreachable') state.blockedUntilMs = now;
      // That Telegram can be listened to says nothing of what it refused to send.
      if (result.is !== 'updates' || (state.trouble?.is !== 'refused' && now >= state.blockedUntilMs)) state.trouble = null;
  }
}
