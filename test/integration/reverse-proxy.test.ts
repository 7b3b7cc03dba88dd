/**
 * The web page behind Nginx Proxy Manager: through a real nginx with the configuration that it writes, over TLS, with logins. The people sit at
 * 127.0.0.2, the proxy at 127.0.0.1, so that the two can be told apart.
 */

import { request as plainRequest } from 'node:http';
import { connect } from 'node:http2';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { type Heard, listen } from '../kit/event-source.ts';
import { haveNginx, type Nginx, startNginx } from '../kit/nginx.ts';
import { type Answered, actionName, cookieOf, OperatorWeb, password, someLogins } from '../kit/operator-web.ts';
import { waitFor } from '../kit/wait.ts';

const person = '127.0.0.2';
const proxy = '127.0.0.1';
const name = 'homelab.example.org';
/** Reached at another port than 443, which the Host header of Nginx Proxy Manager does not say. */
const oddName = 'odd.example.org';
const oddUrl = `https://${oddName}:8443`;
const since = '2026-03-01T12:00:00.000Z';
/** Nginx Proxy Manager gives up after 90 s without a word, and a page hears one each 10 s: both 45 times as fast. */
const readTimeoutS = 2;
const timing = { gatherMs: 20, keepAliveMs: 222, slowClientMs: 10_000 };

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

function answered(options: RequestOptions & { readonly isTls: boolean }, body: object | undefined): Promise<Answered & { readonly raw: Buffer }> {
  return new Promise((resolve, reject) => {
    const ask = (options.isTls ? tlsRequest : plainRequest)({ agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const raw = Buffer.concat(chunks);
        const text = raw.toString('utf8');
        const isJson = (response.headers['content-type'] ?? '').startsWith('application/json') && response.headers['content-encoding'] === undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, raw, text, json: isJson && text !== '' ? JSON.parse(text) : null });
      });
    });
    ask.on('error', reject);
    ask.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

