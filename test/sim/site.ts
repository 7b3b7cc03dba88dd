/**
 * One simulated site: every actor in a process of its own, two or three machines, one broker in memory, people, and the
 * oracles that watch all of it. The shape (machines, services, declared or adopted, whose clock is wrong) comes from the seed.
 */
import { createExecutorModule } from '../../actors/executor/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import type { SimulatedNode } from '../../adapters/simulated/homelab.table.ts';
import { createSimulatedInventory } from '../../adapters/simulated/inventory.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import type { Fault, Passage } from '../../bus/memory-broker-connection.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import { Machine } from './machine.ts';
import { Overseer } from './overseer.ts';
import { Person } from './people.ts';
import { type Life, SimProcess } from './process.ts';
import type { Breach } from './rules.ts';
import type { Trace } from './trace.ts';

export const root = 'homelab';
export const siteName = 'hub';
const machineNames = ['vps', 'piha', 'solaria'] as const;
const everywhere = ['node-agent', 'executor'] as const;
const once = ['observer', 'ledger', 'supervisor'] as const;
const people = ['anna', 'ben'] as const;
/** The inventory asks for names only. */
const bare = { means: '', memoryBytes: 0, diskBytes: 0, cpuPct: 0, memoryPct: 0, diskPct: 0, reclaimableBytes: 0 };
/** Well settled at the start. */
const upForMs = 3_600_000;

export interface SiteOptions {
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly breach: Breach;
  readonly fault: (passage: Passage) => Fault;
  readonly logLevel: string;
}

export class Site {
  readonly machines: readonly Machine[];
  readonly processes: readonly SimProcess[];
  readonly people: readonly Person[];
  readonly broker: MemoryBroker;
  readonly overseer: Overseer;
  readonly isAdopted: boolean;
  private readonly options: SiteOptions;
  /** What the inventory's files say: what runs at the start. */
  private readonly declared: readonly SimulatedNode[];

  constructor(options: SiteOptions) {
    const { clock, trace, random } = options;
    const shape = random.fork('shape');
    this.options = options;
    this.isAdopted = shape.chance(0.3);
    this.machines = machineNames.slice(0, shape.between(2, 3)).map(
      (name) =>
        new Machine({
          name,
          clock,
          onExecution: (service) => {
            this.overseer.onExecution(name, service);
          },
        }),
    );
    for (const machine of this.machines) furnish(machine, shape);
    this.declared = this.machines.map(({ name, engine }) => ({ ...bare, name, services: engine.world.all().map((each) => ({ name: each.name, image: '' })) }));
    this.broker = new MemoryBroker({ clock, fault: options.fault });
    const center = this.machineOf(machineNames[0]);
    this.overseer = new Overseer({ trace, breach: options.breach, clock, center: center.name, centerClock: center.clock, people });
    this.processes = [
      ...(this.isAdopted ? [] : [this.process(center, 'inventory')]),
      ...once.map((name) => this.process(center, name)),
      ...this.machines.flatMap((machine) => [...(this.isAdopted ? ['inventory'] : []), ...everywhere].map((name) => this.process(machine, name))),
    ];
    this.people = people.map((login) => new Person({ login, root, clock, trace, transport: this.broker.transport(), random: random.fork(login) }));
  }

  start(): void {
    for (const process of this.processes) process.start();
    for (const person of this.people) person.arrive();
  }

  /** The connection of the ledger breaks, and it makes another. */
  reconnectLedger(): void {
    this.broker.disconnect(`${root}-ledger-${machineNames[0]}`);
  }

  /** No timer outlives this. */
  close(): void {
    for (const process of this.processes) process.kill({ powerCut: false });
    for (const machine of this.machines) machine.engine.close();
  }

  machineOf(name: string): Machine {
    const machine = this.machines.find((each) => each.name === name);
    if (machine === undefined) throw new Error(`no machine is called ${name}`);
    return machine;
  }

  private process(machine: Machine, name: string): SimProcess {
    const { random, logLevel } = this.options;
    return new SimProcess({
      ...{ name, node: machine.name, site: siteName, root, clock: machine.clock, logLevel },
      transport: this.broker.transport(),
      random: random.fork(`${name}-${machine.name}`),
      witness: this.overseer,
      isCutOff: () => machine.isCutOff,
      module: (life, own) => this.moduleOf(machine, name, life, () => own.uuid(Math.floor(life.clock.now()))),
    });
  }

  private moduleOf(machine: Machine, name: string, life: Life, newNonce: () => string): ActorModule {
    const agents = (node: string): readonly string[] => (node === machineNames[0] ? ['inventory', ...once, ...everywhere] : everywhere);
    switch (name) {
      case 'inventory': {
        const declared = createSimulatedInventory({ nodes: this.declared, agentsOf: agents });
        return createInventoryModule({ agents: agents(machine.name), site: siteName }, this.isAdopted ? null : declared);
      }
      case 'observer':
        return createObserverModule({});
      case 'ledger':
        return createLedgerModule({ anonymousAllowed: false });
      case 'supervisor':
        return createSupervisorModule({});
      case 'node-agent':
        return createNodeAgentModule({ ports: machine.agentPorts(life) });
      default:
        return createExecutorModule({ ports: machine.executorPorts(life), newNonce });
    }
  }
}

/** Two or three services, of all kinds. */
function furnish(machine: Machine, shape: Random): void {
  const count = shape.between(2, 3);
  for (let number = 1; number <= count; number += 1) {
    const name = `${machine.name}-s${number}`;
    const isChecked = shape.chance(0.5);
    machine.engine.world.add({
      name,
      upForMs,
      restartPolicy: shape.pick(['no', 'unless-stopped', 'on-failure']),
      labels: { 'com.docker.compose.service': name, 'com.docker.compose.project': machine.name },
      ...(isChecked ? { healthTest: ['CMD', 'true'], healthyAfterMs: shape.between(1_000, 20_000) } : {}),
    });
  }
}
