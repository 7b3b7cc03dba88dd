/** A wrong clock among the machines of a site, with the real observer between their agents: one outage is one alarm, of the machine that is wrong. */
import { afterEach, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { ObserverRig } from '../../test/kit/observer-rig.ts';
import { endWorlds, StabilityWorld } from '../../test/kit/stability-world.ts';
import { StepClock } from '../../test/kit/step-clock.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const heartbeatMs = 30_000;
const tenMinutes = 20;

/** The clocks of the nodes, ahead of true time; the observer runs on the first. Events by node. */
async function tenMinutesWith(aheadMs: Readonly<Record<string, number>>): Promise<Readonly<Record<string, readonly string[]>>> {
  const nodes = Object.keys(aheadMs);
  const rig = new ObserverRig();
  for (const node of nodes) rig.watch([], node);
  const trueMs = rig.now;
  const agents = new Map<string, StabilityWorld>();
  for (const node of nodes) {
    const clock = new StepClock(trueMs + (aheadMs[node] ?? 0));
    agents.set(node, await StabilityWorld.started({ node, clock }));
  }
  const observerAheadMs = aheadMs[nodes[0] ?? ''] ?? 0;
  for (let beat = 0; beat < tenMinutes; beat += 1) {
    rig.now = trueMs + observerAheadMs + beat * heartbeatMs;
    rig.pass(0);
    for (const node of nodes) {
      const agent = agents.get(node) as StabilityWorld;
      agent.heartbeat();
      rig.heartbeat(node, { ts: new Date(agent.clock.now()).toISOString() });
      const heard = new Date(rig.now).toISOString();
      agent.life.hearDocument(topics.worldNode, { node }, { ...rig.doc(`world/nodes/${node}`), ts: heard });
      await agent.run(heartbeatMs);
    }
  }
  return Object.fromEntries([...agents].map(([node, { news }]) => [node, news]));
}

const wrong = ['clock_offset_high'];

it.each([
  ['nobody', { vps: 0, piha: 0, solaria: 0, saturn: 0 }, { vps: [], piha: [], solaria: [], saturn: [] }],
  ['the machine of the observer', { vps: 60_000, piha: 0, solaria: 0, saturn: 0 }, { vps: wrong, piha: [], solaria: [], saturn: [] }],
  ['the machine of the observer, of three', { vps: -60_000, piha: 0, solaria: 0 }, { vps: wrong, piha: [], solaria: [] }],
  ['another machine', { vps: 0, piha: -60_000, solaria: 0, saturn: 0 }, { vps: [], piha: wrong, solaria: [], saturn: [] }],
  ['one of two: nobody can say which', { vps: 60_000, piha: 0 }, { vps: [], piha: wrong }],
])('wrong is %s', async (_, aheadMs: Readonly<Record<string, number>>, news) => {
  expect(await tenMinutesWith(aheadMs)).toEqual(news);
});
