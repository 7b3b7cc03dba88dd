/**
 * The composition root of the demo: the same actors as everywhere, on simulated machines. Nothing here can reach a real
 * container engine: no adapter of one is imported (test/contract/demo-composition.test.ts).
 */
import { createExecutorModule } from '../../actors/executor/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import { simulatedHomelab } from '../../adapters/simulated/homelab.table.ts';
import { createSimulatedInventory } from '../../adapters/simulated/inventory.ts';
import { createSimulatedMachine, type SimulatedMachine } from '../../adapters/simulated/machine.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import type { Settings } from '../settings.ts';

/** As for a real engine (cli/compose.ts): with a ping every 5 s, "hung" is said within 10 s. */
const engineDeadlineMs = 4_000;

const everywhere = ['node-agent', 'executor'] as const;
/** What a site needs once. */
const once = ['inventory', 'observer', 'ledger', 'supervisor'] as const;

const agentsOf = (node: string): readonly string[] => (node === simulatedHomelab[0]?.name ? [...once, ...everywhere] : everywhere);

export interface ComposedNode {
  readonly machine: SimulatedMachine;
  /** Called at each start of the node. */
  readonly modules: () => readonly ActorModule[];
}

export function composeDemo(settings: Pick<Settings, 'site' | 'incidentGraceMs' | 'verifyWindowMs'>): readonly ComposedNode[] {
  const { site, incidentGraceMs, verifyWindowMs } = settings;
  return simulatedHomelab.map((node) => {
    const machine = createSimulatedMachine(node, { clock: systemClock, deadlineMs: engineDeadlineMs });
    const own = (): readonly ActorModule[] => [createNodeAgentModule({ ports: machine.watchPorts }), createExecutorModule({ ports: machine.controlPorts })];
    const central = (): readonly ActorModule[] => [
      createInventoryModule({ agents: agentsOf(node.name), site }, createSimulatedInventory({ nodes: simulatedHomelab, agentsOf })),
      createObserverModule({ incidentGraceMs, aliasMap: {} }),
      createLedgerModule({ anonymousAllowed: true, verifyWindowMs }),
      createSupervisorModule({}),
    ];
    return { machine, modules: () => (agentsOf(node.name).includes('observer') ? [...central(), ...own()] : own()) };
  });
}
