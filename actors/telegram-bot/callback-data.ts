/**
 * What a button carries, at most 64 bytes: what is wanted, and of which action exactly. Names do not fit, so an id is carried as a
 * hash, beside the attempt and the digest that a yes binds to. Pure.
 */
import { createHash } from 'node:crypto';
import type { Action } from '../../contracts/action.ts';
import type { Message } from './ports.ts';

/** ask: the first tap; yes: the second, where the risk is guarded; back: no second one. */
const letters = { ask: 'a', yes: 'y', no: 'n', back: 'b' } as const;
export type Wish = keyof typeof letters;

/** 12 hex digits: of 500 open actions two share them once in a billion homelabs; and the digest is compared besides. */
const idHashChars = 12;
/** The digest of the ledger is as long. */
const digestChars = 16;

const hashOf = (text: string, chars: number): string => createHash('sha256').update(text).digest('hex').slice(0, chars);

export interface Tapped {
  readonly wish: Wish;
  readonly idHash: string;
  readonly attempt: number;
  readonly digest: string;
}

type Named = Pick<Action, 'id' | 'attempt' | 'digest'>;

export const callbackData = (wish: Wish, { id, attempt, digest }: Named): string =>
  [letters[wish], hashOf(id, idHashChars), String(attempt), digest.slice(0, digestChars)].join('.');

/** null: no button of ours has that. */
export function readCallbackData(data: string): Tapped | null {
  const [, letter, idHash = '', attempt = '', digest = ''] = /^([a-z])\.([0-9a-f]{12})\.(\d{1,9})\.(\S{0,16})$/.exec(data) ?? [];
  const wish = (Object.keys(letters) as Wish[]).find((each) => letters[each] === letter);
  return wish === undefined ? null : { wish, idHash, attempt: Number(attempt), digest };
}

export const isAbout = ({ idHash }: Tapped, { id }: Pick<Action, 'id'>): boolean => hashOf(id, idHashChars) === idHash;
export const isSameAsShown = ({ digest }: Tapped, action: Pick<Action, 'digest'>): boolean => action.digest.slice(0, digestChars) === digest;

/** Asked for every message at every turn; messages are never changed, only replaced. */
const looksKnown = new WeakMap<Message, string>();

/** What a message looks like, in few characters: to know whether it has to be edited. */
export function looksOf(message: Message): string {
  const known = looksKnown.get(message);
  if (known !== undefined) return known;
  const looks = hashOf(JSON.stringify([message.text, message.buttons]), digestChars);
  looksKnown.set(message, looks);
  return looks;
}
