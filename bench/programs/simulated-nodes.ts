/**
 * Many nodes in one process, as busy as nodes are when nothing happens: `simulated-nodes.mjs <broker url> <root> <directory> <nodes>
 * <services of each>` runs the inventory that declares them and a node-agent for each, on simulated engines. Says `ready` when all
 * have read everything; ends at SIGTERM.
 */
import { join } from 'node:path';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import type { SimulatedNode } from '../../adapters/simulated/homelab.table.ts';
import { createSimulatedInventory } from '../../adapters/simulated/inventory.ts';
import { createSimulatedMachine } from '../../adapters/simulated/machine.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { createLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { RunningActor } from '../../bus/run-actor.ts';

const [url = '', root = '', directory = '', nodes = '', servicesEach = ''] = process.argv.slice(2);
const site = 'hub';
const agents = ['node-agent'];
const centreAgents = ['inventory'];
/** As cli/compose.ts. */
const engineDeadlineMs = 4_000;
const GiB = 1024 ** 3;
const small = { means: '', memoryBytes: 4 * GiB, diskBytes: 32 * GiB, cpuPct: 12, memoryPct: 40, diskPct: 50, reclaimableBytes: 0 };

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${String(at).padStart(2, '0')}`);
const declared: readonly SimulatedNode[] = numbered('node', Number(nodes)).map((name) => ({
  ...small,
  name,
  services: numbered('service', Number(servicesEach)).map((service, at) => ({
    name: service,
    image: 'simulated/it',
    ...(at % 2 === 0 ? { healthyAfterMs: 5_000 } : {}),
  })),
}));

let connected = 0;
const log = createLog({
  level: 'info',
  destination: {
    write: (line) => {
      const { level, msg } = JSON.parse(line) as { readonly level: number; readonly msg: string };
      if (level >= 50) process.stderr.write(line);
      if (msg !== 'connected') return;
      connected += 1;
      if (connected === declared.length + 1) process.stdout.write('ready\n');
    },
  },
});

function run(node: string, module: ActorModule): void {
  new RunningActor({
    ...{ module, node, site, root, log, clock: systemClock, version: 'bench' },
    transport: createMqttTransport({ urls: [url], log }),
    dataRoot: join(directory, node),
    random: Math.random,
    onGaveUp: (error) => {
      throw error;
    },
  }).start();
}

run('centre', createInventoryModule({ agents: centreAgents, site }, createSimulatedInventory({ nodes: declared, agentsOf: () => agents })));
for (const node of declared)
  run(node.name, createNodeAgentModule({ ports: createSimulatedMachine(node, { clock: systemClock, deadlineMs: engineDeadlineMs }).watchPorts }));
