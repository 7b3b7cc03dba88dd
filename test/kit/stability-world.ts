/** A stability-agent over a made-up machine and a fake bus, and short words for what it says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import type { DiskReading, HostReading, RoundTrip, StabilityPorts, TailnetReading } from '../../actors/stability-agent/ports.ts';
import type { CheckOptions } from '../../actors/stability-agent/seen.ts';
import type { ActorIo, Delivery } from '../../bus/actor.ts';
import { topics } from '../../contracts/topics.ts';
import { type FakeIo, FakeLife, fakeIo } from './fake-io.ts';
import { StepClock } from './step-clock.ts';

export const root: DiskReading = { name: 'root', path: '/', usedPct: 40, freeBytes: 60e9, inodesUsedPct: 10 };
export const data: DiskReading = { name: 'data', path: '/data', usedPct: 40, freeBytes: 60e9, inodesUsedPct: 10 };
export const noPressure = { someAvg60: 0, someAvg300: 0, fullAvg60: 0, fullAvg300: 0 };

export const wellHost: HostReading = {
  disks: [root, data],
  memoryPressure: noPressure,
  cpuPressure: noPressure,
  ioPressure: noPressure,
  memoryPct: 30,
  cpuPct: 10,
};

export const onTailnet: Extract<TailnetReading, { readonly state: 'answered' }> = {
  state: 'answered',
  backend: 'Running',
  keyExpired: false,
  keyExpiresAtMs: null,
  peers: {},
};

/** What the ports answer now; change it between rounds. */
export interface MadeUpMachine {
  host: HostReading;
  tailnet: TailnetReading;
  upstream: RoundTrip;
  ownBroker: RoundTrip;
  /** How often each was asked. */
  readonly asked: Record<'host' | 'tailnet' | 'upstream' | 'own_broker', number>;
}

export interface WorldOptions {
  readonly checks?: Partial<CheckOptions>;
  readonly has?: readonly ('tailnet' | 'upstream' | 'own_broker')[];
  readonly intervalMs?: number;
  /** Default: vps. */
  readonly node?: string;
  /** The directory of an earlier life. */
  readonly dataDir?: string;
  readonly clock?: StepClock;
  /** The machine never answers. */
  readonly hangs?: boolean;
  /** Says whether an event may be written now. */
  readonly canEmit?: () => boolean;
}

const directories: string[] = [];
const living: FakeLife[] = [];

/** For afterEach: ends all agents; returns what killed any of them. */
export async function endWorlds(): Promise<readonly Error[]> {
  const ended = living.splice(0);
  for (const life of ended) await life.stop();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  return ended.flatMap(({ failures }) => failures);
}

export class StabilityWorld {
  readonly clock: StepClock;
  readonly machine: MadeUpMachine;
  readonly io: FakeIo;
  readonly life: FakeLife;
  readonly dataDir: string;
  /** What only its log says: check and trouble. */
  readonly logged: readonly object[];
  /** The broker hands a probe back at once. */
  brokerAnswers = true;
  private probesAnswered = 0;

  private constructor(parts: Pick<StabilityWorld, 'clock' | 'machine' | 'io' | 'life' | 'dataDir' | 'logged'>) {
    this.clock = parts.clock;
    this.machine = parts.machine;
    this.io = parts.io;
    this.life = parts.life;
    this.dataDir = parts.dataDir;
    this.logged = parts.logged;
  }

