/**
 * What people asked for by a tap and the ledger has not answered yet, and which reply is the answer to which.
 *
 * A reply shows what was asked: the state and the text that was sent, in one line, cut to 400 characters. The text begins with the
 * person and the action, so that is enough to tell requests apart; two equal ones are answered in the order in which they were sent.
 */
import { forwardedCode, type Reply } from '../../contracts/action.ts';

/** A ledger answers in milliseconds; one that is just starting holds requests until it has read everything. A tapped button shows an hour-glass for about as long. */
export const answerWithinMs = 10_000;

/** For what another site says over a bad uplink, or when its link is back: as long as an approval is valid. */
export const verdictWithinMs = 3_600_000;

/** People tap one at a time; above this somebody floods. */
export const askingMax = 50;

export interface Asking {
  readonly askId: number;
  /** Of the thread. */
  readonly key: string;
  readonly chat: number;
  readonly person: string;
  /** null: it was answered already, and another site has yet to say what came of it. */
  readonly queryId: string | null;
  readonly state: 'approved' | 'rejected';
  readonly request: { readonly on_behalf_of: string; readonly id: string; readonly attempt: number; readonly digest: string };
  readonly untilMs: number;
}

/** The ledger makes one line of what it shows: spaces are not what to compare. */
const squeezed = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, '');

export function isAnswerTo({ state, request }: Asking, reply: Reply): boolean {
  const shown = squeezed(reply.request);
  const said = squeezed(`${state} ${JSON.stringify(request)}`);
  return shown === said || (shown.endsWith('…') && said.startsWith(shown.slice(0, -1)));
}

export const isForwarded = ({ code }: Reply): boolean => code === forwardedCode;
