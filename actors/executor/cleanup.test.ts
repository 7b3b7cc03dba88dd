/** What a clean-up may remove, how often, and how it ends, through documents in and documents out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanupEstimate } from '../../contracts/cleanup.ts';
import type { CleanupClass } from '../../contracts/inventory/capabilities.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';
import { judgeCleanup, removableContainers, stoppedForMs } from './cleanup.ts';
import { type CleanupCandidate, ControlError } from './ports.ts';
import type { DesiredView } from './view.ts';

const hour = 3_600_000;
const day = 24 * hour;
const nowMs = 1_000 * day;

describe('a stopped container', () => {
  const desired: DesiredView = {
    node: 'vps',
    services: [
      { name: 'web', origin: 'adopted', monitor: true },
      { name: 'outline-db', origin: 'declared', monitor: true, stack: 'outline' },
    ],
  };
  let ids = 0;
  const container = (name: string, rest: Partial<CleanupCandidate> = {}): CleanupCandidate => {
    ids += 1;
    const id = ids.toString(16).padStart(64, '0');
    return { id, name, labels: {}, status: 'exited', stoppedAtMs: nowMs - 2 * hour, restartPolicy: 'no', ...rest };
  };
  const ghostOf = (name: string, labels: Readonly<Record<string, string>> = {}): CleanupCandidate => {
    const ghost = container('', { labels });
    return { ...ghost, name: `${ghost.id.slice(0, 12)}_${name}` };
  };
  const compose = (service: string, project: string) => ({ 'com.docker.compose.service': service, 'com.docker.compose.project': project });
  const removed = (...all: readonly CleanupCandidate[]) => removableContainers(all, { desired }, nowMs).map(({ name }) => name);

  it('of an experiment goes', () => {
    expect(removed(container('experiment'))).toEqual(['experiment']);
  });

  it('stays where nothing is desired: nobody has said what belongs here', () => {
    expect(removableContainers([container('experiment')], { desired: { ...desired, services: [] } }, nowMs)).toEqual([]);
  });

  it.each([
    ['of a desired service, whatever its name', container('lab_web_1', { labels: compose('web', 'lab') })],
    ['that has the name of a desired service', container('web')],
    ['of the project of a desired service', container('outline_migrate_1', { labels: compose('migrate', 'outline') })],
    ['that should be started again', container('other', { restartPolicy: 'unless-stopped' })],
    ['that runs', container('other', { status: 'running', stoppedAtMs: null })],
    ['that was never started', container('other', { status: 'created', stoppedAtMs: null })],
    ['that is paused', container('other', { status: 'paused', stoppedAtMs: null })],
  ])('%s stays', (_, each) => {
    expect(removed(each)).toEqual([]);
  });

  it.each([
    [stoppedForMs - 1, []],
    [stoppedForMs, []],
    [stoppedForMs + 1, ['experiment']],
  ])('goes only after more than an hour: %i ms', (ms, expected) => {
    expect(removed(container('experiment', { stoppedAtMs: nowMs - ms }))).toEqual(expected);
  });

  it('of a project stays when the project has a desired service running, even one that is called otherwise', () => {
    const web = container('x_web_1', { labels: compose('web', 'x'), status: 'running', stoppedAtMs: null });
    expect(removed(web, container('x_init_1', { labels: compose('init', 'x') }))).toEqual([]);
  });

  it('that an interrupted recreate left goes when another one stands for its service, and stays when none does', () => {
    const ghost = ghostOf('web', compose('web', 'x'));
    expect(removed(ghost)).toEqual([]);
    expect(removed(ghost, container('web', { labels: compose('web', 'x'), status: 'running', stoppedAtMs: null }))).toEqual([ghost.name]);
    // A stopped one is the answer to whether it is stopped or missing: it stays, the ghost goes.
    expect(removed(ghost, container('web', { labels: compose('web', 'x') }))).toEqual([ghost.name]);
  });
});

describe('whether a node may be cleaned', () => {
  const judged = (cleanup_class: CleanupClass | undefined, lastAtMs: number | null) => {
    const verdict = judgeCleanup({ desired: { node: 'vps', services: [], ...(cleanup_class === undefined ? {} : { cleanup_class }) }, lastAtMs, nowMs });
    if (verdict.plan !== null) return verdict.plan.kinds;
    return verdict.isTooSoon ? 'cleanup_too_soon' : 'cleanup_not_allowed';
  };

  it('follows from its class', () => {
    expect(judged(undefined, null)).toBe('cleanup_not_allowed');
    expect(judged('lte_node', null)).toBe('cleanup_not_allowed');
    expect(judged('sd_card', null)).toEqual(['stopped_containers', 'dangling_images']);
    expect(judged('ai_node', null)).toEqual(['stopped_containers', 'dangling_images', 'build_cache']);
    expect(judged('standard', null)).toEqual(['stopped_containers', 'dangling_images', 'build_cache', 'old_events', 'deploy_logs']);
    expect(judgeCleanup({ desired: null, lastAtMs: null, nowMs })).toMatchObject({ plan: null, isTooSoon: false });
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
    const id = world.approve('disk_cleanup', null, params);
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
