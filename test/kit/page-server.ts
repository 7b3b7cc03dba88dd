/**
 * A stand-in for the server of the web page: the same surface, fed by documents of a test, with a desk that knows who was first.
 *
 * Serves dist/page with the strictest Content-Security-Policy. What a test changes is streamed to every open page; the stream can be cut,
 * and the server be away, or be silent without closing anything. Ends with `close`.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { streamAliveMs } from '../../contracts/defaults.ts';
import type { Tree } from './page-world.ts';

const pageFolder = fileURLToPath(new URL('../../dist/page', import.meta.url));
const strictPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

type Doc = Record<string, unknown>;

const rejecting = { status: 'rejected', word: 'Rejected' };
const decisions: Readonly<Record<string, typeof rejecting>> & { readonly reject: typeof rejecting } = {
  approve: { status: 'approved', word: 'Approved' },
  reject: rejecting,
  cancel: { status: 'cancelled', word: 'Cancelled' },
};

export interface PageServerOptions {
  readonly tree: Tree;
  readonly events?: readonly Doc[];
  /** login → password; absent: nobody needs to log in. */
  readonly people?: Readonly<Record<string, string>>;
  readonly role?: string;
  /** It has just started, and not read everything yet; until `setBus('up')`. */
  readonly isReading?: boolean;
  readonly port?: number;
}

export class PageServer {
  /** What was asked for, in order: `approve container-restart-vps-web {"attempt":1,…}`. */
  readonly requests: string[] = [];
  readonly documents: Tree;
  private readonly options: PageServerOptions;
  private readonly streams = new Set<ServerResponse>();
  private readonly said: { readonly cursor: number; readonly message: string }[] = [];
  private readonly server: Server;
  private cursor = 1;
  private bus = { status: 'up', since: new Date().toISOString() };
  private isWhole = true;
  private isAway = false;
  private isSilent = false;
  private readonly aliveTimer: NodeJS.Timeout;

