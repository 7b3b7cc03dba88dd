/** The secret that a page must show, at the real web server: whatever stands in its place is refused, never a fault of ours. */
import { afterEach, expect, it } from 'vitest';
import { OperatorWeb, someLogins } from '../../test/kit/operator-web.ts';

let web: OperatorWeb;
afterEach(async () => {
  expect(web.sent).toEqual([]);
  await web.stop();
});

it.each([
  ['another of the same length', (csrf: string) => 'x'.repeat(csrf.length)],
  ['letters of more than one byte, as many as it has', (csrf: string) => `é${csrf.slice(1)}`],
  ['fewer of them, as many bytes', (csrf: string) => `é${csrf.slice(2)}`],
  ['nothing', () => ''],
])('is not taken for %s', async (_what, shown) => {
  web = await OperatorWeb.start({ logins: someLogins().logins });
  web.fill();
  const { cookie, csrf } = await web.login();
  const answer = await web.post('/logout', { cookie, csrf: shown(csrf) });
  expect([answer.status, answer.json?.['code']]).toEqual([403, 'csrf']);
  expect((await web.post('/logout', { cookie, csrf })).status).toBe(200);
});
