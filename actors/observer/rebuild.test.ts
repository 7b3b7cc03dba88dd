import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointFile, writeCheckpoint } from './checkpoint.ts';
import { eventFile } from './event-files.ts';
import { loadNodes, newestFiles, rebuildWorld } from './rebuild.ts';
import type { FilePosition } from './state.ts';
import { EventStore } from './store.ts';
import type { StoredEvent } from './stored-event.ts';
import { serialiseWorlds, sliceOf } from './world.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'observer-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

const record = (node: string, seq: number, rest: Partial<StoredEvent> = {}): StoredEvent => ({
  id: `0190a0b0-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`,
  ts: '2026-03-01T12:00:00.000Z',
  node,
  source: 'node-agent',
  lane: 'urgent',
  seq,
  type: 'containers_not_running',
  severity: 'error',
  service: 'web',
  correlation_id: null,
  message: '',
  payload: {},
  stored_at: '2026-03-01T12:00:00.000Z',
  ...rest,
});

function write(date: string, node: string, lines: readonly (StoredEvent | string)[]): string {
  const file = eventFile(dataDir, date, node);
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return file;
}

const load = (problems: string[] = []): ReturnType<typeof loadNodes> =>
  loadNodes({ dataDir, useCheckpoints: true, write: true, onProblem: (problem) => problems.push(problem) });

