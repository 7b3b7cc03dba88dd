/** The adapter against a stand-in of the Bot API over HTTP: what each answer of Telegram, and each silence, means to the bot. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TelegramPort } from '../../actors/telegram-bot/ports.ts';
import { standInToken, TelegramStandIn } from '../../test/kit/telegram-stand-in.ts';
import { createTelegram } from './api.ts';

const home = 77;
const message = (text: string, data = 'a.1') => ({ text, buttons: [[{ label: 'Approve', data }]] });
const never = new AbortController().signal;

let standIn: TelegramStandIn;
let telegram: TelegramPort;
beforeEach(async () => {
  standIn = await new TelegramStandIn([home]).start();
  telegram = createTelegram({ token: standInToken, apiRoot: standIn.apiRoot });
});
afterEach(async () => {
  await standIn.stop();
});

const sent = async (text = 'hello'): Promise<number> => {
  const result = await telegram.send(home, message(text), { isSilent: false });
  if (result.is !== 'done') throw new Error(result.is);
  return result.messageId;
};

describe('a message', () => {
  it('is sent with its buttons, with or without a sound, and edited', async () => {
    const id = await sent();
    await telegram.send(home, { text: 'quiet', buttons: [] }, { isSilent: true });
    expect(await telegram.edit(home, id, { text: 'hello again', buttons: [] })).toEqual({ is: 'done', messageId: id });
    expect(standIn.shown(home)).toMatchObject([
      { id, texts: ['hello', 'hello again'], buttons: [], isSilent: false },
      { texts: ['quiet'], isSilent: true },
    ]);
  });

  it('that reads so already is known to', async () => {
    const id = await sent();
    expect(await telegram.edit(home, id, message('hello'))).toEqual({ is: 'unchanged' });
  });

  it('that is not there, or is not ours, is lost', async () => {
    standIn.says(home, 'mine');
    const theirs = standIn.messages.at(-1)!.id;
    expect(await telegram.edit(home, theirs, message('x'))).toMatchObject({ is: 'lost' });
    expect(await telegram.edit(home, 9_999, message('x'))).toMatchObject({ is: 'lost' });
  });

  it('that Telegram will not take is refused, with its words', async () => {
    expect(await telegram.send(999, message('x'), { isSilent: true })).toEqual({ is: 'refused', detail: 'Telegram: 400 Bad Request: chat not found' });
    expect(await telegram.send(home, message('x'.repeat(4097)), { isSilent: true })).toMatchObject({ is: 'refused' });
    expect(await telegram.send(home, message('x', 'd'.repeat(65)), { isSilent: true })).toMatchObject({ is: 'refused' });
  });
});

describe('trouble', () => {
  it('of a flood says how long to wait', async () => {
    standIn.fail('sendMessage', { is: 'flood', retryAfterS: 17 });
    expect(await telegram.send(home, message('x'), { isSilent: true })).toEqual({ is: 'flood', retryAfterMs: 17_000 });
  });

  it.each([
    ['error', { is: 'error', isDone: true }],
    ['web page', { is: 'page' }],
    ['broken connection', { is: 'break', isDone: true }],
  ] as const)('with a(n) %s leaves open whether it was sent', async (_, failure) => {
    standIn.fail('sendMessage', failure);
    expect(await telegram.send(home, message('x'), { isSilent: true })).toMatchObject({ is: 'unreachable', isUnsent: false });
  });

  it('of a refused connection is known not to have been sent', async () => {
    await standIn.stop();
    expect(await telegram.send(home, message('x'), { isSilent: true })).toEqual({
      is: 'unreachable',
      isUnsent: true,
      detail: 'Telegram is not reached: ECONNREFUSED',
    });
  });

  it('with the token says so and never shows it, whatever fails', async () => {
    const token = '7654321:secret_secret_secret_secret';
    const wrong = createTelegram({ token, apiRoot: standIn.apiRoot });
    const results = [await wrong.send(home, message('x'), { isSilent: true }), await wrong.poll(0, 0, never)];
    expect(results).toMatchObject([{ is: 'bad_token' }, { is: 'bad_token' }]);
    for (const is of ['page', 'break'] as const) {
      standIn.fail('sendMessage', is === 'page' ? { is } : { is, isDone: false });
      results.push(await wrong.send(home, message('x'), { isSilent: true }));
    }
    await standIn.stop();
    results.push(await wrong.send(home, message('x'), { isSilent: true }), await wrong.poll(0, 0, never));
    const nowhere = createTelegram({ token, apiRoot: 'http://no-such-host.invalid' });
    results.push(await nowhere.send(home, message('x'), { isSilent: true }));
    expect(JSON.stringify(results)).not.toContain('secret');
    expect(results.at(-1)).toMatchObject({ is: 'unreachable' });
  });
});

describe('listening', () => {
  it('hears what people write and tap, once', async () => {
    await sent();
    standIn.says(home, '/status');
    const query = standIn.taps(home, 'Approve');
    const heard = await telegram.poll(0, 5, never);
    expect(heard).toMatchObject({
      is: 'updates',
      updates: [
        { kind: 'text', chat: home, text: '/status', from: { id: 77, name: 'Anna' } },
        { kind: 'tap', chat: home, data: 'a.1', queryId: query },
      ],
    });
    if (heard.is !== 'updates') throw new Error(heard.is);
    expect(await telegram.poll(heard.nextOffset, 0, never)).toMatchObject({ is: 'updates', updates: [] });
    await telegram.answer(query, 'fine', { isAlert: true });
    await telegram.answer(query, 'twice', { isAlert: true });
    expect(standIn.answers).toEqual([{ query, text: 'fine', isAlert: true }]);
  });

  it('waits for the next word, and stops when told', async () => {
    const waiting = telegram.poll(0, 20, never);
    standIn.says(home, 'there');
    expect(await waiting).toMatchObject({ updates: [{ text: 'there' }] });
    const stopping = new AbortController();
    const stopped = telegram.poll(Number.MAX_SAFE_INTEGER, 20, stopping.signal);
    stopping.abort();
    expect(await stopped).toMatchObject({ is: 'unreachable' });
  });

  it('says that somebody else listens with the same token', async () => {
    standIn.fail('getUpdates', { is: 'error', isDone: false });
    expect(await telegram.poll(0, 0, never)).toMatchObject({ is: 'unreachable' });
    const stopping = new AbortController();
    const first = telegram.poll(0, 20, stopping.signal);
    let second = await telegram.poll(0, 0, never);
    for (let tries = 0; second.is === 'updates' && tries < 100; tries += 1) second = await telegram.poll(0, 0, never);
    expect(second).toMatchObject({ is: 'conflict' });
    stopping.abort();
    await first;
  });
});
