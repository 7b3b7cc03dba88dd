/**
 * A container engine in memory, behind the ports of the node-agent: containers whose facts a test changes, events that it
 * says or keeps to itself, and the ways in which an engine can be away. Event orders are those measured on a real one;
 * test/integration/node-agent*.test.ts says the same of the real one.
 */
import {
  type ContainerFacts,
  type EngineHint,
  type EngineTrouble,
  EngineTroubleError,
  type HostMetrics,
  type NodeAgentPorts,
} from '../../actors/node-agent/ports.ts';
import type { Clock } from '../../bus/clock.ts';

/** As long as the real adapter waits for an answer. */
const deadlineMs = 4_000;

type Watcher = Parameters<NodeAgentPorts['watchEngine']>[0];

export class FakeEngine implements NodeAgentPorts {
  readonly containers = new Map<string, ContainerFacts>();
  /** What the engine remembers of its own events; a new process of it remembers nothing. */
  ring: EngineHint[] = [];
  /** Containers whose inspect the engine refuses. */
  readonly broken = new Set<string>();
  /** false: things happen and no event says so, as in a gap of the stream. */
  isTelling = true;
  metrics: HostMetrics = { uptimeS: 1000, cpuPct: 12.34, memoryPct: 50, memoryBytes: 8e9, diskPct: 70, diskFreeBytes: 3e10 };
  /** The engine refuses lists. */
  isListBroken = false;
  /** Lists and inspects tell how things were when they began. */
  listTakesMs = 0;
  inspectTakesMs = 0;
  /** How many inspects the engine answered, and how many at once for one container. */
  inspects = 0;
  inspectsAtOnceMax = 0;
  private state: 'up' | 'absent' | 'hung' = 'up';
  private readonly clock: Clock;
  private readonly watchers = new Set<Watcher>();
  private readonly inspecting = new Map<string, number>();
  private made = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  // -- the world, as a test changes it ------------------------------------------------------------------------------------

  /** A container that runs, started now. Returns its id. */
  run(name: string, facts: Partial<ContainerFacts> = {}): string {
    this.made += 1;
    const id = facts.id ?? this.made.toString(16).padStart(12, '0').padEnd(64, 'f');
    this.containers.set(id, {
      id,
      name,
      labels: {},
      status: 'running',
      image: 'busybox:latest',
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: this.iso(),
      finishedAt: null,
      health: 'none',
      healthLog: null,
      restartCount: 0,
      restartPolicy: 'unless-stopped',
      ...facts,
    });
    this.say(id, 'start');
    return id;
  }

  change(id: string, facts: Partial<ContainerFacts>): void {
    const before = this.containers.get(id);
    if (before === undefined) throw new Error(`no container ${id}`);
    this.containers.set(id, { ...before, ...facts });
  }

  say(id: string, action: string, more: { readonly signal?: number; readonly exitCode?: number } = {}): void {
    const hint: EngineHint = { id, action, atMs: this.clock.now(), signal: more.signal ?? null, exitCode: more.exitCode ?? null };
    if (this.state === 'absent') return;
    this.ring.push(hint);
    if (this.isTelling && this.state === 'up') for (const watcher of this.watchers) watcher.onHint(hint);
  }

  exit(id: string, exitCode: number, facts: Partial<ContainerFacts> = {}): void {
    this.change(id, { status: 'exited', exitCode, finishedAt: this.iso(), ...facts });
    this.say(id, 'die', { exitCode });
  }

  start(id: string, facts: Partial<ContainerFacts> = {}): void {
    this.change(id, { status: 'running', startedAt: this.iso(), error: '', ...facts });
    this.say(id, 'start');
  }

  /** docker stop, of a program that ends when asked. */
  stop(id: string, exitCode = 0): void {
    this.say(id, 'kill', { signal: 15 });
    this.exit(id, exitCode);
    this.say(id, 'stop');
  }

  /** docker kill */
  kill(id: string): void {
    this.say(id, 'kill', { signal: 9 });
    this.exit(id, 137);
  }

  remove(id: string): void {
    this.containers.delete(id);
    this.say(id, 'destroy');
  }

  /** The stream breaks; the engine itself is well. */
  breakStream(): void {
    this.close({ code: 'unreachable', retryable: true, detail: 'socket hang up' });
  }

  /** The process is gone, and with it what it remembers. */
  die(): void {
    this.state = 'absent';
    this.ring = [];
    this.close({ code: 'unreachable', retryable: true, detail: 'read ECONNRESET' });
  }

  /** Accepts connections and answers nothing. */
  hang(): void {
    this.state = 'hung';
  }

  comeBack(): void {
    this.state = 'up';
  }

  // -- the ports ----------------------------------------------------------------------------------------------------------

  async listContainers(): Promise<readonly ContainerFacts[]> {
    await this.answer('list');
    if (this.isListBroken) throw new EngineTroubleError({ code: 'refused', retryable: true, detail: 'HTTP 500 driver failed' });
    const then = [...this.containers.values()];
    if (this.listTakesMs > 0) await this.silence(this.listTakesMs);
    return then;
  }

  async inspectContainer(id: string): Promise<ContainerFacts | null> {
    const atOnce = (this.inspecting.get(id) ?? 0) + 1;
    this.inspecting.set(id, atOnce);
    this.inspects += 1;
    this.inspectsAtOnceMax = Math.max(this.inspectsAtOnceMax, atOnce);
    try {
      await this.answer('inspect');
      if (this.broken.has(id)) throw new EngineTroubleError({ code: 'refused', retryable: true, detail: 'HTTP 500 broken container' });
      const then = this.containers.get(id) ?? null;
      if (this.inspectTakesMs > 0) await this.silence(this.inspectTakesMs);
      return then;
    } finally {
      this.inspecting.set(id, (this.inspecting.get(id) ?? 1) - 1);
    }
  }

  watchEngine(watcher: Watcher): () => void {
    void this.open(watcher);
    return () => {
      this.watchers.delete(watcher);
    };
  }

  async history(id: string, sinceMs: number): Promise<readonly EngineHint[]> {
    await this.answer('events');
    return this.ring.filter((hint) => hint.id === id && hint.atMs >= sinceMs);
  }

  pingEngine(): Promise<void> {
    return this.answer('ping');
  }

  async reclaimableBytes(): Promise<number> {
    await this.answer('images');
    return 1_234_567;
  }

  readMetrics(): Promise<HostMetrics> {
    return Promise.resolve(this.metrics);
  }

  private async open(watcher: Watcher): Promise<void> {
    try {
      await this.answer('events');
      this.watchers.add(watcher);
      watcher.onOpen();
    } catch (error) {
      watcher.onClosed((error as EngineTroubleError).trouble);
    }
  }

  private close(trouble: EngineTrouble): void {
    const watchers = [...this.watchers];
    this.watchers.clear();
    for (const watcher of watchers) watcher.onClosed(trouble);
  }

  private async answer(what: string): Promise<void> {
    if (this.state === 'hung') await this.silence(deadlineMs);
    if (this.state === 'absent') throw new EngineTroubleError({ code: 'unreachable', retryable: true, detail: `${what}: connect ENOENT /run/docker.sock` });
    if (this.state === 'hung') throw new EngineTroubleError({ code: 'timeout', retryable: true, detail: `${what}: no answer within ${deadlineMs} ms` });
  }

  private silence(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.setTimeout(() => {
        resolve();
      }, ms);
    });
  }

  private iso(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
