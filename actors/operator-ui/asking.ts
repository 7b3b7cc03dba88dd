/**
 * What people have asked for and the ledger has not answered yet, and which reply is the answer to which.
 *
 * A reply names what was asked as the ledger shows it: the state and the text that was sent, in one line, cut to 400 characters. Two
 * requests that are equal that far are answered in the order in which they were sent. Pure.
 */
import type { Reply } from '../../contracts/action.ts';
import type { Answer, Asked } from './ports.ts';

/** A ledger answers in milliseconds; one that is just starting holds requests until it has read everything, a few seconds. */
export const answerWithinMs = 10_000;

/** Of a person's requests one is open at a time; above this somebody floods. */
export const waitingMax = 100;

export interface Waiting {
  readonly id: number;
  /** Without spaces, as replies are compared. */
  readonly said: string;
  readonly untilMs: number;
}

/** The ledger makes one line of what it shows: spaces are not what to compare. */
const squeezed = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, '');

/** Whoever asks comes first: the line is cut at its end, where a long note may stand. */
export function payloadOf({ request: { on_behalf_of, ...request } }: Asked): Readonly<Record<string, unknown>> {
  return { on_behalf_of, ...request };
}

export const saidOf = (asked: Asked): string => squeezed(`${asked.state} ${JSON.stringify(payloadOf(asked))}`);

export function isAnswerTo({ said }: Waiting, { request }: Reply): boolean {
  const shown = squeezed(request);
  return shown === said || (shown.endsWith('…') && said.startsWith(shown.slice(0, -1)));
}

export const answerOf = ({ ok, code, summary, id }: Reply): Answer => ({ kind: 'answered', ok, code, line: summary, id });

export const noAnswer: Answer = {
  kind: 'no_answer',
  line: `It was sent, and the ledger did not answer within ${answerWithinMs / 1000} s. Is one running? What became of it is shown at the action.`,
};
export const notConnected: Answer = {
  kind: 'not_sent',
  line: 'Not connected to the broker: as far as is known nothing was sent. Look at the action before you try again.',
};
export const tooMany: Answer = { kind: 'not_sent', line: 'Too many requests wait for an answer: nothing was sent. Try again in a moment.' };
export const stopping: Answer = { kind: 'no_answer', line: 'The web server is stopping; what became of the request is shown at the action.' };
