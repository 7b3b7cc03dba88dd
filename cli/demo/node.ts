/**
 * One node of the demo: a simulated machine and its actors, each with a connection and a data directory of its own, as if the
 * machine were real. Losing power is abrupt; the actors find what they had on disk when it comes back.
 */
import { join } from 'node:path';
import type { SimulatedMachine } from '../../adapters/simulated/machine.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock, withDeadline } from '../../bus/clock.ts';
import type { Log } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';
import { markedTransport } from './marked-transport.ts';
import { PowerSwitch } from './power-switch.ts';

/** After this the process goes on whatever the actors still wait for; documents are rewritten at the next start. */
const stopWithinMs = 8_000;

export interface DemoNodeOptions {
  readonly machine: SimulatedMachine;
  readonly modules: () => readonly ActorModule[];
  readonly settings: Settings;
  readonly brokerUrl: string;
  readonly log: Log;
  readonly onGaveUp: (error: Error) => void;
}

export class DemoNode {
  readonly machine: SimulatedMachine;
  private readonly options: DemoNodeOptions;
  private running: { readonly actors: readonly RunningActor[]; readonly power: PowerSwitch } | null = null;

  constructor(options: DemoNodeOptions) {
    this.options = options;
    this.machine = options.machine;
  }

  get name(): string {
    return this.machine.name;
  }

  get hasPower(): boolean {
    return this.running !== null;
  }

  /** Throws when another process runs the same actors on this data directory. */
  start(): void {
    if (this.running !== null) return;
    this.machine.engine.powerOn();
    this.machine.host.boot();
    const { settings, brokerUrl, log, onGaveUp } = this.options;
    const power = new PowerSwitch();
    const actors = this.options.modules().map(
      (module) =>
        new RunningActor({
          module,
          node: this.name,
          site: settings.site,
          root: settings.topicRoot,
          transport: markedTransport(power.wire(createMqttTransport({ urls: [brokerUrl], log }))),
          dataRoot: join(settings.dataRoot, this.name),
          clock: systemClock,
          log,
          random: Math.random,
          version: `${version}+simulated`,
          onGaveUp,
        }),
    );
    this.running = { actors, power };
    for (const actor of actors) actor.start();
  }

  /** As by a power cut: connections drop, the wills are published, containers end. */
  async losePower(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    this.machine.engine.powerOff();
    await running.power.cut();
    await stopAll(running.actors);
    this.running = null;
  }

  /** A clean stop. */
  async stop(): Promise<void> {
    await stopAll(this.running?.actors ?? []);
    this.running = null;
    this.machine.engine.close();
  }
}

const stopAll = (actors: readonly RunningActor[]): Promise<unknown> =>
  withDeadline(systemClock, stopWithinMs, 'stopping the actors', Promise.all(actors.map((actor) => actor.stop()))).catch(() => undefined);
