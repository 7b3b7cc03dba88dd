/**
 * The node of the day and the machine that judges it, with the actors as they are shipped, on a memory broker and a clock
 * that is stepped: node-agent, executor and stability-agent on the node; inventory, observer, ledger and supervisor beside the broker.
 * Engine and host are simulated; files are real, in a directory of their own. Fails when an actor dies.
 */
import { join } from 'node:path';
import { createExecutorModule } from '../../actors/executor/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import type { SimulatedNode } from '../../adapters/simulated/homelab.table.ts';
import { createSimulatedInventory } from '../../adapters/simulated/inventory.ts';
import { createSimulatedMachine, type SimulatedMachine } from '../../adapters/simulated/machine.ts';
import type { ActorModule } from '../../bus/actor.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Ids } from '../../bus/ids.ts';
import type { Transport } from '../../bus/link.ts';
import { createLog, type Log } from '../../bus/log.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import type { Passage } from '../../bus/memory-broker-connection.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { diskThresholdPct, incidentGraceMs, stabilityCheckIntervalMs } from '../../contracts/defaults.ts';
import { Random } from '../../test/kit/random.ts';
import type { Traffic } from './account.ts';
import { Cable } from './cable.ts';
import type { Deed, TracedService } from './trace.ts';

export const root = 'homelab';
export const nodeName = 'piha';
const centreName = 'vps';
const siteName = 'hub';
const nodeAgents = ['node-agent', 'executor', 'stability-agent'] as const;
const centreAgents = ['inventory', 'observer', 'ledger', 'supervisor'] as const;

/** As cli/compose.ts. */
const engineDeadlineMs = 4_000;
/** How long a health check takes to say healthy after a start: ten intervals of 3 s, a usual setting. */
const healthyAfterMs = 30_000;
const GiB = 1024 ** 3;
/** A Raspberry Pi that is not in trouble. */
const piha = { means: '', memoryBytes: 8 * GiB, diskBytes: 128 * GiB, cpuPct: 20, memoryPct: 55, diskPct: 60, reclaimableBytes: 0 };

export interface DaySiteOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly directory: string;
  readonly services: readonly TracedService[];
}

export class DaySite {
  readonly broker: MemoryBroker;
  readonly machine: SimulatedMachine;
  readonly cable: Cable;
  readonly traffic = { node: { messages: 0, bytes: 0 }, all: { messages: 0, bytes: 0 } };
  /** What the actors complained of as errors. */
  readonly errors: string[] = [];
  private readonly options: DaySiteOptions;
  private readonly log: Log;
  private readonly declared: SimulatedNode;
  private launches = 0;
  private onNode: readonly RunningActor[] = [];
  private atCentre: readonly RunningActor[] = [];

  constructor(options: DaySiteOptions) {
    const { clock, services } = options;
    this.options = options;
    this.broker = new MemoryBroker({
      clock,
      fault: (passage) => {
        this.weigh(passage);
        return { kind: 'pass' };
      },
    });
    this.cable = new Cable({ clock, disconnect: (clientId) => this.broker.disconnect(clientId) });
    this.log = createLog({ level: 'error', destination: { write: (line) => this.hearError(line.trimEnd()) } });
    this.declared = { ...piha, name: nodeName, services: services.map(({ name }) => ({ name, image: '' })) };
    this.machine = createSimulatedMachine({ ...this.declared, services: [] }, { clock, deadlineMs: engineDeadlineMs });
    for (const service of services) this.machine.engine.world.add(containerOf(service));
  }

  /** That a node without a network tells its own log of the trouble it finds is no error of an actor. */
  private hearError(line: string): void {
    const { check } = JSON.parse(line) as { readonly check?: string };
    if (check === undefined) this.errors.push(line);
  }

