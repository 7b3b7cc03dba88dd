/** A browser that was logged in before, at the real web server: an attacker who knows the login name does not keep it out, and its cookie opens nothing. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { perKnownMax, perLoginMax, turnsAtOnce } from '../../contracts/login-attempts.ts';
import { type Answered, cheapHash, OperatorWeb, password, someLogins } from '../../test/kit/operator-web.ts';
import { writeLogins } from '../logins/logins-file.ts';
import { knownForMs } from './known-browser.ts';

const some = someLogins();
let web: OperatorWeb;
beforeEach(async () => {
  web = await OperatorWeb.start({ logins: some.logins, trustedProxies: ['127.0.0.1'] });
  web.fill();
});
afterEach(async () => {
  expect(web.sent).toEqual([]);
  await web.stop();
});

interface From {
  readonly address: string;
  readonly login?: string;
  readonly secret?: string;
  readonly cookie?: string;
}
const logIn = ({ address, login = 'anna', secret = password, cookie }: From): Promise<Answered> =>
  web.post('/login', { body: { login, password: secret }, headers: { 'x-forwarded-for': address }, ...(cookie === undefined ? {} : { cookie }) });
const setBy = ({ headers }: Answered): string => headers['set-cookie']?.find((each) => each.startsWith('homelab_known_')) ?? '';
const cookieOf = (answer: Answered): string => setBy(answer).split(';')[0] ?? '';

/** From many addresses, so that everybody else has to wait. */
async function attack(login = 'anna'): Promise<void> {
  for (let n = 0; n < turnsAtOnce + 1; n += 1) await logIn({ address: `198.51.100.${n}`, login, secret: 'wrong' });
}

it('gets in while somebody guesses, from wherever it is, over a restart too; a new one waits for its turn', async () => {
  const cookie = cookieOf(await logIn({ address: '192.0.2.1' }));
  await attack();
  const fresh = await logIn({ address: '192.0.2.2' });
  expect([fresh.status, fresh.json?.['code']]).toEqual([429, 'too_many_attempts']);
  expect((await logIn({ address: '198.51.100.1', cookie })).status).toBe(200);
  web.clock.advance(Number(fresh.headers['retry-after']) * 1000);
  expect((await logIn({ address: '192.0.2.2' })).status).toBe(200);
  const again = await OperatorWeb.start({ logins: some.logins, trustedProxies: ['127.0.0.1'] });
  try {
    for (let n = 0; n < perLoginMax; n += 1)
      await again.post('/login', { body: { login: 'anna', password: 'wrong' }, headers: { 'x-forwarded-for': '192.0.2.9' } });
    const answer = await again.post('/login', { body: { login: 'anna', password }, headers: { 'x-forwarded-for': '192.0.2.9' }, cookie });
    expect(answer.status).toBe(200);
  } finally {
    await again.stop();
  }
});

it('has a cookie that scripts cannot read, that comes back below whatever path a proxy shows the page, and that opens nothing', async () => {
  const answer = await logIn({ address: '192.0.2.1' });
  expect(setBy(answer)).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
  expect((await web.call('GET', '/summary', { headers: { cookie: cookieOf(answer) } })).status).toBe(401);
  expect((await logIn({ address: '192.0.2.1', secret: 'wrong', cookie: cookieOf(answer) })).status).toBe(401);
});

it('has no more guesses than others: a cookie that was stolen is of little use', async () => {
  const cookie = cookieOf(await logIn({ address: '192.0.2.1' }));
  for (let n = 0; n < perKnownMax; n += 1) expect((await logIn({ address: `198.51.100.${n}`, secret: 'wrong', cookie })).status).toBe(401);
  expect((await logIn({ address: '198.51.100.9', cookie })).status).toBe(429);
  expect((await logIn({ address: '192.0.2.1' })).status).toBe(200);
});

it('is known for one login, one password and a month', async () => {
  const cookie = cookieOf(await logIn({ address: '192.0.2.1' }));
  const asBerts = cookie.replace(/^[^=]+/, cookieOf(await logIn({ address: '192.0.2.1', login: 'bert' })).split('=')[0] ?? '');
  const longer = cookie.replace(/\.\d+\./, `.${web.clock.now() + 2 * knownForMs}.`);
  await attack('bert');
  expect((await logIn({ address: '192.0.2.3', login: 'bert', cookie: asBerts })).status).toBe(429);
  await attack();
  expect((await logIn({ address: '192.0.2.3', cookie: longer })).status).toBe(429);
  writeLogins(join(web.directory, 'logins.yaml'), new Map([...some.logins, ['anna', { scrypt: cheapHash('another'), tokens: [] }]]));
  expect((await logIn({ address: '192.0.2.4', secret: 'another', cookie })).status).toBe(429);
  web.clock.advance(knownForMs);
  const renewed = cookieOf(await logIn({ address: '192.0.2.5', secret: 'another' }));
  web.clock.advance(knownForMs);
  await attack();
  expect((await logIn({ address: '192.0.2.5', secret: 'another', cookie: renewed })).status).toBe(429);
});
