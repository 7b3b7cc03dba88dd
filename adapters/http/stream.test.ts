/** GET /stream over real connections: what a page hears, goes on with, and is cut off for. */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { changesKept } from '../../actors/operator-ui/changes.ts';
import type { Delivery } from '../../bus/actor.ts';
import { topics } from '../../contracts/topics.ts';
import { type Heard, listen, type ServerMessage } from '../../test/kit/event-source.ts';
import { OperatorWeb, someLogins } from '../../test/kit/operator-web.ts';
import { waitFor } from '../../test/kit/wait.ts';
import { addToken, type Logins, writeLogins } from '../logins/logins-file.ts';
import { streamsMax } from './stream.ts';
import { streamsPerOwnerMax } from './stream-readers.ts';

const timing = { gatherMs: 20, keepAliveMs: 10_000, slowClientMs: 10_000 };
const since = '2026-03-01T12:00:00.000Z';

let web: OperatorWeb;
const heard: Heard[] = [];
afterEach(async () => {
  for (const each of heard.splice(0)) each.close();
  await web.stop();
});

async function open(path = '/stream', headers: Readonly<Record<string, string>> = {}): Promise<Heard> {
  const stream = await listen(new URL(path, web.url), headers);
  heard.push(stream);
  return stream;
}
const node = (name: string, status = 'online', more: object = {}): void =>
  web.life.hearDocument(topics.worldNode, { node: name }, { status, node: name, site: 'hub', since, ...more });
const gone = (name: string): void => web.life.hearDocument(topics.worldNode, { node: name }, null);
const event = (id: string): void => {
  const payload = { id, ts: since, node: 'vps', type: 'service_healthy', severity: 'info', message: id };
  web.life.hear({ kind: 'message', name: 'events', topic: '', levels: {}, text: '', payload, retained: false, at: web.clock.now() } as unknown as Delivery);
};
const topicOf = (name: string): string => topics.worldNode.build({ node: name });

/** All but the word about the bus, which comes first whatever happened. */
const afterBus = (stream: Heard): readonly ServerMessage[] => stream.messages.slice(1);

