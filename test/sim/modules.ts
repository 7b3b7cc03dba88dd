/** How each process of a simulated site gets its actor: unchanged, with the ports of its machine. */
import { createExecutorModule } from '../../actors/executor/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import type { CheckOptions } from '../../actors/stability-agent/seen.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import { createUnchangingInventory } from '../../adapters/simulated/inventory.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { diskThresholdPct, incidentGraceMs, stabilityCheckIntervalMs } from '../../contracts/defaults.ts';
import { declaredTree } from './declared.ts';
import type { HomeAssistant } from './home-assistant.ts';
import { SimHost } from './host.ts';
import type { Machine } from './machine.ts';
import type { Life } from './process.ts';
import type { SiteShape } from './shape.ts';

const everywhere = ['node-agent', 'executor', 'stability-agent'] as const;
const once = ['observer', 'ledger', 'supervisor'] as const;

/** The actors of each machine, by the name of the machine. */
export function actorsOf({ machines, isAdopted, homeAssistant }: SiteShape): ReadonlyMap<string, readonly string[]> {
  return new Map(
    machines.map(({ name }, at) => [
      name,
      [
        ...(at === 0 || isAdopted ? ['inventory'] : []),
        ...(at === 0 ? once : []),
        ...everywhere,
        ...(homeAssistant?.watcher === name ? ['ha-diag-agent'] : []),
      ],
    ]),
  );
}

export interface Parts {
  readonly shape: SiteShape;
  readonly machine: Machine;
  readonly homeAssistant: HomeAssistant | null;
  readonly life: Life;
  readonly newNonce: () => string;
}

export function moduleOf(name: string, { shape, machine, homeAssistant, life, newNonce }: Parts): ActorModule {
  const agents = actorsOf(shape);
  const agentsOf = (node: string): readonly string[] => agents.get(node) ?? [];
  switch (name) {
    case 'inventory': {
      const declared = shape.isAdopted ? null : createUnchangingInventory(declaredTree(shape.machines, agentsOf));
      return createInventoryModule({ agents: agentsOf(machine.name), site: shape.name }, declared);
    }
    case 'observer':
      return createObserverModule({});
    case 'ledger':
      return createLedgerModule({ anonymousAllowed: false });
    case 'supervisor':
      return createSupervisorModule({ haRules: shape.haRules });
    case 'node-agent':
      return createNodeAgentModule({ ports: machine.agentPorts(life) });
    case 'stability-agent':
      return createStabilityAgentModule({ ports: machine.stabilityPorts(life), intervalMs: stabilityCheckIntervalMs, checks: checksOf(machine) });
    case 'executor':
      return createExecutorModule({ ports: machine.executorPorts(life), newNonce });
    case 'ha-diag-agent':
      if (homeAssistant !== null) return homeAssistant.agent();
  }
  throw new Error(`no actor is called ${name}`);
}

const checksOf = ({ shape }: Machine): CheckOptions => ({
  diskThresholdPct,
  tailnetPeers: shape.hasTailnet ? SimHost.tailnetPeers : [],
  incidentGraceMs,
  isBrokerHere: shape.hasBroker,
  broker: 'the broker of the site',
  upstream: 'the broker of another site',
});
