/**
 * What a tap on a button does: a yes or no to exactly the action that was shown, asked of the ledger in the person's name. Mutates the state given.
 *
 * Nothing is decided here: the ledger judges, and its line is what the person reads. A tap on a button of an older attempt, or of unknown age,
 * asks for nothing. What is guarded takes a second tap, of the same person, within a minute.
 */
import type { Action, Reply } from '../../contracts/action.ts';
import { isAnswerTo, newRef } from '../../contracts/request-answer.ts';
import { type Asking, answerWithinMs, askingMax, isForwarded, verdictWithinMs } from './asking.ts';
import { isAbout, isSameAsShown, readCallbackData, type Tapped } from './callback-data.ts';
import { keepCopy, type Thread } from './memory.ts';
import { personOf } from './person.ts';
import type { Update } from './ports.ts';
import { arrived } from './results.ts';
import { type BotCommand, type BotState, copyKey } from './state.ts';
import { oneLine } from './words.ts';
import { actionsOf } from './world.ts';

/** To read the question again and find the button. */
const confirmWithinMs = 60_000;

/** Of the small window at a button (Bot API, answerCallbackQuery). */
const answerCharsMax = 200;

type Tap = Extract<Update, { readonly kind: 'tap' }>;

interface Moment {
  readonly now: number;
  readonly out: BotCommand[];
}

export function hearTap(state: BotState, tap: Tap, isAged: boolean, moment: Moment): void {
  const { now, out } = moment;
  const say = (text: string, isAlert = true): void => void out.push({ type: 'answer', queryId: tap.queryId, text: oneLine(text, answerCharsMax), isAlert });
  const tapped = readCallbackData(tap.data);
  const { chat } = tap;
  if (tapped === null || chat === null) {
    say('That button is too old.');
    return;
  }
  const action = actionsOf(state.documents).find((each) => isAbout(tapped, each));
  const thread = action === undefined ? undefined : threadOf(state, action);
  const refused = whyNot(state, { action, tapped, isAged });
  if (action === undefined || thread === undefined || refused !== null) {
    say(refused ?? 'That action is not known any more.');
    if (isAged && action?.status === 'pending' && thread !== undefined)
      note(state, thread.key, action, 'A tap came while I was away, nobody knows when: it does not count. Tap again.');
    return;
  }
  adopt(state, thread, { chat, messageId: tap.messageId, attempt: tapped.attempt, now });
  const confirming = state.confirming.find((each) => each.key === thread.key && each.chat === chat && each.untilMs > now);
  const isConfirmed = tapped.wish === 'yes' && confirming?.userId === tap.from.id;
  if (tapped.wish === 'back') {
    state.confirming = state.confirming.filter((each) => each !== confirming);
    say('', false);
  } else if (tapped.wish !== 'no' && action.risk !== 'low' && !isConfirmed) {
    state.confirming = [
      ...state.confirming.filter((each) => each !== confirming),
      { key: thread.key, chat, userId: tap.from.id, untilMs: now + confirmWithinMs },
    ];
    say(tapped.wish === 'yes' ? 'It is guarded: whoever says yes taps twice, within a minute. Once more, please.' : '', tapped.wish === 'yes');
  } else {
    state.confirming = state.confirming.filter((each) => each.key !== thread.key);
    ask(state, { thread, action, chat, tap, wanted: tapped.wish === 'no' ? 'rejected' : 'approved' }, moment);
  }
}

function whyNot(
  state: BotState,
  { action, tapped, isAged }: { readonly action: Action | undefined; readonly tapped: Tapped; readonly isAged: boolean },
): string | null {
  if (action === undefined) return 'That action is not known any more.';
  if (action.attempt !== tapped.attempt)
    return `This is another attempt now (attempt ${action.attempt}, you tapped attempt ${tapped.attempt}): look at its newest message.`;
  if (!isSameAsShown(tapped, action)) return 'It is not what was shown any more: look at it again.';
  if (action.status !== 'pending') return `It does not wait for a yes any more: it is ${action.status}.`;
  if (isAged) return 'I was away when you tapped, and nobody knows for how long: it does not count. Tap again.';
  if (!state.isConnected) return 'Not connected to the broker: nothing was asked. Try again when I am.';
  return state.asking.length >= askingMax ? 'Too many questions wait for the ledger: nothing was asked. Try again in a moment.' : null;
}

