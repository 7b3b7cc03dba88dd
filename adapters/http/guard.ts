/**
 * The door: who makes a request, and whether it may be made at all. Runs before anything of a request's body is read.
 *
 * A browser sends cookies with requests that another site made it send, and a name can be pointed at this machine by anybody: so what changes
 * something must come from our own page (Origin) and show a secret that only our page can read (x-homelab-csrf); without logins only
 * requests to this machine under a name of its own count (DNS rebinding). Tokens are sent by programs on purpose and need neither.
 */
import type { FastifyRequest } from 'fastify';
import type { OperatorDesk } from '../../actors/operator-ui/ports.ts';
import { accessListOf } from '../../contracts/access-list.ts';
import type { AccessList } from '../../contracts/desired.ts';
import { isLoopback } from '../../contracts/loopback.ts';
import { topics } from '../../contracts/topics.ts';
import { markOf } from '../logins/login-book.ts';
import { ownerOf } from '../logins/tokens.ts';
import type { Caller, Gate, WebParts } from './app-types.ts';
import { Refusal } from './refusal.ts';
import { isSameSecret, newSecret } from './sessions.ts';
import { documentsOf } from './views/documents-of.ts';

export const cookieName = 'homelab_session';
const csrfHeader = 'x-homelab-csrf';

/** Under which the history shows whoever used the page where nobody has a login. */
const nobodysName = 'anonymous';

export interface Guard {
  /** Throws a Refusal. */
  readonly check: (request: FastifyRequest, gate: Gate) => void;
  readonly roleOf: (login: string) => Caller['role'];
  /** What a page must show while nobody needs a login. */
  readonly csrfWithoutLogin: string;
}

export function createGuard(parts: WebParts): Guard {
  const csrfWithoutLogin = newSecret();
  const access = accessReader(parts.desk);
  const roleOf = (login: string): Caller['role'] => {
    const list = access();
    if (list === 'unknown') return 'reader';
    if (list === null) return 'operator';
    return (Object.hasOwn(list, login) ? list[login] : undefined) ?? 'none';
  };
  const callerOf = (request: FastifyRequest): Caller | null => {
    const { book, sessions, desk, settings } = parts;
    const token = bearerOf(request);
    if (token !== null) return tokenCaller(parts, token, roleOf);
    if (!book.isNeeded()) {
      // As at the broker: where there is a list of people, nobody acts without a name.
      const role = settings.asksWithoutLogin() && access() === null ? 'operator' : 'reader';
      return { login: nobodysName, role, by: 'this machine', csrf: csrfWithoutLogin };
    }
    const id = request.cookies[cookieName];
    const session = id === undefined ? null : sessions.find(id, desk.now());
    if (session === null || markOf(book.logins(), session.login) !== session.mark) return null;
    return { login: session.login, role: roleOf(session.login), by: 'session', csrf: session.csrf };
  };
  return {
    roleOf,
    csrfWithoutLogin,
    check: (request, gate) => {
      checkWay(request, parts);
      request.caller = callerOf(request);
      if (request.method !== 'GET' && request.method !== 'HEAD') checkOrigin(request, parts, gate);
      checkGate(request, gate);
    },
  };
}

function checkGate(request: FastifyRequest, gate: Gate): void {
  const { caller } = request;
  if (gate === 'open') return;
  if (gate === 'figures' && caller === null && isLoopback(request.socket.remoteAddress) && !cameThroughProxy(request)) return;
  if (caller === null) throw new Refusal(401, 'login_needed', 'Log in first.');
  if (caller.role === 'none') throw new Refusal(403, 'no_role', `${caller.login} has no role here: inventory/access.yaml, or homelab creds add --role`);
  if (gate === 'ask' && caller.role === 'reader') throw new Refusal(403, 'not_allowed', `${caller.login} may look, not ask for anything.`);
}

/** By which name and way it came. */
function checkWay(request: FastifyRequest, { book }: WebParts): void {
  const host = hostnameOf(request.headers.host);
  if (host === null) throw new Refusal(400, 'bad_host', 'The Host header names no host.');
  if (book.isNeeded()) return;
  const isFromHere = isLoopback(request.socket.remoteAddress) && !cameThroughProxy(request);
  if (!isFromHere)
    throw new Refusal(403, 'this_machine_only', 'No login is configured, so that only this machine itself is answered: homelab creds add <login>');
  if (!isLoopback(host))
    throw new Refusal(403, 'bad_host', 'No login is configured, so that only names of this machine itself are answered: http://127.0.0.1 or http://localhost');
}

const otherPage = 'This request does not come from the page of this server. Programs use a token: Authorization: Bearer …';
/** Nginx Proxy Manager hands on the name alone. */
const otherPort =
  'This request comes from the same name at another port. If that is the proxy in front of this server, HOMELAB_HTTP_URL must say how people reach it: https://name:port';

/** Of requests that change something. */
function checkOrigin(request: FastifyRequest, { settings }: WebParts, gate: Gate): void {
  const { caller, headers } = request;
  if (caller?.by === 'token') return;
  const origin = headers.origin;
  if (origin === undefined || !isOwnOrigin(origin, headers.host, settings.publicUrl)) {
    throw new Refusal(403, 'cross_origin', hostnameOf(headers.host) === urlOf(origin ?? '')?.hostname ? otherPort : otherPage);
  }
  // Before a login there is no secret yet; the Origin alone proves that our page asks.
  if (gate === 'open' || caller === null) return;
  const shown = headers[csrfHeader];
  if (caller.csrf === null || typeof shown !== 'string' || !isSameSecret(shown, caller.csrf)) {
    throw new Refusal(403, 'csrf', `The header ${csrfHeader} is missing or old: load the page again.`);
  }
}

/** A proxy that ends TLS changes the scheme, never the name. */
function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string | null): boolean {
  const url = urlOf(origin);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.host === urlOf(`${url.protocol}//${host ?? ''}`)?.host || (publicUrl !== null && url.origin === urlOf(publicUrl)?.origin);
}

function tokenCaller({ book, desk }: WebParts, token: string, roleOf: Guard['roleOf']): Caller {
  const seen = ownerOf(book.logins(), token, desk.now());
  if (seen.kind === 'unknown') throw new Refusal(401, 'bad_token', 'This token is not known.');
  if (seen.kind === 'expired') throw new Refusal(401, 'expired_token', `The token ${seen.name} has expired: homelab creds add makes a new one.`);
  return { login: seen.login, role: roleOf(seen.login), by: 'token', csrf: null };
}

export const bearerOf = ({ headers }: FastifyRequest): string | null => /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;

/** What proxies add, and who is asked directly never sees. */
const cameThroughProxy = ({ headers }: FastifyRequest): boolean =>
  Object.keys(headers).some((name) => name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded-'));

function hostnameOf(host: string | undefined): string | null {
  if (host === undefined || !/^[\w.:[\]-]{1,255}$/.test(host)) return null;
  return urlOf(`http://${host}`)?.hostname ?? null;
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** The site's access list as its ledger reads it; read again when anything has changed. */
function accessReader(desk: OperatorDesk): () => AccessList | null | 'unknown' {
  let seen = -1;
  let list: AccessList | null = null;
  return () => {
    const picture = desk.picture();
    if (!picture.isWhole) return 'unknown';
    if (picture.cursor !== seen) {
      list = accessListOf(documentsOf(picture, topics.desired).filter(({ site }) => site === desk.site));
      seen = picture.cursor;
    }
    return list;
  };
}
