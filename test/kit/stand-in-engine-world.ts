/**
 * The containers of the stand-in engine and what happens to them: event orders and answers as measured on dockerd 20.10
 * (test/integration/docker-stand-in.test.ts holds both to the same expectations). Every effect that a client asks for is on disk,
 * fsynced, before it is done.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';

export interface StandInContainer {
  readonly name: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  readonly restartPolicy?: string;
  /** Default: running. */
  readonly status?: 'running' | 'exited' | 'created';
  readonly healthTest?: readonly string[];
  /** What running the health check gives. */
  readonly probe?: { readonly exitCode: number; readonly output: string };
  readonly log?: readonly string[];
  readonly tty?: boolean;
}

/** What a client made the engine do. */
export interface Effect {
  readonly at: string;
  readonly effect: 'restart' | 'start' | 'stop' | 'kill' | 'exec';
  readonly id: string;
  readonly container: string;
}

type Health = 'starting' | 'healthy' | 'unhealthy';

interface Container {
  readonly given: StandInContainer;
  readonly id: string;
  readonly createdMs: number;
  name: string;
  status: string;
  exitCode: number;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  health: Health | null;
}

const never = '0001-01-01T00:00:00Z';
/** As many as the real one keeps. */
const ringMax = 256;

export class StandInWorld {
  private readonly containers = new Map<string, Container>();
  private readonly ring: { readonly nanos: bigint; readonly line: string; readonly id: string }[] = [];
  private readonly listeners = new Set<(line: string) => void>();
  private readonly effectsFile: string;
  private lastNanos = 0n;

  constructor(effectsFile: string) {
    this.effectsFile = effectsFile;
  }

  add(given: StandInContainer): void {
    const id = createHash('sha256').update(given.name).digest('hex');
    const status = given.status ?? 'running';
    const createdMs = Date.now();
    const startedAt = status === 'created' ? never : this.time();
    const health = given.healthTest === undefined ? null : 'healthy';
    this.containers.set(id, { given, id, createdMs, name: given.name, status, exitCode: 0, oomKilled: false, startedAt, finishedAt: never, health });
  }

  /** By name, id or the beginning of an id. */
  find(name: string): Container | undefined {
    return [...this.containers.values()].find((each) => each.name === name || each.id.startsWith(name));
  }

  all(): Container[] {
    return [...this.containers.values()].reverse();
  }

  record(effect: Effect['effect'], { id, name }: Container): void {
    const entry: Effect = { at: new Date().toISOString(), effect, id, container: name };
    const file = openSync(this.effectsFile, 'a');
    appendFileSync(file, `${JSON.stringify(entry)}\n`);
    fsyncSync(file);
    closeSync(file);
  }

  start(container: Container): void {
    container.status = 'running';
    container.exitCode = 0;
    container.oomKilled = false;
    container.startedAt = this.time();
    this.say('start', container);
  }

  /** The process ends: by itself, or because of what was said before. */
  die(container: Container, exitCode: number): void {
    container.status = 'exited';
    container.exitCode = exitCode;
    container.finishedAt = this.time();
    this.say('die', container, { exitCode: String(exitCode) });
  }

  stop(container: Container): void {
    this.say('kill', container, { signal: '15' });
    this.die(container, 0);
    this.say('stop', container);
  }

  kill(container: Container, signal: number): void {
    this.say('kill', container, { signal: String(signal) });
    this.die(container, 128 + signal);
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

  remove(container: Container): void {
    if (container.status === 'running') this.kill(container, 9);
    this.containers.delete(container.id);
    this.say('destroy', container);
  }

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

  /** Strictly increasing, and too large for a double. */
  private nanos(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
    this.lastNanos = now > this.lastNanos ? now : this.lastNanos + 1n;
    return this.lastNanos;
  }

  private time(): string {
    const nanos = this.nanos();
    return `${new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, -4)}${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
  }
}

const imageOf = (given: StandInContainer): string => given.image ?? 'stand-in:local';

export const listRow = ({ id, name, given, status, createdMs }: Container): unknown => ({
  Id: id,
  Names: [`/${name}`],
  Image: imageOf(given),
  Created: Math.floor(createdMs / 1000),
  Labels: given.labels ?? {},
  State: status,
  Status: status === 'running' ? 'Up 1 second' : 'Exited (0) 1 second ago',
});

export const inspectAnswer = ({ id, name, given, status, exitCode, oomKilled, startedAt, finishedAt, createdMs, health }: Container): unknown => ({
  Id: id,
  Created: new Date(createdMs).toISOString(),
  Name: `/${name}`,
  RestartCount: 0,
  State: {
    Status: status,
    Running: status === 'running',
    Restarting: false,
    OOMKilled: oomKilled,
    Pid: status === 'running' ? 4711 : 0,
    ExitCode: exitCode,
    Error: '',
    StartedAt: startedAt,
    FinishedAt: finishedAt,
    ...(health === null ? {} : { Health: { Status: health, FailingStreak: 0, Log: [{ ExitCode: 0, Output: given.probe?.output ?? '' }] } }),
  },
  Config: {
    Image: imageOf(given),
    Labels: given.labels ?? {},
    Env: given.env ?? [],
    Cmd: ['serve'],
    Tty: given.tty ?? false,
    ...(given.healthTest === undefined ? {} : { Healthcheck: { Test: given.healthTest } }),
  },
  HostConfig: { RestartPolicy: { Name: given.restartPolicy ?? 'no', MaximumRetryCount: 0 } },
});
