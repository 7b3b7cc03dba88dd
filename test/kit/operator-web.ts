/**
 * The operator-ui with its real web server on a port of its own, over a fake bus: what a browser or an attacker sends, and what of it reached
 * the bus. Logins are a real file.
 */
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOperatorUiModule } from '../../actors/operator-ui/actor.ts';
import type { EventStorePort } from '../../actors/operator-ui/ports.ts';
import { createWebServer, type WebServerOptions } from '../../adapters/http/server.ts';
import { addToken, type Logins, writeLogins } from '../../adapters/logins/logins-file.ts';
import type { Delivery } from '../../bus/actor.ts';
import { createLog } from '../../bus/log.ts';
import type { AccessList } from '../../contracts/desired.ts';
import { topics } from '../../contracts/topics.ts';
import { FakeLife, fakeIo } from './fake-io.ts';
import { StepClock } from './step-clock.ts';
import { waitFor } from './wait.ts';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of JSON; null: it is none. */
  readonly json: Record<string, unknown> | null;
}

export interface Sent {
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Buffer;
}

export const password = 'correct horse battery';
const since = '2026-03-01T12:00:00.000Z';
export const actionName = 'container-restart-vps-web';
const noStore: EventStorePort = { page: () => Promise.resolve(null) };

export class OperatorWeb {
  readonly life: FakeLife;
  readonly clock: StepClock;
  readonly directory: string;
  readonly logLines: Record<string, unknown>[];
  readonly url: URL;

  private constructor(parts: Pick<OperatorWeb, 'life' | 'clock' | 'directory' | 'logLines' | 'url'>) {
    this.life = parts.life;
    this.clock = parts.clock;
    this.directory = parts.directory;
    this.logLines = parts.logLines;
    this.url = parts.url;
  }

  static async start(options: Partial<WebServerOptions> & { readonly logins?: Logins } = {}): Promise<OperatorWeb> {
    const directory = mkdtempSync(join(tmpdir(), 'operator-web-'));
    const loginsFile = join(directory, 'logins.yaml');
    if (options.logins !== undefined) writeLogins(loginsFile, options.logins);
    const logLines: Record<string, unknown>[] = [];
    const log = createLog({ level: 'info', destination: { write: (line) => logLines.push(JSON.parse(line)) } });
    const usual = { host: '127.0.0.1', port: 0, publicUrl: null, trustedProxies: [], asksWithoutLogin: () => true, pageDirectory: null };
    const web = createWebServer({ ...usual, loginsFile, store: noStore, log, ...options });
    const clock = new StepClock();
    const life = await FakeLife.start(createOperatorUiModule({ web, version: '0.0.1' }), fakeIo({ actor: 'operator-ui', clock, dataDir: directory }));
    const url = await waitFor('the web server to listen', () => life.detail?.split(': ')[0]);
    return new OperatorWeb({ life, clock, directory, logLines, url: new URL(url) });
  }

  /** What everybody has: a node, a service that is down, and a restart of it that waits for a yes. */
  fill({ access = null }: { readonly access?: AccessList | null } = {}): void {
    const { life } = this;
    life.hearDocument(
      topics.desired,
      { node: 'vps' },
      { status: 'declared', node: 'vps', site: 'hub', services: [{ name: 'web', origin: 'declared' }], access },
    );
    life.hearDocument(topics.worldNode, { node: 'vps' }, { status: 'online', node: 'vps', site: 'hub', engine: 'up', since });
    life.hearDocument(topics.worldService, { node: 'vps', service: 'web' }, { status: 'down', node: 'vps', service: 'web', site: 'hub', since });
    life.hearDocument(topics.action, { node: 'vps', id: actionName }, pendingAction);
    life.synced();
  }

  get origin(): string {
    return this.url.origin;
  }

  /** What reached the bus. */
  get sent(): readonly { readonly topic: string; readonly payload: unknown }[] {
    return this.life.io.sent;
  }

  get refusals(): readonly unknown[] {
    return this.logLines.filter(({ msg }) => msg === 'request refused').map(({ code }) => code);
  }

  call(method: string, path: string, { headers = {}, body, raw }: Sent = {}): Promise<Answered> {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const ask = request(
        {
          host: this.url.hostname,
          port: this.url.port,
          method,
          path,
          agent: false,
          headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
          });
        },
      );
      ask.on('error', reject);
      ask.end(payload);
    });
  }

  /** As the page does it: its own origin, and the secret that it was told. */
  post(path: string, { headers = {}, ...sent }: Sent & { readonly csrf?: string; readonly cookie?: string } = {}): Promise<Answered> {
    const { csrf, cookie } = sent;
    return this.call('POST', path, {
      ...sent,
      headers: { origin: this.origin, ...(csrf === undefined ? {} : { 'x-homelab-csrf': csrf }), ...(cookie === undefined ? {} : { cookie }), ...headers },
    });
  }

  async login(login = 'anna', secret = password): Promise<{ readonly cookie: string; readonly csrf: string }> {
    const answer = await this.post('/login', { body: { login, password: secret } });
    if (answer.status !== 200) throw new Error(`not logged in: ${answer.text}`);
    return { cookie: cookieOf(answer), csrf: String(answer.json?.['csrf']) };
  }

  /** The ledger answers what was asked last. */
  reply(summary: string, more: object = {}): void {
    const last = this.sent.at(-1);
    if (last === undefined) throw new Error('nothing was asked');
    const state = last.topic.split('/')[1] ?? '';
    const payload = { summary, code: state, ok: true, id: actionName, request: `${state} ${JSON.stringify(last.payload)}`.slice(0, 400), ts: since, ...more };
    this.life.hear({ kind: 'message', name: 'reply', topic: '', levels: {}, text: '', payload, retained: false, at: this.clock.now() } as Delivery);
  }

  async asked(count: number): Promise<void> {
    await waitFor(`${count} requests on the bus`, () => this.sent.length === count);
  }

  async stop(): Promise<void> {
    await this.life.stop();
    rmSync(this.directory, { recursive: true });
  }
}

export const cookieOf = ({ headers }: Answered): string => headers['set-cookie']?.at(-1)?.split(';')[0] ?? '';

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** A hash as adapters/logins/password.ts reads it, made with next to no work: a real one takes a fifth of a second, on purpose. */
export function cheapHash(secret: string): string {
  const salt = randomBytes(16);
  const key = scryptSync(secret, salt, 32, { N: 16, r: 1, p: 1 });
  return `scrypt$4$1$1$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** Anna and Bert with a password each, and Anna's tokens: one that is valid and one that is not. */
export function someLogins(): { readonly logins: Logins; readonly token: string; readonly expired: string } {
  const people: Logins = new Map(['anna', 'bert'].map((login) => [login, { scrypt: cheapHash(password), tokens: [] }]));
  const { logins, token } = addToken(people, { login: 'anna', name: 'prometheus' });
  const old = addToken(logins, { login: 'anna', name: 'old', expires: '2026-02-01T00:00:00.000Z' });
  return { logins: old.logins, token, expired: old.token };
}

const pendingAction = {
  status: 'pending',
  summary: 'restart web on vps: waiting for a yes',
  id: actionName,
  type: 'container_restart',
  risk: 'low',
  site: 'hub',
  node: 'vps',
  service: 'web',
  attempt: 2,
  digest: '0123456789abcdef',
  evidence: { trigger_type: 'containers_not_running', message: 'web on vps is down' },
  proposed_by: 'supervisor-vps',
  proposed_at: since,
  verify_window_ms: 120_000,
  transition_history: [{ from: null, to: 'pending', at: since, by: 'supervisor-vps' }],
};
