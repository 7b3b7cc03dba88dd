/** How each process of a simulated site gets its actor: unchanged, with the ports of its machine. */
import { type BridgeModuleOptions, createBridgeModule } from '../../actors/bridge/actor.ts';
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
import { defaultSite, diskThresholdPct, incidentGraceMs, stabilityCheckIntervalMs, topicRoot } from '../../contracts/defaults.ts';
import type { Random } from '../kit/random.ts';
import { declaredTree } from './declared.ts';
import type { HomeAssistant } from './home-assistant.ts';
import { SimHost } from './host.ts';
import type { Machine } from './machine.ts';
import type { Life } from './process.ts';
import type { SiteShape } from './shape.ts';

const everywhere = ['node-agent', 'executor', 'stability-agent'] as const;
const once = ['observer', 'ledger', 'supervisor'] as const;

/** The actors of each machine, by the name of the machine. */
export function actorsOf({ machines, isAdopted, homeAssistant, uplink }: SiteShape): ReadonlyMap<string, readonly string[]> {
  return new Map(
    machines.map(({ name }, at) => [
      name,
      [
        ...((at === 0 && uplink === null) || isAdopted ? ['inventory'] : []),
        ...(at === 0 ? once : []),
        ...(at === 0 && uplink !== null ? ['bridge'] : []),
        ...everywhere,
        ...(homeAssistant?.watcher === name ? ['ha-diag-agent'] : []),
      ],
    ]),
  );
}

export interface Parts {
  readonly shape: SiteShape;
  /** Of all sites, the hub's first. */
  readonly declared: readonly SiteShape[];
  /** What the bridge stands between; null: there is none here. */
  readonly bridge: Pick<BridgeModuleOptions, 'transports' | 'ports'> | null;
  readonly random: Random;
  readonly machine: Machine;
  readonly homeAssistant: HomeAssistant | null;
  readonly life: Life;
  readonly newNonce: () => string;
}

export function moduleOf(name: string, { shape, declared, machine, homeAssistant, life, bridge, random, newNonce }: Parts): ActorModule {
  const agents = new Map(declared.flatMap((each) => [...actorsOf(each)]));
  const agentsOf = (node: string): readonly string[] => agents.get(node) ?? [];
  switch (name) {
    case 'inventory': {
      const files = shape.isAdopted ? null : createUnchangingInventory(declaredTree(declared, agentsOf));
      return createInventoryModule({ agents: agentsOf(machine.name), site: shape.name }, files);
    }
    case 'observer':
      return createObserverModule({});
    case 'ledger':
      return createLedgerModule({ anonymousAllowed: () => false, newRelayId: newNonce });
    case 'supervisor':
      return createSupervisorModule({ haRules: shape.haRules });
    case 'node-agent':
      return createNodeAgentModule({ ports: machine.agentPorts(life) });
    case 'stability-agent':
      return createStabilityAgentModule({ ports: machine.stabilityPorts(life), intervalMs: stabilityCheckIntervalMs, checks: checksOf(machine) });
    case 'executor':
      return createExecutorModule({ ports: machine.executorPorts(life), newNonce });
    case 'bridge':
      if (bridge !== null) return createBridgeModule({ ...bridge, root: topicRoot, hubSite: defaultSite, random: random.next });
      break;
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
