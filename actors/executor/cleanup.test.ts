/** What a clean-up may remove, how often, and how it ends, through documents in and documents out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanupEstimate } from '../../contracts/cleanup.ts';
import type { CleanupClass } from '../../contracts/inventory/capabilities.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { containersToRemove, judgeCleanup } from './cleanup.ts';
import { type CleanupCandidate, ControlError } from './ports.ts';
import type { DesiredView } from './view.ts';

const hour = 3_600_000;
const day = 24 * hour;
const nowMs = 1_000 * day;

describe('which containers go', () => {
  const desired: DesiredView = { node: 'vps', services: [{ name: 'web', origin: 'declared', monitor: true }] };
  const stopped = (id: string, name: string, labels = {}): CleanupCandidate => ({ id, name, labels, status: 'exited', stoppedAtMs: 0, restartPolicy: 'no' });
  const [shown, later, real, ghost] = ['1', '2', '3', '4'].map((digit) => digit.repeat(64)) as [string, string, string, string];
  const going = (all: readonly CleanupCandidate[], listed: readonly string[]) =>
    containersToRemove(all, { kinds: [], desired, listed }, nowMs).map(({ name }) => name);

  it('is what whoever agreed was shown, never what has stopped since', () => {
    const all = [stopped(shown, 'experiment'), stopped(later, 'another')];
    expect(going(all, [shown.slice(0, 12)])).toEqual(['experiment']);
    expect(going(all, [])).toEqual([]);
  });

  it("is none of those that were shown and are somebody's by now", () => {
    expect(going([stopped(shown, 'web')], [shown.slice(0, 12)])).toEqual([]);
  });

  it('is what an interrupted recreate left, which nobody is shown', () => {
    const labels = { 'com.docker.compose.service': 'web', 'com.docker.compose.project': 'web' };
    const all = [{ ...stopped(real, 'web', labels), status: 'running', stoppedAtMs: null }, stopped(ghost, `${ghost.slice(0, 12)}_web`, labels)];
    expect(going(all, [])).toEqual([`${ghost.slice(0, 12)}_web`]);
  });
});

describe('whether a node may be cleaned', () => {
  const judged = (cleanup_class: CleanupClass | undefined, lastAtMs: number | null) => {
    const verdict = judgeCleanup({
      listed: [],
      desired: { node: 'vps', services: [], ...(cleanup_class === undefined ? {} : { cleanup_class }) },
      lastAtMs,
      nowMs,
    });
    if (verdict.plan !== null) return verdict.plan.kinds;
    return verdict.isTooSoon ? 'cleanup_too_soon' : 'cleanup_not_allowed';
  };

  it('follows from its class', () => {
    expect(judged(undefined, null)).toBe('cleanup_not_allowed');
    expect(judged('lte_node', null)).toBe('cleanup_not_allowed');
    expect(judged('sd_card', null)).toEqual(['stopped_containers', 'dangling_images']);
    expect(judged('ai_node', null)).toEqual(['stopped_containers', 'dangling_images', 'build_cache']);
    expect(judged('standard', null)).toEqual(['stopped_containers', 'dangling_images', 'build_cache', 'old_events', 'deploy_logs']);
    expect(judgeCleanup({ listed: [], desired: null, lastAtMs: null, nowMs })).toMatchObject({ plan: null, isTooSoon: false });
  });

  it.each([
    [day - 1, 'cleanup_too_soon'],
    [day, ['stopped_containers', 'dangling_images']],
    [day + 1, ['stopped_containers', 'dangling_images']],
    // A clock that was set back a little; a mark from a clock that was years ahead.
    [-hour, 'cleanup_too_soon'],
    [-400 * day, ['stopped_containers', 'dangling_images']],
  ])('with an SD card, once in 24 h: %i ms after the last time', (ms, expected) => {
    expect(judged('sd_card', nowMs - ms)).toEqual(expected);
  });

  it('is not limited in time elsewhere', () => {
    expect(judged('ai_node', nowMs - 1)).not.toBe('cleanup_too_soon');
  });

  it.each([
    ['sd_card', 5, 5],
    ['lte_node', 5, null],
    [undefined, 5, null],
    ['standard', null, null],
  ] as const)('has an estimate of what it frees at least: %s, %s', (cleanupClass, reclaimable_bytes, expected) => {
    expect(cleanupEstimate({ reclaimable_bytes }, cleanupClass)).toBe(expected);
  });
});

describe('a disk_cleanup', () => {
  let world: ExecutorWorld;
  beforeEach(async () => {
    world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
    await world.start();
  });
  afterEach(async () => {
    expect(world.failures).toEqual([]);
    await world.kill();
    rmSync(world.dataDir, { recursive: true });
  });
  const desire = (cleanup_class?: CleanupClass) => {
    world.desire({ services: [{ name: 'web', origin: 'declared', monitor: true }], ...(cleanup_class === undefined ? {} : { cleanup_class }) });
  };
  const experiment = (): CleanupCandidate => ({
    ...{ id: 'e'.repeat(64), name: 'experiment', labels: {}, status: 'exited', restartPolicy: 'no' },
    stoppedAtMs: world.clock.now() - 2 * hour,
  });
  async function clean(params = {}) {
    const id = world.approve('disk_cleanup', null, params, { names: ['experiment'], ids: ['e'.repeat(12)] });
    await world.until('it ends', () => ['completed', 'failed'].includes(world.doc(id).status));
    return world.doc(id);
  }

  it('removes what the class of its node allows, and says what it freed', async () => {
    desire('ai_node');
    world.engine.candidates = [experiment()];
    expect(await clean()).toMatchObject({
      status: 'completed',
      outcome: {
        code: 'cleaned',
        message: '7.0 MB freed',
        result: {
          freed_bytes: 7_001_000,
          freed: {
            stopped_containers: { count: 1, bytes: 1_000, names: ['experiment'] },
            dangling_images: { count: 1, bytes: 5_000_000 },
            build_cache: { count: 1, bytes: 2_000_000 },
          },
        },
      },
    });
    expect(world.removed).toEqual(['experiment', 'dangling_images', 'build_cache']);
  });

  it('removes no container that has stopped since it was proposed', async () => {
    desire('ai_node');
    world.engine.candidates = [{ ...experiment(), id: 'f'.repeat(64) }];
    expect((await clean()).outcome?.result).toMatchObject({ freed: { stopped_containers: { count: 0 }, dangling_images: { count: 1 } } });
    expect(world.removed).toEqual(['dangling_images', 'build_cache']);
  });

  it.each(['lte_node', undefined] as const)('removes nothing on a node of class %s, and says so', async (cleanupClass) => {
    desire(cleanupClass);
    expect(await clean()).toMatchObject({ status: 'failed', outcome: { code: 'cleanup_not_allowed', began_at: null } });
    expect(world.removed).toEqual([]);
  });

  it('takes no commands from whoever asks', async () => {
    desire('standard');
    expect(await clean({ commands: ['rm -rf /'] })).toMatchObject({ status: 'failed', outcome: { code: 'params_refused', began_at: null } });
    expect(world.removed).toEqual([]);
  });

  describe('with an SD card', () => {
    beforeEach(() => {
      desire('sd_card');
    });
    const codeAfter = async (ms: number) => {
      await world.run(ms);
      return (await clean()).outcome?.code;
    };

    it.each([
      [day - 1, 'cleanup_too_soon'],
      [day, 'cleaned'],
    ])('is done once in 24 h, also after a restart: %i ms', async (ms, expected) => {
      expect(await codeAfter(0)).toBe('cleaned');
      await world.kill();
      await world.start();
      expect(await codeAfter(ms)).toBe(expected);
    });

    it('counts from the last one that was done, not from one that was refused', async () => {
      expect(await codeAfter(0)).toBe('cleaned');
      expect(await codeAfter(day / 2)).toBe('cleanup_too_soon');
      expect(await codeAfter(day / 2)).toBe('cleaned');
    });

    it('is done once in 24 h even when the journal is lost, from the history of its document', async () => {
      expect(await codeAfter(0)).toBe('cleaned');
      await world.kill();
      rmSync(join(world.dataDir, 'claims.jsonl'));
      await world.start();
      expect(await codeAfter(hour)).toBe('cleanup_too_soon');
    });

    it('counts one whose end nobody knows', async () => {
      world.armed = { point: 'executor.after-effect', left: 1 };
      const id = world.approve('disk_cleanup', null);
      await world.until('it dies', () => !world.alive);
      await world.kill();
      await world.start();
      await world.until('it ends', () => world.doc(id).status === 'failed');
      expect(world.doc(id).outcome?.code).toBe('outcome_unknown');
      expect(await codeAfter(hour)).toBe('cleanup_too_soon');
    });
  });

  it('that was done when the process died says what it freed, and is not done again', async () => {
    desire('ai_node');
    world.armed = { point: 'executor.after-acted-fsync', left: 1 };
    const id = world.approve('disk_cleanup', null);
    await world.until('it dies', () => !world.alive);
    await world.kill();
    await world.start();
    await world.until('it ends', () => world.doc(id).status === 'completed');
    expect(world.doc(id).outcome).toMatchObject({ code: 'cleaned', result: { freed_bytes: 7_000_000 } });
    expect(world.removed).toEqual(['dangling_images', 'build_cache']);
  });

  it('that can do one kind and not another does what it can, and says what it could not', async () => {
    desire('standard');
    world.engine.pruneOf['dangling_images'] = new ControlError('timeout', 'no answer');
    const { status, outcome } = await clean();
    expect({ status, outcome }).toMatchObject({
      status: 'completed',
      outcome: { code: 'cleaned_partly', result: { freed_bytes: 2_340_000, failed: { dangling_images: 'timeout: no answer' } } },
    });
    expect(world.events.at(-1)).toMatchObject({ type: 'remediation_completed', severity: 'warning' });
  });

  it('that can do nothing at all fails with the code of the engine', async () => {
    desire('sd_card');
    world.engine.candidates = new ControlError('unreachable', 'no socket');
    world.engine.pruneOf['dangling_images'] = new ControlError('unreachable', 'no socket');
    expect(await clean()).toMatchObject({ status: 'failed', outcome: { code: 'unreachable' } });
  });
});