describe.skipIf(!haveNginx())('behind Nginx Proxy Manager the page', () => {
  let web: OperatorWeb;
  let oddWeb: OperatorWeb;
  let nginx: Nginx;
  const streams: Heard[] = [];

  beforeAll(async () => {
    const { logins } = someLogins();
    web = await OperatorWeb.start({ logins, timing, trustedProxies: [proxy] });
    oddWeb = await OperatorWeb.start({ logins, timing, trustedProxies: [proxy], publicUrl: oddUrl });
    for (const each of [web, oddWeb]) each.fill();
    nginx = await startNginx([
      { name, port: Number(web.url.port), location: '/lab/', readTimeoutS },
      { name: 'switches.example.org', port: Number(web.url.port), isWebsockets: true, readTimeoutS },
      { name: oddName, port: Number(oddWeb.url.port) },
    ]);
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close();
  });
  afterAll(async () => {
    await nginx?.stop();
    await oddWeb?.stop();
    await web?.stop();
  });

  const tls = (host: string): RequestOptions => ({ hostname: '127.0.0.1', port: nginx.port, localAddress: person, ca: nginx.authority, servername: host });
  const call = (method: string, path: string, { headers = {}, body }: Sent = {}, host = name): Promise<Answered & { readonly raw: Buffer }> => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    return answered({ isTls: true, ...tls(host.split(':')[0] ?? ''), method, path, headers: { host, ...json, ...headers } }, body);
  };
  /** Past the proxy, as somebody in the same network may. */
  const callDirectly = (path: string, headers: Readonly<Record<string, string>>, body: object): Promise<Answered> => {
    const all = { host: name, origin: `http://${name}`, 'content-type': 'application/json', ...headers };
    return answered({ isTls: false, host: '127.0.0.1', port: web.url.port, localAddress: person, method: 'POST', path, headers: all }, body);
  };
  const logIn = async (
    host = name,
    path = '/login',
    origin = `https://${host}`,
  ): Promise<{ readonly cookie: string; readonly csrf: string; readonly whole: string }> => {
    const answer = await call('POST', path, { headers: { origin }, body: { login: 'anna', password } }, host);
    if (answer.status !== 200) throw new Error(`not logged in: ${answer.status} ${answer.text}`);
    return { cookie: cookieOf(answer), csrf: String(answer.json?.['csrf']), whole: String(answer.headers['set-cookie']) };
  };
  const follow = async (cookie: string, host = name, path = '/stream'): Promise<Heard> => {
    const stream = await listen(new URL(path, `https://${host}`), { cookie, 'accept-encoding': 'gzip' }, tls(host));
    streams.push(stream);
    return stream;
  };
  const change = (node: string): void => web.life.hearDocument(topics.worldNode, { node }, { status: 'online', node, site: 'hub', engine: 'up', since });
  const logged = (msg: string): readonly Record<string, unknown>[] => web.logLines.filter((line) => line['msg'] === msg);

  it('lets people log in: with a cookie for https only, and with their own address in the log', async () => {
    const { whole } = await logIn();
    expect(whole).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
    expect(logged('logged in').at(-1)).toMatchObject({ login: 'anna', from: person });
  });

  it.each([
    ['as its form stands', name, '/stream'],
    ['with websockets switched on', 'switches.example.org', '/stream'],
    ['below a path of its own', name, '/lab/stream'],
  ])('hears a change at once: %s', async (_how, host, path) => {
    const stream = await follow((await logIn(host)).cookie, host, path);
    expect(stream.headers['content-encoding']).toBeUndefined();
    // The first word came while the answer was still going on, and nothing after it fills a buffer.
    await stream.until(({ name: kind }) => kind === 'bus');
    change(host === name ? 'piha' : 'saturn');
    await stream.until(({ name: kind }) => kind === 'change');
  });

  it('does not lose the connection while nothing changes', async () => {
    const stream = await follow((await logIn()).cookie);
    const isEnded = { now: false };
    stream.ended.then(
      () => (isEnded.now = true),
      () => undefined,
    );
    const words = Math.ceil((1.2 * readTimeoutS * 1000) / timing.keepAliveMs);
    await waitFor('more words than fit the time without one', () => stream.messages.filter(({ name: kind }) => kind === 'alive').length >= words);
    change('solaria');
    await waitFor('a change after that', () => stream.text.includes('solaria'));
    expect(isEnded.now).toBe(false);
  });

  it('hears a change at once over HTTP/2, where all tabs share one connection', async () => {
    const { cookie } = await logIn();
    const session = connect(`https://${name}`, { ...tls(name), host: '127.0.0.1' } as never);
    try {
      const stream = session.request({ ':path': '/stream', cookie });
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      await waitFor('the first word', () => text.includes('event: bus'));
      change('lustro');
      await waitFor('the change', () => text.includes('lustro'));
    } finally {
      session.destroy();
    }
  });

  it('carries a yes to the ledger, and its answer back', async () => {
    const { cookie, csrf } = await logIn();
    const before = web.sent.length;
    const answering = call('POST', `/actions/${actionName}/approve`, {
      headers: { cookie, origin: `https://${name}`, 'x-homelab-csrf': csrf },
      body: { attempt: 2, digest: '0123456789abcdef' },
    });
    await web.asked(before + 1);
    expect(web.sent.at(-1)?.payload).toMatchObject({ on_behalf_of: 'anna', id: actionName, attempt: 2 });
    web.reply('Approved: restart web on vps.');
    expect((await answering).json).toMatchObject({ ok: true, line: 'Approved: restart web on vps.' });
  });

  it('believes no page but its own, whatever else is claimed', async () => {
    const { cookie, csrf } = await logIn();
    const before = web.sent.length;
    for (const [origin, more] of [
      ['https://evil.example.org', {}],
      ['https://evil.example.org', { 'x-forwarded-host': 'evil.example.org', forwarded: 'host=evil.example.org' }],
      [`https://${name}.example.net`, {}],
      ['null', {}],
    ] as const) {
      const headers = { cookie, origin, 'x-homelab-csrf': csrf, ...more };
      const answer = await call('POST', `/actions/${actionName}/approve`, { headers, body: { attempt: 2 } });
      expect([answer.status, answer.json?.['code']], origin).toEqual([403, 'cross_origin']);
    }
    expect(web.sent).toHaveLength(before);
  });

  it('sees through an address that is claimed from outside', async () => {
    const claims = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' };
    for (const more of [claims, { 'x-forwarded-for': `203.0.113.9, ${proxy}` }])
      expect((await call('GET', '/documents', { headers: more })).json?.['code']).toBe('login_needed');
    // Past the proxy nobody is believed at all, nor that there was TLS.
    const direct = await callDirectly('/login', { ...claims, 'x-forwarded-proto': 'https' }, { login: 'anna', password });
    expect(String(direct.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict$/);
    expect((await callDirectly('/actions', claims, {})).json?.['code']).toBe('login_needed');
    expect(logged('request refused').length).toBeGreaterThan(2);
    expect(new Set([...logged('request refused'), ...logged('logged in')].map(({ from }) => from))).toEqual(new Set([person]));
  });

  it('is compressed once', async () => {
    const { cookie } = await logIn();
    const answer = await call('GET', '/documents', { headers: { cookie, 'accept-encoding': 'gzip' } });
    expect([answer.status, answer.headers['content-encoding']]).toEqual([200, 'gzip']);
    expect(JSON.parse(gunzipSync(answer.raw).toString('utf8'))).toMatchObject({ site: 'hub', whole: true });
  });

  it('at another port than 443 takes its own name from HOMELAB_HTTP_URL, since the proxy does not pass the port on', async () => {
    const { cookie } = await logIn(oddName, '/login', oddUrl);
    expect(cookie).toMatch(/^homelab_session=/);
    const headers = { origin: oddUrl.replace(oddName, name) };
    const answer = await call('POST', '/login', { headers, body: { login: 'anna', password } }, `${name}:8443`);
    expect([answer.status, answer.json?.['code']]).toEqual([403, 'cross_origin']);
    expect(answer.json?.['line']).toContain('HOMELAB_HTTP_URL');
  });
});
