/**
 * Everything that goes wrong on a simulated site, and when: drawn from the seed before it begins. Each seed has a mood of its
 * own: some kinds of trouble never happen in it, others often (all at once hide each other). `heal` ends all of it.
 */
import { Trouble, type TroubleOptions } from './trouble.ts';
import * as engine from './troubles-engine.ts';
import * as link from './troubles-link.ts';
import * as machine from './troubles-machine.ts';
import * as processes from './troubles-process.ts';
import type { Weather } from './weather.ts';

const kinds = {
  container: engine.container,
  kill: processes.kill,
  'kill-in-the-act': processes.killInTheAct,
  'machine-power': machine.power,
  'broker-restart': processes.brokerRestart,
  cut: processes.cut,
  netsplit: machine.netsplit,
  'engine-hang': engine.engineHang,
  'stream-gap': engine.streamGap,
  'hung-control': engine.hungControl,
  'clock-jump': machine.clockJump,
  'slow-disk': processes.slowDisk,
  'disk-fills': machine.diskFills,
  memory: machine.memory,
  tailnet: machine.tailnet,
  'round-trips': machine.roundTrips,
  'home-assistant': machine.homeAssistant,
  'uplink-cut': link.uplinkCut,
  'uplink-reset': link.uplinkReset,
} as const satisfies Record<string, (trouble: Trouble) => void>;
type Kind = keyof typeof kinds;

/** Troubles in ten minutes: from one at a time to several on top of each other. */
const troublesMin = 8;
const troublesMax = 30;
const perMs = 600_000;
/** Without containers in trouble nothing else matters much. */
const containerWeight = 6;
/** A second site whose link always holds shows little. */
const uplinkWeight = 5;

export interface StormOptions extends TroubleOptions {
  readonly weather: Weather;
}

export class Storm {
  private readonly options: StormOptions;
  private readonly trouble: Trouble;
  private readonly weights: readonly (readonly [Kind, number])[];
  private isOver = false;

  constructor(options: StormOptions) {
    const { random, site } = options;
    this.options = options;
    this.trouble = new Trouble(options);
    const there = (Object.keys(kinds) as Kind[]).filter((kind) => site.uplink !== null || !kind.startsWith('uplink-'));
    this.weights = there.map((kind) => {
      const weight = random.pick([0, 0, 1, 1, 3]);
      if (kind === 'uplink-cut') return [kind, uplinkWeight];
      if (kind === 'home-assistant' && site.homeAssistant === null) return [kind, 0];
      return [kind, kind === 'container' ? containerWeight : weight];
    });
    machine.wrongClocks(this.trouble);
  }

  begin(): void {
    const { clock, random, trace, weather, durationMs, site } = this.options;
    weather.isCalm = false;
    trace.say('storm', `begins at ${site.name}: ${weather.forecast}; ${this.weights.map(([kind, weight]) => `${kind} ${weight}`).join(', ')}`);
    for (let left = Math.ceil((random.between(troublesMin, troublesMax) * durationMs) / perMs); left > 0; left -= 1) {
      clock.setTimeout(
        () => {
          if (!this.isOver) kinds[this.drawKind()](this.trouble);
        },
        random.between(0, durationMs),
      );
    }
  }

  /** No fault is left, and every process runs. What the faults have done to containers and disks stays. */
  heal(): void {
    const { site, trace, weather } = this.options;
    this.isOver = true;
    weather.isCalm = true;
    trace.say('storm', 'is over');
    site.broker.start();
    site.uplink?.mend();
    for (const each of site.machines) {
      each.isCutOff = false;
      each.controlFault = 'none';
      each.engine.unhang();
      each.engine.powerOn();
      each.endGap(false);
      each.host.heal();
      for (const container of each.containers) each.engine.world.setFault(container, null);
      this.trouble.setClock(each, 0);
    }
    if (site.homeAssistant !== null) site.homeAssistant.isHung = false;
    for (const recreate of [...this.trouble.removed]) recreate();
    for (const process of site.processes) {
      process.trap = null;
      process.setSlowness(0.1);
      this.trouble.revive(process);
    }
  }

  private drawKind(): Kind {
    let drawn = this.options.random.next() * this.weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of this.weights) {
      drawn -= weight;
      if (drawn < 0) return kind;
    }
    return 'container';
  }
}
