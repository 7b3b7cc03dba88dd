import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { type TerminalOptions, terminalLine } from './terminal-log.ts';

const entry = { level: 40, time: '2026-03-01T12:00:05.123Z', actor: 'executor', node: 'vps', n: 3, err: { message: 'no disk' }, msg: 'it waits' };
const line = (over: object = {}, options: Partial<TerminalOptions> = {}): string | null => {
  const text = terminalLine(JSON.stringify({ ...entry, ...over }), { level: 'info', namesNode: false, ...options });
  return text === null ? null : stripVTControlCharacters(text);
};

it('says time, level, actor, message, and what else there is, in one line', () => {
  expect(line()).toBe('12:00:05 warn  executor   it waits n=3 (no disk)');
});

it('says the node as well where several are in one process', () => {
  expect(line({}, { namesNode: true })).toBe('12:00:05 warn  vps/executor             it waits n=3 (no disk)');
  expect(line({ actor: undefined, node: undefined }, { namesNode: true })).toBe('12:00:05 warn                           it waits n=3 (no disk)');
});

it('leaves out what goes on inside an actor, unless somebody looks for it', () => {
  const inner = { level: 30, msg: 'mode', from: 'idle', to: 'busy', n: undefined, err: undefined };
  for (const msg of ['mode', 'transition']) {
    expect(line({ ...inner, msg })).toBeNull();
    expect(line({ ...inner, msg }, { level: 'warn' })).toBeNull();
  }
  expect(line(inner, { level: 'debug' })).toBe('12:00:05 debug executor   mode from=idle to=busy');
  expect(line({ ...inner, msg: 'published' })).not.toBeNull();
});
