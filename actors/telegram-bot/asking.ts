/** What people asked for by a tap and the ledger has not answered yet. Which reply is the answer to which: contracts/request-answer.ts. */
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
  /** The ref and the person come first: what a ledger shows of it is cut at its end. */
  readonly request: { readonly ref: string; readonly on_behalf_of: string; readonly id: string; readonly attempt: number; readonly digest: string };
  readonly untilMs: number;
}

export const isForwarded = ({ code }: Reply): boolean => code === forwardedCode;
