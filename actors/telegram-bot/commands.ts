/** What people write to the bot, and what it answers. Mutates the state given; only mutes are changed by it. */
import { mute, unmute } from './memory.ts';
import type { Update } from './ports.ts';
import { replyWithinMs } from './results.ts';
import type { BotCommand, BotState } from './state.ts';
import { actionsLines, statusLines } from './status-text.ts';
import { localTime, oneLine, textOf } from './words.ts';
import { desiredOf } from './world.ts';

/** A question of yesterday, asked while nobody listened, is not answered today. */
const questionAgeMaxMs = 600_000;
/** A night. */
const muteDefaultMs = 28_800_000;
/** A holiday; beyond that it is forgotten that something is muted. */
const muteMaxMs = 1_209_600_000;
/** People ask one thing at a time. */
const repliesMax = 20;

/** "Nothing waits" would be untrue of what has not been read. */
const stillReading = ['I have only just started, and have not read everything yet. Ask again in a moment.'];

type Text = Extract<Update, { readonly kind: 'text' }>;

const help = [
  'I tell what goes wrong, and what waits for a yes. Tap Approve or Reject at an action; what is guarded takes a second tap.',
  '',
  '/status – is anything wrong, what waits',
  '/actions – what waits for a yes, what is under way',
  '/why <node> [service] – why something is proposed, or nothing',
  '/mute <node>, <node>/<service> or all, and how long: 2h, 3d (8h if you do not say) – no sound for it in this chat',
  '/unmute <the same> – sound again',
  '/mutes – what is muted',
  '/help – this',
];

export function hearText(state: BotState, { chat, text, sentAtMs }: Text, { now, out }: { readonly now: number; readonly out: BotCommand[] }): void {
  if (now - sentAtMs > questionAgeMaxMs || !text.startsWith('/')) return;
  const [first = '', ...words] = text.trim().split(/\s+/);
  // In a group a command may name the bot: /status@example_bot.
  const command = first.slice(1).split('@')[0]?.toLowerCase() ?? '';
  const say = (lines: readonly string[]): void => reply(state, chat, lines, now);
  switch (command) {
    case 'status':
      say(state.isSynced ? statusLines(state, now) : stillReading);
      break;
    case 'actions':
      say(state.isSynced ? actionsLines(state) : stillReading);
      break;
    case 'why': {
      const [node, service] = words;
      if (node === undefined) say(['Which node? /why <node> [service]', `There are: ${nodesOf(state).join(', ') || 'none'}`]);
      else out.push({ type: 'explain', chat, node, service });
      break;
    }
    case 'mute':
      say(muteLines(state, chat, words, now));
      break;
    case 'unmute':
      say([
        words[0] !== undefined && unmute(state, chat, words[0].toLowerCase())
          ? `${words[0]} makes a sound again.`
          : 'That is not muted here. /mutes shows what is.',
      ]);
      break;
    case 'mutes':
      say(mutesLines(state, chat, now));
      break;
    case 'help':
    case 'start':
      say(help);
      break;
    default:
      say([`I do not know ${oneLine(first, 40)}.`, '', ...help]);
  }
}

const nodesOf = ({ documents }: BotState): readonly string[] =>
  desiredOf(documents)
    .map(({ node }) => node)
    .toSorted();

export function reply(state: BotState, chat: number, lines: readonly string[], now: number): void {
  if (state.replies.length >= repliesMax) return;
  state.replies.push({ chat, message: { text: textOf(lines), buttons: [] }, untilMs: now + replyWithinMs });
}

function muteLines(state: BotState, chat: number, [given = '', long]: readonly string[], now: number): readonly string[] {
  const subject = given.toLowerCase();
  const fault = subjectFault(state, subject);
  const forMs = long === undefined ? muteDefaultMs : lengthOf(long);
  if (fault !== null) return [fault];
  if (forMs === null || forMs > muteMaxMs) return [`How long? 30m, 2h or 3d, at most ${muteMaxMs / 86_400_000}d; not ${oneLine(long ?? '', 40)}`];
  mute(state, { chat, subject, untilMs: now + forMs });
  return [`${subject} makes no sound in this chat until ${localTime(now + forMs, state.options.timeZone)}. Its messages come all the same.`];
}

function subjectFault(state: BotState, subject: string): string | null {
  if (subject === 'all') return null;
  const [node = '', service] = subject.split('/');
  const desired = desiredOf(state.documents).find((each) => each.node === node);
  if (subject === '' || desired === undefined) return `What? /mute all, or one of: ${nodesOf(state).join(', ') || 'no node is known'}; or <node>/<service>`;
  if (service === undefined || desired.services.some(({ name }) => name.toLowerCase() === service)) return null;
  return `No service ${oneLine(service, 60)} is desired on ${node}`;
}

/** `30m`, `2h`, `3d` */
function lengthOf(text: string): number | null {
  const [, digits, unit] = /^(\d{1,4})(m|h|d)$/i.exec(text) ?? [];
  const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }[(unit ?? '').toLowerCase() as 'm' | 'h' | 'd'];
  return digits === undefined || unitMs === undefined || Number(digits) === 0 ? null : Number(digits) * unitMs;
}

function mutesLines(state: BotState, chat: number, now: number): readonly string[] {
  const here = [...state.mutes.values()].filter((each) => each.chat === chat && each.untilMs > now);
  return here.length === 0
    ? ['Nothing is muted here.']
    : here.map(({ subject, untilMs }) => `• ${subject} until ${localTime(untilMs, state.options.timeZone)}`);
}
