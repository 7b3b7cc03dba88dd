/**
 * The people's logins as they are in the file now (those of programs are for brokers): read again when the file has changed, so that a
 * revoked login or token counts for nothing from the next request on.
 *
 * Fails closed: while the file cannot be read nobody is known, and everybody still has to log in.
 */
import { stampOf } from './file-stamp.ts';
import { isLoginsFileThere, type Logins, readLogins } from './logins-file.ts';

export interface LoginBook {
  /** Somebody must log in: the file names a person, did so before, names nobody at all any more, or cannot be read. */
  readonly isNeeded: () => boolean;
  readonly logins: () => Logins;
}

/** `onTrouble`: once for each state of the file that cannot be read. */
export function createLoginBook(file: string, onTrouble: (error: unknown) => void): LoginBook {
  let seen: string | null = null;
  let logins: Logins = new Map();
  let isNeeded = false;
  const refresh = (): void => {
    const stamp = stampOf(file);
    if (stamp === seen) return;
    seen = stamp;
    try {
      const known = readLogins(file);
      logins = peopleOf(known);
      // Who deletes the file while we run takes away the logins, not the lock; nor does who revokes the last one, and starts us again.
      isNeeded ||= logins.size > 0 || (known.size === 0 && isLoginsFileThere(file));
    } catch (error) {
      logins = new Map();
      isNeeded = true;
      onTrouble(error);
    }
  };
  return {
    isNeeded: () => {
      refresh();
      return isNeeded;
    },
    logins: () => {
      refresh();
      return logins;
    },
  };
}

/** Changes with the password; null: nobody logs in with this one. */
export const markOf = (logins: Logins, login: string): string | null => logins.get(login)?.scrypt ?? null;

/** Whoever can log in here, or has a token. */
export const peopleOf = (logins: Logins): Logins => new Map([...logins].filter(([, { scrypt, tokens }]) => scrypt !== undefined || tokens.length > 0));
