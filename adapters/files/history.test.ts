import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHistoryFiles } from './history.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'history-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const write = (path: string, text = 'line\n', at?: string): void => {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  if (at !== undefined) utimesSync(file, new Date(at), new Date(at));
};
const events = (day: string, node: string): string => `observer/events/${day}/${node}/events.jsonl`;
const checkpoint = (node: string, date: string): void => {
  write(`observer/checkpoints/${node}.json`, JSON.stringify({ version: 1, node, position: { date, offset: 5 }, world: {} }));
};
const isThere = (path: string): boolean => existsSync(join(root, path));
const history = () => createHistoryFiles({ dataRoot: root });
/** Noon of the 10th: days up to the 9th are over. */
const before = Date.parse('2026-03-10T12:00:00Z');

describe('old events', () => {
  it('do not grow for ever (R38): whole days of a node go, once they are older than the limit and its checkpoint is on a later day', async () => {
    for (const day of ['2026-03-08', '2026-03-09', '2026-03-10', '2026-03-11']) write(events(day, 'vps'));
    checkpoint('vps', '2026-03-11');
    expect(await history().removeOldEvents(before)).toEqual({ count: 2, bytes: 10 });
    expect(readdirSync(join(root, 'observer/events')).sort()).toEqual(['2026-03-10', '2026-03-11']);
  });

  it.each([
    ['2026-03-08', false],
    ['2026-03-09', false],
    ['2026-03-10', true],
  ])('stay from the day of the checkpoint on: %s', async (date, isGone) => {
    write(events('2026-03-09', 'vps'));
    checkpoint('vps', date);
    await history().removeOldEvents(before);
    expect(isThere(events('2026-03-09', 'vps'))).toBe(!isGone);
  });

  it('of a node whose checkpoint is missing or cannot be read stay, and do not keep those of another (R8)', async () => {
    for (const node of ['new', 'broken', 'vps']) write(events('2026-03-01', node));
    write('observer/checkpoints/broken.json', '{"position":{"date":"../../..');
    checkpoint('vps', '2026-03-12');
    expect(await history().removeOldEvents(before)).toEqual({ count: 1, bytes: 5 });
    expect(readdirSync(join(root, 'observer/events/2026-03-01')).sort()).toEqual(['broken', 'new']);
  });

  it('are all that goes: what somebody else put there stays, and links are not followed', async () => {
    write(events('2026-03-01', 'vps'));
    write('observer/events/2026-03-01/vps/notes.txt');
    write('observer/events/not-a-day/vps/events.jsonl');
    write('elsewhere/vps/events.jsonl');
    symlinkSync(join(root, 'elsewhere'), join(root, 'observer/events/2026-03-02'));
    checkpoint('vps', '2026-03-12');
    await history().removeOldEvents(before);
    expect(['observer/events/2026-03-01/vps/notes.txt', 'observer/events/not-a-day/vps/events.jsonl', 'elsewhere/vps/events.jsonl'].map(isThere)).toEqual([
      true,
      true,
      true,
    ]);
    expect(isThere(events('2026-03-01', 'vps'))).toBe(false);
  });

  it('go with the quarantines that were not written since', async () => {
    write('observer/quarantine/old.jsonl', 'x\n', '2026-03-10T11:59:59Z');
    write('observer/quarantine/new.jsonl', 'x\n', '2026-03-10T12:00:00Z');
    expect(await history().removeOldEvents(before)).toEqual({ count: 1, bytes: 2 });
    expect(readdirSync(join(root, 'observer/quarantine'))).toEqual(['new.jsonl']);
  });

  it('that are not there are nothing', async () => {
    expect(await history().removeOldEvents(before)).toEqual({ count: 0, bytes: 0 });
    expect(await history().removeDeployLogs(before)).toEqual({ count: 0, bytes: 0 });
  });
});

it('deployment logs go by their age and their name, and nothing else beside them', async () => {
  write('logs/deploy/deploy_1.log', 'x\n', '2026-03-10T11:59:59Z');
  write('logs/deploy/deploy_2.log', 'x\n', '2026-03-10T12:00:00Z');
  write('logs/deploy/other.log', 'x\n', '2020-01-01T00:00:00Z');
  write('logs/deploy/deploy_3.log/precious', 'x\n', '2020-01-01T00:00:00Z');
  expect(await history().removeDeployLogs(before)).toEqual({ count: 1, bytes: 2 });
  expect(readdirSync(join(root, 'logs/deploy')).sort()).toEqual(['deploy_2.log', 'deploy_3.log', 'other.log']);
});
