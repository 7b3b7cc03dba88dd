/** What a cause leaves behind when it ends: not nominal before it is looked at. */
import { expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

test('a site is not nominal for a moment while its node is back and the disk of that is still full', () => {
  const rig = new ObserverRig();
  rig.watch();
  rig.event('disk_usage_high', { source: 'stability-agent' });
  rig.passAlive(60_000);
  rig.heartbeat('vps', { status: 'offline' }, { will: true });
  rig.pass(60_000);
  expect(rig.site()).toMatchObject({ status: 'critical', incidents_active: 1 });
  rig.heartbeat();
  const said: unknown[] = [rig.site()['status']];
  for (let left = 30; left > 0; left -= 1) {
    rig.pass(1_000);
    rig.heartbeat();
    said.push(rig.site()['status']);
  }
  expect(new Set(said)).toEqual(new Set(['degraded']));
  rig.event('disk_usage_normal', { source: 'stability-agent' });
  expect(rig.site()).toMatchObject({ status: 'nominal', incidents_active: 0 });
});
