/** A health check that passes once is no cure: how long a repaired container has to be up before it counts, in virtual time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredService } from '../../contracts/desired.ts';
import type { ServiceStatus } from '../../contracts/health.ts';
import { ExecutorWorld } from '../../test/kit/executor-world.ts';

let world: ExecutorWorld;
const startTakesMs = 200;
const windowMs = 120_000;

beforeEach(() => {
  world = new ExecutorWorld(mkdtempSync(join(tmpdir(), 'executor-')));
  world.addContainer('web', { healthyAfterMs: null });
});
afterEach(async () => {
  expect(world.failures).toEqual([]);
  await world.kill();
  rmSync(world.dataDir, { recursive: true });
});

const of = (service: string) => world.containers.get(service)!;
const set = (service: string, status: ServiceStatus) => () => {
  world.setStatus(service, status);
};
/** Its restart policy starts it again at once. */
const crash = (service: string) => () => {
  of(service).startedAtMs = world.clock.now();
  world.setStatus(service, 'starting');
};
/** What happens to a container, each so many milliseconds after its repair. */
function script(service: string, steps: readonly (readonly [number, (service: string) => () => void])[]): void {
  for (const [ms, step] of steps) world.clock.setTimeout(step(service), startTakesMs + ms);
}
const healthy = (service: string) => set(service, 'healthy');
const unhealthy = (service: string) => set(service, 'unhealthy');
const unknown = (service: string) => set(service, 'unknown');

/** Its code, and when it was said, after the start of the container. */
async function endOf(id: string) {
  await world.until('it ends', () => ['completed', 'failed'].includes(world.doc(id).status));
  const { outcome } = world.doc(id);
  return [outcome?.code, Date.parse(outcome?.ended_at ?? '') - (world.effects[0]?.atMs ?? 0) - startTakesMs];
}

describe.each(['container_restart', 'redeploy'] as const)('after a %s', (type) => {
  const repair = (...steps: readonly (readonly [number, (service: string) => () => void])[]) => {
    script('web', steps);
    return endOf(world.approve(type, 'web'));
  };
  beforeEach(() => world.start());

  it.each([
    [1, 10_000],
    [3_000, 10_000],
    [9_999, 10_000],
    [10_000, 10_000],
    [10_001, 10_001],
    [60_000, 60_000],
  ])('a container whose check passes after %i ms is verified when it has been up for 10 s: after %i ms', async (passesMs, expected) => {
    expect(await repair([passesMs, healthy])).toEqual(['verified', expected]);
  });

  it.each([
    [9_999, ['verified', 20_999]],
    [10_001, ['verified', 10_000]],
  ] as const)('a crash after %i ms starts the wait anew, unless it is over: %o', async (crashMs, expected) => {
    expect(await repair([1_000, healthy], [crashMs, crash], [20_999, healthy])).toEqual(expected);
  });

  it('one that crashes 3 s after every start is never verified', async () => {
    const crashes = Array.from({ length: 50 }, (_, n) => [[n * 3_000 + 1_000, healthy] as const, [n * 3_000 + 3_000, crash] as const]).flat();
    expect(await repair(...crashes)).toEqual(['not_healthy_in_time', windowMs]);
  });

  it.each([
    ['failed after it had passed', unhealthy, 17_000],
    ['could not be read for a while', unknown, 10_000],
  ])('one whose check %s: %#', async (_, trouble, expected) => {
    expect(await repair([1_000, healthy], [4_000, trouble], [7_000, healthy])).toEqual(['verified', expected]);
  });

  it.each([
    [windowMs - 10_001, ['verified', windowMs - 1]],
    [windowMs - 10_000, ['not_healthy_in_time', windowMs]],
    [windowMs - 9_999, ['not_healthy_in_time', windowMs]],
  ] as const)('the wait of one that starts again after %i ms ends with the verify window, within the lease: %o', async (startMs, expected) => {
    expect(await repair([startMs, crash], [startMs + 1, healthy])).toEqual(expected);
  });

  it('news of other services make the wait no longer', async () => {
    world.addContainer('other');
    expect(await repair([1_000, healthy], [6_000, () => set('other', 'down')], [9_000, () => set('other', 'healthy')])).toEqual(['verified', 10_000]);
  });

  it('one that is killed while it waits goes on in the next life, until the same moment', async () => {
    script('web', [[1_000, healthy]]);
    const id = world.approve(type, 'web');
    await world.run(5_000);
    await world.kill();
    await world.start();
    expect(await endOf(id)).toEqual(['verified', 10_000]);
    expect(world.effects).toHaveLength(1);
  });
});

it.each([
  [0, 1_000],
  [2_500, 2_500],
])('how long is said where the executor is made: %i ms', async (settledAfterMs, expected) => {
  world.settledAfterMs = settledAfterMs;
  await world.start();
  script('web', [[1_000, healthy]]);
  expect(await endOf(world.approve('container_restart', 'web'))).toEqual(['verified', expected]);
});

describe('a dependent', () => {
  const graceMs = 20_000;
  const services: DesiredService[] = [
    { name: 'web', origin: 'declared', monitor: true },
    { name: 'api', origin: 'declared', monitor: true, depends_on: ['vps/web'] },
    { name: 'shop', origin: 'declared', monitor: true, depends_on: ['vps/api'] },
  ];
  beforeEach(async () => {
    world.addContainer('api', { healthyAfterMs: null, status: 'unhealthy' });
    world.addContainer('shop', { healthyAfterMs: null, status: 'unhealthy' });
    world.desire({ services });
    await world.start();
  });
  /** `web` is restarted, then `api`, 10 s and the grace later. */
  const apiStartsMs = 10_000 + graceMs + startTakesMs;

  it('waits for as long, and only then what needs it has its turn', async () => {
    script('web', [[1_000, healthy]]);
    script('api', [[apiStartsMs + 1_000, healthy]]);
    script('shop', [[apiStartsMs + 10_000 + graceMs + startTakesMs + 1_000, healthy]]);
    const id = world.approve('container_restart', 'web', { dependents: ['api', 'shop'] });
    await endOf(id);
    const [web, api, shop] = world.effects.map(({ atMs }) => atMs);
    expect([api! - web!, shop! - api!]).toEqual([apiStartsMs, apiStartsMs]);
    expect(world.doc(id).outcome).toMatchObject({ code: 'verified', result: { dependents: [{ end: 'restarted' }, { end: 'restarted' }] } });
  });

  it('that crashes 3 s after every start is not well again, though healthy at the moment when its time is over', async () => {
    script('web', [[1_000, healthy]]);
    const turns = Array.from({ length: 60 }, (_, n) => apiStartsMs + 500 + n * 3_000);
    script(
      'api',
      turns.flatMap((ms) => [[ms + 1_000, healthy] as const, [ms + 3_000, crash] as const]),
    );
    const id = world.approve('container_restart', 'web', { dependents: ['api'] });
    await endOf(id);
    expect(world.effects.map(({ service }) => service)).toEqual(['web', 'api']);
    expect(world.doc(id).outcome?.result['dependents']).toMatchObject([{ service: 'api', end: 'not_healthy' }]);
  });
});
