/** Failures of the original that ran through several agents (docs/decisions/0013), with the real observer and the real supervisor. */
import { describe, expect, it } from 'vitest';
import { haAlertCooldownMs, haTransitionWindowMs } from '../../contracts/defaults.ts';
import { ObservedSupervisor } from '../kit/observed-supervisor.ts';

const minute = 60_000;
const names = Array.from({ length: 20 }, (_, at) => `service-${at}`);
const rules = { shadowMode: false, alertCooldownMs: haAlertCooldownMs, transitionWindowMs: haTransitionWindowMs };

/** Twenty services are desired on vps, and nobody has spoken of any of them yet. */
function emptyWorld(): ObservedSupervisor {
  const world = new ObservedSupervisor(rules);
  world.observer.desire(names, { node: 'vps', agents: ['node-agent', 'executor'] });
  world.supervisor.desired(names.map((name) => ({ name })));
  return world;
}

const told = ({ observer, supervisor }: ObservedSupervisor): readonly unknown[] => [...observer.incidents().map(({ kind }) => kind), ...supervisor.proposed];

describe('R4: an empty world is no flood of missing services', () => {
  it('while the node has not been heard at all: one incident, of the node', () => {
    expect(
      told(
        emptyWorld()
          .synced()
          .pass(10 * minute),
      ),
    ).toEqual(['node_offline']);
  });

  it('while the node counts its services, and their documents are still on their way: none', () => {
    const world = emptyWorld();
    world.synced();
    for (let at = 0; at < 20; at += 1) {
      world.observer.heartbeat('vps', { services_count: names.length });
      world.pass(30_000);
    }
    expect(told(world)).toEqual([]);
  });

  it('while its engine does not answer: one incident, of the engine', () => {
    const world = emptyWorld();
    world.synced();
    for (let at = 0; at < 20; at += 1) {
      world.observer.heartbeat('vps', { engine: 'unreachable', status: 'degraded' });
      world.pass(30_000);
    }
    expect(told(world)).toEqual(['engine']);
  });

  it('but each is missing once its node proves that it has no such service', () => {
    const world = emptyWorld();
    world.alive.add('vps');
    world.synced().pass(minute);
    expect(world.observer.incidents().map(({ kind }) => kind)).toEqual(names.map(() => 'missing'));
  });
});
