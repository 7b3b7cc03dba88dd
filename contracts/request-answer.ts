/**
 * Which reply is the answer to which request: by the `ref` that whoever asks gives and the ledger repeats. Pure.
 *
 * A ledger of an older version repeats none, and is understood by what it shows: the state and the text that was sent, in one line, cut
 * to 400 characters. The text begins with the ref, so that this finds the right one too.
 */
import type { Reply } from './action.ts';

/** A request as it was sent. */
export interface SentRequest {
  readonly state: string;
  readonly request: Readonly<Record<string, unknown>>;
}

/** `count`: of the requests of whoever asks; with the time it is another one also after a restart. */
export const newRef = (now: number, count: number): string => `${now.toString(36)}-${count}`;

/** The ledger makes one line of what it shows: spaces are not what to compare. */
const squeezed = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, '');

export function isAnswerTo({ state, request }: SentRequest, reply: Pick<Reply, 'request' | 'ref'>): boolean {
  if (reply.ref !== undefined) return reply.ref === request['ref'];
  const said = squeezed(`${state} ${JSON.stringify(request)}`);
  const shown = squeezed(reply.request);
  return shown === said || (shown.endsWith('…') && said.startsWith(shown.slice(0, -1)));
}
