/** One simulated machine of the demo homelab: engine, host, and the ports that its actors get. Remembers nothing on disk. */
import type { ExecutorPorts } from '../../actors/executor/ports.ts';
import type { NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import type { StabilityPorts } from '../../actors/stability-agent/ports.ts';
import type { Clock } from '../../bus/clock.ts';
import type { SimulatedContainer } from './container.ts';
import { createSimulatedControl } from './control.ts';
import { SimulatedEngine } from './engine.ts';
import type { SimulatedNode, SimulatedService } from './homelab.table.ts';
import { SimulatedHost } from './host.ts';
import { createSimulatedWatch } from './watch.ts';

/** Long enough to be settled at once, so that the first look at a demo shows a homelab that is well. */
const upForMs = 3_600_000;

export interface SimulatedMachine {
  readonly name: string;
  /** For people: what it would be. */
  readonly means: string;
  readonly engine: SimulatedEngine;
  readonly host: SimulatedHost;
  readonly watchPorts: NodeAgentPorts;
  readonly controlPorts: ExecutorPorts;
  readonly stabilityPorts: StabilityPorts;
}

export function createSimulatedMachine(node: SimulatedNode, options: { readonly clock: Clock; readonly deadlineMs: number }): SimulatedMachine {
  const engine = new SimulatedEngine({ ...options, machine: node.name });
  for (const service of node.services) engine.world.add(containerOf(service));
  if (node.reclaimableBytes > 0) engine.danglingImages.push({ bytes: node.reclaimableBytes, createdMs: options.clock.now() - upForMs });
  const host = new SimulatedHost({ ...node, clock: options.clock });
  return {
    name: node.name,
    means: node.means,
    engine,
    host,
    watchPorts: { ...createSimulatedWatch(engine), readMetrics: () => host.readMetrics() },
    controlPorts: createSimulatedControl(engine),
    stabilityPorts: { readHost: () => host.readHost(), readTailnet: null, tryUpstream: null, tryOwnBroker: null },
  };
}

const containerOf = ({ name, image, project, healthyAfterMs }: SimulatedService): SimulatedContainer => ({
  name,
  image,
  upForMs,
  restartPolicy: 'unless-stopped',
  labels: { 'com.docker.compose.service': name, 'com.docker.compose.project': project ?? name },
  log: [`(simulated) ${name}: this container does not exist; its log is made up`],
  ...(healthyAfterMs === undefined ? {} : { healthyAfterMs, healthTest: ['CMD-SHELL', 'simulated'], probe: { exitCode: 0, output: '(simulated) ok\n' } }),
});
