/** What the executor needs from the world outside MQTT; implemented in adapters/docker, adapters/compose/redeploy.ts and adapters/files/history.ts. */
import type { StandingContainer } from '../../contracts/removable.ts';

export interface ContainerTarget {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** ISO 8601, by the clock of the engine; null when it never started. */
  readonly startedAt: string | null;
}

export interface ProbeResult {
  readonly exitCode: number;
  /** Last 2,000 characters. */
  readonly output: string;
}

export interface Diagnostics {
  /** The engine's inspect answer, secrets redacted. */
  readonly inspect: unknown;
  /** Last 200 lines, secrets redacted. */
  readonly log: readonly string[];
}

/** The world refuses: a value, not a bug. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  /** container_missing, unreachable, timeout, refused, no_healthcheck, and those of ComposePorts */
  readonly code: string;
  readonly retryable: boolean;
  /** For the result of the outcome. */
  readonly result: Readonly<Record<string, unknown>>;
  constructor(
    code: string,
    detail: string,
    options: ErrorOptions & { readonly retryable?: boolean; readonly result?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(detail, options);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.result = options.result ?? {};
  }
}

export type CleanupCandidate = StandingContainer;

/** What one kind of clean-up removed. */
export interface Freed {
  readonly count: number;
  /** As far as who removed it can tell. */
  readonly bytes: number;
}

/** Removes what nobody uses; each answers with what it freed, and rejects with ControlError. */
export interface CleanupPorts {
  /** Every container of the engine, in whatever state. */
  listCandidates(): Promise<readonly CleanupCandidate[]>;
  /** Looks again first: null when it is gone, runs, or has run since. Never its volumes. */
  removeStopped(container: CleanupCandidate): Promise<Freed | null>;
  /** Images that have no tag and were made longer ago than that. */
  removeDanglingImages(olderThanMs: number): Promise<Freed>;
  /** Only what no build uses. */
  removeBuildCache(): Promise<Freed>;
}

/** Files of history on this machine that only grow. Whoever has none frees nothing. */
export interface HistoryPorts {
  /** Whole days of stored events before this time (epoch milliseconds) that are also past the checkpoint of their node, and quarantines not written since. */
  removeOldEvents(beforeMs: number): Promise<Freed>;
  removeDeployLogs(beforeMs: number): Promise<Freed>;
}

/** Acts on one container. */
export interface ControlPorts {
  /** The container that stands for a canonical service name now (a ghost only when there is nothing else), or null. */
  findContainer(service: string): Promise<ContainerTarget | null>;
  /** Restarts, or starts what is stopped. Resolves when the engine says it runs. Rejects with ControlError. */
  restartContainer(id: string, options: { readonly stopTimeoutS: number }): Promise<void>;
  /** Runs the container's own health check once. Rejects with ControlError `no_healthcheck` where it has none. */
  runHealthcheck(id: string): Promise<ProbeResult>;
  collectDiagnostics(id: string): Promise<Diagnostics>;
}

/** What Compose printed last: at most 6 lines of 160 characters, secrets redacted. */
export type LastLines = readonly string[];

/** Where the Compose files of a declared service are: all three are names of directories or services, never paths. */
export interface Declaration {
  readonly node: string;
  /** Directory in services/. */
  readonly stack: string;
  readonly service: string;
}

/** Acts through Compose, on one service of one project. */
export interface ComposePorts {
  /**
   * Replaces this container, and those of the same service, by new ones made from its Compose files as they are now; nothing else of the
   * project. Resolves when Compose says it is done. Rejects with ControlError: `not_compose`, `own_container`, `compose_files_missing`,
   * `compose_missing`, `compose_too_old`, `compose_refused`, `compose_env_missing`, `compose_busy` before anything was done; `compose_failed`, and
   * `timeout` when it may still be done.
   */
  redeployService(id: string): Promise<LastLines>;
  /**
   * Makes the container that a declared service has not, from the Compose files of the checkout; nothing that exists is replaced or removed.
   * Resolves when Compose says it is done. Rejects as redeployService does, and with `container_present` where one stands for it by now, or
   * has its name.
   */
  createService(declaration: Declaration): Promise<LastLines>;
}

export interface ExecutorPorts extends ControlPorts, CleanupPorts, HistoryPorts, ComposePorts {}
