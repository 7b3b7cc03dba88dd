/**
 * A browser that was logged in with the right password shows it at the next login by a cookie, one for each login (OWASP, "Slow Down Online
 * Guessing Attacks with Device Cookies"): wrong passwords of others do not keep it waiting. It opens nothing by itself.
 *
 * `<id>.<until>.<mac>`: signed with what is kept of that login's password, so that it holds over a restart, and another password ends it. Pure but for random ids.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isSameSecret } from './sessions.ts';

/** A month: whoever approves once in a while on a phone is still known. */
export const knownForMs = 30 * 24 * 3_600_000;

const idBytes = 16;
const shape = /^([\w-]{22})\.(\d{1,15})\.([\w-]{43})$/;

/** A login may have characters that no cookie's name can. */
export const knownCookieName = (login: string): string => `homelab_known_${createHash('sha256').update(login).digest('hex').slice(0, 16)}`;

const macOf = (login: string, mark: string, id: string, until: string): string =>
  createHmac('sha256', mark).update(`known browser\n${login}\n${id}\n${until}`).digest('base64url');

/** `mark`: of the password that was right (login-book.ts). `before`: the cookie that it showed, whose id it keeps. */
export function knownCookie(login: string, mark: string, before: string | undefined, nowMs: number): string {
  const id = browserOf(login, mark, before, nowMs) ?? randomBytes(idBytes).toString('base64url');
  const until = String(nowMs + knownForMs);
  return `${id}.${until}.${macOf(login, mark, id, until)}`;
}

/** Its id; null: it is none, of another login or password, or too old. */
export function browserOf(login: string, mark: string | null, cookie: string | undefined, nowMs: number): string | null {
  const [, id = '', until = '', mac = ''] = shape.exec(cookie ?? '') ?? [];
  if (id === '' || mark === null || !isSameSecret(mac, macOf(login, mark, id, until))) return null;
  return Number(until) > nowMs ? id : null;
}
