/** docs/operator-api.md says what there is: each route, each limit, each figure. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamAliveMs } from '../../contracts/defaults.ts';
import { attemptsWindowMs, perAddressMax, perKnownMax, perLoginMax, turnEveryMs, turnsAtOnce } from '../../contracts/login-attempts.ts';
import { OperatorWeb } from '../../test/kit/operator-web.ts';
import { bodyBytesMax, requestsPerMinuteMax } from './app.ts';
import { knownForMs } from './known-browser.ts';
import { ageMaxMs, idleMaxMs } from './sessions.ts';
import { gatherMs, slowClientMs, streamsMax } from './stream.ts';
import { streamsPerOwnerMax } from './stream-readers.ts';
import { tokensMax } from './views/ai-text.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operator-api.md'), 'utf8');
const limits: Readonly<Record<string, number>> = {
  ...{
    bodyBytesMax,
    requestsPerMinuteMax,
    perLoginMax,
    perAddressMax,
    perKnownMax,
    turnsAtOnce,
    turnEveryMs,
    knownForMs,
    attemptsWindowMs,
    idleMaxMs,
    ageMaxMs,
  },
  ...{ streamsMax, streamsPerOwnerMax, slowClientMs, streamAliveMs, gatherMs, tokensMax },
};

let web: OperatorWeb;
beforeAll(async () => {
  web = await OperatorWeb.start();
  web.fill();
});
afterAll(async () => {
  await web.stop();
});

describe('the page of the API', () => {
  it('has a row for each route, and no other', async () => {
    const { paths } = (await web.call('GET', '/openapi.json')).json as { paths: Record<string, Record<string, unknown>> };
    const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const rows = [...page.matchAll(/^\| `((?:GET|POST) [^`]+)`/gm)].map(([, route]) => route ?? '');
    // The document does not describe itself.
    expect(rows.toSorted()).toEqual([...routes, 'GET /openapi.json'].toSorted());
  });

  it('gives each limit as it is in the code', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+)( ms| bytes)? \|/gm)].map(([, name, value]) => [name, Number(value)]);
    expect(Object.fromEntries(rows)).toEqual(limits);
  });

  it('names each figure', async () => {
    const { text } = await web.call('GET', '/metrics');
    for (const [, name] of text.matchAll(/^# TYPE (\w+)/gm)) expect(page).toContain(`\`${name}\``);
  });
});
