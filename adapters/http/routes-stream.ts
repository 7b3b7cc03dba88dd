/** GET /stream: hands the connection over to the streams (stream.ts), with the headers that every answer has. */
import type { App, Caller, WebParts } from './app-types.ts';
import { cookieName } from './guard.ts';
import { Refusal } from './refusal.ts';
import { StreamQuery } from './schemas.ts';
import { type Streams, streamsMax } from './stream.ts';

export function addStream(app: App, { book, sessions, desk }: WebParts, streams: Streams): void {
  const isStillWelcome = (caller: Caller | null, cookie: string | undefined): boolean => {
    if (caller === null) return false;
    if (caller.by === 'this machine') return !book.isNeeded();
    if (!book.logins().has(caller.login)) return false;
    return caller.by === 'token' || (cookie !== undefined && sessions.find(cookie, desk.now()) !== null);
  };
  app.get('/stream', { config: { gate: 'look' }, schema: { summary: 'Changes as server-sent events', querystring: StreamQuery } }, (request, reply) => {
    const last = Number(request.headers['last-event-id'] ?? Number.NaN);
    const after = Number.isSafeInteger(last) ? last : (request.query.after ?? null);
    const { caller } = request;
    const cookie = request.cookies[cookieName];
    if (streams.count() >= streamsMax) throw new Refusal(503, 'too_many_streams', `${streamsMax} pages are open already.`, 60);
    const headers = Object.fromEntries(Object.entries(reply.getHeaders()).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
    reply.hijack();
    streams.add(reply.raw, { headers, after, isWelcome: () => isStillWelcome(caller, cookie) });
  });
}
