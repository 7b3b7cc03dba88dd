/**
 * Everything that goes wrong on a simulated site, and when: drawn from the seed before it begins. Each seed has a mood of its
 * own: some kinds of trouble never happen in it, others often (all at once hide each other). `heal` ends all of it.
 */

import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import type { Machine } from './machine.ts';
import type { SimProcess } from './process.ts';
import { root, type Site } from './site.ts';
import type { Trace } from './trace.ts';
import type { Weather } from './weather.ts';

const kinds = [
  'container',
  'kill',
  'kill-in-the-act',
  'machine-power',
  'broker-restart',
  'cut',
  'netsplit',
  'engine-hang',
  'stream-gap',
  'hung-restart',
  'clock-jump',
  'slow-disk',
] as const;
type Kind = (typeof kinds)[number];

const containerDeeds = ['crash', 'crash', 'stop', 'kill', 'flap', 'oom', 'unhealthy', 'healthy', 'start', 'recreate'] as const;

/** Troubles in ten minutes: from one at a time to several on top of each other. */
const troublesMin = 8;
const troublesMax = 30;
const perMs = 600_000;
/** A clock without NTP drifts seconds a day; one that was set wrong is minutes off. */
const skewMaxMs = 180_000;
/** A process that was killed in the act dies within so many writes and publishes. */
const actsMax = 12;

export interface StormOptions {
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly site: Site;
  readonly weather: Weather;
  readonly durationMs: number;
}

export class Storm {
  private readonly options: StormOptions;
  private readonly weights: readonly (readonly [Kind, number])[];
  private isOver = false;
  /** What brings back the containers that are being recreated. */
  private readonly removed = new Set<() => void>();

  constructor(options: StormOptions) {
    const { random, site } = options;
    this.options = options;
    this.weights = kinds.map((kind) => [kind, kind === 'container' ? 6 : random.pick([0, 0, 1, 1, 3])]);
    for (const machine of site.machines) if (random.chance(0.3)) this.setClock(machine, random.between(-skewMaxMs, skewMaxMs));
  }

  begin(): void {
    const { clock, random, trace, weather, durationMs } = this.options;
    weather.isCalm = false;
    trace.say('storm', `begins: ${weather.forecast}; ${this.weights.map(([kind, weight]) => `${kind} ${weight}`).join(', ')}`);
    for (let left = Math.ceil((random.between(troublesMin, troublesMax) * durationMs) / perMs); left > 0; left -= 1) {
      clock.setTimeout(
        () => {
          if (!this.isOver) this[this.drawKind()]();
        },
        random.between(0, durationMs),
      );
    }
  }

  /** No fault is left, and everybody runs. Containers stay as they are. */
  heal(): void {
    const { random, site, trace, weather } = this.options;
    this.isOver = true;
    weather.isCalm = true;
    trace.say('storm', 'is over');
    site.broker.start();
    for (const machine of site.machines) {
      machine.isCutOff = false;
      machine.controlFault = 'none';
      machine.engine.unhang();
      machine.engine.powerOn();
      machine.endGap(false);
      for (const container of machine.engine.world.all()) machine.engine.world.setFault(container, null);
      if (random.chance(0.5)) this.setClock(machine, 0);
    }
    for (const recreate of [...this.removed]) recreate();
    for (const process of site.processes) {
      process.trap = null;
      process.setSlowness(0.1);
      this.revive(process);
    }
    for (const person of site.people) person.leave();
  }

