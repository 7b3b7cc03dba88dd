/**
 * A broker inside a network namespace, of either make, as a process that is killed and comes back with what it had or with nothing.
 *
 * mosquitto with Debian's default configuration (which forgets what it did not save when it is killed), or our embedded broker,
 * which stores as it goes. Clients inside use `host:port`; the test itself goes through `namespace.forward`.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NetNamespace } from './net-namespace.ts';
import { waitFor } from './wait.ts';

export const brokerMakes = ['mosquitto', 'aedes'] as const;
export type BrokerMake = (typeof brokerMakes)[number];

/** Where a broker listens and keeps its data. */
export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  readonly directory: string;
}

export interface NetBrokerOptions {
  readonly namespace: NetNamespace;
  readonly make: BrokerMake;
  /** Default: all addresses of the namespace. */
  readonly host?: string;
  /** Default: MQTT's own, 1883; a namespace has all its ports free. */
  readonly port?: number;
  /** Exists, and is removed by whoever made it. */
  readonly directory: string;
  /** mosquitto only: all its lines, given where it must listen and store, and Debian's lines, which are the default. */
  readonly configuration?: (place: BrokerPlace, debian: readonly string[]) => readonly string[];
}

/** What mosquitto does on Debian out of the box, with a listener that is open to the namespace. Started as root it would drop to a user who cannot write here. */
const debianConfiguration = ({ host, port, directory }: BrokerPlace): readonly string[] => [
  `listener ${port} ${host}`,
  'allow_anonymous true',
  'persistence true',
  `persistence_location ${directory}/`,
  'log_dest stderr',
  'user root',
];

/** Starting takes 20 ms (mosquitto) or 0.5 s (a Node process with TypeScript); on a machine with a load of 50 half a minute was seen. */
const readyDeadlineMs = 60_000;

const script = fileURLToPath(new URL('broker-main.ts', import.meta.url));

export class NetBroker {
  readonly namespace: NetNamespace;
  readonly make: BrokerMake;
  readonly host: string;
  readonly port: number;
  private readonly options: NetBrokerOptions;
  private child: ChildProcess | null = null;
  private life = 0;

  private constructor(options: NetBrokerOptions) {
    this.options = options;
    this.namespace = options.namespace;
    this.make = options.make;
    this.host = options.host ?? '0.0.0.0';
    this.port = options.port ?? 1883;
  }

  static async start(options: NetBrokerOptions): Promise<NetBroker> {
    const broker = new NetBroker(options);
    await broker.start('kept');
    return broker;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.make} in ${this.namespace.name} is not running`);
    return this.child.pid;
  }

  /** What mosquitto was started with; beside it lie the files that it names. */
  get configurationFile(): string {
    return join(this.storage, 'mosquitto.conf');
  }

  private get storage(): string {
    return join(this.options.directory, `${this.make}-${this.port}-${this.life}`);
  }

  /** Ends it first if it runs. `empty`: as if its disk had been replaced. */
  async start(memory: 'kept' | 'empty'): Promise<void> {
    await this.stop();
    if (memory === 'empty') this.life += 1;
    const directory = this.storage;
    mkdirSync(directory, { recursive: true });
    const child = this.namespace.spawn(this.command({ host: this.host, port: this.port, directory }), { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000);
    });
    child.once('exit', () => {
      if (this.child === child) this.child = null;
    });
    await waitFor(`${this.make} in ${this.namespace.name} to listen`, () => this.child === null || this.namespace.listens(this.port), {
      deadlineMs: readyDeadlineMs,
      state: () => output,
    });
    if (this.child === null) throw new Error(`${this.make} in ${this.namespace.name} did not start: ${output}`);
  }

  /** Dies without saving anything. Its kernel still closes its connections, unless the link is cut first. */
  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** SIGSTOP: every socket stays open, new connections are made by its kernel, and nothing answers. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  /** SIGCONT: it goes on where it was, with all that its kernel took meanwhile. */
  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** SIGTERM: saves and exits. Safe to call twice. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  private command(place: BrokerPlace): readonly string[] {
    if (this.make === 'aedes') return [process.execPath, '--import', 'tsx', script, String(place.port), join(place.directory, 'store'), place.host];
    const file = this.configurationFile;
    const debian = debianConfiguration(place);
    writeFileSync(file, `${(this.options.configuration?.(place, debian) ?? debian).join('\n')}\n`);
    return ['mosquitto', '-c', file];
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    this.child = null;
  }
}
