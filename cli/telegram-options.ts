/** What the telegram-bot gets on a real machine: Telegram with its token, who may see and decide, and the words of `homelab why`. */
import { readFileSync } from 'node:fs';
import type { TelegramBotOptions } from '../actors/telegram-bot/actor.ts';
import type { Documents, Explain } from '../actors/telegram-bot/ports.ts';
import { createTelegram } from '../adapters/telegram/api.ts';
import { linkViewsOf } from '../contracts/link-view.ts';
import type { PayloadOf } from '../contracts/topic.ts';
import type { TopicName, topics } from '../contracts/topics.ts';
import { type Settings, UsageError } from './settings.ts';
import { answersOf, isSupervised, type Seen } from './why/answers.ts';
import { questionOf } from './why/question.ts';
import { answerScreen, cutOffLine, nodeScreen } from './why/screen.ts';

export function telegramOptions({ telegram, site }: Pick<Settings, 'telegram' | 'site'>): TelegramBotOptions {
  const { chats, quiet, apiRoot } = telegram;
  return {
    telegram: createTelegram({ token: readToken(telegram.token), apiRoot }),
    explain: explainAt(site),
    chats,
    quiet,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/** Says which variable is wrong and never what is in it. */
function readToken(token: Settings['telegram']['token']): string {
  if (token === null)
    throw new UsageError('telegram-bot needs a token: TELEGRAM_BOT_TOKEN_FILE or TELEGRAM_BOT_TOKEN; docs/telegram.md says where it comes from');
  const isFile = 'file' in token;
  const text = (isFile ? readTokenFile(token.file) : token.text).trim();
  if (/^\d{1,20}:[\w-]{20,100}$/.test(text)) return text;
  throw new UsageError(
    `${isFile ? `TELEGRAM_BOT_TOKEN_FILE=${JSON.stringify(token.file)}` : 'TELEGRAM_BOT_TOKEN'}: expected a token as @BotFather gives it, <digits>:<letters and digits>`,
  );
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`TELEGRAM_BOT_TOKEN_FILE=${JSON.stringify(file)}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown trouble'})`);
  }
}

/** As `homelab why` says it, but for the exit code. */
const explainAt =
  (here: string): Explain =>
  (documents, { node, service }, nowMs) => {
    const seen = seenOf(documents);
    try {
      const question = questionOf(seen, node, service);
      const { decisions, desired } = question;
      const cut = cutOffLine(linkViewsOf({ ...seen, here }, nowMs).get(desired.site), decisions?.ts ?? null, nowMs);
      const head = cut === null ? [] : [cut];
      if (decisions === null) return [...head, `The supervisor of ${desired.site} has said nothing about ${desired.node}.`];
      const silent = isSupervised(seen, desired.site) ? [] : [`No supervisor of ${desired.site} is online: this is what it said at ${decisions.ts}.`];
      const answers = answersOf(seen, question);
      return [
        ...head,
        ...silent,
        ...(service === undefined ? nodeScreen(desired.node, answers, nowMs) : answers.flatMap((answer) => answerScreen(answer, nowMs))),
      ];
    } catch (error) {
      if (error instanceof UsageError) return [error.message.replaceAll('homelab why', '/why')];
      throw error;
    }
  };

function seenOf(documents: Documents): Seen {
  const all = <N extends TopicName>(name: N): readonly PayloadOf<(typeof topics)[N]>[] =>
    [...(documents.get(name)?.values() ?? [])] as unknown as readonly PayloadOf<(typeof topics)[N]>[];
  return {
    ...{ desired: all('desired'), decisions: all('decisions'), incidents: all('incident'), actions: all('action') },
    ...{ actors: all('actorStatus'), sites: all('site'), links: all('link') },
  };
}
