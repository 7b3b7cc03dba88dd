/**
 * The bridge dies at each of its named points, is started again, and every event is in the hub's store once and in order: its senders
 * keep what it has not said that it has, and its journal keeps what it has.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killPoints } from '../../bus/kill-point.ts';
import { EdgeRig } from '../kit/edge-rig.ts';
import { Emitters } from '../kit/emitters.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { haveNetRig } from '../kit/net-rig.ts';

const points = killPoints.filter((point) => point.startsWith('bridge.'));
/** Of an n-th passing, so that there are events before it and after it. A journal takes what arrives together in one append. */
const nth = 20;
const deadlineMs = 60_000;

describe.skipIf(!haveNetRig() || !haveMosquitto())('a bridge that is killed', () => {
  const rigs: EdgeRig[] = [];
  beforeAll(() => {
    buildBundle();
  });
  afterAll(async () => {
    await Promise.all(rigs.map((rig) => rig.close()));
  });

  // Side by side, because what takes time is the patience of the senders.
  it.concurrent.each(points)('at %s loses nothing and repeats nothing', { timeout: deadlineMs + 60_000 }, async (point) => {
    const rig = await EdgeRig.open({ make: 'mosquitto', savesBySecond: true });
    rigs.push(rig);
    await Promise.all([rig.run('hub', 'observer'), rig.run('site', 'observer')]);
    const armed = await rig.run('site', 'bridge', { HOMELAB_KILL_AT: `${point}#${nth}` });
    const emitters = new Emitters(rig, { seed: 1, count: 400, perSecond: 200 });
    expect(await armed.exited(deadlineMs)).toEqual({ code: null, signal: 'SIGKILL' });
    await rig.run('site', 'bridge');
    await emitters.stored(deadlineMs);
    expect(emitters.faults('hub')).toEqual([]);
    expect(emitters.faults('site')).toEqual([]);
  });
});
