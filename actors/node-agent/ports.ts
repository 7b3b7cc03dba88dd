/** What the node-agent needs from the world outside MQTT; implemented in adapters/docker and adapters/host. */
import type { NamedContainer } from '../../contracts/canonical-name.ts';

export interface ContainerFacts extends NamedContainer {
  readonly image: string;
  readonly exitCode: number | null;
  /** Error of a start that the engine refused. */
  readonly error: string;
  readonly oomKilled: boolean;
  /** ISO 8601 by the clock of the engine; null for never. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** Output of the last health probe, at most 300 characters. */
  readonly healthLog: string | null;
  readonly restartCount: number;
  readonly restartPolicy: string;
}

/** Something happened to a container: a reason to look, never itself the truth. */
export interface EngineHint {
  readonly id: string;
  /** The engine's action: kill, die, stop, start, restart, oom, destroy, rename, pause, unpause, health_status: healthy, ... */
  readonly action: string;
  /** Milliseconds, by the clock of the engine. */
  readonly atMs: number;
  readonly signal: number | null;
  readonly exitCode: number | null;
}

/** The engine refuses or does not answer. `code`: unreachable (no socket), timeout (hung), refused (an HTTP error). */
export interface EngineTrouble {
  readonly code: 'unreachable' | 'timeout' | 'refused';
  readonly retryable: boolean;
  readonly detail: string;
}

export interface HostMetrics {
  readonly uptimeS: number;
  /** Since the previous call; null on the first. */
  readonly cpuPct: number | null;
  readonly memoryPct: number | null;
  readonly memoryBytes: number | null;
  readonly diskPct: number | null;
  readonly diskFreeBytes: number | null;
}

export interface NodeAgentPorts {
  /** Every container, each inspected; one that vanishes meanwhile is left out. Rejects with EngineTroubleError. */
  listContainers(): Promise<readonly ContainerFacts[]>;
  /** null: there is no such container. Rejects with EngineTroubleError. */
  inspectContainer(id: string): Promise<ContainerFacts | null>;
  /** Opens the event stream once; `onClosed` is called exactly once when it ends for any reason but `stop`. Never reconnects by itself. */
  watchEngine(handlers: { onOpen(): void; onHint(hint: EngineHint): void; onClosed(trouble: EngineTrouble): void }): () => void;
  /** What the engine remembers of one container since a time (it keeps its newest 256 events, in memory). */
  history(id: string, sinceMs: number): Promise<readonly EngineHint[]>;
  /** Rejects with EngineTroubleError when the engine does not answer within the deadline. */
  pingEngine(): Promise<void>;
  /** Bytes of dangling images. */
  reclaimableBytes(): Promise<number>;
  readMetrics(): Promise<HostMetrics>;
}

export class EngineTroubleError extends Error {
  override readonly name = 'EngineTroubleError';
  readonly trouble: EngineTrouble;
  constructor(trouble: EngineTrouble, options?: ErrorOptions) {
    super(`${trouble.code}: ${trouble.detail}`, options);
    this.trouble = trouble;
  }
}
