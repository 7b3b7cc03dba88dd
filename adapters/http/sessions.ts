/**
 * Who has logged in with a browser. The cookie is a random name that means nothing by itself; what it stands for is here, in memory: a
 * restart logs everybody out.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A phone in a pocket for a night and a morning. */
export const idleMaxMs = 12 * 3_600_000;
/** However busy: once a week the password is asked for again. */
export const ageMaxMs = 7 * 24 * 3_600_000;
/** Far more than a household has browsers; the least used goes first. */
const sessionsMax = 500;
const idBytes = 32;

export interface Session {
  readonly login: string;
  /** Of the password with which it began: another password ends it. */
  readonly mark: string;
  /** Must come with every request that changes something. */
  readonly csrf: string;
  readonly beganAtMs: number;
  usedAtMs: number;
}

export interface Sessions {
  /** Returns the cookie's value. */
  readonly begin: (who: Pick<Session, 'login' | 'mark'>, nowMs: number) => { readonly id: string; readonly session: Session };
  /** null: there is none, it ended, or it ran out. Counts as use. */
  readonly find: (id: string, nowMs: number) => Session | null;
  /** The same, and no use: a page that only stands open does not keep itself logged in. */
  readonly peek: (id: string, nowMs: number) => Session | null;
  readonly end: (id: string) => void;
}

/** What lies in memory opens nothing: ids are kept hashed, and so are found without comparing them letter by letter. */
const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64url');

export const newSecret = (): string => randomBytes(idBytes).toString('base64url');

/** `shown` is anything that somebody sent: its letters may be of more than one byte. */
export function isSameSecret(shown: string, secret: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export function createSessions(): Sessions {
  const sessions = new Map<string, Session>();
  const isOver = ({ beganAtMs, usedAtMs }: Session, nowMs: number): boolean => nowMs - beganAtMs >= ageMaxMs || nowMs - usedAtMs >= idleMaxMs;
  return {
    begin: (who, nowMs) => {
      for (const [key, session] of sessions) if (isOver(session, nowMs)) sessions.delete(key);
      const [oldest] = sessions.keys();
      if (sessions.size >= sessionsMax && oldest !== undefined) sessions.delete(oldest);
      const id = newSecret();
      const session = { login: who.login, mark: who.mark, csrf: newSecret(), beganAtMs: nowMs, usedAtMs: nowMs };
      sessions.set(keyOf(id), session);
      return { id, session };
    },
    find: (id, nowMs) => {
      const key = keyOf(id);
      const session = sessions.get(key);
      if (session === undefined) return null;
      sessions.delete(key);
      if (isOver(session, nowMs)) return null;
      session.usedAtMs = nowMs;
      sessions.set(key, session);
      return session;
    },
    peek: (id, nowMs) => {
      const session = sessions.get(keyOf(id));
      return session === undefined || isOver(session, nowMs) ? null : session;
    },
    end: (id) => {
      sessions.delete(keyOf(id));
    },
  };
}
