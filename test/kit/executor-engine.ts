/**
 * For tests: the engine of an executor's small world, with containers that take their time and things to clean up.
 *
 * What it does when it is asked is said in its fields; change them in a test. It does what it was asked whether or not the one
 * who asked still lives; `effects` is the witness: each, and which nonce the ledger had granted at that moment.
 */
import { type CleanupCandidate, type CleanupPorts, ControlError, type ExecutorPorts, type Freed, type HistoryPorts } from '../../actors/executor/ports.ts';
import { type Clock, delay } from '../../bus/clock.ts';
import type { ServiceStatus } from '../../contracts/health.ts';

/** Of its kind, what can be cleaned up: so old that every limit of age is past, unless a test says when it was made. */
interface Leftover {
  readonly madeAtMs: number;
  readonly bytes: number;
}

/** A start of the engine, as measured. */
const startTakesMs = 200;

export interface ExecutorContainer {
  /** Another after a redeployment. */
  id: string;
  startedAtMs: number | null;
  status: ServiceStatus;
  /** How long after a start it is healthy; null = never. */
  healthyAfterMs: number | null;
}

interface Effect {
  /** `/`: the node. */
  readonly service: string;
  readonly atMs: number;
  /** What the ledger had granted when it happened; null = nothing: an effect without an approval. */
  readonly nonce: string | null;
}

interface ExecutorEngineOptions {
  readonly clock: Clock;
  /** What the ledger has granted now for this service, or (null) for the node. */
  grantFor(service: string | null): string | null;
  /** The health of a service has changed. */
  onHealth(service: string): void;
}

export class ExecutorEngine {
  /** Of a redeployment too: what it makes is another container, also where there was none. */
  restart: 'works' | 'hangs' | 'works_but_hangs' | ControlError | Error = 'works';
  /** For one service, by its name. */
  readonly restartOf: Record<string, ControlError> = {};
  find: 'works' | 'hangs' | ControlError = 'works';
  findTakesMs = 0;
  healthcheck: { readonly exitCode: number; readonly output: string } | ControlError = { exitCode: 0, output: 'ok' };
  /** A refusal comes so long after the request. */
  refusesAfterMs = 0;
  candidates: readonly CleanupCandidate[] | ControlError = [];
  /** What a clean-up finds, by kind. */
  readonly leftovers: Record<'dangling_images' | 'old_events' | 'deploy_logs', readonly Leftover[]> = {
    dangling_images: [{ madeAtMs: 0, bytes: 5_000_000 }],
    old_events: [{ madeAtMs: 0, bytes: 300_000 }],
    deploy_logs: [{ madeAtMs: 0, bytes: 40_000 }],
  };
  /** For one kind of clean-up. */
  readonly pruneOf: Record<string, ControlError> = {};
  /** Of a container where there was none. */
  made: Pick<ExecutorContainer, 'healthyAfterMs'> = { healthyAfterMs: 10_000 };
  readonly containers = new Map<string, ExecutorContainer>();
  readonly effects: Effect[] = [];
  /** What clean-ups removed, in order: names of containers, and kinds. */
  readonly removed: string[] = [];
  private readonly options: ExecutorEngineOptions;

  constructor(options: ExecutorEngineOptions) {
    this.options = options;
  }

  private cleanupPorts(life: { readonly alive: boolean }): CleanupPorts & HistoryPorts {
    const remove = (what: string, freed: Freed): Promise<Freed> => {
      if (!life.alive) return new Promise(() => undefined);
      const refusal = this.pruneOf[what];
      if (refusal !== undefined) return this.refuse(refusal);
      if (what === 'dangling_images') this.effects.push({ service: '/', atMs: this.options.clock.now(), nonce: this.options.grantFor(null) });
      this.removed.push(what);
      return Promise.resolve(freed);
    };
    const one = (bytes: number): Freed => ({ count: 1, bytes });
    const madeBefore = (kind: keyof ExecutorEngine['leftovers'], beforeMs: number): Promise<Freed> => {
      const old = this.leftovers[kind].filter(({ madeAtMs }) => madeAtMs < beforeMs);
      return remove(kind, { count: old.length, bytes: old.reduce((sum, { bytes }) => sum + bytes, 0) });
    };
    return {
      listCandidates: () => (this.candidates instanceof Error ? Promise.reject(this.candidates) : Promise.resolve(this.candidates)),
      removeStopped: ({ name }) => remove(name, one(1_000)),
      removeDanglingImages: (olderThanMs) => madeBefore('dangling_images', this.options.clock.now() - olderThanMs),
      removeBuildCache: () => remove('build_cache', one(2_000_000)),
      removeOldEvents: (beforeMs) => madeBefore('old_events', beforeMs),
      removeDeployLogs: (beforeMs) => madeBefore('deploy_logs', beforeMs),
    };
  }

