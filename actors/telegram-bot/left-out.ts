/** Says what could not be told for lack of room: one message, edited as the number grows. Pure but for the state given. */
import { keepThread } from './memory.ts';
import type { BotState } from './state.ts';
import { threadsMax } from './threads.ts';

const key = 'notice left-out';

export function sayWhatWasLeftOut(state: BotState, now: number): void {
  const count = state.leftOut + state.turnedAway.size;
  if (count === 0) return;
  const over = state.leftOut === 0 ? null : `${state.leftOut} about what is over already were left out, the oldest first`;
  const open = state.turnedAway.size === 0 ? null : `${state.turnedAway.size} about what goes on could not be added; /actions and /status know them`;
  const text = `More than ${threadsMax} messages were waiting or open: ${[over, open].filter((part) => part !== null).join('; ')}.`;
  const before = state.threads.get(key);
  if (before?.message.text === text) return;
  keepThread(state, {
    ...{ key, kind: 'notice', subject: '', node: '', service: null, attempt: 0, stage: 'left out' },
    ...{ message: { text, buttons: [] }, bornMs: before?.bornMs ?? now, endedMs: now, chats: [...state.options.chats.keys()] },
  });
}
