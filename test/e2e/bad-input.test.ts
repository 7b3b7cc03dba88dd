/** Rubbish on every topic of the table: counted, reported, and nothing stops; then a repair goes through as if nothing had been. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allTopics } from '../../contracts/topics.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { actorProcesses, KillRig } from '../kit/kill-rig.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { mosquittoPub } from '../kit/mosquitto-tools.ts';
import { standInRigEngine } from '../kit/rig-engines.ts';
import { waitFor } from '../kit/wait.ts';

const levels: Readonly<Record<string, string>> = {
  node: 'lab',
  site: 'hub',
  service: 'nobody',
  actor: 'ghost',
  id: 'x',
  state: 'approved',
  requester: 'mallory',
  login: 'mallory',
  correlation_id: 'x',
};
const rubbish: readonly string[] = [
  'not json',
  '42',
  '[]',
  '{}',
  '{"status":1}',
  'null',
  '"',
  '{"status":"online","session":-1}',
  `{"a":${'['.repeat(500)}${']'.repeat(500)}}`,
  'x'.repeat(70_000),
];

describe.skipIf(!haveMosquitto())('rubbish on every topic', () => {
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

  it('is counted and reported, stops no actor, and a repair goes through', async () => {
    for (const [, row] of allTopics) {
      const topic = `homelab/${row.build(levels)}`;
      for (const payload of rubbish) await mosquittoPub(rig.broker.url, topic, payload, { retain: row.retained });
    }
    for (const state of ['pending', 'rejected', 'cancelled', 'running', 'completed', 'failed', 'dancing']) {
      for (const payload of rubbish) await mosquittoPub(rig.broker.url, `homelab/actions/${state}/mallory`, payload);
    }
    const report = await rig.repair('web');
    expect(report).toMatchObject({ status: 'completed', restarts: 1, terminals: 1, approvals: 1 });
    expect(rig.exited()).toEqual([]);
    for (const actor of actorProcesses) {
      await waitFor(`${actor} to be online`, () => rig.witness.find(`homelab/actors/lab/${actor}`)?.status === 'online');
    }
    for (const actor of actorProcesses) {
      await waitFor(`${actor} to have counted`, () => Number(rig.witness.find(`homelab/actors/lab/${actor}`)?.quarantined) > 0, {
        state: () => rig.witness.find(`homelab/actors/lab/${actor}`),
      });
    }
    await waitFor('the report as an event in the store', () => rig.stored().some(({ type }) => type === 'message_quarantined'));
    await waitFor('refusals in the store', () => rig.stored().some(({ type }) => type === 'action_refused'));
    expect(rig.storeFaults()).toEqual([]);
  });
});