  private constructor(options: PageServerOptions) {
    this.options = options;
    this.documents = new Map(options.tree);
    if (options.isReading === true) {
      this.isWhole = false;
      this.bus = { ...this.bus, status: 'down' };
    }
    this.aliveTimer = setInterval(() => this.sayAlive(), streamAliveMs);
    this.server = createServer((request, response) => {
      this.take(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async open(options: PageServerOptions): Promise<PageServer> {
    const opened = new PageServer(options);
    await new Promise<void>((resolve) => opened.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return opened;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Publishes documents; null removes one. */
  set(changes: Readonly<Record<string, Doc | null>>): void {
    const set: Record<string, Doc> = {};
    const gone: string[] = [];
    for (const [topic, doc] of Object.entries(changes)) {
      if (doc === null) {
        this.documents.delete(topic);
        gone.push(topic);
      } else {
        this.documents.set(topic, doc as Doc & { status: string });
        set[topic] = doc;
      }
    }
    this.say('change', { set, gone });
  }

  event(event: Doc): void {
    this.say('event', event);
  }

  setBus(status: string): void {
    this.bus = { status, since: new Date().toISOString() };
    this.isWhole ||= status === 'up';
    this.say('bus', this.bus);
  }

  /** Breaks every connection and refuses new ones, or is back. */
  setAway(isAway: boolean): void {
    this.isAway = isAway;
    if (!isAway) return;
    for (const stream of this.streams) stream.destroy();
    this.server.closeAllConnections();
  }

  /** As a network that drops everything: nothing closes, nothing arrives there and nothing here. */
  goSilent(): void {
    this.isSilent = true;
  }

  /** What the real server says when it has nothing else to say. */
  sayAlive(): void {
    this.write('event: alive\ndata: {}\n\n');
  }

  async close(): Promise<void> {
    clearInterval(this.aliveTimer);
    for (const stream of this.streams) stream.destroy();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private say(name: string, data: unknown): void {
    this.cursor += 1;
    const message = `id: ${this.cursor}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    this.said.push({ cursor: this.cursor, message });
    this.write(message);
  }

  private write(text: string): void {
    if (this.isSilent) return;
    for (const stream of this.streams) stream.write(text);
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isAway) {
      request.destroy();
      return;
    }
    if (this.isSilent) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (request.method === 'POST') return this.post(request, response, pathname);
    const who = this.loginOf(request);
    const needsLogin = this.options.people !== undefined && who === null;
    if (needsLogin && ['/documents', '/stream', '/events', '/ai'].includes(pathname)) return this.json(response, { error: 'log in' }, 401);
    if (pathname === '/me')
      return this.json(response, {
        login: who ?? (this.options.people === undefined ? 'anonymous' : null),
        role: who === null && this.options.people !== undefined ? null : (this.options.role ?? 'operator'),
        csrf: 'token',
        loginRequired: this.options.people !== undefined,
      });
    if (pathname === '/documents')
      return this.json(response, {
        cursor: this.cursor,
        site: 'hub',
        node: 'vps',
        version: '0.1.0',
        bus: this.bus,
        whole: this.isWhole,
        documents: Object.fromEntries(this.documents),
      });
    if (pathname === '/stream') return this.stream(response, Number(request.headers['last-event-id'] ?? searchParams.get('after') ?? this.cursor));
    if (pathname === '/events') return this.json(response, this.history(searchParams));
    if (pathname === '/ai') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('The homelab, as it is now.');
      return;
    }
    this.file(response, pathname === '/' ? '/index.html' : pathname);
  }

  private loginOf(request: IncomingMessage): string | null {
    return /login=([a-z]+)/.exec(request.headers.cookie ?? '')?.[1] ?? null;
  }

  private json(response: ServerResponse, body: unknown, status = 200): void {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
  }

  /** What was said between a page's reading of the documents and its listening is said to it here, as the real server does. */
  private stream(response: ServerResponse, after: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`event: bus\ndata: ${JSON.stringify(this.bus)}\n\n`);
    if (this.missed) response.write('event: resync\ndata: {}\n\n');
    else for (const { message } of this.said.filter(({ cursor }) => cursor > after)) response.write(message);
    this.missed = false;
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  /** Set by a test that changed documents while nobody listened. */
  missed = false;

  private history(query: URLSearchParams): { readonly events: readonly Doc[]; readonly next: string | null } {
    const fits = (event: Doc): boolean => ['node', 'type'].every((name) => query.get(name) === null || event[name] === query.get(name));
    const all = (this.options.events ?? []).filter(fits);
    const from = Number(query.get('before') ?? 0);
    const limit = Number(query.get('limit') ?? 100);
    return { events: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null };
  }

  private file(response: ServerResponse, path: string): void {
    try {
      const contents = readFileSync(join(pageFolder, path));
      response
        .writeHead(200, {
          'content-type': types[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': strictPolicy,
          'x-content-type-options': 'nosniff',
        })
        .end(contents);
    } catch {
      response.writeHead(404).end();
    }
  }

  private async post(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const body = (text === '' ? {} : JSON.parse(text)) as Doc;
    if (path === '/login') {
      const login = String(body['login']);
      const isRight = this.options.people?.[login] === body['password'];
      if (isRight) response.setHeader('set-cookie', `login=${login}; Path=/; SameSite=Strict; HttpOnly`);
      return this.json(response, {}, isRight ? 200 : 401);
    }
    if (path === '/logout') {
      response.setHeader('set-cookie', 'login=; Path=/; Max-Age=0');
      return this.json(response, {});
    }
    if (request.headers['x-homelab-csrf'] !== 'token') return this.json(response, { ok: false, code: 'csrf', line: 'Refused: not from this page.' }, 403);
    const [, , id, decision] = path.split('/');
    this.requests.push(`${decision ?? 'propose'} ${id ?? ''} ${text}`);
    if (id === undefined) return this.json(response, { ok: true, code: 'proposed', line: `Proposed: ${String(body['type'])}. It waits for a yes.` });
    this.decide(response, { id, decision: decision ?? '', body, who: this.loginOf(request) ?? 'anonymous' });
  }

  /** As a ledger would: the first is heard, the second is told who was. */
  private decide(
    response: ServerResponse,
    { id, decision, body, who }: { readonly id: string; readonly decision: string; readonly body: Doc; readonly who: string },
  ): void {
    const refuse = (code: string, line: string, status: number): void => this.json(response, { ok: false, code, line: `Refused: ${line}.` }, status);
    const [topic, doc] = [...this.documents].find(([, each]) => each['id'] === id && each['transition_history'] !== undefined) ?? [];
    if (topic === undefined || doc === undefined) refuse('unknown_action', `there is no ${id}`, 404);
    else if (doc['digest'] !== body['digest'] || doc['attempt'] !== body['attempt']) refuse('digest_mismatch', 'it is not what was looked at any more', 409);
    else if (doc.status !== (decision === 'cancel' ? 'approved' : 'pending')) {
      const last = (doc['transition_history'] as readonly Doc[]).at(-1);
      refuse('not_pending', `${id} does not wait for a yes: already ${doc.status} by ${String(last?.['by'])}`, 409);
    } else {
      const { status, word } = decisions[decision] ?? decisions.reject;
      this.json(response, { ok: true, code: status, line: `${word}: ${id}.` });
      this.move(topic, doc, { status, by: `${who} via operator-ui-vps`, note: typeof body['note'] === 'string' ? body['note'] : '' });
    }
  }

  private move(topic: string, doc: Doc, { status, by, note }: { readonly status: string; readonly by: string; readonly note: string }): void {
    const at = new Date().toISOString();
    const history = doc['transition_history'] as readonly Doc[];
    const approval = status === 'approved' ? { approved_by: by, approved_at: at, expires_at: new Date(Date.now() + 3_600_000).toISOString() } : {};
    this.set({ [topic]: { ...doc, ...approval, status, ts: at, transition_history: [...history, { from: doc.status, to: status, at, by, note }] } });
  }
}
