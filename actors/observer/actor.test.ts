import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Event } from '../../contracts/event.ts';
import { topics } from '../../contracts/topics.ts';
import { FakeLife, fakeIo } from '../../test/kit/fake-io.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { waitFor } from '../../test/kit/wait.ts';
import { createObserverModule } from './actor.ts';
import { checkpointFile } from './checkpoint.ts';
import { eventFile } from './event-files.ts';
import { rebuildWorld } from './rebuild.ts';

let dataDir: string;
let clock: StepClock;
let lives: FakeLife[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'observer-'));
  clock = new StepClock();
  lives = [];
});
afterEach(async () => {
  for (const life of lives.splice(0)) await life.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<FakeLife> {
  const life = await FakeLife.start(createObserverModule({ incidentGraceMs: 1_000 }), fakeIo({ actor: 'observer', clock, dataDir }));
  lives.push(life);
  return life;
}

async function stop(life: FakeLife): Promise<void> {
  lives.splice(lives.indexOf(life), 1);
  await life.stop();
}

const event = (seq: number, rest: Partial<Event> = {}): Event => ({
  id: `0190a0b0-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`,
  ts: new Date(clock.now()).toISOString(),
  node: 'vps',
  source: 'node-agent',
  lane: 'urgent',
  seq,
  floor: 1,
  type: 'containers_not_running',
  severity: 'error',
  service: 'web',
  correlation_id: null,
  message: 'web exited',
  payload: {},
  ...rest,
});

function tell(life: FakeLife, payload: Event, retained = false): void {
  life.hear({
    kind: 'message',
    name: 'events',
    topic: topics.events.build({ node: payload.node }),
    levels: { node: payload.node },
    text: JSON.stringify(payload),
    payload,
    retained,
    at: clock.now(),
  });
}

const cursorTopic = topics.cursor.build({ site: 'hub', node: 'vps' });
const reached = (life: FakeLife): unknown => (life.io.held.get(cursorTopic)?.['positions'] as Record<string, unknown> | undefined)?.['node-agent'];

/** The disk is real and the clock is not: time moves on while the disk works. */
const until = (what: string, condition: () => boolean): Promise<boolean> =>
  waitFor(what, () => {
    clock.advance(50);
    return condition();
  });

function watch(life: FakeLife): void {
  const since = new Date(clock.now()).toISOString();
  life.hearDocument(
    topics.desired,
    { node: 'vps' },
    { status: 'declared', node: 'vps', site: 'hub', agents: ['node-agent'], services: [{ name: 'web', origin: 'declared' }] },
  );
  life.hearDocument(topics.serviceHealth, { node: 'vps', service: 'web' }, { status: 'down', node: 'vps', service: 'web', reason: 'crashed', since });
  life.hearDocument(topics.nodeHealth, { node: 'vps' }, { status: 'online', node: 'vps', engine: 'up', heartbeat_ms: 86_400_000, services_count: 1 });
  life.synced();
}

test('says that the site is unknown before it has read anything', async () => {
  const life = await start();
  expect(life.mode).toBe('syncing');
  expect([...life.io.held]).toMatchObject([['world/sites/hub', { status: 'unknown' }]]);
  expect(life.io.completed()).toBe(false);
  watch(life);
  expect(life.mode).toBe('watching');
  expect(life.io.completed()).toBe(true);
  life.hear({ kind: 'disconnected', at: clock.now() });
  expect(life.mode).toBe('blind');
});

test('an event is on disk before its cursor moves, becomes an incident, and both are there after a restart', async () => {
  const first = await start();
  watch(first);
  tell(first, event(1));
  expect(reached(first)).toBeUndefined();
  await until('the cursor', () => reached(first) !== undefined);
  expect(reached(first)).toEqual({ urgent: 1, info: 0 });
  const [line] = readFileSync(eventFile(dataDir, '2026-03-01', 'vps'), 'utf8')
    .split('\n')
    .filter((each) => each.includes('node-agent"'));
  expect(JSON.parse(line ?? '')).toMatchObject({ seq: 1, type: 'containers_not_running', stored_at: expect.any(String) });
  expect(line).not.toContain('floor');
  const incidents = (life: FakeLife): string[] => [...life.io.held.keys()].filter((topic) => topic.startsWith('world/incidents/'));
  await until('the incident', () => incidents(first).length === 1);
  await stop(first);

  const second = await start();
  watch(second);
  expect(reached(second)).toEqual({ urgent: 1, info: 0 });
  expect(incidents(second)).toEqual(incidents(first));
  tell(second, event(1));
  tell(second, event(2, { type: 'service_unhealthy' }));
  await until('the next cursor', () => (reached(second) as { urgent: number }).urgent === 2);
  const stored = readFileSync(eventFile(dataDir, '2026-03-01', 'vps'), 'utf8')
    .split('\n')
    .filter((each) => each.includes('"source":"node-agent"'));
  expect(stored).toHaveLength(2);
});

test('without its checkpoints it remembers the same', async () => {
  const first = await start();
  watch(first);
  tell(first, event(1));
  await until('the cursor', () => reached(first) !== undefined);
  await stop(first);
  writeFileSync(checkpointFile(dataDir, 'vps'), '{');
  const second = await start();
  watch(second);
  expect(reached(second)).toEqual({ urgent: 1, info: 0 });
});

test('its history has limits: days before its checkpoint go, it says so once, and what is left is enough for the same world', async () => {
  for (const day of ['2026-01-01', '2026-02-20']) {
    const file = eventFile(dataDir, day, 'vps');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
  const life = await start();
  watch(life);
  tell(life, event(1));
  await until('the oldest day to go', () => !existsSync(dirname(eventFile(dataDir, '2026-01-01', 'vps'))));
  await until('word of it', () => life.io.events.length > 0);
  expect(life.io.events).toMatchObject([{ type: 'history_pruned', severity: 'info', payload: { files: 1, bytes: 0 } }]);
  expect(existsSync(eventFile(dataDir, '2026-02-20', 'vps'))).toBe(true);
  await until('the incident', () => [...life.io.held.keys()].some((topic) => topic.startsWith('world/incidents/')));
  await stop(life);
  const { worlds } = await rebuildWorld({ dataDir, write: false });
  expect([...(worlds.get('vps')?.active.keys() ?? [])]).toEqual(['web|down']);
});

test('a retained copy of an event is not what just happened', async () => {
  const life = await start();
  watch(life);
  tell(life, event(1), true);
  tell(life, event(1, { service: 'db' }));
  await until('the cursor', () => reached(life) !== undefined);
  expect(readFileSync(eventFile(dataDir, '2026-03-01', 'vps'), 'utf8')).not.toContain('"service":"web","correlation_id":null,"message":"web exited"');
});

test('a store that cannot write kills the actor and acknowledges nothing', async () => {
  const life = await start();
  watch(life);
  rmSync(join(dataDir, 'events'), { recursive: true, force: true });
  await until('the first line', () => life.failures.length > 0 || life.io.held.has('world/nodes/vps'));
  rmSync(join(dataDir, 'events'), { recursive: true, force: true });
  writeFileSync(join(dataDir, 'events'), 'in the way');
  tell(life, event(1, { node: 'piha' }));
  await until('its death', () => life.failures.length > 0);
  expect(life.failures[0]?.message).toContain('the event store cannot write');
  expect(life.io.held.has(topics.cursor.build({ site: 'hub', node: 'piha' }))).toBe(false);
});

test('hears the links of sites, and what their observers say of their nodes, as documents on the bus', async () => {
  const life = await start();
  const head = { summary: '', ts: new Date(clock.now()).toISOString(), session: 1, rev: 1 };
  const document = { kind: 'document', will: false, at: clock.now() } as const;
  const cabin = { name: 'worldNode', topic: 'world/nodes/cabin-1', levels: { node: 'cabin-1' }, retained: true } as const;
  life.hear({ ...document, ...cabin, doc: topics.worldNode.schema.parse({ ...head, status: 'online', node: 'cabin-1', site: 'cabin', since: head.ts }) });
  const link = { name: 'link', topic: 'links/cabin', levels: { site: 'cabin' }, retained: false } as const;
  life.hear({ ...document, ...link, doc: topics.link.schema.parse({ ...head, status: 'down', site: 'cabin' }) });
  life.hear({ kind: 'synced', session: 1, at: clock.now() });
  tell(life, event(1, { node: 'cabin-1' }));
  const incidents = (): string[] => [...life.io.held.keys()].filter((topic) => topic.startsWith('world/incidents/'));
  // Not at once: its quiet time.
  await until('what the cabin said to be on disk', () => life.io.held.has('cursors/hub/cabin-1'));
  expect(incidents()).toEqual([]);
  clock.advance(900_000);
  await until('the incident', () => incidents().length > 0);
  expect(incidents()).toEqual([expect.stringMatching(/^world\/incidents\/site-cabin\/inc-\d+-site-cabin-link_down$/)]);
  expect(life.io.held.get('world/sites/hub')).toMatchObject({ links: [{ site: 'cabin', status: 'down' }] });
  expect(life.io.held.has('world/nodes/cabin-1')).toBe(false);
});
