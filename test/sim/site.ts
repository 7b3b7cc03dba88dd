/**
 * One simulated site: every actor in a process of its own, machines, one broker in memory, people, and the oracles that watch all
 * of it. What there is comes from its shape; nothing here is shared with another site.
 */
import { MemoryBroker } from '../../bus/memory-broker.ts';
import type { Fault, Passage } from '../../bus/memory-broker-connection.ts';
import { topicRoot as root } from '../../contracts/defaults.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import { HomeAssistant } from './home-assistant.ts';
import { Machine } from './machine.ts';
import { actorsOf, moduleOf } from './modules.ts';
import { Needs } from './needs.ts';
import { Overseer } from './overseer.ts';
import { Person } from './people.ts';
import { SimProcess } from './process.ts';
import type { Breach } from './rules.ts';
import { drawShape, type SiteShape } from './shape.ts';
import type { Trace } from './trace.ts';

export interface SiteOptions {
  readonly name: string;
  /** Of which the seed takes two or three; the first also runs what a site needs once. */
  readonly machineNames: readonly string[];
  readonly people: readonly string[];
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly breach: Breach;
  readonly fault: (passage: Passage) => Fault;
  readonly logLevel: string;
}

export class Site {
  readonly root = root;
  readonly shape: SiteShape;
  readonly machines: readonly Machine[];
  /** Those that a machine runs once, before those that every machine runs. */
  readonly processes: readonly SimProcess[];
  readonly people: readonly Person[];
  readonly broker: MemoryBroker;
  readonly overseer: Overseer;
  readonly homeAssistant: HomeAssistant | null;
  private readonly options: SiteOptions;
  private readonly center: Machine;

  constructor(options: SiteOptions) {
    const { clock, trace, random, breach, people, name, machineNames } = options;
    this.options = options;
    const shape = drawShape(random.fork('shape'), { name, machineNames });
    this.shape = shape;
    this.machines = this.build(shape);
    this.center = this.machineOf(shape.machines[0]?.name ?? '');
    this.homeAssistant = shape.homeAssistant === null ? null : new HomeAssistant(this.machineOf(shape.homeAssistant.node));
    this.broker = new MemoryBroker({ clock, fault: options.fault });
    this.overseer = new Overseer({ trace, breach, clock, shape, people, center: this.center.name, centerClock: this.center.clock });
    this.processes = [...actorsOf(shape)].flatMap(([node, names]) => names.map((each) => this.process(this.machineOf(node), each)));
    this.people = people.map((login) => new Person({ login, root, clock, trace, transport: this.broker.transport(), random: random.fork(login) }));
  }

  /** Services that others need, as `<node>/<service>`. */
  get needed(): ReadonlySet<string> {
    return new Set(this.shape.machines.flatMap(({ services }) => services.flatMap(({ needs }) => needs)));
  }

  get name(): string {
    return this.options.name;
  }

  start(): void {
    for (const process of this.processes) process.start();
    for (const person of this.people) person.arrive();
  }

  /** A connection of an actor breaks; it makes another. `queue`: the one whose messages the broker keeps for it. */
  disconnect(login: string, which: 'own' | 'queue' = 'own'): void {
    this.broker.disconnect(`${root}-${login}${which === 'queue' ? '-queue' : ''}`);
  }

  reconnectLedger(): void {
    this.disconnect(`ledger-${this.center.name}`);
  }

  /** No timer outlives this. */
  close(): void {
    for (const process of this.processes) process.kill({ powerCut: false });
    for (const machine of this.machines) machine.engine.close();
  }

  private machineOf(name: string): Machine {
    const machine = this.machines.find((each) => each.name === name);
    if (machine === undefined) throw new Error(`no machine is called ${name}`);
    return machine;
  }

  private build(shape: SiteShape): readonly Machine[] {
    const { clock, random } = this.options;
    const witness = {
      onRepair: (...args: Parameters<Overseer['onRepair']>) => this.overseer.onRepair(...args),
      onCleanup: (...args: Parameters<Overseer['onCleanup']>) => this.overseer.onCleanup(...args),
    };
    const machines = shape.machines.map((each) => new Machine({ shape: each, clock, random: random.fork(`machine ${each.name}`), witness }));
    new Needs({ clock, random: random.fork('needs'), machines }).watch();
    return machines;
  }

  private process(machine: Machine, name: string): SimProcess {
    const { random, logLevel } = this.options;
    return new SimProcess({
      ...{ name, node: machine.name, site: this.name, root, clock: machine.clock, logLevel },
      transport: this.broker.transport(),
      random: random.fork(`${name}-${machine.name}`),
      witness: this.overseer,
      isCutOff: () => machine.isCutOff,
      module: (life, own) => {
        const newNonce = (): string => own.uuid(Math.floor(life.clock.now()));
        return moduleOf(name, { shape: this.shape, machine, homeAssistant: this.homeAssistant, life, newNonce });
      },
    });
  }
}
