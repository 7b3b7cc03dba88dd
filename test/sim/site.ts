/**
 * One simulated site: every actor in a process of its own, machines, a broker in memory (with a standby, where its shape says so),
 * people, and the oracles that watch all of it. What there is comes from its shape. Of another site it knows only the way to the hub's broker.
 */
import type { Transport } from '../../bus/link.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import type { Fault, Passage } from '../../bus/memory-broker-connection.ts';
import { topicRoot as root } from '../../contracts/defaults.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import { HomeAssistant } from './home-assistant.ts';
import { Machine } from './machine.ts';
import { actorsOf, moduleOf, type Parts } from './modules.ts';
import { Needs } from './needs.ts';
import type { RelayOracle } from './oracle-relays.ts';
import { Overseer } from './overseer.ts';
import { Person } from './people.ts';
import { type Life, type ModuleParts, SimProcess, type Witness } from './process.ts';
import type { Breach } from './rules.ts';
import type { SiteShape } from './shape.ts';
import { inTurn, SimStandby } from './standby.ts';
import { territoryOf } from './territory.ts';
import type { Trace } from './trace.ts';
import type { SimUplink } from './uplink.ts';

export interface SiteOptions {
  readonly shape: SiteShape;
  /** Of all sites, the hub's first. */
  readonly shapes: readonly SiteShape[];
  readonly people: readonly string[];
  /** People of the hub, who ask through its ledger. */
  readonly peopleAfar: readonly string[];
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly breach: Breach;
  readonly fault: (passage: Passage) => Fault;
  readonly logLevel: string;
  readonly relays: RelayOracle;
  /** null: this is the hub. `witness`: of the hub. */
  readonly uplink: { readonly way: SimUplink; readonly witness: Witness } | null;
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
  private readonly standby: SimStandby | null;
  /** As everybody here connects. */
  private readonly near: Transport;

  constructor(options: SiteOptions) {
    const { clock, trace, random, breach, people, peopleAfar, shape, shapes, fault, relays } = options;
    this.options = options;
    this.shape = shape;
    this.machines = this.build(shape);
    this.center = this.machineOf(shape.machines[0]?.name ?? '');
    this.homeAssistant = shape.homeAssistant === null ? null : new HomeAssistant(this.machineOf(shape.homeAssistant.node));
    this.broker = new MemoryBroker({ clock, fault });
    this.standby = shape.uplink?.hasStandby === true ? new SimStandby({ clock, fault, trace }) : null;
    this.near = this.standby === null ? this.broker.transport() : inTurn([this.broker.transport(), this.standby.broker.transport()]);
    this.overseer = new Overseer({
      ...{ trace, breach, clock, shape, relays, people: [...people, ...peopleAfar.map((each) => `${each} via hub/${each}`)] },
      ...{ center: this.center.name, centerClock: this.center.clock, territory: territoryOf(shape.name, shapes) },
      quietMs: shapes.find(({ uplink }) => uplink !== null)?.uplink?.quietMs ?? null,
    });
    this.processes = [...actorsOf(shape)].flatMap(([node, names]) => names.map((each) => this.process(this.machineOf(node), each)));
    const maintainable = shape.hasMaintenance ? shapes.flatMap(({ machines }) => machines) : [];
    this.people = people.map((login) => new Person({ login, root, clock, trace, maintainable, transport: this.near, random: random.fork(login) }));
  }

  /** Services that others need, as `<node>/<service>`. */
  get needed(): ReadonlySet<string> {
    return new Set(this.shape.machines.flatMap(({ services }) => services.flatMap(({ needs }) => needs)));
  }

  get name(): string {
    return this.shape.name;
  }

  /** null: this is the hub. */
  get uplink(): SimUplink | null {
    return this.options.uplink?.way ?? null;
  }

  /** The machine that holds the link. */
  get uplinkNode(): string | null {
    return this.shape.uplink === null ? null : this.center.name;
  }

  start(): void {
    for (const process of this.processes) process.start();
    for (const person of this.people) person.arrive();
  }

  /** The one actor of this name that runs once here. */
  processOf(name: string): SimProcess {
    const process = this.processes.find((each) => each.name === name);
    if (process === undefined) throw new Error(`no actor is called ${name}`);
    return process;
  }

  /** A connection of an actor breaks; it makes another. `queue`: the one whose messages the broker keeps for it; `near`: the bridge's. */
  disconnect(login: string, which: 'own' | 'queue' | 'near' = 'own'): void {
    this.disconnectClient(`${root}-${login}${which === 'own' ? '' : `-${which}`}`);
  }

  disconnectClient(clientId: string): void {
    this.broker.disconnect(clientId);
    this.standby?.broker.disconnect(clientId);
  }

  /** Nobody on this machine reaches anybody any more. */
  cutOff(machine: Machine): void {
    machine.isCutOff = true;
    for (const { node, login, name } of this.processes) {
      if (node !== machine.name) continue;
      this.disconnect(login);
      this.disconnect(login, 'queue');
      if (name !== 'bridge') continue;
      this.disconnect(login, 'near');
      this.uplink?.forsake();
    }
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
    const { uplink } = this.options;
    if (uplink !== null) for (const { host } of machines) host.isUplinkOpen = () => uplink.way.isOpen;
    new Needs({ clock, random: random.fork('needs'), machines }).watch();
    return machines;
  }

  private process(machine: Machine, name: string): SimProcess {
    const { random, logLevel, shapes } = this.options;
    return new SimProcess({
      ...{ name, node: machine.name, site: this.name, root, clock: machine.clock, logLevel },
      transport: this.near,
      random: random.fork(`${name}-${machine.name}`),
      witness: this.overseer,
      isCutOff: () => machine.isCutOff,
      module: (life, own) => {
        const newNonce = (): string => own.random.uuid(Math.floor(life.clock.now()));
        const bridge = name === 'bridge' ? this.bridgeParts(life, own) : null;
        return moduleOf(name, { shape: this.shape, declared: shapes, machine, homeAssistant: this.homeAssistant, life, bridge, random: own.random, newNonce });
      },
    });
  }

  /** What the bridge stands between. Its standby dies with it. */
  private bridgeParts(life: Life, { membrane }: ModuleParts): Parts['bridge'] {
    const { uplink } = this.options;
    if (uplink === null) return null;
    const { standby, overseer, broker, near } = this;
    life.ends.push(() => void standby?.close());
    return {
      transports: {
        near: membrane(near, overseer),
        local: membrane(broker.transport(), overseer),
        far: membrane(uplink.way.transport(), uplink.witness),
      },
      ports: { standby },
    };
  }
}