test('R25: lines that are no events are quarantined with the reason and counted, and the rest of the node is read', async () => {
  const file = write('2026-03-01', 'vps', [
    record('vps', 1),
    '{"half":',
    '42',
    record('other', 1),
    JSON.stringify({ ...record('vps', 2), severity: 'loud' }),
    record('vps', 3),
  ]);
  write('2026-03-01', 'piha', [record('piha', 1)]);
  const { worlds, counts } = await rebuildWorld({ dataDir, write: true });
  expect(counts).toMatchObject({ nodes: 2, events: 3, quarantined: 4, duplicates: 0 });
  expect(worlds.get('vps')?.positions.get('node-agent')).toEqual({ urgent: 3, info: 0 });
  const quarantined = readFileSync(join(dataDir, 'quarantine', 'vps.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(quarantined.map(({ line, file: from }) => [line, from])).toEqual([2, 3, 4, 5].map((line) => [line, file]));
  expect(quarantined[3]?.['reason']).toContain('severity');
  await rebuildWorld({ dataDir, write: true });
  expect(
    readFileSync(join(dataDir, 'quarantine', 'vps.jsonl'), 'utf8')
      .trim()
      .split('\n'),
  ).toHaveLength(4);
});

test('R25: a derived event whose payload makes no sense is quarantined and its successors are applied', async () => {
  const derived = { source: 'observer-derived', lane: 'urgent', severity: 'warning' } as const;
  write('2026-03-01', 'vps', [
    record('vps', 1, { ...derived, type: 'incident_opened', payload: { kind: 7 } }),
    record('vps', 2, { ...derived, type: 'incident_opened', payload: { kind: 'down', trigger_type: 'x', trigger_event_id: null, severity: 'error' } }),
  ]);
  const { worlds, counts } = await rebuildWorld({ dataDir, write: false });
  expect(counts).toMatchObject({ events: 2, quarantined: 1 });
  expect(worlds.get('vps')?.active.size).toBe(1);
  expect(readdirSync(dataDir)).toEqual(['events']);
});

test('R22: epoch numbers and offsets of older stores are read beside ISO times', async () => {
  write('2026-03-01', 'vps', [
    JSON.stringify({ ...record('vps', 1), ts: 1_772_366_400 }),
    JSON.stringify({ ...record('vps', 2), ts: '2026-03-01T13:00:01+01:00', stored_at: 1_772_366_401_000 }),
    record('vps', 3, { ts: '2026-03-01T12:00:02.000Z', stored_at: '2026-03-01T12:00:02.000Z' }),
  ]);
  const { worlds, counts } = await rebuildWorld({ dataDir, write: false });
  expect(counts).toMatchObject({ events: 3, quarantined: 0 });
  expect([...(worlds.get('vps')?.troubles.values() ?? [])]).toMatchObject([
    { started_at: '2026-03-01T12:00:00.000Z', count: 3, occurrences: ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:01.000Z', '2026-03-01T12:00:02.000Z'] },
  ]);
});

test('R7: a node that sorts earlier, and one that begins on an earlier day, are read although others are further', async () => {
  write('2026-03-02', 'vps', [record('vps', 1)]);
  const first = await load();
  for (const [node, { world, position }] of first.nodes) if (position !== null) await writeCheckpoint(dataDir, { node, position, world: sliceOf(world) });
  write('2026-03-02', 'aaa', [record('aaa', 1)]);
  write('2026-03-01', 'zzz', [record('zzz', 1)]);
  const { nodes, counts } = await load();
  expect(counts.events).toBe(2);
  expect([...nodes].map(([node, { world }]) => [node, world.troubles.size])).toEqual([
    ['aaa', 1],
    ['vps', 1],
    ['zzz', 1],
  ]);
});

test('half a line at the end is cut off and reported, and the next line does not continue it', async () => {
  const file = write('2026-03-01', 'vps', [record('vps', 1)]);
  const good = statSync(file).size;
  appendFileSync(file, '{"id":"0190a0b0-00');
  const { counts } = await rebuildWorld({ dataDir, write: false });
  expect(counts).toMatchObject({ events: 1, halfLines: 1, quarantined: 0 });
  expect(statSync(file).size).toBeGreaterThan(good);
  const problems: string[] = [];
  const { nodes } = await load(problems);
  expect(statSync(file).size).toBe(good);
  expect(nodes.get('vps')?.position).toEqual({ date: '2026-03-01', offset: good });
  expect(problems.join()).toContain('half a line of 18 bytes');
});

test('R21: a checkpoint that was cut in half is set aside and its node replayed; the others are read from theirs', async () => {
  for (const node of ['vps', 'piha']) write('2026-03-01', node, [record(node, 1), record(node, 2)]);
  await rebuildWorld({ dataDir, write: true });
  const file = checkpointFile(dataDir, 'vps');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, text.length / 2));
  const problems: string[] = [];
  const { nodes, counts } = await load(problems);
  expect(counts).toMatchObject({ events: 2, unreadableCheckpoints: 1 });
  expect(nodes.get('vps')?.world.troubles.size).toBe(1);
  expect(nodes.get('piha')?.world.troubles.size).toBe(1);
  expect(existsSync(`${file}.unreadable`)).toBe(true);
  expect(problems).toHaveLength(1);
});

test('a checkpoint is where reading goes on, over midnight too', async () => {
  write('2026-03-01', 'vps', [record('vps', 1)]);
  await rebuildWorld({ dataDir, write: true });
  write('2026-03-01', 'vps', [record('vps', 2)]);
  write('2026-03-02', 'vps', [record('vps', 3)]);
  const { nodes, counts } = await load();
  expect(counts.events).toBe(2);
  expect(serialiseWorlds(new Map([...nodes].map(([node, { world }]) => [node, world])))).toBe(
    serialiseWorlds((await rebuildWorld({ dataDir, write: false })).worlds),
  );
});

test('lines longer than a chunk and characters across chunk borders are read whole', async () => {
  const long = 'ż'.repeat(700_000);
  write('2026-03-01', 'vps', [record('vps', 1, { payload: { long } }), record('vps', 2, { service: 'żółw' })]);
  const { worlds, counts } = await rebuildWorld({ dataDir, write: false });
  expect(counts).toMatchObject({ events: 2, quarantined: 0 });
  expect([...(worlds.get('vps')?.verdicts.keys() ?? [])]).toEqual(['web', 'żółw']);
});

test('a checkpoint of before there were causes, flapping and timelines is loaded as it is', async () => {
  write('2026-03-01', 'vps', [record('vps', 1)]);
  const opened = record('vps', 1, {
    source: 'observer-derived',
    type: 'incident_opened',
    payload: { kind: 'down', trigger_type: 'containers_not_running', trigger_event_id: record('vps', 1).id, severity: 'error' },
    stored_at: '2026-03-01T12:00:20.000Z',
  });
  write('2026-03-01', 'vps', [opened]);
  const { nodes } = await load();
  const remembered = nodes.get('vps');
  if (remembered?.position == null) throw new Error('not read');
  await writeCheckpoint(dataDir, { node: 'vps', position: remembered.position, world: sliceOf(remembered.world) });
  const file = checkpointFile(dataDir, 'vps');
  const younger: ReadonlySet<string> = new Set(['cause', 'well', 'timeline', 'standing_ms', 'changes']);
  writeFileSync(
    file,
    JSON.stringify(JSON.parse(readFileSync(file, 'utf8')), (name, value: unknown) => (younger.has(name) ? undefined : value)),
  );
  const problems: string[] = [];
  const again = await load(problems);
  expect([problems, again.counts.events]).toEqual([[], 0]);
  const [incident] = again.nodes.get('vps')?.world.incidents.values() ?? [];
  expect(incident).toMatchObject({ kind: 'down', cause: null, flapping: false, well: null, timeline: [], standing_ms: 0 });
});

test('an empty data directory is an empty world', async () => {
  expect((await rebuildWorld({ dataDir, write: true })).counts).toMatchObject({ nodes: 0, events: 0 });
});

test('what the store says is stored can be read again, in order, by node and day, whatever the nodes are called', async () => {
  const told: StoredEvent[] = [];
  const positions = new Map<string, FilePosition>();
  const failures: Error[] = [];
  const store = new EventStore({
    dataDir,
    newest: new Map(),
    onStored: (records, ends) => {
      told.push(...records);
      for (const [node, end] of ends) positions.set(node, end);
    },
    onFailure: (error) => failures.push(error),
  });
  const names = ['vps', '..', '50%', '%2E'];
  for (let seq = 1; seq <= 50; seq += 1) store.append(names.map((node) => record(node, seq)));
  store.append(names.map((node) => record(node, 51, { stored_at: '2026-03-02T00:00:00.000Z' })));
  // The clock goes back over midnight: the file does not.
  store.append(names.map((node) => record(node, 52, { stored_at: '2026-03-01T23:59:59.000Z' })));
  await store.close();
  expect(failures).toEqual([]);
  expect(told).toHaveLength(52 * names.length);
  expect(readdirSync(join(dataDir, 'events'))).toHaveLength(2);
  const loaded = await load();
  expect(loaded.counts).toMatchObject({ nodes: names.length, events: 52 * names.length, duplicates: 0, quarantined: 0 });
  expect(newestFiles(loaded)).toEqual(positions);
});

test('a store that cannot write says so, and stores and acknowledges nothing more', async () => {
  writeFileSync(join(dataDir, 'events'), 'not a directory');
  const told: unknown[] = [];
  const failures: Error[] = [];
  const store = new EventStore({ dataDir, newest: new Map(), onStored: (records) => told.push(records), onFailure: (error) => failures.push(error) });
  store.append([record('vps', 1)]);
  await store.close();
  store.append([record('vps', 2)]);
  await store.close();
  expect(told).toEqual([]);
  expect(failures).toHaveLength(1);
});
