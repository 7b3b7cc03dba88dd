/** What the executor needs from the world outside MQTT; implemented in adapters/docker/control.ts. */

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
  /** container_missing, unreachable, timeout, refused, no_healthcheck */
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, detail: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(detail, options);
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

export interface ExecutorPorts {
  /** The container that stands for a canonical service name now (a ghost only when there is nothing else), or null. */
  findContainer(service: string): Promise<ContainerTarget | null>;
  /** Restarts, or starts what is stopped. Resolves when the engine says it runs. Rejects with ControlError. */
  restartContainer(id: string, options: { readonly stopTimeoutS: number }): Promise<void>;
  /** Runs the container's own health check once. Rejects with ControlError `no_healthcheck` where it has none. */
  runHealthcheck(id: string): Promise<ProbeResult>;
  collectDiagnostics(id: string): Promise<Diagnostics>;
}
