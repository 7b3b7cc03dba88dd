/** At most once, whatever dies when: killed at every point, cut journals, random troubles that then heal. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KillPoint, killPoints } from '../../bus/kill-point.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { ControlError } from './ports.ts';

let world: ExecutorWorld;
const worlds: ExecutorWorld[] = [];

function newWorld(): ExecutorWorld {
  const made = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
  worlds.push(made);
  return made;
}

async function discard(): Promise<void> {
  for (const each of worlds.splice(0)) {
    await each.kill();
    rmSync(each.dataDir, { recursive: true });
  }
}

beforeEach(() => {
  world = newWorld();
});
afterEach(discard);

const mine = killPoints.filter((point) => point.startsWith('executor.'));
const isEnd = (status: string) => ['completed', 'failed', 'cancelled', 'expired'].includes(status);
const journalOf = (of: ExecutorWorld) => join(of.dataDir, 'claims.jsonl');

/** What must hold whatever happened. */
function expectAtMostOnce(of: ExecutorWorld): void {
  const nonces = of.effects.map(({ nonce }) => nonce);
  expect(nonces, 'an effect without a grant').not.toContain(null);
  expect(new Set(nonces).size, 'two effects for one grant').toBe(nonces.length);
  const ends = of.ends.map(({ id, attempt }) => `${id}#${attempt}`);
  expect(new Set(ends).size, 'two ends of one approval').toBe(ends.length);
}

async function dieAt(point: KillPoint): Promise<string> {
  world.addContainer('web');
  await world.start();
  world.armed = { point, left: 1 };
  const id = world.approve('container_restart', 'web');
  await world.until(`it dies at ${point}`, () => !world.alive);
  await world.kill();
  return id;
}

/** Whether the effect may have begun when the process died there: then, and only then, nobody may try again. */
const begunAt = (point: KillPoint): boolean =>
  mine.indexOf(point) >= mine.indexOf('executor.before-begun-fsync') && mine.indexOf(point) < mine.indexOf('executor.before-acted-fsync');

describe.each(mine)('killed at %s', (point) => {
  it.each([0, 60_000])('and started again after %i ms, acts at most once and ends the approval once', async (awayMs) => {
    const id = await dieAt(point);
    await world.run(awayMs);
    await world.start();
    await world.until('it ends', () => isEnd(world.doc(id).status));
    await world.run(60_000);
    expectAtMostOnce(world);
    expect(world.ends).toHaveLength(1);
    expect(world.doc(id).status).toBe(begunAt(point) ? 'failed' : 'completed');
    expect(world.doc(id).outcome?.code).toBe(begunAt(point) ? 'outcome_unknown' : 'verified');
    expect(world.effects).toHaveLength(begunAt(point) && mine.indexOf(point) <= mine.indexOf('executor.before-effect') ? 0 : 1);
    expect(world.mode).toBe('idle');
  });

  it('and started again after the lease ran out, does not act any more', async () => {
    const id = await dieAt(point);
    const before = world.effects.length;
    const granted = world.doc(id).status === 'running';
    await world.run(600_000);
    await world.start();
    await world.run(600_000);
    expectAtMostOnce(world);
    expect(isEnd(world.doc(id).status)).toBe(true);
    if (granted) expect(world.effects).toHaveLength(before);
  });

  it('dies again at the same place after the restart, and still acts at most once', async () => {
    const id = await dieAt(point);
    world.armed = { point, left: 1 };
    await world.start();
    await world.run(30_000);
    if (!world.alive) {
      await world.kill();
      world.armed = null;
      await world.start();
    }
    await world.until('it ends', () => isEnd(world.doc(id).status));
    expectAtMostOnce(world);
    expect(world.ends).toHaveLength(1);
  });
});

describe.each(['claim', 'begun', 'acted', 'outcome'] as const)('the power fails before the fsync of %s', (kind) => {
  it.each(['nothing', 'half a line'] as const)('and %s of the line is on disk', async (left) => {
    const id = await dieAt(`executor.before-${kind}-fsync`);
    const lines = readFileSync(journalOf(world), 'utf8').split('\n').slice(0, -1);
    const last = lines.pop() ?? '';
    expect(JSON.parse(last)).toMatchObject({ kind });
    writeFileSync(journalOf(world), `${lines.map((line) => `${line}\n`).join('')}${left === 'nothing' ? '' : last.slice(0, last.length / 2)}`);
    await world.start();
    await world.until('it ends', () => isEnd(world.doc(id).status));
    expectAtMostOnce(world);
    expect(world.effects).toHaveLength(1);
    expect(world.doc(id).outcome?.code).toBe(kind === 'acted' ? 'outcome_unknown' : 'verified');
  });
});