describe('a stream', () => {
  it('tells what changes: documents in one message, then events, with the cursor at the end', async () => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    const stream = await open();
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store, no-transform',
    });
    expect(stream.headers['content-security-policy']).toBeDefined();
    node('piha');
    node('piha', 'offline');
    gone('vps');
    event('e1');
    await stream.until(({ name }) => name === 'event');
    const [change, second] = afterBus(stream);
    expect(change).toMatchObject({ name: 'change', id: null, data: { set: { [topicOf('piha')]: { status: 'offline' } }, gone: [topicOf('vps')] } });
    const { cursor } = (await web.call('GET', '/documents')).json as { cursor: number };
    expect(second).toMatchObject({ name: 'event', id: String(cursor), data: { id: 'e1', message: 'e1' } });
    web.life.hear({ kind: 'disconnected', at: web.clock.now() });
    expect((await stream.until(({ data }) => (data as { status?: string }).status === 'down')).data).toEqual({ status: 'down', since });
  });

  it('says at once, also to who comes back, whether there is a broker', async () => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    const first = await open();
    expect(await first.until(() => true)).toEqual({ name: 'bus', id: null, data: { status: 'up', since } });
    node('piha');
    const { id } = await first.until(({ name }) => name === 'change');
    first.close();
    web.life.hear({ kind: 'disconnected', at: web.clock.now() });
    const resumed = await open('/stream', { 'last-event-id': String(id) });
    expect(await resumed.until(() => true)).toEqual({ name: 'bus', id: null, data: { status: 'down', since } });
    expect((await resumed.until((message) => message.id !== null)).data).toEqual({ status: 'down', since });
  });

  it.each([
    ['Last-Event-ID', (cursor: number): readonly [string, Readonly<Record<string, string>>] => ['/stream', { 'last-event-id': String(cursor) }]],
    ['?after=', (cursor: number): readonly [string, Readonly<Record<string, string>>] => [`/stream?after=${cursor}`, {}]],
  ])('goes on where it was, by %s, and misses nothing', async (_how, resume) => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    const { cursor } = (await web.call('GET', '/documents')).json as { cursor: number };
    const [path, headers] = resume(cursor);
    const first = await open(path, headers);
    node('piha');
    const { id } = await first.until(({ name }) => name === 'change');
    first.close();
    node('solaria');
    event('e1');
    const second = await open('/stream', { 'last-event-id': String(id) });
    await second.until(({ name }) => name === 'event');
    expect(afterBus(second).map(({ name }) => name)).toEqual(['change', 'event']);
    expect(afterBus(second)[0]?.data).toEqual({ set: { [topicOf('solaria')]: expect.anything() }, gone: [] });
  });

  it('that was away for too long, or knows a cursor of another life, reads everything again and then goes on', async () => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    const { cursor } = (await web.call('GET', '/documents')).json as { cursor: number };
    for (let n = 0; n <= 2 * changesKept; n += 1) event(`e${n}`);
    for (const after of [cursor, 5, cursor + 10 ** 9]) {
      const stream = await open(`/stream?after=${after}`);
      await stream.until(({ name }) => name === 'resync');
      expect(afterBus(stream)[0]).toMatchObject({ name: 'resync', data: {} });
      node('piha', after === 5 ? 'offline' : 'online');
      await stream.until(({ name }) => name === 'change');
      stream.close();
    }
  });

  it('sends much in several messages, none of them endless', async () => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    const stream = await open();
    for (let n = 0; n < 1_200; n += 1) node(`n${n}`);
    await stream.until(({ data }) => topicOf('n1199') in ((data as { set?: object }).set ?? {}));
    const sizes = afterBus(stream).map(({ data }) => Object.keys((data as { set: object }).set).length);
    expect([sizes.reduce((sum, each) => sum + each, 0), Math.max(...sizes)]).toEqual([1_200, 500]);
  });

  it('that takes nothing is cut off, and holds nobody else up', async () => {
    web = await OperatorWeb.start({ timing: { ...timing, slowClientMs: 300 } });
    web.fill();
    const slow = createConnection({ host: web.url.hostname, port: Number(web.url.port) });
    slow.on('error', () => undefined);
    slow.write('GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    slow.pause();
    const other = await open();
    const streams = async () => /^homelab_streams (\d+)$/m.exec((await web.call('GET', '/metrics')).text)?.[1];
    await waitFor('both streams', async () => (await streams()) === '2');
    let round = 0;
    await waitFor(
      'the slow one to be cut off',
      async () => {
        round += 1;
        for (let n = 0; n < 300; n += 1) node(`n${n}`, 'online', { summary: `${round} `.padEnd(400, 'x') });
        return (await streams()) === '1';
      },
      { deadlineMs: 20_000 },
    );
    event('last');
    await other.until(({ data }) => (data as { id?: string }).id === 'last');
    expect(web.logLines.filter(({ msg }) => msg === 'a stream took nothing and is cut off')).toHaveLength(1);
    slow.destroy();
  });

  it('says that it is there when it has said nothing else for a while, as an event: EventSource hides comments', async () => {
    web = await OperatorWeb.start({ timing: { ...timing, keepAliveMs: 30 } });
    web.fill();
    const stream = await open();
    await waitFor('a second one', () => stream.messages.filter(({ name }) => name === 'alive').length >= 2);
    expect(stream.messages.find(({ name }) => name === 'alive')).toEqual({ name: 'alive', id: null, data: {} });
  });

  it('ends with the session it was opened in', async () => {
    web = await OperatorWeb.start({ timing, logins: someLogins().logins });
    web.fill();
    const anna = await web.login();
    const bert = await web.login('bert');
    const [hers, his] = [await open('/stream', { cookie: anna.cookie }), await open('/stream', { cookie: bert.cookie })];
    await web.post('/logout', anna);
    await hers.ended;
    node('piha');
    await his.until(({ name }) => name === 'change');
  });

  it('ends with the first login where nobody had one, although nothing else happens', async () => {
    web = await OperatorWeb.start({ timing: { ...timing, keepAliveMs: 60_000 } });
    web.fill();
    const { cursor } = (await web.call('GET', '/documents')).json as { cursor: number };
    node('piha');
    const stream = await open(`/stream?after=${cursor}`);
    // What there was to tell is told.
    await stream.until(({ name }) => name === 'change');
    writeLogins(join(web.directory, 'logins.yaml'), someLogins().logins);
    await stream.ended;
    await expect(open()).rejects.toThrow('401');
  });

  it.each([
    ['its token is revoked', (logins: Logins): Logins => new Map([...logins].map(([login, entry]) => [login, { ...entry, tokens: [] }]))],
    ['its login is revoked', (logins: Logins): Logins => new Map([...logins].filter(([login]) => login !== 'anna'))],
  ])('hears nothing more once %s', async (_what, revoke) => {
    const some = someLogins();
    web = await OperatorWeb.start({ timing, logins: some.logins });
    web.fill();
    const stream = await open('/stream', { authorization: `Bearer ${some.token}` });
    writeLogins(join(web.directory, 'logins.yaml'), revoke(some.logins));
    node('piha');
    await stream.ended;
    expect(stream.text).not.toContain('piha');
  });

  it('hears nothing more once its token has expired', async () => {
    const some = someLogins();
    web = await OperatorWeb.start({ timing, logins: some.logins });
    web.fill();
    const { logins, token } = addToken(some.logins, { login: 'anna', name: 'short', expires: new Date(web.clock.now() + 60_000).toISOString() });
    writeLogins(join(web.directory, 'logins.yaml'), logins);
    const stream = await open('/stream', { authorization: `Bearer ${token}` });
    web.clock.advance(60_000);
    node('piha');
    await stream.ended;
    expect(stream.text).not.toContain('piha');
  });

  it('is one of so many at most', async () => {
    const tokens: string[] = [];
    let { logins } = someLogins();
    for (let owners = 0; owners * streamsPerOwnerMax <= streamsMax; owners += 1) {
      const name = `p${owners}`;
      const added = addToken(new Map([...logins, [name, { tokens: [] }]]), { login: name, name });
      logins = added.logins;
      tokens.push(added.token);
    }
    web = await OperatorWeb.start({ timing, logins });
    web.fill();
    const as = (at: number) => ({ authorization: `Bearer ${tokens[Math.floor(at / streamsPerOwnerMax)] ?? ''}` });
    await Promise.all(Array.from({ length: streamsMax }, (_, at) => open('/stream', as(at))));
    const answer = await web.call('GET', '/stream', { headers: as(streamsMax) });
    expect([answer.status, answer.json?.['code'], answer.headers['retry-after']]).toEqual([503, 'too_many_streams', '60']);
    heard.splice(0, 1)[0]?.close();
    await waitFor('room for one more', async () => (await web.call('GET', '/metrics', { headers: as(0) })).text.includes(`homelab_streams ${streamsMax - 1}`));
    await open('/stream', as(streamsMax));
  });

  it('takes the place of the oldest of the same login when that has too many, and of nobody else', async () => {
    const { logins, token } = someLogins();
    web = await OperatorWeb.start({ timing, logins });
    web.fill();
    const bert = await open('/stream', { cookie: (await web.login('bert')).cookie });
    const hers = { authorization: `Bearer ${token}` };
    const oldest = await open('/stream', hers);
    const second = await open('/stream', hers);
    for (let n = 2; n <= streamsPerOwnerMax; n += 1) await open('/stream', hers);
    await oldest.ended;
    node('piha');
    for (const stream of [second, bert, heard.at(-1)]) await stream?.until(({ name }) => name === 'change');
    expect(oldest.text).not.toContain('piha');
  });

  it('that shows a cursor which is none reads everything again', async () => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    for (const id of ['abc', '1.5', '']) {
      const stream = await open('/stream', { 'last-event-id': id });
      await stream.until(({ name }) => name === 'resync');
    }
    const { cursor } = (await web.call('GET', '/documents')).json as { cursor: number };
    const other = await open(`/stream?after=${cursor}`, { 'last-event-id': 'abc' });
    node('piha');
    await other.until(({ name }) => name === 'change');
    expect(afterBus(other).map(({ name }) => name)).toEqual(['change']);
  });

  it('is not opened by HEAD, which is answered at once', async () => {
    web = await OperatorWeb.start({ timing });
    web.fill();
    const { status, headers, text } = await web.call('HEAD', '/stream');
    expect([status, headers['content-type'], text]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
    expect((await web.call('GET', '/metrics')).text).toContain('homelab_streams 0');
  });
});
