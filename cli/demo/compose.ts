/**
 * The composition root of the demo: the same actors as everywhere, on simulated machines. Nothing here can reach a real
 * container engine: no adapter of one is imported (test/contract/demo-composition.test.ts).
 */
import { createExecutorModule } from '../../actors/executor/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import type { CheckOptions } from '../../actors/stability-agent/seen.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import { createUnchangingInventory } from '../../adapters/simulated/inventory.ts';
import { createSimulatedMachine, type SimulatedMachine } from '../../adapters/simulated/machine.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import type { Settings } from '../settings.ts';
import { agentsOf, type DemoHomelab } from './homelab.ts';

/** As for a real engine (cli/compose.ts): with a ping every 5 s, "hung" is said within 10 s. */
const engineDeadlineMs = 4_000;

/** A demo is watched live: a full disk should show soon. */
const checkIntervalMs = 10_000;

export interface ComposedNode {
  readonly machine: SimulatedMachine;
  /** Called at each start of the node. */
  readonly modules: () => readonly ActorModule[];
}

type DemoSettings = Pick<Settings, 'site' | 'incidentGraceMs' | 'verifyWindowMs' | 'settledAfterMs' | 'stability'>;

export function composeDemo({ nodes, tree }: Pick<DemoHomelab, 'nodes' | 'tree'>, settings: DemoSettings): readonly ComposedNode[] {
  const { site, incidentGraceMs, verifyWindowMs, settledAfterMs } = settings;
  const stability = { intervalMs: checkIntervalMs, checks: checksOf(settings) };
  return nodes.map((node) => {
    const agents = agentsOf(nodes, node.name);
    const machine = createSimulatedMachine(node, { clock: systemClock, deadlineMs: engineDeadlineMs });
    const own = (): readonly ActorModule[] => [
      createNodeAgentModule({ ports: machine.watchPorts }),
      createExecutorModule({ ports: machine.controlPorts, settledAfterMs }),
      createStabilityAgentModule({ ports: machine.stabilityPorts, ...stability }),
    ];
    const central = (): readonly ActorModule[] => [
      createInventoryModule({ agents, site }, createUnchangingInventory(tree)),
      createObserverModule({ incidentGraceMs, aliasMap: {} }),
      createLedgerModule({ anonymousAllowed: true, verifyWindowMs }),
      createSupervisorModule({}),
    ];
    return { machine, modules: () => (agents.includes('observer') ? [...central(), ...own()] : own()) };
  });
}

/** Only the simulated machine itself is looked at; the broker of the demo is the same process. */
const checksOf = ({ incidentGraceMs, stability }: DemoSettings): CheckOptions => ({
  diskThresholdPct: stability.diskThresholdPct,
  tailnetPeers: [],
  incidentGraceMs,
  isBrokerHere: false,
  broker: 'the broker of the demo',
  upstream: '',
});
