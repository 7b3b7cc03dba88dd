/**
 * Services that do not work without others: soon after what it needs has ended, the health check of a service fails. When that is back it
 * is well again by itself, or only once it is restarted: that is how the service is (shape.ts).
 */
import type { Container } from '../../adapters/simulated/container.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Random } from '../kit/random.ts';
import type { Machine } from './machine.ts';
import type { ServiceShape } from './shape.ts';

/** A health check runs every 30 s by default, and people set less. */
const noticesWithinMs = 15_000;

interface Subject {
  readonly machine: Machine;
  readonly service: ServiceShape;
}

export class Needs {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly machines: readonly Machine[];
  /** By `<node>/<service>`: those that need it. */
  private readonly dependents = new Map<string, Subject[]>();
  private readonly subjects = new Map<string, Subject>();

  constructor(options: { readonly clock: Clock; readonly random: Random; readonly machines: readonly Machine[] }) {
    this.clock = options.clock;
    this.random = options.random;
    for (const machine of options.machines) {
      for (const service of machine.shape.services) {
        const subject = { machine, service };
        this.subjects.set(`${machine.name}/${service.name}`, subject);
        for (const need of service.needs) this.dependents.set(need, [...(this.dependents.get(need) ?? []), subject]);
      }
    }
    this.machines = options.machines;
  }

  /** From now on. */
  watch(): void {
    for (const machine of this.machines) machine.engine.world.listen((line) => this.onEvent(machine, line));
  }

  private onEvent(machine: Machine, line: string): void {
    const { Action: action, Actor } = JSON.parse(line) as { readonly Action: string; readonly Actor: { readonly Attributes: { readonly name: string } } };
    const reference = `${machine.name}/${Actor.Attributes.name}`;
    const own = this.subjects.get(reference);
    if (own !== undefined && own.service.needs.length > 0 && action === 'health_status: healthy') this.look(own);
    if (action !== 'die' && action !== 'start' && action !== 'destroy') return;
    for (const dependent of this.dependents.get(reference) ?? []) this.look(dependent);
  }

  /** Its health check is due within seconds. */
  private look(subject: Subject): void {
    if (subject.service.healthyAfterMs === null) return;
    this.clock.setTimeout(
      () => {
        this.check(subject);
      },
      this.random.between(1_000, noticesWithinMs),
    );
  }

  private check({ machine, service }: Subject): void {
    const container = machine.engine.world.find(service.name);
    if (container?.status !== 'running' || machine.engine.isOff) return;
    const isLacking = service.needs.some((need) => !this.isUp(need));
    if (isLacking && container.health === 'healthy') machine.engine.world.setHealth(container, 'unhealthy');
    if (!isLacking && container.health === 'unhealthy' && service.recovers) machine.engine.world.setHealth(container, 'healthy');
  }

  private isUp(reference: string): boolean {
    const subject = this.subjects.get(reference);
    if (subject === undefined) return false;
    const container: Container | undefined = subject.machine.engine.world.find(subject.service.name);
    return !subject.machine.engine.isOff && container?.status === 'running';
  }
}
