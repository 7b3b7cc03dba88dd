/**
 * What people do once the storm is over: they answer every proposal that waits, and what is still not as it should be after a while
 * they mend by hand. Some have their hands on the machines at once, others first look at what is proposed: the seed decides.
 */
import type { Container } from '../../adapters/simulated/container.ts';
import { diskThresholdPct } from '../../contracts/defaults.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import type { Machine } from './machine.ts';
import type { Site } from './site.ts';
import type { Trace } from './trace.ts';

/** Somebody who waits for a proposal and its repair gives it so long: half of the time that everything has. */
const patienceMaxMs = 240_000;
const patienceMinMs = 120_000;
const atOnceMs = 2_000;
/** Between two looks at everything. */
const roundMs = 20_000;
/** As after `docker restart`: within it a container says how it is. */
const startsWithinMs = 30_000;

export interface RecoveryOptions {
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly site: Site;
}

export class Recovery {
  private readonly options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.options = options;
  }

  begin(): void {
    const { clock, random, site, trace } = this.options;
    for (const person of site.people) person.settle();
    const patienceMs = random.chance(0.4) ? atOnceMs : random.between(patienceMinMs, patienceMaxMs);
    trace.say('people', `are at their desks, and at the machines in ${Math.round(patienceMs / 1000)} s`);
    clock.setTimeout(() => {
      this.round();
    }, patienceMs);
  }

  private round(): void {
    const { clock, site } = this.options;
    for (const machine of site.machines) {
      for (const container of machine.containers) this.mend(machine, container);
      if (machine.host.diskPct >= diskThresholdPct) this.prune(machine);
    }
    clock.setTimeout(() => {
      this.round();
    }, roundMs);
  }

  private mend({ name, clock, engine }: Machine, container: Container): void {
    const { status, health } = container;
    const isStarting = clock.now() - Date.parse(container.startedAt) < startsWithinMs;
    if (status === 'running' && (health !== 'unhealthy' || isStarting)) return;
    if (status === 'restarting') return;
    this.options.trace.say('people', `restart ${container.name} on ${name} by hand (it is ${status}${health === null ? '' : `, ${health}`})`);
    if (status === 'running') engine.world.stop(container);
    engine.world.start(container);
  }

  private prune({ name, engine }: Machine): void {
    this.options.trace.say('people', `prune images of ${name} by hand`);
    engine.danglingImages.splice(0);
    engine.buildCacheBytes = 0;
  }
}
