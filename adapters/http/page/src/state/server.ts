/**
 * What the page asks its server: documents, history, who I am, and requests of a person. Addresses are relative, so that the page may
 * stand below a path of a proxy. Nothing is remembered. An answer that is none is a ServerError with the status of HTTP (0: no answer).
 */
import type { Event } from '../../../../../contracts/event.ts';
import type { Doc } from './documents.ts';
import type { BusState } from './freshness.ts';

export interface Snapshot {
  readonly cursor: string | number;
  readonly site: string;
  readonly node: string;
  readonly version: string;
  readonly bus: BusState;
  /** false: the server has not read everything yet since its start. */
  readonly whole: boolean;
  readonly documents: Readonly<Record<string, Doc>>;
}

export interface Me {
  readonly login: string | null;
  readonly role: string | null;
  readonly csrf: string | null;
  readonly loginRequired: boolean;
}

/** The ledger's answer in one line. */
export interface Answer {
  readonly ok: boolean;
  readonly code: string;
  readonly line: string;
}

export class ServerError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** All documents of 500 services over LTE take some seconds. 20 s is a server that hangs. */
const readingMs = 20_000;
/** The ledger answers within a second, and after 10 s the server says that it did not; 5 s more for the way there and back in a bad cell. */
const askingMs = 15_000;

interface Asked {
  readonly method?: 'POST';
  readonly body?: unknown;
  readonly csrf?: string | null;
}

async function ask(path: string, { method, body, csrf }: Asked = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method === 'POST') headers['content-type'] = 'application/json';
  if (csrf != null) headers['x-homelab-csrf'] = csrf;
  const patience = new AbortController();
  setTimeout(() => patience.abort(), method === 'POST' ? askingMs : readingMs);
  const init: RequestInit = { headers, credentials: 'same-origin', cache: 'no-store', signal: patience.signal };
  if (method !== undefined) Object.assign(init, { method, body: JSON.stringify(body ?? {}) });
  try {
    return await fetch(path, init);
  } catch (error) {
    throw new ServerError(0, error instanceof Error ? error.message : String(error));
  }
}

async function json<T>(answer: Promise<Response>): Promise<T> {
  const got = await answer;
  if (!got.ok) throw new ServerError(got.status, got.statusText);
  return (await got.json()) as T;
}

/** With the clock of the server, as far as its Date header says: epoch milliseconds, or null. */
export async function getDocuments(): Promise<{ readonly snapshot: Snapshot; readonly serverMs: number | null }> {
  const got = await ask('./documents');
  const date = Date.parse(got.headers.get('date') ?? '');
  return { snapshot: await json<Snapshot>(Promise.resolve(got)), serverMs: Number.isNaN(date) ? null : date };
}

export const getMe = (): Promise<Me> => json(ask('./me'));

export const getEvents = (query: string): Promise<{ readonly events: readonly Event[]; readonly next: string | number | null }> =>
  json(ask(`./events?${query}`));

export async function getAiText(): Promise<string> {
  const got = await ask('./ai');
  if (!got.ok) throw new ServerError(got.status, got.statusText);
  return got.text();
}

export const logIn = (login: string, password: string): Promise<unknown> => json(ask('./login', { method: 'POST', body: { login, password } }));

export const logOut = (csrf: string | null): Promise<Response> => ask('./logout', { method: 'POST', csrf });

/** A refusal comes with a status above 400 and a line all the same. */
async function answerOf(answer: Promise<Response>): Promise<Answer> {
  const got = await answer;
  // The login has ended: the form comes instead of a line.
  if (got.status === 401) throw new ServerError(got.status, got.statusText);
  const body: unknown = await got.json().catch(() => null);
  if (typeof body === 'object' && body !== null && 'line' in body) return body as Answer;
  throw new ServerError(got.status, got.statusText);
}

export const decide = (
  id: string,
  decision: 'approve' | 'reject' | 'cancel',
  body: { readonly attempt: number; readonly digest: string; readonly note?: string },
  csrf: string | null,
): Promise<Answer> => answerOf(ask(`./actions/${encodeURIComponent(id)}/${decision}`, { method: 'POST', body, csrf }));

export const propose = (
  body: { readonly type: string; readonly node: string; readonly service?: string; readonly reason?: string },
  csrf: string | null,
): Promise<Answer> => answerOf(ask('./actions', { method: 'POST', body, csrf }));
