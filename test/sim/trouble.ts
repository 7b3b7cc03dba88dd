/** What a kind of trouble gets to do its work: a site, randomness, and the means to end what it began. */
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import type { Machine } from './machine.ts';
import type { SimProcess } from './process.ts';
import type { Site } from './site.ts';
import type { Trace } from './trace.ts';

export interface TroubleOptions {
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly site: Site;
  /** How long faults go on. */
  readonly durationMs: number;
}

export class Trouble {
  readonly random: Random;
  readonly site: Site;
  readonly durationMs: number;
  /** What brings back the containers that are being recreated. */
  readonly removed = new Set<() => void>();
  private readonly options: TroubleOptions;

  constructor(options: TroubleOptions) {
    this.options = options;
    this.random = options.random;
    this.site = options.site;
    this.durationMs = options.durationMs;
  }

  later(fromMs: number, toMs: number, what: () => void): void {
    this.options.clock.setTimeout(what, this.random.between(fromMs, toMs));
  }

  say(what: string): void {
    this.options.trace.say('* fault', what);
  }

  machine(): Machine {
    return this.random.pick(this.site.machines);
  }

  setClock(machine: Machine, skewMs: number): void {
    if (machine.skewMs === skewMs) return;
    machine.skewMs = skewMs;
    this.site.overseer.onClockJump(machine.name);
    this.say(`the clock of ${machine.name} is ${Math.round(skewMs / 1000)} s ahead`);
  }

  /** `backWithinMs` null: somebody else brings it back. */
  down(process: SimProcess, powerCut: boolean, backWithinMs: readonly [number, number] | null = [200, this.random.chance(0.7) ? 5_000 : 90_000]): void {
    if (!process.isRunning) return;
    this.site.overseer.onProcess(process.login, 'dies');
    if (powerCut) this.site.overseer.events.onPowerCut(process.node, process.name);
    process.kill({ powerCut });
    if (backWithinMs !== null) this.later(...backWithinMs, () => this.revive(process));
  }

  revive(process: SimProcess): void {
    if (process.isRunning) return;
    this.site.overseer.onProcess(process.login, 'starts');
    process.start();
  }
}
