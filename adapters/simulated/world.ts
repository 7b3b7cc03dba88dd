/**
 * The containers of one simulated engine and what happens to them: states, event orders and restart policies as measured on
 * dockerd 20.10 (test/integration/docker-stand-in.test.ts holds the real engine and this world to the same expectations).
 *
 * Reads the clock it is given, and sets timers on it. Remembers in memory only, the newest 256 events among it.
 * Restart policy: an end by itself is followed by `restarting` and a start; after a stop or kill through the API nothing follows.
 */
import type { Clock } from '../../bus/clock.ts';
import { type Container, containerId, type Fault, type Health, imageOf, never, newContainer, type SimulatedContainer } from './container.ts';

/** As many as dockerd keeps. */
const ringMax = 256;
/** dockerd's restart policy: 100 ms, doubling up to a minute, from the start again after 10 s of running. */
const backOffFirstMs = 100;
const backOffMaxMs = 60_000;
const backOffResetMs = 10_000;
/** How soon a fault shows after a start. Well below the 10 s after which a container counts as settled: it must not look repaired. */
const faultAfterMs = 3_000;

export interface SimulatedWorldOptions {
  readonly clock: Clock;
  /** Names the machine, so that equal names on two of them are two containers. */
  readonly machine?: string;
}

export class SimulatedWorld {
  private readonly clock: Clock;
  private readonly machine: string;
  private readonly containers = new Map<string, Container>();
  private readonly timers = new Map<string, unknown[]>();
  private readonly ring: { readonly nanos: bigint; readonly line: string; readonly id: string }[] = [];
  private readonly listeners = new Set<(line: string) => void>();
  private lastNanos = 0n;
  /** How often a container was made of those that were there at first, by name. */
  private readonly remade = new Map<string, number>();
  /** The last one of each name that was removed, in place of the Compose file that it was made from. */
  private readonly removed = new Map<string, Container>();

  constructor({ clock, machine = '' }: SimulatedWorldOptions) {
    this.clock = clock;
    this.machine = machine;
  }

  /** A name is given once: for one that is taken the engine makes nothing. */
  add(given: SimulatedContainer): void {
    if (this.find(given.name)?.name === given.name) return;
    const id = containerId(this.machine, given.name);
    const status = given.status ?? 'running';
    const createdMs = this.clock.now() - (given.upForMs ?? 0);
    this.containers.set(id, newContainer(given, id, { status, createdMs, startedAt: status === 'created' ? never : this.timeAt(createdMs) }));
  }

  /** As Compose does it. */
  replace(container: Container): Container {
    if (container.status === 'running') this.stop(container);
    this.remove(container);
    return this.remake(container);
  }

  /** Another container of the same name as one that is gone, that has never been unwell. Its program is the same one. */
  remake({ given, name, fault }: Container): Container {
    const times = (this.remade.get(name) ?? 0) + 1;
    this.remade.set(name, times);
    const id = containerId(this.machine, `${name}#${times}`);
    const next = newContainer(given, id, { status: 'created', createdMs: this.clock.now(), startedAt: never });
    next.fault = fault;
    this.containers.set(id, next);
    this.say('create', next);
    this.start(next);
    return next;
  }

  /** By name, id or the beginning of an id. */
  find(name: string): Container | undefined {
    return [...this.containers.values()].find((each) => each.name === name || each.id.startsWith(name));
  }

  /** What was removed last under this name, unless it is there again. */
  gone(name: string): Container | undefined {
    return this.find(name)?.name === name ? undefined : this.removed.get(name);
  }

  /** Newest first, as the engine lists them. */
  all(): Container[] {
    return [...this.containers.values()].reverse();
  }

  // -- what a client or a person does -----------------------------------------------------------------------------------

  /** Out of memory is over once somebody starts it anew; a program that is broken is not. */
  start(container: Container): void {
    if (container.fault === 'oom') container.fault = null;
    container.restartCount = 0;
    container.backOffMs = 0;
    this.run(container);
  }

  stop(container: Container): void {
    if (container.status === 'running') {
      this.say('kill', container, { signal: '15' });
      this.exit(container, 0);
    } else this.giveUpRestarting(container);
    this.say('stop', container);
  }

  kill(container: Container, signal: number): void {
    this.say('kill', container, { signal: String(signal) });
    this.exit(container, 128 + signal);
  }

  remove(container: Container): void {
    if (container.status === 'running') this.kill(container, 9);
    this.clearTimers(container);
    this.containers.delete(container.id);
    this.removed.set(container.name, container);
    this.say('destroy', container);
  }

  // -- what happens by itself -------------------------------------------------------------------------------------------

  /** The process ends by itself; its restart policy may bring it back. */
  die(container: Container, exitCode: number): void {
    const ranMs = this.clock.now() - Date.parse(container.startedAt);
    this.exit(container, exitCode);
    const policy = container.given.restartPolicy ?? 'no';
    if (!(policy === 'always' || policy === 'unless-stopped' || (policy === 'on-failure' && exitCode !== 0))) return;
    container.status = 'restarting';
    container.backOffMs = ranMs >= backOffResetMs || container.backOffMs === 0 ? backOffFirstMs : Math.min(container.backOffMs * 2, backOffMaxMs);
    this.later(container, container.backOffMs, () => {
      container.restartCount += 1;
      this.run(container);
    });
  }