  private drawKind(): Kind {
    let drawn = this.options.random.next() * this.weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of this.weights) {
      drawn -= weight;
      if (drawn < 0) return kind;
    }
    return 'container';
  }

  private later(fromMs: number, toMs: number, what: () => void): void {
    this.options.clock.setTimeout(what, this.options.random.between(fromMs, toMs));
  }

  private machine(): Machine {
    return this.options.random.pick(this.options.site.machines);
  }

  private say(what: string): void {
    this.options.trace.say('* fault', what);
  }

  // -- one function for each kind -----------------------------------------------------------------------------------------

  private readonly container = (): void => {
    const { random } = this.options;
    const { engine, name } = this.machine();
    const { world } = engine;
    const containers = world.all();
    if (engine.isOff || containers.length === 0) return;
    const container = random.pick(containers);
    const deed = random.pick(containerDeeds);
    this.say(`container ${container.name} on ${name}: ${deed} (it is ${container.status})`);
    const isUp = container.status === 'running';
    if (deed === 'crash' && isUp) world.die(container, 1);
    else if (deed === 'stop') world.stop(container);
    else if (deed === 'kill' && isUp) world.kill(container, 9);
    else if (deed === 'flap' || deed === 'oom') world.setFault(container, deed);
    else if ((deed === 'unhealthy' || deed === 'healthy') && isUp && container.health !== null) world.setHealth(container, deed);
    else if (deed === 'start' && container.status === 'exited') world.start(container);
    else if (deed === 'recreate') {
      world.remove(container);
      const recreate = (): void => {
        if (!this.removed.delete(recreate)) return;
        world.add({ ...container.given, upForMs: 0 });
        const added = world.find(container.name);
        if (added !== undefined) world.say('start', added);
      };
      this.removed.add(recreate);
      this.later(1_000, 120_000, recreate);
    }
  };

  private readonly kill = (): void => {
    const { random, site } = this.options;
    this.down(random.pick(site.processes), random.chance(0.5));
  };

  private readonly 'kill-in-the-act' = (): void => {
    const { random, site } = this.options;
    const process = random.pick(site.processes);
    let left = random.between(1, actsMax);
    const powerCut = random.chance(0.5);
    process.trap = (what) => {
      left -= 1;
      if (left > 0) return;
      this.say(`${process.login} is about to ${what}`);
      this.down(process, powerCut);
    };
  };

  private readonly 'machine-power' = (): void => {
    const { site } = this.options;
    const machine = this.machine();
    this.say(`${machine.name} loses its power`);
    machine.engine.powerOff();
    const processes = site.processes.filter(({ node }) => node === machine.name);
    for (const process of processes) this.downFor(process, true, null);
    this.later(5_000, 150_000, () => {
      this.say(`${machine.name} has power`);
      machine.engine.powerOn();
      for (const process of processes) this.revive(process);
    });
  };

  private readonly 'broker-restart' = (): void => {
    const { random, site } = this.options;
    const lose = { retained: random.chance(0.6), sessions: random.chance(0.5) };
    this.say(`the broker dies${lose.retained ? ', and loses what it retained' : ''}${lose.sessions ? ', and its sessions' : ''}`);
    site.broker.stop(lose);
    this.later(100, random.chance(0.7) ? 3_000 : 90_000, () => {
      this.say('the broker is back');
      site.broker.start();
    });
  };

  private readonly cut = (): void => {
    const { random, site } = this.options;
    const { login } = random.pick(site.processes);
    const clientId = `${root}-${login}${random.chance(0.3) && login.startsWith('observer-') ? '-queue' : ''}`;
    this.say(`the connection of ${clientId} breaks`);
    site.broker.disconnect(clientId);
  };

  private readonly netsplit = (): void => {
    const { site } = this.options;
    const machine = this.machine();
    this.say(`${machine.name} is cut off`);
    machine.isCutOff = true;
    for (const { node, login } of site.processes) {
      if (node !== machine.name) continue;
      site.broker.disconnect(`${root}-${login}`);
      site.broker.disconnect(`${root}-${login}-queue`);
    }
    this.later(5_000, 300_000, () => {
      this.say(`${machine.name} is reachable`);
      machine.isCutOff = false;
    });
  };

  private readonly 'engine-hang' = (): void => {
    const { engine, name } = this.machine();
    this.say(`the engine of ${name} hangs`);
    engine.hang();
    this.later(3_000, 120_000, () => {
      this.say(`the engine of ${name} answers`);
      engine.unhang();
    });
  };

  private readonly 'stream-gap' = (): void => {
    const machine = this.machine();
    const isTold = this.options.random.chance(0.5);
    this.say(`events of the engine of ${machine.name} get lost`);
    machine.beginGap();
    this.later(2_000, 90_000, () => {
      this.say(`events of the engine of ${machine.name} come again${isTold ? ', on a new stream' : ''}`);
      machine.endGap(isTold);
    });
  };

  private readonly 'hung-restart' = (): void => {
    const { random } = this.options;
    const machine = this.machine();
    machine.controlFault = random.pick(['silent', 'deaf', random.between(20_000, 240_000)]);
    this.say(`the next restart on ${machine.name} is ${String(machine.controlFault)}`);
  };

  private readonly 'clock-jump' = (): void => {
    this.setClock(this.machine(), this.options.random.between(-skewMaxMs, skewMaxMs));
  };

  private readonly 'slow-disk' = (): void => {
    const { random, site } = this.options;
    const process = random.pick(site.processes);
    this.say(`the disk of ${process.login} is slow`);
    process.setSlowness(1);
    this.later(10_000, 120_000, () => {
      process.setSlowness(0.1);
    });
  };

  private setClock(machine: Machine, skewMs: number): void {
    if (machine.skewMs === skewMs) return;
    machine.skewMs = skewMs;
    this.options.site.overseer.onClockJump(machine.name);
    this.say(`the clock of ${machine.name} is ${Math.round(skewMs / 1000)} s ahead`);
  }

  private down(process: SimProcess, powerCut: boolean): void {
    this.downFor(process, powerCut, [200, this.options.random.chance(0.7) ? 5_000 : 90_000]);
  }

  private downFor(process: SimProcess, powerCut: boolean, backWithinMs: readonly [number, number] | null): void {
    if (!process.isRunning) return;
    this.options.site.overseer.onProcess(process.login, 'dies');
    if (powerCut) this.options.site.overseer.events.onPowerCut(process.node, process.name);
    process.kill({ powerCut });
    if (backWithinMs !== null) this.later(...backWithinMs, () => this.revive(process));
  }

  private revive(process: SimProcess): void {
    if (process.isRunning) return;
    this.options.site.overseer.onProcess(process.login, 'starts');
    process.start();
  }
}