  start(): void {
    const declared = createSimulatedInventory({ nodes: [this.declared], agentsOf: () => nodeAgents });
    this.atCentre = this.launch(centreName, this.broker.transport(), [
      createInventoryModule({ agents: centreAgents, site: siteName }, declared),
      createObserverModule({}),
      createLedgerModule({ anonymousAllowed: () => false }),
      createSupervisorModule({}),
    ]);
    this.boot();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.onNode, ...this.atCentre].map((actor) => actor.stop()));
    this.machine.engine.close();
  }

  /** Resolves when it is done, in virtual time: losing power takes as long as its actors need to notice. */
  async perform(deed: Deed): Promise<void> {
    const { world } = this.machine.engine;
    if (deed.kind === 'cable') this.plug(deed.isPlugged);
    else if (deed.kind === 'power') await (deed.isOn ? this.boot() : this.losePower());
    else {
      const container = world.find(deed.service);
      if (container === undefined) throw new Error(`no container is called ${deed.service}`);
      if (deed.kind === 'health') world.setHealth(container, deed.health);
      else if (deed.kind === 'kill') world.kill(container, 9);
      else world.start(container);
    }
  }

  private plug(isPlugged: boolean): void {
    if (isPlugged) this.cable.mend();
    else this.cable.cut();
  }

  /** Nobody hears a goodbye: the network goes first. What the actors had on disk stays. */
  private async losePower(): Promise<void> {
    this.cable.cut();
    await Promise.all(this.onNode.map((actor) => actor.stop()));
    this.onNode = [];
    this.machine.engine.powerOff();
  }

  private boot(): void {
    const { machine } = this;
    const claims = this.idsOf('executor claims');
    machine.engine.powerOn();
    machine.host.boot();
    this.cable.mend();
    this.onNode = this.launch(nodeName, this.cable.wire(this.broker.transport()), [
      createNodeAgentModule({ ports: machine.watchPorts }),
      createExecutorModule({ ports: machine.controlPorts, newNonce: () => claims.nonce() }),
      createStabilityAgentModule({
        ports: machine.stabilityPorts,
        intervalMs: stabilityCheckIntervalMs,
        checks: { diskThresholdPct, tailnetPeers: [], incidentGraceMs, isBrokerHere: false, broker: 'the broker', upstream: '' },
      }),
    ]);
  }

  private launch(node: string, transport: Transport, modules: readonly ActorModule[]): readonly RunningActor[] {
    const { clock, directory, seed } = this.options;
    this.launches += 1;
    return modules.map((module) => {
      const actor = new RunningActor({
        ...{ module, node, transport, clock, root, site: siteName, version: 'bench', log: this.log, ids: this.idsOf(module.name) },
        random: new Random(seed).fork(`${module.name}-${node}-${this.launches}`).next,
        dataRoot: join(directory, node),
        onGaveUp: (error) => this.errors.push(`${module.name} gave up: ${error.message}`),
      });
      actor.start();
      return actor;
    });
  }

  /** Of one life of an actor. */
  private idsOf(name: string): Ids {
    const { clock, seed } = this.options;
    const draw = new Random(seed).fork(`ids of ${name}, ${this.launches}`);
    const next = (): string => draw.uuid(clock.now());
    return { eventId: next, nonce: next };
  }

  /** Topic and payload, once for each publish; MQTT's own six bytes and what the broker passes on are not counted. */
  private weigh({ direction, clientId, topic, payload }: Passage): void {
    if (direction !== 'publish') return;
    const add = (traffic: Traffic): void => {
      traffic.messages += 1;
      traffic.bytes += Buffer.byteLength(topic) + payload.length;
    };
    add(this.traffic.all);
    if (nodeAgents.some((name) => clientId.includes(`${name}-${nodeName}`))) add(this.traffic.node);
  }
}

const containerOf = ({ name, hasHealthCheck, restartPolicy }: TracedService) => ({
  name,
  image: 'simulated/container',
  upForMs: 3_600_000,
  restartPolicy,
  labels: { 'com.docker.compose.service': name, 'com.docker.compose.project': name },
  ...(hasHealthCheck ? { healthyAfterMs, healthTest: ['CMD-SHELL', 'simulated'] } : {}),
});
