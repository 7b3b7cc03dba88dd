import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActorModule } from '../bus/actor.ts';
import { systemClock } from '../bus/clock.ts';
import { reducerLogic } from '../bus/reducer.ts';
import { FakeLife, fakeIo } from '../test/kit/fake-io.ts';
import { waitFor } from '../test/kit/wait.ts';
import { spool, withSpool } from './spool.ts';

let dir: string;
let life: FakeLife | null = null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-spool-'));
});
afterEach(async () => {
  await life?.stop();
  life = null;
  rmSync(dir, { recursive: true, force: true });
});

const idle: ActorModule = {
  name: 'node-agent',
  create: () =>
    Promise.resolve({
      logic: reducerLogic((state: null) => ({ state, commands: [] }), null),
      reads: [],
      owns: [],
      mode: () => 'idle',
      deliver: () => null,
      commands: {},
    }),
};
const start = async (): Promise<FakeLife> => {
  life = await FakeLife.start(withSpool(idle, dir), fakeIo({ actor: 'node-agent', clock: systemClock, dataDir: dir }));
  return life;
};
const backup = {
  ts: '2026-03-01T12:00:00Z',
  type: 'backup_completed',
  severity: 'info' as const,
  message: 'nightly',
  service: 'web',
  correlation_id: null,
  payload: { bytes: 42 },
};

it('keeps an event on disk until a node-agent takes it', async () => {
  const file = await spool(dir, backup);
  expect(existsSync(file)).toBe(true);
  const { io } = await start();
  await waitFor('the event', () => io.events.length === 1);
  expect(io.events[0]).toMatchObject({ type: 'backup_completed', service: 'web', payload: { bytes: 42 } });
  await waitFor('the file to go', () => !existsSync(file));
});

it('takes an event that comes while the node-agent runs', async () => {
  const { io } = await start();
  const file = await spool(dir, backup);
  await waitFor('the event', () => io.events.length === 1);
  await waitFor('the file to go', () => !existsSync(file));
});

it('sets a file aside that is not an event, and takes the others', async () => {
  await spool(dir, backup);
  writeFileSync(join(dir, 'spool', '0.json'), 'garbage');
  const { io } = await start();
  await waitFor('the good one', () => io.events.length === 1);
  expect(readdirSync(join(dir, 'spool'))).toContain('0.json.rejected');
});
