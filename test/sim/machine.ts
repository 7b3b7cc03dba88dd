/**
 * One simulated machine: its clock, which may be wrong, its container engine (adapters/simulated), and what can go wrong
 * between the actors and that engine: a stream with a gap, a restart that is never answered.
 */
import type { ExecutorPorts } from '../../actors/executor/ports.ts';
import type { NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { createSimulatedControl } from '../../adapters/simulated/control.ts';
import { SimulatedEngine } from '../../adapters/simulated/engine.ts';
import { SimulatedHost } from '../../adapters/simulated/host.ts';
import { createSimulatedWatch } from '../../adapters/simulated/watch.ts';
import { type Clock, delay } from '../../bus/clock.ts';
import type { Life } from './process.ts';

/** How the engine treats the next request to restart: as asked; does it and never answers; does nothing and never answers; does it so many ms later. */
export type ControlFault = 'none' | 'silent' | 'deaf' | number;

/** As cli/compose.ts: pings and inspections answer in milliseconds. */
const engineDeadlineMs = 4_000;
const GiB = 1024 ** 3;

type Handlers = Parameters<NodeAgentPorts['watchEngine']>[0];

const never = <T>(): Promise<T> => new Promise(() => undefined);

export class Machine {
  readonly name: string;
  readonly clock: Clock;
  readonly engine: SimulatedEngine;
  /** How far its clock is ahead, ms. */
  skewMs = 0;
  isCutOff = false;
  controlFault: ControlFault = 'none';
  private isGapped = false;
  private readonly streams = new Map<Handlers, () => void>();
  private readonly watchPorts: NodeAgentPorts;
  private readonly controlPorts: ExecutorPorts;
  private readonly onExecution: (service: string) => void;

  constructor(options: { readonly name: string; readonly clock: Clock; readonly onExecution: (service: string) => void }) {
    const { clock } = options;
    this.name = options.name;
    this.onExecution = options.onExecution;
    this.clock = {
      now: () => clock.now() + this.skewMs,
      // Whole milliseconds, as Node's timers.
      setTimeout: (fn, ms) => clock.setTimeout(fn, Math.ceil(ms)),
      clearTimeout: (id) => {
        clock.clearTimeout(id);
      },
    };
    this.engine = new SimulatedEngine({ clock: this.clock, deadlineMs: engineDeadlineMs, machine: this.name });
    // A machine's uptime does not come from its calendar.
    const host = new SimulatedHost({ clock, memoryBytes: 4 * GiB, diskBytes: 32 * GiB, cpuPct: 12, memoryPct: 40, diskPct: 50 });
    this.watchPorts = { ...createSimulatedWatch(this.engine), readMetrics: () => host.readMetrics() };
    this.controlPorts = createSimulatedControl(this.engine);
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

  executorPorts(life: Life): ExecutorPorts {
    const ports = mortal(life, this.controlPorts);
    return { ...ports, restartContainer: (id, options) => (life.isAlive ? this.restart(ports, id, options) : never()) };
  }

  private async restart(ports: ExecutorPorts, id: string, options: { readonly stopTimeoutS: number }): Promise<void> {
    this.onExecution(this.engine.world.find(id)?.name ?? id);
    const fault = this.controlFault;
    this.controlFault = 'none';
    if (fault === 'deaf') return never();
    if (typeof fault === 'number') await delay(this.clock, fault);
    const done = ports.restartContainer(id, options);
    if (fault !== 'silent') return done;
    done.catch(() => undefined);
    return never();
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

/** Answers reach nobody once the asker is dead; what the engine was asked to do it does all the same. */
function mortal<T extends object>(life: Life, ports: T): T {
  const wrapped = Object.entries(ports).map(([name, call]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]) => {
      if (!life.isAlive) return never();
      return Promise.resolve(call(...args)).then(
        (value) => (life.isAlive ? value : never()),
        (error: unknown) => (life.isAlive ? Promise.reject(error as Error) : never()),
      );
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
