/**
 * Telegram's Bot API behind the port of the telegram-bot, by grammY's client (https://core.telegram.org/bots/api).
 *
 * Never rejects: what Telegram refuses is told apart by its error code and words, and what did not arrive by what the socket said. The token is a part of
 * every URL, and errors of fetch name URLs: nothing of an error but its code leaves this file.
 */
import { Api, GrammyError, HttpError } from 'grammy/web';
import type { CallResult, Message, PollResult, TelegramPort, TelegramUser, Trouble, Update } from '../../actors/telegram-bot/ports.ts';

/** A call takes a tenth of a second; through a bad uplink, some. */
const callTimeoutS = 20;
/** Beyond the time that a poll waits by itself. */
const pollMarginS = 15;

export interface TelegramOptions {
  readonly token: string;
  /** Of a Bot API server of one's own, or a stand-in; without a slash at its end. */
  readonly apiRoot: string;
}

export function createTelegram({ token, apiRoot }: TelegramOptions): TelegramPort {
  const api = new Api(token, { apiRoot, timeoutSeconds: callTimeoutS });
  const callOf = async (work: () => Promise<{ readonly message_id: number } | true>, messageId: number): Promise<CallResult> => {
    try {
      const done = await work();
      return { is: 'done', messageId: done === true ? messageId : done.message_id };
    } catch (error) {
      return resultOf(error);
    }
  };
  return {
    send: (chat, message, { isSilent }) => callOf(() => api.sendMessage(chat, message.text, { ...looks(message), disable_notification: isSilent }), 0),
    edit: (chat, messageId, message) => callOf(() => api.editMessageText(chat, messageId, message.text, looks(message)), messageId),
    answer: async (queryId, text, { isAlert }) => {
      await callOf(() => api.answerCallbackQuery(queryId, { text, show_alert: isAlert }), 0);
    },
    poll: async (offset, waitS, signal): Promise<PollResult> => {
      const polling = new Api(token, { apiRoot, timeoutSeconds: waitS + pollMarginS });
      try {
        const given = await polling.getUpdates({ offset, timeout: waitS, allowed_updates: ['message', 'callback_query'] }, signal as never);
        const nextOffset = given.reduce((highest, { update_id }) => Math.max(highest, update_id + 1), offset);
        return { is: 'updates', updates: given.flatMap(updateOf), nextOffset };
      } catch (error) {
        const result = resultOf(error);
        if (result.is === 'flood' || result.is === 'bad_token' || result.is === 'conflict' || result.is === 'unreachable') return result;
        return { is: 'unreachable', detail: 'detail' in result ? result.detail : result.is, isUnsent: true };
      }
    },
  };
}

/** Plain text: what a container says of itself is no markup. */
const looks = ({
  buttons,
}: Message): { link_preview_options: { is_disabled: true }; reply_markup: { inline_keyboard: { text: string; callback_data: string }[][] } } => ({
  link_preview_options: { is_disabled: true },
  reply_markup: { inline_keyboard: buttons.map((row) => row.map(({ label, data }) => ({ text: label, callback_data: data }))) },
});

type Given = Awaited<ReturnType<Api['getUpdates']>>[number];

function updateOf({ message, callback_query: tap }: Given): readonly Update[] {
  if (tap !== undefined) {
    const { id, from, data = '', message: shown } = tap;
    return [{ kind: 'tap', queryId: id, chat: shown?.chat.id ?? null, messageId: shown?.message_id ?? null, from: userOf(from), data }];
  }
  if (message?.text === undefined) return [];
  const { chat, message_id: messageId, from, text, date } = message;
  return [{ kind: 'text', chat: chat.id, messageId, from: from === undefined ? null : userOf(from), text, sentAtMs: date * 1000 }];
}

const userOf = ({ id, first_name, last_name }: { readonly id: number; readonly first_name: string; readonly last_name?: string }): TelegramUser => ({
  id,
  name: [first_name, last_name ?? ''].join(' ').trim(),
});

/** What the Bot API says when an edit finds the message as it should be, or finds none of ours. It has no codes for these. */
const unchanged = /message is not modified/i;
const lost = /message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i;

function resultOf(error: unknown): Exclude<CallResult, { is: 'done' }> {
  if (error instanceof GrammyError) return refusalOf(error);
  if (error instanceof HttpError) return networkTrouble(error.error);
  // A bug of ours, or of the client: it must not come again at once, and may have been sent.
  return { is: 'unreachable', detail: `the client failed: ${error instanceof Error ? error.name : typeof error}`, isUnsent: false };
}

function refusalOf({ error_code: code, description, parameters }: GrammyError): Exclude<CallResult, { is: 'done' }> {
  const detail = `Telegram: ${code} ${description}`.slice(0, 300);
  if (code === 429) return { is: 'flood', retryAfterMs: (parameters.retry_after ?? 1) * 1000 };
  // 404: no such bot; a wrong method it cannot be.
  if (code === 401 || code === 404) return { is: 'bad_token', detail: `${detail}: is the token right? @BotFather has it` };
  if (code === 409) return { is: 'conflict', detail: `${detail}: does another program use this bot?` };
  // Their trouble; it may have been done before they failed.
  if (code >= 500) return { is: 'unreachable', detail, isUnsent: false };
  if (unchanged.test(description)) return { is: 'unchanged' };
  if (lost.test(description)) return { is: 'lost', detail };
  const { migrate_to_chat_id: moved } = parameters;
  return { is: 'refused', detail: moved === undefined ? detail : `the group has a new number: put ${moved} into TELEGRAM_ALLOWED_CHATS` };
}

/** Before a connection stood nothing can have been sent. */
const unsentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** Only the code: the words of these errors may name the URL. */
function networkTrouble(error: unknown): Trouble {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as { readonly code?: unknown } | null)?.code;
  const known = typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code) ? code : 'no usable answer';
  return { is: 'unreachable', detail: `Telegram is not reached: ${known}`, isUnsent: unsentCodes.has(known) };
}
