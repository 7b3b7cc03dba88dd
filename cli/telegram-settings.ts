/** The variables of the telegram-bot: what each means, how its value is read, and what comes of it. Read by settings.ts. */
import { z } from 'zod';
import { said } from './setting-values.ts';

/** Where Telegram serves bots. */
const telegramApi = 'https://api.telegram.org';

export const telegramVariables = {
  TELEGRAM_BOT_TOKEN_FILE: ['file that holds the token of the Telegram bot, and nothing else', 'none'],
  TELEGRAM_BOT_TOKEN: ['the token itself, where there is no such file', 'none: no telegram-bot'],
  TELEGRAM_ALLOWED_CHATS: [
    'numbers of the chats that are told and may decide, `<number>` or `<number>=<name>`, separated by commas',
    'none: nobody is told anything',
  ],
  TELEGRAM_QUIET_HOURS: ['hours in which only what is critical makes a sound, `22:00-07:00` by the clock of `TZ`', 'none'],
  TELEGRAM_API_ROOT: ['address of a Bot API server of your own', telegramApi],
} as const satisfies Record<string, readonly [string, string]>;

/** `-1001234,5678=anna` → number of a chat → its name, or null. */
const chats = z
  .string()
  .optional()
  .transform((text, ctx) => {
    const found = new Map<number, string | null>();
    for (const each of text === undefined || text.trim() === '' ? [] : text.split(',')) {
      const [, number, name] = /^\s*(-?\d{1,15})\s*(?:=\s*([\p{L}\p{N} ._-]{1,40}?)\s*)?$/u.exec(each) ?? [];
      if (number === undefined) {
        ctx.addIssue({ code: 'custom', message: `expected numbers of chats such as 5678=anna,-1001234, not ${JSON.stringify(each.trim())}` });
        return z.NEVER;
      }
      found.set(Number(number), name ?? null);
    }
    return found;
  });

/** `22:00-07:00` → minutes since midnight. */
const hoursOfDay = z
  .string()
  .optional()
  .transform((text, ctx) => {
    if (text === undefined || text.trim() === '') return null;
    const parts = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text.trim())?.slice(1).map(Number);
    const [fromHour = 0, fromMinute = 0, untilHour = 0, untilMinute = 0] = parts ?? [];
    const [from, until] = [fromHour * 60 + fromMinute, untilHour * 60 + untilMinute];
    if (parts !== undefined && from !== until) return { from, until };
    ctx.addIssue({ code: 'custom', message: 'expected two different times of day such as 22:00-07:00' });
    return z.NEVER;
  });

/** The token has no form here: what is wrong with a value is shown together with it. */
export const telegramShape = {
  TELEGRAM_BOT_TOKEN_FILE: said,
  TELEGRAM_BOT_TOKEN: said,
  TELEGRAM_ALLOWED_CHATS: chats,
  TELEGRAM_QUIET_HOURS: hoursOfDay,
  TELEGRAM_API_ROOT: said.pipe(
    z
      .string()
      .regex(/^https?:\/\/[^?#]*[^?#/]$/, 'expected http(s)://host[:port], with no slash at its end')
      .optional(),
  ),
};

export interface TelegramSettings {
  /** A file, or what would stand in it; null: no bot. Never shown to anybody. */
  readonly token: { readonly file: string } | { readonly text: string } | null;
  /** By number; null: without a name. */
  readonly chats: ReadonlyMap<number, string | null>;
  /** Minutes since midnight. */
  readonly quiet: { readonly from: number; readonly until: number } | null;
  readonly apiRoot: string;
}

const Shape = z.object(telegramShape);

export function telegramSettings(value: z.infer<typeof Shape>): TelegramSettings {
  const { TELEGRAM_BOT_TOKEN_FILE: file, TELEGRAM_BOT_TOKEN: text } = value;
  const token = file !== undefined ? { file } : text === undefined ? null : { text };
  return { token, chats: value.TELEGRAM_ALLOWED_CHATS, quiet: value.TELEGRAM_QUIET_HOURS, apiRoot: value.TELEGRAM_API_ROOT ?? telegramApi };
}
