import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UnavailableError } from '../session.ts';
import { UsageError } from '../settings.ts';
import { askDemo, listenForDeeds } from './control-socket.ts';
import type { DeedAnswer, DeedRequest } from './deeds.ts';

let directory: string;
let stop: () => void = () => undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'demo-'));
});
afterEach(() => {
  stop();
  rmSync(directory, { recursive: true, force: true });
});

const answer = (summary: string): DeedAnswer => ({ ok: true, code: 'done', simulated: true, summary });

/** What comes back for raw text, as another program would send it. */
const raw = (text: string): Promise<DeedAnswer> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(join(directory, 'control.sock'));
    socket.on('data', (chunk) => {
      heard += String(chunk);
    });
    socket.once('error', reject).once('end', () => {
      resolve(JSON.parse(heard) as DeedAnswer);
    });
    socket.write(text);
  });

it('takes one line of JSON and gives one back, one deed after the other, in order', async () => {
  const log: string[] = [];
  let release: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (release = resolve));
  stop = await listenForDeeds(directory, async ({ do: deed }: DeedRequest) => {
    log.push(`begin ${deed}`);
    if (deed === 'slow') await slow;
    log.push(`end ${deed}`);
    return answer(deed);
  });
  const answers = [askDemo(directory, { do: 'slow' })];
  while (log.length === 0) await new Promise(setImmediate);
  answers.push(askDemo(directory, { do: 'fast', node: 'vps', service: 'web' }));
  await new Promise(setImmediate);
  release();
  expect((await Promise.all(answers)).map(({ summary }) => summary)).toEqual(['slow', 'fast']);
  expect(log).toEqual(['begin slow', 'end slow', 'begin fast', 'end fast']);
});

it('is there for its owner only from the moment it is there, and changes what is made afterwards in nothing', async () => {
  const path = join(directory, 'control.sock');
  const usual = process.umask(0o022);
  try {
    const listening = listenForDeeds(directory, () => Promise.resolve(answer('fine')));
    // Nothing has run in between: not even the event that says it listens.
    expect(statSync(path).mode & 0o777).toBe(0o600);
    stop = await listening;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask(0o022)).toBe(0o022);
  } finally {
    process.umask(usual);
  }
});

it('says what was expected of a line that is no request, and goes on', async () => {
  stop = await listenForDeeds(directory, () => Promise.resolve(answer('fine')));
  for (const text of ['nonsense\n', '{"do": 7}\n', 'x'.repeat(5_000)]) expect(await raw(text)).toMatchObject({ ok: false, code: 'failed' });
  expect(await raw('{"do":"list"}\n')).toEqual(answer('fine'));
});

it('answers a deed that fails with why, and goes on', async () => {
  stop = await listenForDeeds(directory, ({ do: deed }) => (deed === 'bad' ? Promise.reject(new Error('it broke')) : Promise.resolve(answer('fine'))));
  expect(await askDemo(directory, { do: 'bad' })).toMatchObject({ ok: false, summary: 'it broke' });
  expect(await askDemo(directory, { do: 'good' })).toEqual(answer('fine'));
});

it('takes over the file that a killed demo left', async () => {
  writeFileSync(join(directory, 'control.sock'), '');
  stop = await listenForDeeds(directory, () => Promise.resolve(answer('fine')));
  expect(await askDemo(directory, { do: 'list' })).toEqual(answer('fine'));
});

it('says that no demo runs, and how to start one', async () => {
  await expect(askDemo(directory, { do: 'list' })).rejects.toThrow(UnavailableError);
  await expect(askDemo(join(directory, 'nowhere'), { do: 'list' })).rejects.toThrow(/no demo runs .*homelab up --demo/);
});

it('says which path is too long for a socket', async () => {
  await expect(listenForDeeds(join(directory, 'x'.repeat(100)), () => Promise.resolve(answer('')))).rejects.toThrow(UsageError);
});