it('does not act on a granted claim when a broken line may hide that it had begun', async () => {
  const id = await dieAt('executor.after-effect');
  const lines = readFileSync(journalOf(world), 'utf8').split('\n');
  writeFileSync(journalOf(world), [lines[0], 'x'.repeat(20), ''].join('\n'));
  await world.start();
  await world.until('it ends', () => isEnd(world.doc(id).status));
  expect(world.effects).toHaveLength(1);
  expect(world.doc(id).outcome?.code).toBe('outcome_unknown');
});

it('settles what ended while it was away, and says nothing about it', async () => {
  const id = await dieAt('executor.after-outcome-fsync');
  const claims = world.requests.length;
  world.move(id, 'failed');
  await world.start();
  await world.run(60_000);
  expect(world.requests).toHaveLength(claims);
  expect(readFileSync(journalOf(world), 'utf8').trim().split('\n').at(-1)).toContain('"settled"');
});

type Step =
  | { readonly do: 'approve'; readonly type: 'container_restart' | 'rerun_healthcheck' | 'redeploy'; readonly service: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'arm'; readonly point: KillPoint; readonly nth: number }
  | { readonly do: 'kill' | 'start' | 'connect' | 'disconnect' | 'ledgerUp' | 'ledgerDown' | 'double' }
  | { readonly do: 'stale'; readonly nth: number }
  | { readonly do: 'engine'; readonly restart: 'works' | 'hangs' | 'works_but_hangs' | 'refused' };

const service = fc.constantFrom('a', 'b');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('approve' as const),
      type: fc.constantFrom('container_restart' as const, 'container_restart' as const, 'rerun_healthcheck' as const, 'redeploy' as const),
      service,
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 1_000, 10_000, 70_000, 500_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('arm' as const), point: fc.constantFrom(...mine), nth: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'kill' as const,
        'start' as const,
        'start' as const,
        'connect' as const,
        'disconnect' as const,
        'ledgerUp' as const,
        'ledgerDown' as const,
        'double' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stale' as const), nth: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('engine' as const),
      restart: fc.constantFrom('works' as const, 'hangs' as const, 'works_but_hangs' as const, 'refused' as const),
    }),
  },
);

async function connect(of: ExecutorWorld): Promise<void> {
  if (of.connected) return;
  of.connected = true;
  for (const doc of of.documents.values()) of.deliver(doc, true);
  for (const name of of.containers.keys()) of.deliverHealth(name, true);
  of.synced();
  await of.run(0);
}

async function perform(of: ExecutorWorld, doing: Step): Promise<void> {
  switch (doing.do) {
    case 'approve': {
      const open = [...of.documents.values()].find(({ type, service: about }) => type === doing.type && about === doing.service);
      if (open === undefined || isEnd(open.status)) of.approve(doing.type, doing.service);
      return of.run(0);
    }
    case 'wait':
      return of.run(doing.ms);
    case 'arm':
      of.armed = { point: doing.point, left: doing.nth };
      return;
    case 'kill':
      return of.kill();
    case 'start':
      return of.alive ? undefined : revive(of);
    case 'connect':
      return connect(of);
    case 'disconnect':
      of.connected = false;
      return;
    case 'ledgerUp':
    case 'ledgerDown':
      of.ledgerUp = doing.do === 'ledgerUp';
      return;
    case 'double':
      of.copies = 2;
      return;
    case 'stale': {
      const doc = of.written[doing.nth % Math.max(1, of.written.length)];
      if (doc !== undefined) of.deliver(doc);
      return of.run(0);
    }
    case 'engine':
      of.engine.restart = doing.restart === 'refused' ? new ControlError('refused', 'no') : doing.restart;
  }
}

async function revive(of: ExecutorWorld): Promise<void> {
  await of.kill();
  await of.start();
}

async function heal(of: ExecutorWorld): Promise<void> {
  of.armed = null;
  of.ledgerUp = true;
  of.copies = 1;
  of.engine.restart = 'works';
  await connect(of);
  // A stale copy may have been the last thing it heard: the bus drops such copies, this world does not.
  await revive(of);
  await of.run(1_200_000);
}

it('acts at most once, never without a grant, and ends every approval, whatever happens in whatever order', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
      const of = newWorld();
      of.addContainer('a');
      of.addContainer('b', { healthyAfterMs: 30_000 });
      await of.start();
      for (const each of steps) await perform(of, each);
      await heal(of);
      expectAtMostOnce(of);
      for (const doc of of.documents.values()) expect(isEnd(doc.status), `${doc.id} is ${doc.status}`).toBe(true);
      for (const name of of.containers.keys()) {
        const done = of.ends.filter(({ id, status }) => status === 'completed' && id === `container-restart-vps-${name}`);
        expect(of.effects.filter(({ service: on }) => on === name).length, 'completed without an effect').toBeGreaterThanOrEqual(done.length);
      }
      expect(of.failures).toEqual([]);
      expect(of.mode).toBe('idle');
      await discard();
    }),
    { numRuns: 150, seed: 20_260_301 },
  );
});
