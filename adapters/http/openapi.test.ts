/** The OpenAPI document against what really comes: each answer with its code, type and form, and each body that may be missing. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Answered, actionName, OperatorWeb, someLogins } from '../../test/kit/operator-web.ts';
import { bodyBytesMax } from './app.ts';

let web: OperatorWeb;
afterEach(async () => {
  await web.stop();
});

interface Operation {
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: { readonly required?: readonly string[] } }>> }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

async function start(options: Parameters<typeof OperatorWeb.start>[0] = {}): Promise<Paths> {
  web = await OperatorWeb.start();
  const { paths } = (await web.call('GET', '/openapi.json')).json as { paths: Paths };
  if (options.logins !== undefined) {
    await web.stop();
    web = await OperatorWeb.start(options);
  }
  web.fill();
  return paths;
}

/** What the document says of an answer that came. */
function declared(paths: Paths, method: string, path: string, { status, headers, json }: Answered): void {
  const response = paths[path]?.[method.toLowerCase()]?.responses[status];
  expect(response, `${method} ${path} answered ${status}`).toBeDefined();
  const schema = response?.content?.[(headers['content-type'] ?? '').replace(/^application\/json.*/, 'application/json')]?.schema;
  expect(status === 304 || schema !== undefined, `${method} ${path} answered ${headers['content-type'] ?? ''} with ${status}`).toBe(true);
  if (json !== null) for (const field of schema?.required ?? []) expect(Object.keys(json)).toContain(field);
}

const posts = ['/actions/{id}/approve', '/actions/{id}/reject', '/actions/{id}/cancel', '/actions'];
const real = (path: string): string => path.replace('{id}', actionName);

describe('the OpenAPI document', () => {
  it('declares every refusal of a request that changes something', async () => {
    const paths = await start({ logins: someLogins().logins });
    const { cookie, csrf } = await web.login();
    const by = { cookie, csrf };
    for (const path of posts) {
      const nobody = await web.post(real(path), { body: {} });
      const stranger = await web.call('POST', real(path), { body: {}, headers: { cookie } });
      const garbled = await web.post(real(path), { ...by, raw: '{' });
      const wrong = await web.post(real(path), { ...by, body: { what: 1 } });
      const form = await web.post(real(path), { ...by, raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
      const large = await web.post(real(path), { ...by, raw: ' '.repeat(bodyBytesMax + 1) });
      const answers = [nobody, stranger, garbled, wrong, form, large];
      expect(answers.map(({ status }) => status)).toEqual([401, 403, 400, 400, 415, 413]);
      for (const answer of answers) declared(paths, 'POST', path, answer);
    }
    const long = await web.post(`/actions/${'a'.repeat(401)}/approve`, by);
    declared(paths, 'POST', '/actions/{id}/approve', long);
  });

  it('declares what everything that can be looked at answers, with its type', async () => {
    const paths = await start();
    const looks = Object.keys(paths).filter((path) => paths[path]?.['get'] !== undefined && path !== '/stream');
    expect(looks).toContain('/ai');
    for (const path of looks) {
      const answer = await web.call('GET', path);
      expect(answer.status).toBe(200);
      declared(paths, 'GET', path, answer);
      const { etag } = answer.headers;
      if (etag !== undefined) declared(paths, 'GET', path, await web.call('GET', path, { headers: { 'if-none-match': etag } }));
      declared(paths, 'GET', path, await web.call('GET', path, { headers: { host: 'somewhere.example.org' } }));
    }
    declared(paths, 'GET', '/stream', { status: 200, headers: { 'content-type': 'text/event-stream' }, text: '', json: null });
    declared(paths, 'GET', '/stream', { status: 503, headers: { 'content-type': 'application/json' }, text: '', json: null });
  });

  it('declares everywhere that there may be too many requests', async () => {
    const paths = await start();
    const all = Object.entries(paths).flatMap(([path, operations]) => Object.entries(operations).map(([method, operation]) => ({ path, method, operation })));
    expect(all.length).toBeGreaterThan(15);
    expect(all.filter(({ operation }) => operation.responses['429'] === undefined)).toEqual([]);
  });

  it('says of a body whether it may be missing', async () => {
    const paths = await start();
    const required = Object.fromEntries(posts.map((path) => [path, paths[path]?.['post']?.requestBody?.required]));
    expect(required).toEqual({ '/actions/{id}/approve': false, '/actions/{id}/reject': false, '/actions/{id}/cancel': false, '/actions': true });
    expect(paths['/login']?.['post']?.requestBody?.required).toBe(true);
  });
});

describe('a page of events', () => {
  it.each(['zzz', '17', '', '2026-03-01', '2026-03-01T12:00:00.000Z_zzz'])('is refused for a cursor that is none: %j', async (before) => {
    await start();
    const { status, json } = await web.call('GET', `/events?before=${before}`);
    expect([status, json?.['code']]).toEqual([400, 'bad_request']);
    expect(json?.['line']).toContain('before: expected `next` of the page before');
  });

  it('is given for the cursors that pages end with: an event, or the beginning of a day', async () => {
    await start();
    for (const before of ['2026-03-01T12:00:00.000Z_01900000-0000-7000-8000-000000000010', '2026-03-01T00:00:00.000Z_']) {
      expect((await web.call('GET', `/events?before=${encodeURIComponent(before)}`)).status).toBe(200);
    }
  });
});
