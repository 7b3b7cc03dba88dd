/**
 * What a machine's engine runs, as far as it can be declared: names, images, ports, policies. Never values of variables.
 *
 * Reads the engine; writes and remembers nothing. Fails with EngineTroubleError.
 */
import { z } from 'zod';
import type { NamedContainer } from '../../contracts/canonical-name.ts';
import { type Engine, isHttpStatus, listRows, understood } from './engine.ts';

export interface PublishedPort {
  readonly container: number;
  readonly host: number;
  readonly protocol: string;
  /** Address of the machine on which it listens; empty: all of them. */
  readonly address: string;
}

export interface RunningContainer extends NamedContainer {
  readonly image: string;
  readonly exitCode: number;
  /** no, always, unless-stopped, on-failure. */
  readonly restartPolicy: string;
  readonly networkMode: string;
  readonly ports: readonly PublishedPort[];
  /** null: no limit. */
  readonly memoryLimitBytes: number | null;
  readonly hasHealthcheck: boolean;
  /** Directories and files of the machine that are mounted into it. */
  readonly mountedPaths: readonly string[];
}

const Binding = z.object({ HostIp: z.string().default(''), HostPort: z.string() });
const Inspect = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({ Status: z.string(), ExitCode: z.number().default(0) }),
  Config: z.object({
    Image: z.string().default(''),
    Labels: z.record(z.string(), z.string()).nullish(),
    Healthcheck: z.object({ Test: z.array(z.string()).nullish() }).nullish(),
  }),
  HostConfig: z
    .object({
      RestartPolicy: z.object({ Name: z.string().default('') }).nullish(),
      NetworkMode: z.string().default(''),
      Memory: z.number().default(0),
      PortBindings: z.record(z.string(), z.array(Binding).nullable()).nullish(),
    })
    .nullish(),
  Mounts: z.array(z.object({ Type: z.string().default(''), Source: z.string().default('') })).nullish(),
});

/** Every container in whatever state, oldest first. */
export async function listRunning(engine: Engine): Promise<readonly RunningContainer[]> {
  const found: RunningContainer[] = [];
  for (const { Id } of [...(await listRows(engine))].reverse()) {
    const container = await inspectOne(engine, Id);
    if (container !== null) found.push(container);
  }
  return found;
}

async function inspectOne(engine: Engine, id: string): Promise<RunningContainer | null> {
  const what = `inspect of ${id.slice(0, 12)}`;
  try {
    const answer: unknown = await engine.call(what, (docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }));
    return understood(what, () => runningContainer(answer));
  } catch (error) {
    // Removed since the list was made.
    if (isHttpStatus(error, 404)) return null;
    throw error;
  }
}

function runningContainer(answer: unknown): RunningContainer {
  const { Id, Name, State, Config, HostConfig, Mounts } = Inspect.parse(answer);
  const test = Config.Healthcheck?.Test ?? [];
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    labels: Config.Labels ?? {},
    status: State.Status,
    image: Config.Image,
    exitCode: State.ExitCode,
    restartPolicy: HostConfig?.RestartPolicy?.Name || 'no',
    networkMode: HostConfig?.NetworkMode ?? '',
    ports: Object.entries(HostConfig?.PortBindings ?? {}).flatMap(([key, bindings]) => portsOf(key, bindings ?? [])),
    memoryLimitBytes: HostConfig?.Memory || null,
    hasHealthcheck: test.length > 0 && test[0] !== 'NONE',
    mountedPaths: (Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => Source),
  };
}

/** `1883/tcp`; an empty host port means that the engine chooses one at each start. */
function portsOf(key: string, bindings: readonly z.infer<typeof Binding>[]): readonly PublishedPort[] {
  const [container = '', protocol = 'tcp'] = key.split('/');
  return bindings
    .filter(({ HostPort }) => /^\d+$/.test(HostPort))
    .map(({ HostIp, HostPort }) => ({ container: Number(container), host: Number(HostPort), protocol, address: HostIp }));
}