  oom(container: Container): void {
    this.say('oom', container);
    container.oomKilled = true;
    this.die(container, 137);
  }

  setHealth(container: Container, health: Health): void {
    container.health = health;
    this.say(`health_status: ${health}`, container);
  }

  /** From now on, and at once if it runs. null: nothing is wrong with it any more. */
  setFault(container: Container, fault: Fault | null): void {
    container.fault = fault;
    if (fault !== null && container.status === 'running') this.strike(container);
  }

  /** The machine loses its power: no event, no trace but the exit; containers that ran end with 137. */
  powerOff(): readonly Container[] {
    const ran = this.all().filter(({ status }) => status === 'running' || status === 'restarting');
    for (const container of ran) {
      this.clearTimers(container);
      Object.assign(container, { status: 'exited', exitCode: 137, finishedAt: this.time() });
    }
    this.ring.length = 0;
    return ran;
  }

  /** The engine starts with the machine, and starts what its policy says of those that ran. */
  powerOn(ran: readonly Container[]): void {
    for (const container of ran) if (['always', 'unless-stopped'].includes(container.given.restartPolicy ?? 'no')) this.run(container);
  }

  /** No timer outlives this. */
  close(): void {
    for (const container of this.containers.values()) this.clearTimers(container);
  }

  // -- the event stream -------------------------------------------------------------------------------------------------

  say(action: string, container: Container, attributes: Readonly<Record<string, string>> = {}): void {
    const { given, id, name } = container;
    // As the real one does: labels win over the engine's own attributes.
    const Attributes = { ...attributes, ...given.labels, image: imageOf(given), name };
    const nanos = this.nanos();
    const body = JSON.stringify({ Type: 'container', Action: action, Actor: { ID: id, Attributes }, scope: 'local', time: Number(nanos / 1_000_000_000n) });
    this.tell(`${body.slice(0, -1)},"timeNano":${nanos}}`, { nanos, id });
  }

  /** A line as it is, also one that no engine would send. */
  tell(line: string, { nanos = this.nanos(), id = '' }: { readonly nanos?: bigint; readonly id?: string } = {}): void {
    this.ring.push({ nanos, line, id });
    if (this.ring.length > ringMax) this.ring.shift();
    for (const listener of this.listeners) listener(line);
  }

  remembered(range: { readonly since: bigint; readonly until: bigint; readonly id: string | null }): string[] {
    const within = this.ring.filter(({ nanos, id }) => nanos >= range.since && nanos <= range.until && (range.id === null || range.id === id));
    return within.map(({ line }) => line);
  }

  listen(listener: (line: string) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  // -- inside -----------------------------------------------------------------------------------------------------------

  private run(container: Container): void {
    this.clearTimers(container);
    container.status = 'running';
    container.exitCode = 0;
    // Stays on after a restart by the policy (measured).
    if (container.restartCount === 0) container.oomKilled = false;
    container.startedAt = this.time();
    const { healthTest, healthyAfterMs } = container.given;
    if (healthTest !== undefined && healthyAfterMs !== undefined) {
      container.health = 'starting';
      this.later(container, healthyAfterMs, () => {
        this.setHealth(container, 'healthy');
      });
    }
    this.say('start', container);
    if (container.fault !== null) this.later(container, faultAfterMs, () => this.strike(container));
  }

  private strike(container: Container): void {
    if (container.fault === 'oom') this.oom(container);
    else if (container.fault === 'flap') this.die(container, 1);
  }

  private exit(container: Container, exitCode: number): void {
    this.clearTimers(container);
    container.status = 'exited';
    container.exitCode = exitCode;
    container.finishedAt = this.time();
    this.say('die', container, { exitCode: String(exitCode) });
  }

  private giveUpRestarting(container: Container): void {
    this.clearTimers(container);
    container.status = 'exited';
  }

  private later(container: Container, ms: number, happen: () => void): void {
    const timers = this.timers.get(container.id) ?? [];
    timers.push(this.clock.setTimeout(happen, ms));
    this.timers.set(container.id, timers);
  }

  private clearTimers({ id }: Container): void {
    for (const timer of this.timers.get(id) ?? []) this.clock.clearTimeout(timer);
    this.timers.delete(id);
  }

  /** Strictly increasing, and too large for a double, as the real one's. */
  private nanos(): bigint {
    const now = BigInt(this.clock.now()) * 1_000_000n + 123_457n;
    this.lastNanos = now > this.lastNanos ? now : this.lastNanos + 1n;
    return this.lastNanos;
  }

  private time(): string {
    const nanos = this.nanos();
    return `${new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, -4)}${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
  }

  private timeAt(ms: number): string {
    return ms >= this.clock.now() ? this.time() : new Date(ms).toISOString();
  }
}
