/**
 * One simulated machine: its clock, which may be wrong, its container engine (adapters/simulated), the rest of it (host.ts), and
 * what can go wrong between the actors and that engine: a stream with a gap, a restart or a clean-up that is never answered.
 */
import type { ExecutorPorts } from '../../actors/executor/ports.ts';
import type { NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import type { StabilityPorts } from '../../actors/stability-agent/ports.ts';
import type { Container, SimulatedContainer } from '../../adapters/simulated/container.ts';
import { createSimulatedControl } from '../../adapters/simulated/control.ts';
import { SimulatedEngine } from '../../adapters/simulated/engine.ts';
import { createSimulatedWatch } from '../../adapters/simulated/watch.ts';
import { type Clock, delay } from '../../bus/clock.ts';
import type { CleanupKind } from '../../contracts/cleanup.ts';
import type { Random } from '../kit/random.ts';
import { SimHost } from './host.ts';
import type { Life } from './process.ts';
import { brokerService, type MachineShape, type ServiceShape } from './shape.ts';

/** How the engine treats the next request to change something: as asked; does it and never answers; does nothing and never answers; does it so many ms later. */
export type ControlFault = 'none' | 'silent' | 'deaf' | number;

/** What an executor asks of an engine: the oracles hear of it before it happens. */
export interface EngineWitness {
  onRepair(how: 'restart' | 'redeploy', node: string, service: string): void;
  /** `container`: what is removed of stopped ones. */
  onCleanup(node: string, kind: CleanupKind, container: Container | null): void;
}

/** As cli/compose.ts: pings and inspections answer in milliseconds. */
const engineDeadlineMs = 4_000;
/** Well settled at the start. */
const upForMs = 3_600_000;
/** What an engine that was used for a while has left lying about: a job of yesterday, and one of a moment ago. */
const leftovers = [
  { suffix: 'job-old', stoppedForMs: 7_200_000 },
  { suffix: 'job-new', stoppedForMs: 60_000 },
] as const;

type Handlers = Parameters<NodeAgentPorts['watchEngine']>[0];

const never = <T>(): Promise<T> => new Promise(() => undefined);

export class Machine {
  readonly name: string;
  readonly shape: MachineShape;
  readonly clock: Clock;
  readonly engine: SimulatedEngine;
  readonly host: SimHost;
  /** How far its clock is ahead, ms. */
  skewMs = 0;
  isCutOff = false;
  controlFault: ControlFault = 'none';
  private isGapped = false;
  private readonly streams = new Map<Handlers, () => void>();
  private readonly watchPorts: NodeAgentPorts;
  private readonly controlPorts: ExecutorPorts;
  private readonly witness: EngineWitness;

  constructor(options: { readonly shape: MachineShape; readonly clock: Clock; readonly random: Random; readonly witness: EngineWitness }) {
    const { clock, shape, random } = options;
    this.name = shape.name;
    this.shape = shape;
    this.witness = options.witness;
    this.clock = {
      now: () => clock.now() + this.skewMs,
      // Whole milliseconds, as Node's timers.
      setTimeout: (fn, ms) => clock.setTimeout(fn, Math.ceil(ms)),
      clearTimeout: (id) => {
        clock.clearTimeout(id);
      },
    };
    this.engine = new SimulatedEngine({ clock: this.clock, deadlineMs: engineDeadlineMs, machine: this.name });
    this.host = new SimHost(this.engine, clock);
    this.watchPorts = { ...createSimulatedWatch(this.engine), readMetrics: () => this.host.readMetrics() };
    this.controlPorts = createSimulatedControl(this.engine);
    for (const service of shape.services) this.engine.world.add(containerOf(shape.name, service));
    // A broker that hangs is well once it is started anew.
    this.engine.world.listen((line) => {
      if (line.includes('"Action":"start"') && line.includes(`"name":"${brokerService}"`)) this.host.isBrokerMute = false;
    });
    for (const { suffix, stoppedForMs } of leftovers) if (random.chance(0.5)) this.leave(suffix, stoppedForMs);
  }

  /** The containers of its services; the others are nobody's. */
  get containers(): readonly Container[] {
    return this.shape.services.flatMap(({ name }) => this.engine.world.find(name) ?? []);
  }

  /** From now on the engine's events get lost on the way; streams stay open. */
  beginGap(): void {
    this.isGapped = true;
  }

  /** With `isTold` the streams end, as a connection that broke; without, nobody is told that something was missed. */
  endGap(isTold: boolean): void {
    this.isGapped = false;
    if (!isTold) return;
    for (const [handlers, stop] of [...this.streams]) {
      stop();
      handlers.onClosed({ code: 'unreachable', retryable: true, detail: 'simulated: the stream broke' });
    }
  }

  agentPorts(life: Life): NodeAgentPorts {
    const ports = mortal(life, this.watchPorts);
    return { ...ports, watchEngine: (handlers) => this.watch(life, handlers) };
  }

  stabilityPorts(life: Life): StabilityPorts {
    return mortal(life, this.host.stabilityPorts(this.shape));
  }

  executorPorts(life: Life): ExecutorPorts {
    const ports = mortal(life, this.controlPorts);
    const { world } = this.engine;
    const cleanup = (kind: CleanupKind, container: Container | null = null): void => {
      if (life.isAlive) this.witness.onCleanup(this.name, kind, container);
    };
    const repair = <T>(how: 'restart' | 'redeploy', id: string, run: () => Promise<T>): Promise<T> => {
      if (!life.isAlive) return never();
      this.witness.onRepair(how, this.name, world.find(id)?.name ?? id);
      return this.faulty(run);
    };
    return {
      ...ports,
      restartContainer: (id, options) => repair('restart', id, () => ports.restartContainer(id, options)),
      redeployService: (id) => repair('redeploy', id, () => ports.redeployService(id)),
      createService: (declaration) => repair('redeploy', declaration.service, () => ports.createService(declaration)),
      removeStopped: (candidate) => {
        cleanup('stopped_containers', world.find(candidate.id) ?? null);
        return ports.removeStopped(candidate);
      },
      removeDanglingImages: (olderThanMs) => {
        cleanup('dangling_images');
        return life.isAlive ? this.faulty(() => ports.removeDanglingImages(olderThanMs)) : never();
      },
      removeBuildCache: () => {
        cleanup('build_cache');
        return ports.removeBuildCache();
      },
      removeOldEvents: (beforeMs) => {
        cleanup('old_events');
        return ports.removeOldEvents(beforeMs);
      },
      removeDeployLogs: (beforeMs) => {
        cleanup('deploy_logs');
        return ports.removeDeployLogs(beforeMs);
      },
    };
  }

  private async faulty<T>(run: () => Promise<T>): Promise<T> {
    const fault = this.controlFault;
    this.controlFault = 'none';
    if (fault === 'deaf') return never();
    if (typeof fault === 'number') await delay(this.clock, fault);
    const done = run();
    if (fault !== 'silent') return done;
    done.catch(() => undefined);
    return never();
  }

  /** A container that ended a while ago and that nobody wants back. */
  private leave(suffix: string, stoppedForMs: number): void {
    const name = `${this.name}-${suffix}`;
    this.engine.world.add({ name, status: 'exited', upForMs: 2 * stoppedForMs });
    const container = this.engine.world.find(name);
    if (container !== undefined) container.finishedAt = new Date(this.clock.now() - stoppedForMs).toISOString();
  }

  private watch(life: Life, handlers: Handlers): () => void {
    const watched: Handlers = {
      onOpen: () => {
        if (life.isAlive) handlers.onOpen();
      },
      onHint: (hint) => {
        if (life.isAlive && !this.isGapped) handlers.onHint(hint);
      },
      onClosed: (trouble) => {
        this.streams.delete(watched);
        if (life.isAlive) handlers.onClosed(trouble);
      },
    };
    const stopInner = this.watchPorts.watchEngine(watched);
    const stop = (): void => {
      this.streams.delete(watched);
      stopInner();
    };
    this.streams.set(watched, stop);
    life.ends.push(stop);
    return stop;
  }
}

const containerOf = (machine: string, { name, healthyAfterMs, restartPolicy }: ServiceShape): SimulatedContainer => ({
  name,
  upForMs,
  restartPolicy,
  labels: { 'com.docker.compose.service': name, 'com.docker.compose.project': machine },
  ...(healthyAfterMs === null ? {} : { healthTest: ['CMD', 'true'], healthyAfterMs }),
});

/** Answers reach nobody once the asker is dead; what the engine was asked to do it does all the same. */
function mortal<T extends object>(life: Life, ports: T): T {
  const wrapped = Object.entries(ports).map(([name, call]: [string, ((...args: unknown[]) => unknown) | null]) => [
    name,
    call === null
      ? null
      : (...args: unknown[]) => {
          if (!life.isAlive) return never();
          return Promise.resolve(call(...args)).then(
            (value) => (life.isAlive ? value : never()),
            (error: unknown) => (life.isAlive ? Promise.reject(error as Error) : never()),
          );
        },
  ]);
  return Object.fromEntries(wrapped) as T;
}
