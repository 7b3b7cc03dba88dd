import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { terminalLine } from './terminal-log.ts';

it('says time, level, actor, message, and what else there is, in one line', () => {
  const entry = { level: 40, time: '2026-03-01T12:00:05.123Z', actor: 'executor', node: 'vps', from: 'idle', n: 3, err: { message: 'no disk' }, msg: 'mode' };
  expect(stripVTControlCharacters(terminalLine(JSON.stringify(entry)))).toBe('12:00:05 warn  executor   mode from=idle n=3 (no disk)');
});
