/** A hub that starts anew on a broker that has lost its memory: the nodes of other sites are still theirs. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const node = 'chelsty-ha';
const trouble = (rig: ObserverRig): void => {
  rig.event('containers_not_running', { node, service: 'web', severity: 'error' });
};

describe('a node of another site', () => {
  test('is still not ours when nobody has said so again since we and the broker started anew', () => {
    const rig = new ObserverRig();
    rig.say({ type: 'worldNode', node, site: 'chelsty' });
    rig.say({ type: 'synced' });
    trouble(rig);
    expect(rig.remember().get(node)?.site).toBe('chelsty');
    const later = new ObserverRig({}, rig.remembered());
    later.now = rig.now;
    later.say({ type: 'synced' });
    later.pass(300_000);
    expect([...later.sent.keys()].filter((topic) => topic.includes(node))).toEqual([`cursors/hub/${node}`].filter((topic) => later.sent.has(topic)));
  });

  test('is ours once somebody says so', () => {
    const rig = new ObserverRig();
    rig.say({ type: 'worldNode', node, site: 'chelsty' });
    rig.say({ type: 'synced' });
    trouble(rig);
    const later = new ObserverRig({}, rig.remembered());
    later.now = rig.now;
    later.desire(['web'], { node });
    later.say({ type: 'synced' });
    later.pass(1_000);
    expect(later.doc(`world/nodes/${node}`)).toMatchObject({ site: 'hub' });
  });
});
