/** GET /stream: hands the connection over to the streams (stream.ts), with the headers that every answer has. HEAD is answered with those alone. */
import { markOf } from '../logins/login-book.ts';
import { ownerOf } from '../logins/tokens.ts';
import type { App, Caller, WebParts } from './app-types.ts';
import { bearerOf, cookieName, type Guard } from './guard.ts';
import { Refusal } from './refusal.ts';
import { StreamQuery } from './schemas.ts';
import { type Streams, streamHeaders, streamsMax } from './stream.ts';

/** By which it was opened. */
interface Shown {
  readonly caller: Caller | null;
  readonly cookie: string | undefined;
  readonly token: string | null;
}

export function addStream(app: App, { book, sessions, desk }: WebParts, { guard, streams }: { readonly guard: Guard; readonly streams: Streams }): void {
  /** As the door would judge it now: a login, a password, a token or a role that is no more ends what it has opened. */
  const isStillWelcome = ({ caller, cookie, token }: Shown): boolean => {
    if (caller === null) return false;
    if (caller.by === 'this machine') return !book.isNeeded();
    if (guard.roleOf(caller.login) === 'none') return false;
    if (caller.by === 'token') return token !== null && ownerOf(book.logins(), token, desk.now()).kind === 'known';
    const session = cookie === undefined ? null : sessions.peek(cookie, desk.now());
    return session !== null && session.mark === markOf(book.logins(), session.login);
  };
  app.get(
    '/stream',
    { config: { gate: 'look', answersText: 'text/event-stream' }, schema: { summary: 'Changes as server-sent events', querystring: StreamQuery } },
    (request, reply) => {
      if (request.method === 'HEAD') return reply.headers(streamHeaders).send();
      const { caller } = request;
      const shown: Shown = { caller, cookie: request.cookies[cookieName], token: bearerOf(request) };
      const owner = caller === null || caller.by === 'this machine' ? `address ${request.ip}` : `login ${caller.login}`;
      if (streams.isFull(owner)) throw new Refusal(503, 'too_many_streams', `${streamsMax} pages are open already.`, 60);
      const after = cursorOf(request.headers['last-event-id'], request.query.after);
      const headers = Object.fromEntries(Object.entries(reply.getHeaders()).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
      reply.hijack();
      streams.add(reply.raw, { headers, after, owner, isWelcome: () => isStillWelcome(shown) });
      return reply;
    },
  );
}

/** A cursor of nobody: whoever shows it reads everything again. */
const unknownCursor = -1;

/** EventSource keeps the address it began with, so that what it heard last counts first. null: only what comes from now on. */
function cursorOf(lastEventId: unknown, after: number | undefined): number | null {
  if (lastEventId === undefined) return after ?? null;
  const last = typeof lastEventId === 'string' && lastEventId !== '' ? Number(lastEventId) : Number.NaN;
  return Number.isSafeInteger(last) ? last : (after ?? unknownCursor);
}
