/**
 * From the engine's answer about one container (GET /containers/{id}/json) to ContainerFacts.
 *
 * Pure. Traps: while the restart policy waits, `Running` and `Restarting` are both true, so only `Status` counts; a time that
 * never was is year 1; times have nanoseconds; health stays on after the exit; texts of probes and errors may hold secrets.
 */
import type { ContainerInfo } from 'dockerode';
import { z } from 'zod';
import type { ContainerFacts } from '../../actors/node-agent/ports.ts';
import { createRedactor } from './redact.ts';

/** The longest health output that fits a ServiceHealth document (contracts/health.ts). */
const healthLogMax = 300;

const Probe = z.object({ Output: z.string().default('') });
const Inspect = z.object({
  Id: z.string().min(12),
  Name: z.string(),
  RestartCount: z.number().default(0),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number().default(0),
    Error: z.string().default(''),
    OOMKilled: z.boolean().default(false),
    StartedAt: z.string().default(''),
    FinishedAt: z.string().default(''),
    Health: z.object({ Status: z.string(), Log: z.array(Probe).nullish() }).nullish(),
  }),
  Config: z.object({ Image: z.string().default(''), Labels: z.record(z.string(), z.string()).nullish() }),
  HostConfig: z.object({ RestartPolicy: z.object({ Name: z.string().default('') }).nullish() }).nullish(),
});

/** Throws when the answer is not one of an engine; says which field. */
export function containerFacts(answer: unknown): ContainerFacts {
  const parsed = Inspect.safeParse(answer);
  if (!parsed.success) throw new Error(`the engine's answer about a container is not understood: ${z.prettifyError(parsed.error)}`);
  const { Id, Name, RestartCount, State, Config, HostConfig } = parsed.data;
  const redactor = createRedactor(answer);
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    labels: Config.Labels ?? {},
    status: State.Status,
    image: Config.Image,
    exitCode: hasExited(State.Status, State.ExitCode) ? State.ExitCode : null,
    error: redactor.text(State.Error),
    oomKilled: State.OOMKilled,
    startedAt: engineTime(State.StartedAt),
    finishedAt: engineTime(State.FinishedAt),
    health: healthOf(State.Health?.Status),
    healthLog: lastProbe(State.Health?.Log ?? [], redactor.text),
    restartCount: RestartCount,
    // Older engines say '' for no.
    restartPolicy: HostConfig?.RestartPolicy?.Name || 'no',
  };
}

/** What the list alone says, for a container that cannot be inspected. */
export function rowFacts(row: ContainerInfo): ContainerFacts {
  return {
    id: row.Id,
    name: rowName(row),
    labels: row.Labels ?? {},
    status: row.State,
    image: row.Image,
    exitCode: null,
    error: '',
    oomKilled: false,
    startedAt: null,
    finishedAt: null,
    health: 'none',
    healthLog: null,
    restartCount: 0,
    restartPolicy: 'no',
  };
}

/** Its own name; links add names like `/other/alias`, and a half-removed container has none. */
export const rowName = (row: Pick<ContainerInfo, 'Id' | 'Names'>): string =>
  (row.Names ?? []).map((name) => name.replace(/^\//, '')).find((name) => !name.includes('/')) ?? row.Id.slice(0, 12);

/** A running container reports 0, which nothing has returned; a refused start leaves `created` with a code. */
const hasExited = (status: string, exitCode: number): boolean => !['running', 'paused'].includes(status) && !(status === 'created' && exitCode === 0);

const healthOf = (status: string | undefined): ContainerFacts['health'] =>
  status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none';

function lastProbe(log: readonly { readonly Output: string }[], redact: (text: string) => string): string | null {
  const output = redact(log.at(-1)?.Output ?? '').trim();
  if (output === '') return null;
  if (output.length <= healthLogMax) return output;
  // The end of an output says what went wrong; a character cut in two by the length goes.
  return `…${output.slice(-(healthLogMax - 1)).replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/** `2026-03-01T12:00:00.123456789Z` → ISO in milliseconds; the zero date of Go, and what is no date, → null. */
export function engineTime(text: string): string | null {
  const ms = Date.parse(text);
  // Nothing was ever started before 1970.
  return Number.isNaN(ms) || ms <= 0 ? null : new Date(ms).toISOString();
}
