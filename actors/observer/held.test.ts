/** How many documents it takes until everything is said of services that arrive; and that nothing that matters waits. */
import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';

const nodes = Array.from({ length: 10 }, (_, at) => `node-${at}`);
const names = Array.from({ length: 100 }, (_, at) => `service-${at}`);

function sentBelow(rig: ObserverRig, prefix: string): number {
  let sum = 0;
  for (const [topic, count] of rig.sent) if (topic.startsWith(prefix)) sum += count;
  return sum;
}

/** The node-agent says what is so of each of its services, one event each, and last that it is there. */
function arrive(rig: ObserverRig): void {
  for (const node of nodes) {
    for (const service of names) {
      rig.event('service_healthy', { node, service });
      rig.health(service, 'healthy', { node });
    }
    rig.heartbeat(node);
  }
}

function desire(rig: ObserverRig): void {
  for (const node of nodes) rig.desire(names, { node });
}

describe('1,000 services that become known', () => {
  test('are 1,000 documents, not 3,000', () => {
    const rig = new ObserverRig();
    rig.say({ type: 'synced' });
    desire(rig);
    arrive(rig);
    rig.pass(1_000);
    expect(sentBelow(rig, 'world/services/')).toBe(1_000);
    expect(sentBelow(rig, 'world/nodes/')).toBeLessThanOrEqual(2 * nodes.length);
    expect(rig.doc('world/services/node-3/service-7')).toMatchObject({ status: 'healthy' });
  });

  test('are 2,000 where their node takes its time: unknown, then what they are', () => {
    const rig = new ObserverRig();
    rig.say({ type: 'synced' });
    desire(rig);
    rig.pass(999);
    expect(sentBelow(rig, 'world/services/')).toBe(0);
    rig.pass(1);
    expect(sentBelow(rig, 'world/services/')).toBe(1_000);
    expect(rig.doc('world/services/node-3/service-7')).toMatchObject({ status: 'unknown' });
    arrive(rig);
    rig.pass(10_000);
    expect(sentBelow(rig, 'world/services/')).toBe(2_000);
  });

  test('of a node that was there before are shown at once, unknown where it says nothing', () => {
    const rig = new ObserverRig();
    rig.desire(['web']);
    rig.health('web', 'healthy');
    rig.say({ type: 'synced' });
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'unknown', last_status: 'healthy' });
  });
});

describe('nothing that matters waits', () => {
  test('a service that goes down, while its node speaks', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.health('web', 'down');
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'down' });
  });

  test('a node that is lost', () => {
    const rig = new ObserverRig();
    rig.watch(['web', 'db']);
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'unknown' });
  });

  test('what a lost node still says of a service is shown a second later, and what it was before it is not forgotten', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.heartbeat('vps', { status: 'offline' }, { will: true });
    rig.health('web', 'down');
    rig.pass(999);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ last_status: 'healthy' });
    rig.pass(1);
    expect(rig.doc('world/services/vps/web')).toMatchObject({ status: 'unknown', last_status: 'down' });
  });

  test('what explains what, when a node is lost', () => {
    const rig = new ObserverRig();
    rig.desire([{ name: 'web', depends_on: ['vps/db'] }, 'db']);
    rig.heartbeat();
    rig.say({ type: 'synced' });
    rig.pass(89_999);
    expect(rig.incidents()).toMatchObject([{ service: 'db', consequences_count: 1 }]);
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([{ service: 'db', consequences_count: 0 }]);
  });

  test('nor is the observer kept awake before it has read everything', () => {
    const rig = new ObserverRig();
    rig.desire(['web']);
    rig.health('web', 'healthy');
    rig.pass(60_000);
    expect(rig.held.size).toBe(1);
  });
});
