/**
 * Every process is killed at each of its named points, restarted, and the repair goes on: never a restart without a yes, never two
 * for one, every approval ends once, every event is stored once. On an engine that records effects; some points on a real one.
 *
 * Two machines share the points, a third has the real engine: beside each other, because most of a repair is waiting for the next actor.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killPoints } from '../../bus/kill-point.ts';
import { haveDockerd } from '../kit/dockerd.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { type ActorProcess, actorProcesses, KillRig, type RepairReport } from '../kit/kill-rig.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { realRigEngine, standInRigEngine } from '../kit/rig-engines.ts';
import { waitFor } from '../kit/wait.ts';

/** Which process passes a point in the course of a repair. An outbox is in every actor; the node-agent's is the busiest. */
const ownerOf = (point: string): ActorProcess => actorProcesses.find((actor) => point.startsWith(`${actor}.`)) ?? 'node-agent';

function expectOneRepair(report: RepairReport): void {
  expect(report).toMatchObject({ attempt: 1, approvals: 1, terminals: 1 });
  if (report.status === 'completed') expect(report.restarts).toBe(1);
  else {
    expect(report).toMatchObject({ status: 'failed', code: 'outcome_unknown' });
    expect(report.restarts).toBeLessThanOrEqual(1);
  }
}

/** Only a crash after "effect begun" was written (a kill loses nothing that was handed to the kernel) and before "acted" was may leave us not knowing. */
const mayBeUnknown = new Set([
  'executor.before-begun-fsync',
  'executor.after-begun-fsync',
  'executor.before-effect',
  'executor.after-effect',
  'executor.before-acted-append',
]);

/** Each repair of a machine begins where the one before has ended. */
const inOrder = { concurrent: false };
const halves = [0, 1] as const;

describe.skipIf(!haveMosquitto()).concurrent.each(halves)('killed on an engine that records effects (machine %i)', (half) => {
  let engine: Awaited<ReturnType<typeof standInRigEngine>>;
  let rig: KillRig;
  beforeAll(async () => {
    buildBundle();
    engine = await standInRigEngine();
    rig = await KillRig.open(engine);
  });
  afterAll(async () => {
    await rig?.close();
    await engine?.close();
  });

  /** Compaction comes with the thousandth event: that many, from scripts. */
  const fillOutbox = async (): Promise<void> => {
    const ids = Array.from({ length: 1_100 }, () => uuidv7());
    for (const id of ids) {
      const event = { id, ts: new Date().toISOString(), type: 'filler', severity: 'info', message: '' };
      writeFileSync(join(rig.machine.dataRoot, 'spool', `${id}.json`), JSON.stringify(event));
    }
    const wanted = new Set(ids);
    await waitFor('every event to be stored', () => rig.stored().filter(({ id }) => wanted.has(id)).length === ids.length, { deadlineMs: 120_000 });
  };

  const cases: readonly (readonly [string, ActorProcess])[] = [
    // Those of the bridge are passed at an edge site only (test/integration/bridge-kill.test.ts).
    ...killPoints.filter((point) => !point.startsWith('bridge.')).map((point) => [point, ownerOf(point)] as const),
    // The ledger passes its points at the proposal, the approval, the grant and the outcome.
    ...['#2', '#3', '#4'].flatMap((nth) =>
      ['ledger.before-fsync', 'ledger.after-fsync', 'ledger.before-publish'].map((point) => [`${point}${nth}`, 'ledger'] as const),
    ),
    // An outbox is in every actor; the executor's says what it begins, so dying there is dying in the middle of it.
    ['outbox.before-fsync', 'executor'],
    ['outbox.after-publish', 'executor'],
  ];

  it.each(cases.filter((_, at) => at % halves.length === half))('at %s of %s', inOrder, async (point, actor) => {
    const armed = await rig.arm(actor, point);
    const service = `${point}-${actor}`.replaceAll(/[.#]/g, '-');
    if (point.endsWith('-compact')) await fillOutbox();
    const report = await rig.repair(service);
    await waitFor(`${armed.name} to have died at ${point}`, () => armed.child.signalCode === 'SIGKILL', {
      deadlineMs: 30_000,
      state: () => armed.log.slice(-2000),
    });
    expectOneRepair(report);
    if (!mayBeUnknown.has(point) && !(actor === 'executor' && point.startsWith('outbox.'))) expect(report.status).toBe('completed');
    await rig.everythingStored();
    expect(rig.storeFaults()).toEqual([]);
  });

  if (half === 0) {
    it.each(['pending', 'approved'] as const)('the broker, by kill -9 while an action is %s', inOrder, async (stage) => {
      const report = await rig.repair(`broker-${stage}`, async (now) => {
        if (now !== stage) return;
        await rig.broker.kill9();
        await rig.broker.restart();
      });
      expectOneRepair(report);
      expect(report.status).toBe('completed');
      await rig.everythingStored();
      expect(rig.storeFaults()).toEqual([]);
    });
  } else {
    it('every actor at once, while an action is approved', inOrder, async () => {
      const report = await rig.repair('everybody', async (now) => {
        if (now === 'approved') await Promise.all(actorProcesses.map((actor) => rig.kill9(actor)));
      });
      expectOneRepair(report);
      await rig.everythingStored();
      expect(rig.storeFaults()).toEqual([]);
    });
  }
});

describe.skipIf(!haveMosquitto() || !haveDockerd()).concurrent('killed on a real engine', () => {
  let engine: Awaited<ReturnType<typeof realRigEngine>>;
  let rig: KillRig;
  beforeAll(async () => {
    buildBundle();
    engine = await realRigEngine();
    rig = await KillRig.open(engine);
  });
  afterAll(async () => {
    await rig?.close();
    await engine?.close();
  });

  it.each([
    ['outbox.after-fsync'],
    ['observer.after-fsync'],
    ['ledger.after-fsync'],
    ['supervisor.after-propose'],
    ['executor.after-claim-fsync'],
    ['executor.after-effect'],
  ] as const)('at %s', inOrder, async (point) => {
    const armed = await rig.arm(ownerOf(point), point);
    const report = await rig.repair(point.replaceAll('.', '-'));
    await waitFor(`${armed.name} to have died at ${point}`, () => armed.child.signalCode === 'SIGKILL', { deadlineMs: 30_000 });
    expectOneRepair(report);
    if (!mayBeUnknown.has(point)) expect(report.status).toBe('completed');
    await rig.everythingStored();
    expect(rig.storeFaults()).toEqual([]);
  });
});