  /** Born, not yet connected. */
  static async open(options: WorldOptions = {}): Promise<StabilityWorld> {
    const clock = options.clock ?? new StepClock();
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stability-'));
    if (options.dataDir === undefined) directories.push(dataDir);
    const machine: MadeUpMachine = {
      host: wellHost,
      tailnet: onTailnet,
      upstream: { ok: true, ms: 40 },
      ownBroker: { ok: true, ms: 2 },
      asked: { host: 0, tailnet: 0, upstream: 0, own_broker: 0 },
    };
    const io = fakeIo({ actor: 'stability-agent', clock, dataDir, ...(options.node === undefined ? {} : { node: options.node }) });
    const { emit } = io;
    const logged: object[] = [];
    Object.assign(io, {
      log: pino({ level: 'error', base: null, timestamp: false }, { write: (line) => void logged.push(troubleOf(line)) }),
      emit: ((draft) => (options.canEmit?.() === false ? Promise.reject(new Error('ENOSPC')) : emit(draft))) satisfies ActorIo['emit'],
    });
    const life = await FakeLife.start(
      createStabilityAgentModule({
        ports: portsOf(machine, options),
        intervalMs: options.intervalMs ?? 60_000,
        checks: { ...checkOptions, ...options.checks },
      }),
      io,
    );
    living.push(life);
    return new StabilityWorld({ clock, machine, io, life, dataDir, logged });
  }

  /** Connected, and after its first round. */
  static async started(options: WorldOptions = {}): Promise<StabilityWorld> {
    const world = await StabilityWorld.open(options);
    world.connect();
    await world.run(0);
    return world;
  }

  connect(): void {
    this.life.synced();
  }

  disconnect(): void {
    this.life.hear({ kind: 'disconnected', at: this.clock.now() });
  }

  /** Time passes; the broker hands back what was sent. */
  async run(ms: number): Promise<void> {
    await this.clock.run(ms, () => this.settle());
  }

  private async settle(): Promise<void> {
    for (let turn = 0; turn < 6; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.brokerAnswers) this.answerProbes();
      await this.life.idle();
    }
  }

  private answerProbes(): void {
    const probes = this.io.sent.filter(({ topic }) => topic === topics.probe.build({ login: this.io.login }));
    for (const { payload } of probes.slice(this.probesAnswered)) this.hearMessage('probe', payload);
    this.probesAnswered = probes.length;
  }

  hearMessage(name: 'probe' | 'zigbeeBridge', payload: unknown): void {
    const at = this.clock.now();
    this.life.hear({ kind: 'message', name, topic: '', levels: {}, text: JSON.stringify(payload), payload, retained: false, at } satisfies Delivery);
  }

  /** A heartbeat of the node, live. */
  heartbeat(body: object = {}): void {
    const { node } = this.io;
    this.life.hearDocument(topics.nodeHealth, { node }, { status: 'online', node, engine: 'up', ...body });
  }

  service(name: string, status: string): void {
    const since = new Date(this.clock.now()).toISOString();
    this.life.hearDocument(topics.serviceHealth, { node: 'vps', service: name }, { status, node: 'vps', service: name, reason: 'running', since });
  }

  /** Types of all events so far, with the service they are about. */
  get news(): readonly string[] {
    return this.io.events.map(({ type, service }) => (service == null ? type : `${type} ${service}`));
  }

  get detail(): string | null {
    return this.life.blueprint.detail?.(this.life.actor.getSnapshot()) ?? null;
  }
}

function troubleOf(line: string): object {
  const { check, trouble } = JSON.parse(line) as { readonly check?: string; readonly trouble?: string };
  return { check, trouble };
}

function portsOf(machine: MadeUpMachine, { has = [], hangs = false }: WorldOptions): StabilityPorts {
  const answer =
    <T>(what: keyof MadeUpMachine['asked'], value: () => T) =>
    (): Promise<T> => {
      machine.asked[what] += 1;
      return hangs ? new Promise(() => undefined) : Promise.resolve(value());
    };
  return {
    readHost: answer('host', () => machine.host),
    readTailnet: has.includes('tailnet') ? answer('tailnet', () => machine.tailnet) : null,
    tryUpstream: has.includes('upstream') ? answer('upstream', () => machine.upstream) : null,
    tryOwnBroker: has.includes('own_broker') ? answer('own_broker', () => machine.ownBroker) : null,
  };
}

export const checkOptions: CheckOptions = {
  diskThresholdPct: 90,
  tailnetPeers: [],
  incidentGraceMs: 20_000,
  isBrokerHere: true,
  broker: 'mqtt://127.0.0.1:1883',
  upstream: 'mqtt://192.0.2.1:1883',
};
