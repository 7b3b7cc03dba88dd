import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventFile } from '../actors/observer/event-files.ts';
import type { EventQuery } from '../actors/operator-ui/ports.ts';
import { createStoredEvents } from './stored-events.ts';

let dataRoot: string;
beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), 'stored-events-'));
});
afterEach(() => {
  rmSync(dataRoot, { recursive: true });
});

let last = 0;
function store(node: string, storedAt: string, more: object = {}): void {
  last += 1;
  const id = `01900000-0000-7000-8000-${String(last).padStart(12, '0')}`;
  const event = {
    id,
    ts: storedAt,
    node,
    source: 'node-agent',
    lane: 'info',
    seq: last,
    type: 'note',
    severity: 'info',
    service: null,
    correlation_id: null,
    message: `${node} ${storedAt.slice(5, 16)}`,
    payload: {},
  };
  const file = eventFile(join(dataRoot, 'observer'), storedAt.slice(0, 10), node);
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify({ ...event, stored_at: storedAt, ...more })}\n`);
}
const all: EventQuery = { node: null, type: null, since: null, until: null, before: null, limit: 100 };
const page = (query: Partial<EventQuery> = {}, bytesMax?: number) =>
  createStoredEvents({ dataRoot, ...(bytesMax === undefined ? {} : { bytesMax }) }).page({ ...all, ...query });
const messages = async (query: Partial<EventQuery> = {}) => (await page(query))?.events.map(({ message }) => message);

describe('the stored events', () => {
  it('are none where there is no store', async () => {
    expect(await page()).toBeNull();
  });

  it('come in pages, newest first, over all nodes and days, each once', async () => {
    for (const day of ['01', '02', '03']) for (const hour of ['08', '20']) for (const node of ['vps', 'piha']) store(node, `2026-03-${day}T${hour}:00:00.000Z`);
    const seen: string[] = [];
    for (let before: string | null = null; ; ) {
      const found = await page({ limit: 5, before });
      seen.push(...(found?.events ?? []).map(({ id }) => id));
      before = found?.next ?? null;
      if (before === null) break;
    }
    expect([seen.length, new Set(seen).size]).toEqual([12, 12]);
    expect(await messages({ limit: 3 })).toEqual(['piha 03-03T20:00', 'vps 03-03T20:00', 'piha 03-03T08:00']);
  });

  it('are found by node, type and time, also those that came late', async () => {
    store('vps', '2026-03-01T10:00:00.000Z', { type: 'disk_pressure' });
    store('piha', '2026-03-02T10:00:00.000Z');
    // It happened on the first, behind a dead link, and came on the third.
    store('piha', '2026-03-03T10:00:00.000Z', { ts: '2026-03-01T11:00:00.000Z', message: 'late' });
    expect(await messages({ node: 'vps' })).toEqual(['vps 03-01T10:00']);
    expect(await messages({ type: 'disk_pressure' })).toEqual(['vps 03-01T10:00']);
    expect(await messages({ until: '2026-03-01T12:00:00.000Z' })).toEqual(['late', 'vps 03-01T10:00']);
    expect(await messages({ since: '2026-03-02T00:00:00.000Z' })).toEqual(['piha 03-02T10:00']);
  });

  it('go on after a page that was cut short because little was found in much', async () => {
    for (const day of ['01', '02', '03']) store('vps', `2026-03-${day}T10:00:00.000Z`, day === '01' ? { type: 'rare' } : {});
    const first = await page({ type: 'rare' }, 1);
    expect(first).toEqual({ events: [], next: expect.stringMatching(/^2026-03-03T00:00/) });
    const second = await page({ type: 'rare', before: first?.next ?? null }, 1);
    const third = await page({ type: 'rare', before: second?.next ?? null }, 1);
    expect([second?.events, third?.events.length, third?.next]).toEqual([[], 1, null]);
  });

  it('leave out a line that cannot be read, and what only the store needs', async () => {
    store('vps', '2026-03-01T10:00:00.000Z', { alias: 'node-2' });
    appendFileSync(eventFile(join(dataRoot, 'observer'), '2026-03-01', 'vps'), 'garbage\n{"half":');
    expect((await page())?.events.map((event) => Object.keys(event))).toEqual([
      ['id', 'ts', 'node', 'source', 'lane', 'seq', 'type', 'severity', 'service', 'correlation_id', 'message', 'payload'],
    ]);
  });
});
