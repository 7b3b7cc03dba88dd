/**
 * What people have asked for and the ledger has not answered yet, and the words for those who wait. Which reply is the answer to which:
 * contracts/request-answer.ts. Pure.
 */
import type { Reply } from '../../contracts/action.ts';
import type { SentRequest } from '../../contracts/request-answer.ts';
import type { Answer, Asked } from './ports.ts';

/** A ledger answers in milliseconds; one that is just starting holds requests until it has read everything, a few seconds. */
export const answerWithinMs = 10_000;

/** Of a person's requests one is open at a time; above this somebody floods. */
export const waitingMax = 100;

export interface Waiting {
  readonly id: number;
  readonly sent: SentRequest;
  readonly untilMs: number;
}

/** The ref and whoever asks come first: what the ledger shows is cut at its end, where a long note may stand. A ref of the person's own does not count. */
export function sentOf({ state, request: { on_behalf_of, ref: _theirs, ...request } }: Asked, ref: string): SentRequest {
  return { state, request: { ref, on_behalf_of, ...request } };
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
