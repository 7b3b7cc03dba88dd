/**
 * Who am I, logging in and out. A session is a cookie that scripts cannot read, and so is the one by which a browser is known the next time; wrong
 * logins are slow, limited and all told the same.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { markOf } from '../logins/login-book.ts';
import { verifyPassword } from '../logins/password.ts';
import type { App, Caller, WebParts } from './app-types.ts';
import { cookieName, type Guard } from './guard.ts';
import { browserOf, knownCookie, knownCookieName, knownForMs } from './known-browser.ts';
import { Refusal } from './refusal.ts';
import { Answer, LoginBody, Me } from './schemas.ts';
import { ageMaxMs } from './sessions.ts';
import type { Streams } from './stream.ts';

const open = { config: { gate: 'open' } } as const;

export function addAccess(app: App, parts: WebParts, { guard, streams }: { readonly guard: Guard; readonly streams: Streams }): void {
  const { book, sessions, desk, log } = parts;
  const meOf = (caller: Caller | null) => ({
    login: caller?.login ?? null,
    role: caller === null || caller.role === 'none' ? null : caller.role,
    csrf: caller?.csrf ?? null,
    loginRequired: book.isNeeded(),
  });

  app.get('/me', { ...open, schema: { summary: 'Who you are', response: { 200: Me } } }, (request) => meOf(request.caller));

  app.post(
    '/login',
    { ...open, schema: { summary: 'Log in', body: LoginBody, response: { 200: Answer.extend(Me.shape), 401: Answer, 429: Answer } } },
    async (request, reply) => {
      const { login, password } = request.body;
      const mark = await tryPassword(parts, request, login, password);
      if (mark === null) throw new Refusal(401, 'wrong_login', 'Login or password is wrong.');
      const known = knownCookieName(login);
      reply.setCookie(known, knownCookie(login, mark, request.cookies[known], desk.now()), { ...cookieOptions(request), maxAge: knownForMs / 1000 });
      // Whoever had this browser before is gone, and an id that somebody planted means nothing.
      endSession(parts, request, reply);
      const { id, session } = sessions.begin({ login, mark }, desk.now());
      reply.setCookie(cookieName, id, { ...cookieOptions(request), maxAge: ageMaxMs / 1000 });
      log.info({ login, from: request.ip }, 'logged in');
      const caller: Caller = { login, role: guard.roleOf(login), by: 'session', csrf: session.csrf };
      return { ok: true, code: 'ok', line: `Logged in as ${login}.`, ...meOf(caller) };
    },
  );

  app.post('/logout', { config: { gate: 'look' }, schema: { summary: 'Log out', response: { 200: Answer } } }, (request, reply) => {
    endSession(parts, request, reply);
    streams.turnAway();
    log.info({ login: request.caller?.login ?? null, from: request.ip }, 'logged out');
    return { ok: true, code: 'ok', line: 'Logged out.' };
  });
}

/** The mark of the password that was right, or null. */
async function tryPassword({ book, attempts, desk }: WebParts, request: FastifyRequest, login: string, password: string): Promise<string | null> {
  // What was compared, not what is there when the answer comes: it may have been changed meanwhile.
  const mark = markOf(book.logins(), login);
  const known = browserOf(login, mark, request.cookies[knownCookieName(login)], desk.now());
  const attempt = { login, isThere: mark !== null, address: request.ip, known };
  const waitS = attempts.begin(attempt, desk.now());
  if (waitS !== null) throw new Refusal(429, 'too_many_attempts', `Too many wrong logins; try again in ${Math.ceil(waitS / 60)} min.`, waitS);
  if (!(await verifyPassword(password, mark))) return null;
  attempts.succeeded(attempt);
  return mark;
}

function endSession({ sessions }: WebParts, request: FastifyRequest, reply: FastifyReply): void {
  const id = request.cookies[cookieName];
  if (id !== undefined) sessions.end(id);
  reply.clearCookie(cookieName, cookieOptions(request));
}

/** Its path is that of everything: below which path a proxy shows this page is not known here. `protocol` is https only where our own socket, or a proxy that is trusted, says so. */
const cookieOptions = ({ protocol }: FastifyRequest) => ({ path: '/', httpOnly: true, sameSite: 'strict' as const, secure: protocol === 'https' });
