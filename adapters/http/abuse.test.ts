/** Whatever somebody tries at the web server: refused in so many words, logged once, and nothing of it reaches the bus. */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptsWindowMs, perAddressMax, perLoginMax } from '../../contracts/login-attempts.ts';
import { actionName, cheapHash, cookieOf, OperatorWeb, password, someLogins } from '../../test/kit/operator-web.ts';
import { waitFor } from '../../test/kit/wait.ts';
import { type LoginEntry, writeLogins } from '../logins/logins-file.ts';
import { ageMaxMs, idleMaxMs } from './sessions.ts';

const some = someLogins();

let web: OperatorWeb;
afterEach(async () => {
  // The one proof that counts: not one request left for the ledger.
  expect(web.sent).toEqual([]);
  expect(web.life.failures).toEqual([]);
  await web.stop();
});

const approve = `/actions/${actionName}/approve`;

describe('with logins', () => {
  beforeEach(async () => {
    web = await OperatorWeb.start({ logins: some.logins });
    web.fill();
  });

  it.each(['/summary', '/documents', '/stream', '/ai', '/events', '/openapi.json', '/actions?all'])(
    'whoever is not logged in sees nothing: %s',
    async (path) => {
      const answer = await web.call('GET', path);
      expect([answer.status, answer.json]).toEqual([401, { ok: false, code: 'login_needed', line: 'Log in first.' }]);
      expect(web.refusals).toEqual(['login_needed']);
    },
  );

  it('three wrong logins are three refusals that say the same of a login that there is and one that there is not', async () => {
    const tries = [
      ['anna', 'wrong'],
      ['anna', 'wrong too'],
      ['nobody', password],
    ];
    const answers = [];
    for (const [login, secret] of tries) answers.push(await web.post('/login', { body: { login, password: secret } }));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['401 {"ok":false,"code":"wrong_login","line":"Login or password is wrong."}']),
    );
    expect(answers.every(({ headers }) => headers['set-cookie'] === undefined)).toBe(true);
    expect(web.refusals).toEqual(['wrong_login', 'wrong_login', 'wrong_login']);
    expect(JSON.stringify(web.logLines)).not.toContain(password);
    expect((await web.login()).csrf).toMatch(/^[\w-]{43}$/);
  });

  it('after five wrong logins from one address the right one is not even tried there, until the time has passed', async () => {
    for (let n = 0; n < perLoginMax; n += 1) await web.post('/login', { body: { login: 'anna', password: 'wrong' } });
    const answer = await web.post('/login', { body: { login: 'anna', password } });
    expect([answer.status, answer.json?.['code'], Number(answer.headers['retry-after'])]).toEqual([429, 'too_many_attempts', attemptsWindowMs / 1000]);
    // Somebody else is not locked out by it.
    await web.login('bert');
    web.clock.advance(attemptsWindowMs);
    await web.login('anna');
  });

  it('many wrong logins at once count as many, also from one address under many names', async () => {
    const people = Array.from({ length: perAddressMax + 5 }, (_, n) => `p${n}`);
    writeLogins(
      join(web.directory, 'logins.yaml'),
      new Map([...some.logins, ...people.map((login): [string, LoginEntry] => [login, { scrypt: cheapHash('right'), tokens: [] }])]),
    );
    const answers = await Promise.all(people.map((login) => web.post('/login', { body: { login, password: 'wrong' } })));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(perAddressMax);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
    // Nobody gets round it by saying to be somebody else.
    const spoofed = await web.post('/login', { body: { login: 'bert', password }, headers: { 'x-forwarded-for': '192.0.2.9', forwarded: 'for=192.0.2.9' } });
    expect(spoofed.status).toBe(429);
  });

  it.each([
    ['an expired token', () => some.expired, 'expired_token'],
    ['a token that nobody has', () => `homelab_${'A'.repeat(43)}`, 'bad_token'],
    ['something else', () => 'x', 'bad_token'],
  ])('%s opens nothing, not even beside a session', async (_what, token, code) => {
    const { cookie, csrf } = await web.login();
    const answer = await web.post(approve, { cookie, csrf, headers: { authorization: `Bearer ${token()}` } });
    expect([answer.status, answer.json?.['code']]).toEqual([401, code]);
    expect(web.refusals).toEqual([code]);
  });

  it('a session is of one password: another one ends it, and the old cookie opens nothing when the login comes back', async () => {
    const { cookie, csrf } = await web.login();
    const file = join(web.directory, 'logins.yaml');
    const anew: LoginEntry = { scrypt: cheapHash('another'), tokens: [] };
    for (const logins of [new Map([...some.logins, ['anna', anew]]), new Map([...some.logins].filter(([login]) => login !== 'anna'))]) {
      writeLogins(file, logins);
      expect((await web.call('GET', '/summary', { headers: { cookie } })).status).toBe(401);
    }
    writeLogins(file, new Map([...some.logins, ['anna', anew]]));
    const answer = await web.post(approve, { cookie, csrf });
    expect([answer.status, answer.json?.['code']]).toEqual([401, 'login_needed']);
  });

  it('a login that the list of people does not name may not even look', async () => {
    web.fill({ access: { bert: 'operator' } });
    const { cookie } = await web.login();
    const answer = await web.call('GET', '/summary', { headers: { cookie } });
    expect([answer.status, answer.json?.['code']]).toEqual([403, 'no_role']);
    const { cookie: berts } = await web.login('bert');
    expect((await web.call('GET', '/summary', { headers: { cookie: berts } })).status).toBe(200);
  });

  it.each([
    ['another site', { origin: 'https://evil.example.org' }],
    ['a name that begins like ours', { origin: 'http://127.0.0.1.evil.example.org' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a form without an origin', { origin: undefined }],
    ['another site that says to be forwarded', { origin: 'https://evil.example.org', 'x-forwarded-host': 'evil.example.org' }],
  ])('a post that %s makes a browser send is refused, cookie and secret or not', async (_who, { origin, ...headers }) => {
    const { cookie, csrf } = await web.login();
    const answer = await web.call('POST', approve, { headers: { cookie, 'x-homelab-csrf': csrf, ...headers, ...(origin === undefined ? {} : { origin }) } });
    expect([answer.status, answer.json?.['code']]).toEqual([403, 'cross_origin']);
    expect(web.refusals).toEqual(['cross_origin']);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('a post without the secret, with an old one, or with somebody else’s is refused', async () => {
    const anna = await web.login();
    const bert = await web.login('bert');
    for (const csrf of [undefined, '', 'x', bert.csrf, `${anna.csrf}x`]) {
      const answer = await web.post(approve, { cookie: anna.cookie, ...(csrf === undefined ? {} : { csrf }) });
      expect([answer.status, answer.json?.['code']]).toEqual([403, 'csrf']);
    }
    expect(web.refusals).toHaveLength(5);
  });

  it('what was sent before a logout counts for nothing after it', async () => {
    const { cookie, csrf } = await web.login();
    expect((await web.call('GET', '/summary', { headers: { cookie } })).status).toBe(200);
    expect((await web.post('/logout', { cookie, csrf })).status).toBe(200);
    expect((await web.post(approve, { cookie, csrf })).status).toBe(401);
    expect((await web.call('GET', '/summary', { headers: { cookie } })).status).toBe(401);
  });

  it.each([
    ['unused', idleMaxMs, 1],
    ['old', ageMaxMs, 20],
  ])('a session ends when it is %s', async (_how, ms, steps) => {
    const { cookie } = await web.login();
    const statuses = [];
    for (let n = 0; n < steps; n += 1) {
      statuses.push((await web.call('GET', '/me', { headers: { cookie } })).json?.['login']);
      web.clock.advance(ms / steps);
    }
    expect(new Set(statuses)).toEqual(new Set(['anna']));
    expect((await web.call('GET', '/summary', { headers: { cookie } })).status).toBe(401);
  });

  it('a reader may look, and ask for nothing; the cookie is out of the reach of scripts', async () => {
    web.fill({ access: { anna: 'reader' } });
    const answer = await web.post('/login', { body: { login: 'anna', password } });
    expect(answer.headers['set-cookie']?.at(-1)).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    const session = { cookie: cookieOf(answer), csrf: String(answer.json?.['csrf']) };
    expect((await web.call('GET', '/actions', { headers: { cookie: session.cookie } })).status).toBe(200);
    expect((await web.post(approve, session)).json).toEqual({ ok: false, code: 'not_allowed', line: 'anna may look, not ask for anything.' });
    // Whom the list does not name is no more than that.
    const bert = await web.login('bert');
    expect((await web.post(approve, bert)).status).toBe(403);
  });

  it('an id that somebody planted in a browser is not the one after the login', async () => {
    const planted = 'homelab_session=planted';
    const answer = await web.post('/login', { body: { login: 'anna', password }, cookie: planted });
    expect(cookieOf(answer)).not.toBe(planted);
    expect((await web.call('GET', '/summary', { headers: { cookie: planted } })).status).toBe(401);
  });

  it.each([
    '/actions/%2e%2e/approve',
    '/actions/..%2f..%2fmaintenance/approve',
    '/actions/a%2Fb/approve',
    '/actions/a%252fb/approve',
    '/actions/a%00b/approve',
    '/actions/a..b/approve',
    '/actions/%23/approve',
    '/actions/%2b/approve',
    '//actions/x/approve',
    '/actions//approve',
    '/actions/x/approve/',
    '/actions/x/approved',
    '/actions/x/expire',
    '/ACTIONS/x/approve',
    `/actions/${'a'.repeat(500)}/approve`,
    '/..%2f..%2fetc/passwd',
    '/actions/%c0%ae/approve',
  ])('a path that is a trick leads nowhere: %s', async (path) => {
    const { cookie, csrf } = await web.login();
    const answer = await web.post(path, { cookie, csrf, body: {} });
    expect([400, 404, 414]).toContain(answer.status);
    expect(answer.json?.['ok']).toBe(false);
    expect(web.refusals).toHaveLength(1);
  });

  it('10 MB are not read', async () => {
    const { cookie, csrf } = await web.login();
    const answer = await web.post(approve, { cookie, csrf, raw: Buffer.alloc(10_000_000, 0x20) }).catch((error: NodeJS.ErrnoException) => error.code);
    // Who goes on sending may find the door shut before the answer.
    if (typeof answer === 'object') expect([answer.status, answer.json?.['code']]).toEqual([413, 'too_large']);
    else expect(['ECONNRESET', 'EPIPE']).toContain(answer);
    expect(web.refusals).toEqual(['too_large']);
  });

  it.each([
    ['something that is no JSON', { raw: '{' }, 'not_json'],
    ['a form', { raw: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 'not_json'],
    ['plain text, as a form may send it', { raw: '{}', headers: { 'content-type': 'text/plain' } }, 'bad_request'],
    ['fields that nobody knows', { body: { on_behalf_of: 'carl' } }, 'bad_request'],
    ['an attempt that is none', { body: { attempt: 'two' } }, 'bad_request'],
    ['a prototype', { raw: '{"__proto__":{"role":"operator"}}' }, 'not_json'],
  ])('%s is told what was expected', async (_what, sent, code) => {
    const { cookie, csrf } = await web.login();
    const answer = await web.post(approve, { cookie, csrf, ...sent });
    expect([answer.status >= 400 && answer.status < 500, answer.json?.['code']]).toEqual([true, code]);
    expect(String(answer.json?.['line']).length).toBeGreaterThan(5);
  });

  it('figures are for tokens and this machine, and a proxy on this machine is not it', async () => {
    expect((await web.call('GET', '/metrics')).status).toBe(200);
    expect((await web.call('GET', '/metrics', { headers: { 'x-forwarded-for': '198.51.100.7' } })).status).toBe(401);
    expect((await web.call('GET', '/metrics', { headers: { 'x-forwarded-for': '198.51.100.7', authorization: `Bearer ${some.token}` } })).status).toBe(200);
  });

  it('a header that only a trusted proxy may send changes nothing', async () => {
    const answer = await web.post('/login', { body: { login: 'anna', password }, headers: { 'x-forwarded-proto': 'https' } });
    expect(answer.headers['set-cookie']?.at(-1)).not.toMatch(/Secure/i);
  });

  it('what is no HTTP at all is cut off', async () => {
    const socket = createConnection({ host: web.url.hostname, port: Number(web.url.port) });
    socket.write('GARBAGE\r\n\r\n');
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('without logins', () => {
  beforeEach(async () => {
    web = await OperatorWeb.start({ host: '0.0.0.0' });
    web.fill();
  });

  it('it listens on this machine only, wherever it was told to, and says so; from the first login on there, in the same process', async () => {
    expect(web.url.hostname).toBe('127.0.0.1');
    expect(web.life.detail).toMatch(/this machine only instead of 0\.0\.0\.0: no login is configured in .*logins\.yaml/);
    const elsewhere = `http://127.0.0.2:${web.url.port}/healthz`;
    await expect(fetch(elsewhere)).rejects.toThrow();
    writeLogins(join(web.directory, 'logins.yaml'), some.logins);
    await waitFor('the wider listener', () => web.life.detail === `http://0.0.0.0:${web.url.port}`);
    expect((await fetch(elsewhere)).status).toBe(200);
    expect((await web.call('GET', '/documents')).json?.['code']).toBe('login_needed');
    writeLogins(join(web.directory, 'logins.yaml'), new Map());
    expect((await web.call('GET', '/documents')).json?.['code']).toBe('login_needed');
  });

  it.each(['evil.example.org', 'evil.example.org:80', 'localhost.evil.example.org', '127.0.0.1.evil.example.org', '192.0.2.1'])(
    'a name that somebody pointed at this machine is refused: %s',
    async (host) => {
      for (const path of ['/documents', '/me', '/healthz']) {
        const answer = await web.call('GET', path, { headers: { host } });
        expect([answer.status, answer.json?.['code']]).toEqual([403, 'bad_host']);
      }
      const { csrf = '' } = (await web.call('GET', '/me')).json as { csrf?: string };
      const answer = await web.call('POST', approve, { headers: { host, origin: `http://${host}`, 'x-homelab-csrf': csrf } });
      expect(answer.status).toBe(403);
    },
  );

  it.each(['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'forwarded'])('what came through a proxy is not of this machine: %s', async (name) => {
    expect((await web.call('GET', '/documents', { headers: { [name]: '127.0.0.1' } })).json?.['code']).toBe('this_machine_only');
  });

  it('another site cannot ask, nor can anybody without the secret of the page', async () => {
    const { csrf } = (await web.call('GET', '/me')).json as { csrf: string };
    expect((await web.post(approve, { csrf, headers: { origin: 'https://evil.example.org' } })).json?.['code']).toBe('cross_origin');
    expect((await web.post(approve)).json?.['code']).toBe('csrf');
  });

  it('nobody acts without a name where there is a list of people, nor where the broker asks for a password', async () => {
    web.fill({ access: { anna: 'operator' } });
    const { csrf, role } = (await web.call('GET', '/me')).json as { csrf: string; role: string };
    expect(role).toBe('reader');
    expect((await web.post(approve, { csrf })).status).toBe(403);
  });
});
