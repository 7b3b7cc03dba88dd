/**
 * A simulated container: what is said of it when it is made, what it is at a moment, and how the engine's API would tell it.
 *
 * Pure. The answers have the shape of the Docker Engine API (list row, inspect), so that the same readers understand them.
 */
import { createHash } from 'node:crypto';

export interface SimulatedContainer {
  readonly name: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  /** no | always | unless-stopped | on-failure (without a maximum); default no. */
  readonly restartPolicy?: string;
  /** Default: running. */
  readonly status?: 'running' | 'exited' | 'created';
  /** How long it has been running when it is added. */
  readonly upForMs?: number;
  readonly healthTest?: readonly string[];
  /** How long after a start its health check says healthy; without it the last verdict stays. */
  readonly healthyAfterMs?: number;
  /** What running the health check gives. */
  readonly probe?: { readonly exitCode: number; readonly output: string };
  readonly log?: readonly string[];
  readonly tty?: boolean;
}

export type Health = 'starting' | 'healthy' | 'unhealthy';

/** What goes wrong again each time it is started: `oom` until somebody other than the restart policy restarts it, `flap` until it is healed. */
export type Fault = 'flap' | 'oom';

export interface Container {
  readonly given: SimulatedContainer;
  readonly id: string;
  readonly createdMs: number;
  readonly name: string;
  /** The engine's word: created, running, restarting, exited. */
  status: string;
  exitCode: number;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  health: Health | null;
  restartCount: number;
  /** How long the restart policy waited last; doubles while it does not hold. */
  backOffMs: number;
  fault: Fault | null;
}

export const newContainer = (given: SimulatedContainer, id: string, made: Pick<Container, 'status' | 'createdMs' | 'startedAt'>): Container => ({
  ...{ given, id, name: given.name, ...made },
  exitCode: 0,
  oomKilled: false,
  finishedAt: never,
  health: given.healthTest === undefined ? null : 'healthy',
  restartCount: 0,
  backOffMs: 0,
  fault: null,
});

/** What the engine's clock says of what never was. */
export const never = '0001-01-01T00:00:00Z';

/** The same name on the same machine always has the same id. */
export const containerId = (machine: string, name: string): string => createHash('sha256').update(`${machine}/${name}`).digest('hex');

export const imageOf = (given: SimulatedContainer): string => given.image ?? 'simulated/container';

export const listRow = ({ id, name, given, status, exitCode, createdMs }: Container): unknown => ({
  Id: id,
  Names: [`/${name}`],
  Image: imageOf(given),
  Created: Math.floor(createdMs / 1000),
  Labels: given.labels ?? {},
  State: status,
  Status: status === 'running' ? 'Up 1 second' : `Exited (${exitCode}) 1 second ago`,
});

export const inspectAnswer = (container: Container): unknown => {
  const { id, name, given, status, createdMs, health } = container;
  const isUp = status === 'running' || status === 'restarting';
  return {
    Id: id,
    Created: new Date(createdMs).toISOString(),
    Name: `/${name}`,
    RestartCount: container.restartCount,
    State: {
      Status: status,
      // Both are true while the restart policy waits: measured, and a trap for who asks Running.
      Running: isUp,
      Restarting: status === 'restarting',
      OOMKilled: container.oomKilled,
      Pid: status === 'running' ? 4711 : 0,
      ExitCode: container.exitCode,
      Error: '',
      StartedAt: container.startedAt,
      FinishedAt: container.finishedAt,
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
  };
};
