/**
 * The composition root of the demo: the same actors as everywhere, on simulated machines. Nothing here can reach a real
 * container engine: no adapter of one is imported (test/contract/demo-composition.test.ts).
 */
import { join } from 'node:path';
import { createExecutorModule } from '../../actors/executor/actor.ts';
import { createHaDiscoveryModule } from '../../actors/ha-discovery/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createOperatorUiModule } from '../../actors/operator-ui/actor.ts';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import type { CheckOptions } from '../../actors/stability-agent/seen.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import { createUnchangingInventory } from '../../adapters/simulated/inventory.ts';
import { createSimulatedMachine, type SimulatedMachine } from '../../adapters/simulated/machine.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { type Log, silentLog } from '../../bus/log.ts';
import { operatorUiOptions } from '../operator-ui-options.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';
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

type DemoSettings = Pick<Settings, 'site' | 'topicRoot' | 'incidentGraceMs' | 'verifyWindowMs' | 'settledAfterMs' | 'stability' | 'http' | 'dataRoot'>;

export function composeDemo({ nodes, tree }: Pick<DemoHomelab, 'nodes' | 'tree'>, settings: DemoSettings, log: Log = silentLog): readonly ComposedNode[] {
  const { site, topicRoot, incidentGraceMs, verifyWindowMs, settledAfterMs } = settings;
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
      createLedgerModule({ anonymousAllowed: () => true, verifyWindowMs }),
      createSupervisorModule({}),
      createHaDiscoveryModule({ root: topicRoot, version, isSimulated: true, random: Math.random }),
      createOperatorUiModule({ ...operatorUiOptions({ settings: webSettings(node.name, settings), anonymousAllowed: () => true, log }), isSimulated: true }),
    ];
    return { machine, modules: () => (agents.includes('observer') ? [...central(), ...own()] : own()) };
  });
}

/** Nobody needs a login for what is not real: the file of the real ones is not read, and there is none in the directory of a demo. */
const webSettings = (node: string, { http, dataRoot }: DemoSettings) => ({
  ...{ http, node, passwords: {}, dataRoot: join(dataRoot, node) },
  loginsFile: join(dataRoot, 'logins.yaml'),
});

/** Only the simulated machine itself is looked at; the broker of the demo is the same process. */
const checksOf = ({ incidentGraceMs, stability }: DemoSettings): CheckOptions => ({
  diskThresholdPct: stability.diskThresholdPct,
  tailnetPeers: [],
  incidentGraceMs,
  isBrokerHere: false,
  broker: 'the broker of the demo',
  upstream: '',
});