/** The newest one about it. */
const threadOf = (state: BotState, { id, attempt }: Action): Thread | undefined =>
  [...state.threads.values()].findLast((thread) => thread.kind === 'action' && thread.subject === id && thread.attempt === attempt);

/** Whoever taps a message has it: its number is known now, even if its sending was interrupted. */
function adopt(
  state: BotState,
  thread: Thread,
  { chat, messageId, attempt, now }: { readonly chat: number; readonly messageId: number | null; readonly attempt: number; readonly now: number },
): void {
  const copy = state.copies.get(copyKey(chat, thread.key));
  if (copy?.sending == null || messageId === null || thread.attempt !== attempt || state.calling?.key === thread.key) return;
  keepCopy(state, arrived(copy, messageId, now));
}

interface Question {
  readonly thread: Thread;
  readonly action: Action;
  readonly chat: number;
  readonly tap: Tap;
  readonly wanted: Asking['state'];
}

function ask(state: BotState, { thread, action, chat, tap, wanted }: Question, { now, out }: Moment): void {
  const person = personOf(tap.from, state.options.chats);
  state.lastAskId += 1;
  const { id, attempt, digest } = action;
  const request = { ref: newRef(now, state.lastAskId), on_behalf_of: person, id, attempt, digest };
  const asking: Asking = { askId: state.lastAskId, key: thread.key, chat, person, queryId: tap.queryId, state: wanted, request, untilMs: now + answerWithinMs };
  state.asking.push(asking);
  state.isDirty = true;
  state.notes.delete(thread.key);
  out.push({ type: 'ask', askId: asking.askId, state: wanted, request });
}

/** What fits none is the answer to somebody who gave up waiting. */
export function hearReply(state: BotState, reply: Reply, { now, out }: Moment): void {
  const at = state.asking.findIndex((each) => isAnswerTo(each, reply));
  const asking = state.asking[at];
  if (asking === undefined) return;
  state.asking.splice(at, 1);
  settle(state, asking, { line: reply.summary, isAlert: !reply.ok, isWorthNoting: !reply.ok || isForwarded(reply) || asking.queryId === null }, out);
  if (isForwarded(reply)) state.asking.push({ ...asking, queryId: null, untilMs: now + verdictWithinMs });
}

export function hearUnsent(state: BotState, askId: number, out: BotCommand[]): void {
  const at = state.asking.findIndex((each) => each.askId === askId);
  const [asking] = at === -1 ? [] : state.asking.splice(at, 1);
  if (asking !== undefined)
    settle(state, asking, { line: 'Not connected to the broker: nothing was asked. Try again when I am.', isAlert: true, isWorthNoting: true }, out);
}

/** Nobody answered in time, or a second tap did not come. */
export function passTime(state: BotState, { now, out }: Moment): void {
  for (const asking of state.asking.filter(({ untilMs }) => untilMs <= now)) {
    state.asking.splice(state.asking.indexOf(asking), 1);
    if (asking.queryId === null) continue;
    const line = `The ledger did not answer within ${answerWithinMs / 1000} s; what became of it will be seen here.`;
    settle(state, asking, { line, isAlert: true, isWorthNoting: true }, out);
  }
  state.confirming = state.confirming.filter(({ untilMs }) => untilMs > now);
}

interface Words {
  readonly line: string;
  readonly isAlert: boolean;
  /** Also as a line in the message: the document alone would not say it. */
  readonly isWorthNoting: boolean;
}

function settle(state: BotState, { key, queryId }: Asking, { line, isAlert, isWorthNoting }: Words, out: BotCommand[]): void {
  state.isDirty = true;
  if (queryId !== null) out.push({ type: 'answer', queryId, text: oneLine(line, answerCharsMax), isAlert });
  const thread = state.threads.get(key);
  const action = thread === undefined ? undefined : actionsOf(state.documents).find(({ id }) => id === thread.subject);
  if (isWorthNoting && action !== undefined) note(state, key, action, `Ledger: ${oneLine(line)}`);
}

function note(state: BotState, key: string, { attempt, status }: Action, text: string): void {
  state.notes.set(key, { text, attempt, status });
  state.isDirty = true;
}