  ports(life: { readonly alive: boolean }): ExecutorPorts {
    const never = <T>(): Promise<T> => new Promise(() => undefined);
    return {
      findContainer: async (service) => {
        if (!life.alive || this.find === 'hangs') return never();
        if (this.find instanceof Error) throw this.find;
        if (this.findTakesMs > 0) await delay(this.options.clock, this.findTakesMs);
        const found = this.containers.get(service);
        return Promise.resolve(
          found === undefined
            ? null
            : { id: found.id, name: service, startedAt: found.startedAtMs === null ? null : new Date(found.startedAtMs).toISOString() },
        );
      },
      restartContainer: (id) => {
        if (!life.alive) return never();
        const [name] = [...this.containers].find(([, each]) => each.id === id) ?? [''];
        const restart = this.restartOf[name] ?? this.restart;
        if (restart instanceof Error) return this.refuse(restart);
        if (restart === 'hangs') return never();
        const done = this.carryOut(id);
        return restart === 'works' ? done : never();
      },
      redeployService: (id) => {
        if (!life.alive) return never();
        const { restart } = this;
        if (restart instanceof Error) return this.refuse(restart);
        if (restart === 'hangs') return never();
        const done = this.carryOut(id, { replaces: true }).then(() => ['Recreating ... done']);
        return restart === 'works' ? done : never();
      },
      createService: ({ service }) => {
        if (!life.alive) return never();
        const { restart } = this;
        if (restart instanceof Error) return this.refuse(restart);
        if (restart === 'hangs') return never();
        if (this.containers.has(service)) return Promise.reject(new ControlError('container_present', 'one stands for it by now'));
        const made = { id: `${String(this.effects.length).padStart(12, 'c')}${'0'.repeat(52)}`, startedAtMs: null, status: 'starting', ...this.made } as const;
        this.containers.set(service, { ...made });
        const done = this.carryOut(made.id).then(() => ['Creating ... done']);
        return restart === 'works' ? done : never();
      },
      runHealthcheck: (_id) => {
        if (!life.alive) return never();
        const { healthcheck } = this;
        return healthcheck instanceof ControlError ? Promise.reject(healthcheck) : Promise.resolve(healthcheck);
      },
      collectDiagnostics: (id) => {
        if (!life.alive) return never();
        return Promise.resolve({ inspect: { Id: id }, log: Array.from({ length: 8 }, (_, n) => `line ${n + 1}`) });
      },
      ...this.cleanupPorts(life),
    };
  }

  private async refuse(error: Error): Promise<never> {
    if (this.refusesAfterMs > 0) await delay(this.options.clock, this.refusesAfterMs);
    throw error;
  }

  /** The engine does it whether or not the one who asked still lives. */
  private carryOut(id: string, { replaces = false }: { readonly replaces?: boolean } = {}): Promise<void> {
    const [service, container] = [...this.containers].find(([, each]) => each.id === id) ?? [];
    if (service === undefined || container === undefined) return Promise.reject(new ControlError('container_missing', 'no such container'));
    this.effects.push({ service, atMs: this.options.clock.now(), nonce: this.options.grantFor(service) });
    return new Promise((resolve) => {
      this.options.clock.setTimeout(() => {
        if (replaces) container.id = `${String(this.effects.length).padStart(12, 'b')}${container.id.slice(12)}`;
        container.startedAtMs = this.options.clock.now();
        container.status = 'starting';
        this.options.onHealth(service);
        resolve();
      }, startTakesMs);
      const { healthyAfterMs } = container;
      if (healthyAfterMs === null) return;
      this.options.clock.setTimeout(() => {
        container.status = 'healthy';
        this.options.onHealth(service);
      }, startTakesMs + healthyAfterMs);
    });
  }
}
