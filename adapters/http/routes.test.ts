/** What the API answers, over a real connection: every answer fits the schema that the OpenAPI document shows. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Delivery } from '../../bus/actor.ts';
import { Action } from '../../contracts/action.ts';
import { Incident } from '../../contracts/incident.ts';
import { topics } from '../../contracts/topics.ts';
import { actionName, OperatorWeb, someLogins } from '../../test/kit/operator-web.ts';
import { settlePromises } from '../../test/kit/step-clock.ts';
import { Answer, Documents, Health, Me, Summary, Topology } from './schemas.ts';
import { ActorRow, NodeRow, ServiceRow } from './views/lists.ts';

let web: OperatorWeb;
afterEach(async () => {
  expect(web.life.failures).toEqual([]);
  await web.stop();
});

const since = '2026-03-01T11:00:00.000Z';
const incident = (id: string, more: object = {}) => ({
  ...{ status: 'active', id, site: 'hub', node: 'vps', service: 'web', kind: 'down', severity: 'error', trigger_type: 'containers_not_running' },
  ...{ started_at: since, last_occurrence: since, occurrence_count: 1, ...more },
});

function fillMore({ life, clock }: OperatorWeb): void {
  const now = new Date(clock.now()).toISOString();
  const counts = { nodes: { online: 1 }, services: { down: 1 }, incidents_active: 1, actions_pending: 1, actions_running: 0 };
  life.hearDocument(topics.site, { site: 'hub' }, { status: 'critical', site: 'hub', last_update: now, worst: 'web on vps', ...counts });
  life.hearDocument(
    topics.site,
    { site: 'chelsty' },
    { status: 'nominal', site: 'chelsty', last_update: now, ...counts, incidents_active: 0, actions_pending: 0 },
  );
  life.hearDocument(topics.link, { site: 'chelsty' }, { status: 'down', site: 'chelsty', since: now });
  for (const [node, site] of [
    ['vps', 'hub'],
    ['piha', 'chelsty'],
  ] as const) {
    life.hearDocument(topics.worldNode, { node }, { status: 'online', node, site, engine: 'up', since });
    life.hearDocument(topics.actorStatus, { node, actor: 'observer' }, { status: 'online', node, actor: 'observer', mode: 'watching' });
  }
  life.hearDocument(topics.incident, { node: 'vps', id: 'inc-1' }, incident('inc-1'));
  life.hearDocument(topics.incident, { node: 'vps', id: 'inc-0' }, incident('inc-0', { status: 'resolved', resolved_at: since }));
}

const hearEvent = (n: number, more: object = {}): void => {
  const event = {
    id: `01900000-0000-7000-8000-0000000000${10 + n}`,
    ts: `2026-03-01T12:00:${10 + n}.000Z`,
    node: 'vps',
    source: 'node-agent',
    lane: 'info',
    seq: n + 1,
  };
  const payload = { ...event, type: 'service_healthy', severity: 'info', service: 'web', correlation_id: null, message: `event ${n}`, payload: {}, ...more };
  web.life.hear({ kind: 'message', name: 'events', topic: '', levels: {}, text: '', payload, retained: false, at: web.clock.now() + n } as unknown as Delivery);
};

describe('what can be looked at', () => {
  it('fits its schema, everywhere', async () => {
    web = await OperatorWeb.start();
    web.fill();
    fillMore(web);
    const expected: Readonly<Record<string, z.ZodType>> = {
      '/healthz': Health,
      '/me': Me,
      '/summary': Summary,
      '/topology': Topology,
      '/documents': Documents,
      '/nodes': z.array(NodeRow),
      '/services': z.array(ServiceRow),
      '/incidents': z.array(Incident),
      '/actions': z.array(Action),
      '/actors': z.array(ActorRow),
      '/deployments': z.array(z.never()),
    };
    for (const [path, schema] of Object.entries(expected)) {
      const answer = await web.call('GET', path);
      expect(answer.status, path).toBe(200);
      expect(schema.safeParse(answer.json).error, path).toBeUndefined();
      expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none';script-src 'self';/);
      expect(answer.headers['cache-control']).toBe('private, no-cache');
    }
    const { paths } = (await web.call('GET', '/openapi.json')).json as { paths: Record<string, object> };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([...Object.keys(expected), '/actions/{id}/approve', '/events', '/ai', '/metrics', '/stream', '/login']),
    );
  });

  it('says whether it has read everything', async () => {
    web = await OperatorWeb.start();
    web.life.hearDocument(topics.worldNode, { node: 'vps' }, { status: 'online', node: 'vps', site: 'hub', engine: 'up', since: '2026-03-01T12:00:00.000Z' });
    const [reading, healthz] = [await web.call('GET', '/documents'), await web.call('GET', '/healthz')];
    expect([reading.json?.['whole'], healthz.json?.['whole']]).toEqual([false, false]);
    web.fill();
    // Not 304: whoever has the first one learns it.
    const whole = await web.call('GET', '/documents', { headers: { 'if-none-match': reading.headers.etag ?? '' } });
    expect([whole.status, whole.json?.['whole']]).toEqual([200, true]);
  });

  it('is never nominal on stale data: what is behind a dead link is unknown', async () => {
    web = await OperatorWeb.start();
    web.fill();
    fillMore(web);
    const { json } = await web.call('GET', '/summary');
    const { sites, ...summary } = Summary.parse(json);
    expect(summary).toMatchObject({ status: 'critical', last_update: web.clock.now() / 1000, incidents_active: 1, actions_pending: 1, simulated: false });
    expect(sites.map(({ site, status, stale }) => [site, status, stale])).toEqual([
      ['hub', 'critical', null],
      ['chelsty', 'unknown', 'link down since 2026-03-01T12:00:00.000Z'],
    ]);
    web.life.hear({ kind: 'disconnected', at: web.clock.now() });
    const blind = Summary.parse((await web.call('GET', '/summary')).json);
    expect([blind.status, blind.bus.status]).toEqual(['unknown', 'down']);
    expect((await web.call('GET', '/healthz')).json).toMatchObject({ status: 'degraded', bus: 'down', whole: true });
  });

  it('says how long the broker has been silent, before its connection counts as lost', async () => {
    web = await OperatorWeb.start();
    const health = async () => (await web.call('GET', '/healthz')).json;
    expect(await health()).toMatchObject({ status: 'degraded', heard_s: null });
    web.fill();
    web.clock.advance(31_000);
    expect(await health()).toEqual({ status: 'ok', bus: 'up', whole: true, heard_s: 31 });
    web.life.hearDocument(topics.worldNode, { node: 'piha' }, { status: 'online', node: 'piha', site: 'hub', engine: 'up', since });
    web.clock.advance(2_000);
    // An end is no word of the broker.
    web.life.hear({ kind: 'disconnected', at: web.clock.now() });
    expect(await health()).toMatchObject({ bus: 'down', heard_s: 2 });
  });

  it('is never nominal while a declared site is silent, of which nothing stands here', async () => {
    web = await OperatorWeb.start();
    web.fill();
    const counts = { nodes: { online: 1 }, services: { healthy: 1 }, incidents_active: 0, actions_pending: 0, actions_running: 0 };
    const links = [{ site: 'farm', status: 'unknown', down_since: since, heard_at: null }];
    web.life.hearDocument(
      topics.site,
      { site: 'hub' },
      { status: 'nominal', site: 'hub', last_update: new Date(web.clock.now()).toISOString(), links, ...counts },
    );
    web.life.hearDocument(topics.actorStatus, { node: 'vps', actor: 'observer' }, { status: 'online', node: 'vps', actor: 'observer', mode: 'watching' });
    const { status, sites } = Summary.parse((await web.call('GET', '/summary')).json);
    expect([status, sites.map((site) => [site.site, site.status, site.stale])]).toEqual([
      'unknown',
      [
        ['hub', 'nominal', null],
        ['farm', 'unknown', 'never heard: is its bridge running?'],
      ],
    ]);
    expect((await web.call('GET', '/ai')).text).toContain('- farm: unknown, never heard: is its bridge running?');
    expect((await web.call('GET', '/metrics')).text).toContain('homelab_site_stale{site="farm"} 1');
  });

  it('is what is active, and everything when everything is asked for', async () => {
    web = await OperatorWeb.start();
    web.fill();
    fillMore(web);
    const ids = async (path: string) =>
      z
        .array(z.object({ id: z.string() }))
        .parse((await web.call('GET', path)).json)
        .map(({ id }) => id);
    expect(await ids('/incidents')).toEqual(['inc-1']);
    for (const path of ['/incidents?all', '/incidents?all=true']) expect(await ids(path)).toEqual(['inc-0', 'inc-1']);
    expect(await ids('/actions')).toEqual([actionName]);
    expect((await web.call('GET', '/incidents?everything')).status).toBe(400);
  });

  it('is not sent again while nothing has changed, and packed when it is much', async () => {
    web = await OperatorWeb.start();
    web.fill();
    const first = await web.call('GET', '/documents');
    const again = { 'if-none-match': String(first.headers.etag) };
    expect((await web.call('GET', '/documents', { headers: again })).status).toBe(304);
    web.life.hearDocument(topics.worldNode, { node: 'piha' }, { status: 'online', node: 'piha', site: 'hub', since });
    expect((await web.call('GET', '/documents', { headers: again })).status).toBe(200);
    const packed = await web.call('GET', '/documents', { headers: { 'accept-encoding': 'gzip' } });
    expect([packed.headers['content-encoding'], packed.text.startsWith('{')]).toEqual(['gzip', false]);
  });

  it('are events in pages, newest first, those that were heard where there is no store', async () => {
    web = await OperatorWeb.start();
    for (let n = 0; n < 5; n += 1) hearEvent(n, n === 3 ? { node: 'piha', type: 'disk_pressure' } : {});
    const page = async (query: string) =>
      (await web.call('GET', `/events?${query}`)).json as { events: { message: string }[]; next: string | null; source: string };
    const first = await page('limit=2');
    expect([first.events.map(({ message }) => message), first.source]).toEqual([['event 4', 'event 3'], 'memory']);
    const second = await page(`limit=2&before=${encodeURIComponent(String(first.next))}`);
    expect(second.events.map(({ message }) => message)).toEqual(['event 2', 'event 1']);
    expect(await page(`limit=2&before=${encodeURIComponent(String(second.next))}`)).toMatchObject({ events: [{ message: 'event 0' }], next: null });
    expect((await page('node=piha')).events).toHaveLength(1);
    expect((await page('type=disk_pressure&until=2026-03-01T12:00:12.000Z')).events).toHaveLength(0);
    expect((await page('since=2026-03-01T12:00:12.000Z')).events).toHaveLength(3);
    for (const query of ['limit=0', 'limit=9999', 'since=yesterday', 'what=1']) expect((await web.call('GET', `/events?${query}`)).status).toBe(400);
  });

  it('are figures', async () => {
    web = await OperatorWeb.start();
    web.fill();
    fillMore(web);
    const { text } = await web.call('GET', '/metrics');
    for (const line of [
      'homelab_site_stale{site="chelsty"} 1',
      'homelab_link_up{site="chelsty"} 0',
      'homelab_services{site="hub",status="down"} 1',
      'homelab_actions{site="hub",status="pending"} 1',
      'homelab_incidents_active{site="hub",severity="error",kind="down"} 1',
      'homelab_actor_up{node="vps",actor="observer"} 1',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  });
});

describe('what people ask for', () => {
  it('goes to the ledger in the name of the person, and comes back in its words', async () => {
    const { logins } = someLogins();
    web = await OperatorWeb.start({ logins });
    web.fill();
    const session = await web.login();
    const answering = web.post(`/actions/${actionName}/approve`, { ...session, body: { attempt: 2, digest: '0123456789abcdef', note: 'go' } });
    await web.asked(1);
    expect(web.sent[0]).toEqual({
      topic: 'actions/approved/operator-ui-vps',
      payload: { ref: expect.any(String), on_behalf_of: 'anna', id: actionName, attempt: 2, digest: '0123456789abcdef', note: 'go' },
    });
    web.reply('Approved: restart web on vps.');
    const { status, json } = await answering;
    expect([status, json]).toEqual([200, { ok: true, code: 'approved', line: 'Approved: restart web on vps.' }]);
  });

  it.each([
    ['reject', 'rejected', undefined],
    ['cancel', 'cancelled', { note: 'no' }],
  ])('may be a %s, with nothing but a token', async (verb, state, body) => {
    const { logins, token } = someLogins();
    web = await OperatorWeb.start({ logins });
    web.fill();
    const answering = web.call('POST', `/actions/${actionName}/${verb}`, {
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    });
    await web.asked(1);
    expect(web.sent[0]).toMatchObject({ topic: `actions/${state}/operator-ui-vps`, payload: { on_behalf_of: 'anna', id: actionName } });
    web.reply('Refused: too late.', { ok: false, code: 'not_pending' });
    const { status, json } = await answering;
    expect([status, Answer.parse(json)]).toEqual([200, { ok: false, code: 'not_pending', line: 'Refused: too late.' }]);
  });

  it('may be an action of their own', async () => {
    web = await OperatorWeb.start();
    web.fill();
    const { csrf } = Me.parse((await web.call('GET', '/me')).json);
    const sent = { csrf: csrf ?? '', body: { type: 'container_restart', node: 'vps', service: 'web', reason: 'it is slow' } };
    const answering = web.post('/actions', sent);
    await web.asked(1);
    expect(web.sent[0]).toEqual({
      topic: 'actions/pending/operator-ui-vps',
      payload: {
        ...{ ref: expect.any(String), on_behalf_of: 'anonymous', type: 'container_restart', node: 'vps', service: 'web', note: 'it is slow' },
        evidence: { trigger_type: 'requested', message: 'it is slow' },
      },
    });
    web.reply('Proposed.');
    expect((await answering).json).toMatchObject({ ok: true, line: 'Proposed.' });
    expect((await web.post('/actions', { ...sent, body: { type: 'format_disk', node: 'vps' } })).status).toBe(400);
  });

  it('is told to be unknown when no answer comes, and not sent while the broker is away', async () => {
    web = await OperatorWeb.start();
    web.fill();
    const { csrf } = Me.parse((await web.call('GET', '/me')).json);
    const answering = web.post(`/actions/${actionName}/approve`, { csrf: csrf ?? '' });
    await web.asked(1);
    await settlePromises();
    web.clock.advance(10_000);
    const late = await answering;
    expect([late.status, late.json?.['code'], late.json?.['line']]).toEqual([504, 'no_answer', expect.stringContaining('did not answer within 10 s')]);
    web.life.hear({ kind: 'disconnected', at: web.clock.now() });
    expect(await web.post(`/actions/${actionName}/approve`, { csrf: csrf ?? '' })).toMatchObject({ status: 503, json: { ok: false, code: 'not_sent' } });
    expect(web.sent).toHaveLength(1);
  });

  it('counts once, however often it is sent with the same key', async () => {
    web = await OperatorWeb.start();
    web.fill();
    const { csrf } = Me.parse((await web.call('GET', '/me')).json);
    const sent = { csrf: csrf ?? '', headers: { 'idempotency-key': 'k1' } };
    const answering = web.post(`/actions/${actionName}/approve`, sent);
    await web.asked(1);
    expect((await web.post(`/actions/${actionName}/approve`, sent)).json).toMatchObject({ code: 'replayed', line: expect.stringContaining('still waiting') });
    web.reply('Approved: restart web on vps.');
    await answering;
    const replayed = await web.post(`/actions/${actionName}/approve`, sent);
    expect([replayed.status, replayed.json]).toEqual([
      409,
      { ok: false, code: 'replayed', line: 'This request was sent before, the first one was answered: Approved: restart web on vps.' },
    ]);
    expect(web.sent).toHaveLength(1);
    expect(web.refusals).toEqual(['replayed', 'replayed']);
  });
});

describe('the page', () => {
  it('is what was built, its parts kept for a year, and nothing else of the disk', async () => {
    const pageDirectory = mkdtempSync(join(tmpdir(), 'page-'));
    mkdirSync(join(pageDirectory, 'assets'));
    writeFileSync(join(pageDirectory, 'index.html'), '<!doctype html><title>homelab</title>');
    writeFileSync(join(pageDirectory, 'assets', 'main-abc123.js'), 'export const page = 1;'.repeat(200));
    writeFileSync(join(pageDirectory, '.secret'), 'x');
    web = await OperatorWeb.start({ pageDirectory, logins: someLogins().logins });
    const index = await web.call('GET', '/');
    expect([index.status, index.text, index.headers['cache-control']]).toEqual([200, '<!doctype html><title>homelab</title>', 'no-cache']);
    const part = await web.call('GET', '/assets/main-abc123.js', { headers: { 'accept-encoding': 'identity' } });
    expect([part.status, part.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    for (const path of ['/.secret', '/assets/', '/assets/../../logins.yaml', '/%2e%2e/logins.yaml', '/assets/..%2f.secret'])
      expect((await web.call('GET', path)).status, path).toBe(404);
    rmSync(pageDirectory, { recursive: true });
  });

  it('says so when it was not built', async () => {
    web = await OperatorWeb.start();
    expect(await web.call('GET', '/')).toMatchObject({ status: 503, text: expect.stringContaining('npm run build') });
  });

  it('sets a cookie for https only where a trusted proxy says that it is', async () => {
    web = await OperatorWeb.start({ trustedProxies: ['127.0.0.1'], logins: someLogins().logins });
    const body = { login: 'anna', password: 'correct horse battery' };
    const answer = await web.post('/login', {
      body,
      headers: { 'x-forwarded-proto': 'https', host: 'homelab.example.org', origin: 'https://homelab.example.org' },
    });
    expect(answer.headers['set-cookie']?.at(-1)).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
  });

  it('may come from the address that people use outside, and from no other', async () => {
    web = await OperatorWeb.start({ publicUrl: 'https://homelab.example.org', logins: someLogins().logins });
    const body = { login: 'anna', password: 'correct horse battery' };
    expect((await web.post('/login', { body, headers: { origin: 'https://homelab.example.org' } })).status).toBe(200);
    expect((await web.post('/login', { body, headers: { origin: 'http://homelab.example.org' } })).status).toBe(403);
  });
});

it('packed answers are what they were', async () => {
  web = await OperatorWeb.start();
  web.fill();
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const ask = request({ host: web.url.hostname, port: web.url.port, path: '/documents', headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
    ask.on('error', reject);
    ask.end();
  });
  expect(Documents.parse(JSON.parse(gunzipSync(bytes).toString('utf8'))).site).toBe('hub');
});
