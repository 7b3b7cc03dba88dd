/**
 * Acting on one container of the engine: implements ControlPorts.
 *
 * Reads containers and logs; writes: restarts containers, runs their health checks. Remembers nothing. Fails with ControlError:
 * container_missing, unreachable, timeout, refused, no_healthcheck. Nothing is repeated here: who asked decides.
 */
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { ControlError, type ControlPorts, type Diagnostics, type ProbeResult } from '../../actors/executor/ports.ts';
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { groupByService, isGhost, type NamedContainer } from '../../contracts/canonical-name.ts';
import { ask, controlError, inspect, rethrow, short } from './control-calls.ts';
import { type Engine, EngineRefusedError, listRows } from './engine.ts';
import { engineTime, rowName } from './facts.ts';
import { LogLines } from './log-lines.ts';
import { createRedactor } from './redact.ts';

/** Beyond the stop: the start itself takes 0.2 s, a busy disk some seconds; after 30 s more the engine is hung. */
const restartMarginMs = 30_000;
/** Docker's own default for a health check without a timeout, and the most that one action may wait for a probe. */
const probeTimeoutDefaultMs = 30_000;
const probeTimeoutMaxMs = 120_000;
/** Making and starting the exec. */
const probeMarginMs = 5_000;
/** Asked for by the port. */
const probeOutputMax = 2_000;
const logLines = 200;
/** Reading 200 lines back from a large log file. */
const logDeadlineMs = 30_000;
/** A log line is for people: more is cut, after redaction. */
const logLineCharsMax = 4_000;

export function createDockerControl(engine: Engine): ControlPorts {
  return {
    findContainer: (service) => findContainer(engine, service),
    restartContainer: (id, { stopTimeoutS }) => restartContainer(engine, id, stopTimeoutS),
    runHealthcheck: (id) => runHealthcheck(engine, id),
    collectDiagnostics: (id) => collectDiagnostics(engine, id),
  };
}

type Candidate = NamedContainer & { readonly createdS: number };

async function findContainer(engine: Engine, service: string): ReturnType<ControlPorts['findContainer']> {
  const rows = await listRows(engine).catch(rethrow);
  const candidates = rows.map((row): Candidate => ({ id: row.Id, name: rowName(row), labels: row.Labels ?? {}, status: row.State, createdS: row.Created }));
  const [best] = [...(groupByService(candidates).get(service) ?? [])].sort(byClaim);
  if (best === undefined) return null;
  try {
    const found = await inspect(engine, best.id);
    return { id: best.id, name: best.name, startedAt: engineTime(found.State.StartedAt) };
  } catch (error) {
    if (error instanceof ControlError && error.code === 'container_missing') return null;
    throw error;
  }
}

/** Which container stands for the service: never a ghost if there is another, a running one before others, then the newest. */
function byClaim(a: Candidate, b: Candidate): number {
  const rank = (each: Candidate): number => (isGhost(each) ? 2 : 0) + (each.status === 'running' ? 0 : 1);
  return rank(a) - rank(b) || b.createdS - a.createdS;
}

async function restartContainer(engine: Engine, id: string, stopTimeoutS: number): Promise<void> {
  const options = { deadlineMs: stopTimeoutS * 1000 + restartMarginMs, cut: false };
  await ask(engine, `restart of ${short(id)}`, (docker) => docker.getContainer(id).restart({ t: stopTimeoutS }), options);
  const { State } = await inspect(engine, id);
  // Status, never Running: that is true as well while the restart policy waits after a crash.
  if (State.Status === 'running') return;
  const why = `the engine restarted it, but it is ${State.Status} (exit code ${State.ExitCode}) ${State.Error}`.trim();
  throw new ControlError('refused', `restart of ${short(id)}: ${why}`);
}

async function runHealthcheck(engine: Engine, id: string): Promise<ProbeResult> {
  const container = await inspect(engine, id);
  const probe = probeOf(container.Config as ProbeConfig);
  if (probe === null) throw new ControlError('no_healthcheck', `container ${short(id)} has no health check`);
  const options = { deadlineMs: probe.timeoutMs + probeMarginMs };
  const run = async (docker: Docker, abortSignal: AbortSignal): Promise<ProbeResult> => {
    const exec = await docker.getContainer(id).exec({ Cmd: [...probe.command], AttachStdout: true, AttachStderr: true, abortSignal });
    const stream = await exec.start({ Detach: false, Tty: false, abortSignal });
    // Every line is shorter than what is kept of all of them, or dropped with the older ones.
    const output = await readLines(stream, new LogLines({ tty: false, timestamps: false, linesMax: probeOutputMax }));
    const { ExitCode } = await exec.inspect({ abortSignal });
    if (typeof ExitCode !== 'number')
      throw new EngineTroubleError({ code: 'refused', retryable: true, detail: 'the engine does not say how the health check ended' });
    return { exitCode: ExitCode, output: createRedactor(container).text(output.join('\n')).slice(-probeOutputMax) };
  };
  return ask(engine, `health check of ${short(id)}`, run, options);
}

interface ProbeConfig {
  readonly Healthcheck?: { readonly Test?: readonly string[]; readonly Timeout?: number };
  readonly Shell?: readonly string[];
}

/** null: none, or switched off. Source: Docker Engine API, HealthConfig; Timeout in nanoseconds. */
export function probeOf({ Healthcheck, Shell }: ProbeConfig): { readonly command: readonly string[]; readonly timeoutMs: number } | null {
  const [kind, ...words] = Healthcheck?.Test ?? [];
  const timeoutMs = Math.min((Healthcheck?.Timeout ?? 0) / 1e6 || probeTimeoutDefaultMs, probeTimeoutMaxMs);
  if (kind === 'CMD' && words.length > 0) return { command: words, timeoutMs };
  const shell = Shell !== undefined && Shell !== null && Shell.length > 0 ? Shell : ['/bin/sh', '-c'];
  if (kind === 'CMD-SHELL' && words[0] !== undefined) return { command: [...shell, words[0]], timeoutMs };
  return null;
}

async function collectDiagnostics(engine: Engine, id: string): Promise<Diagnostics> {
  const container = await inspect(engine, id);
  const redactor = createRedactor(container);
  const lines = await readLog(engine, id, container.Config.Tty);
  return { inspect: redactor.value(container), log: lines.map((line) => redactor.text(line).slice(0, logLineCharsMax)) };
}

/** A container whose log the engine cannot read (its logging driver keeps none) still has the rest of a diagnosis. */
async function readLog(engine: Engine, id: string, tty: boolean): Promise<readonly string[]> {
  const lines = new LogLines({ tty, timestamps: !tty, linesMax: logLines });
  try {
    return await engine.call(`log of ${short(id)}`, async (docker, abortSignal) => readLines(await openLog(docker, id, { tty, abortSignal }), lines), {
      deadlineMs: logDeadlineMs,
    });
  } catch (error) {
    if (error instanceof EngineRefusedError && error.httpStatus !== 404) return [`(no log: ${error.trouble.detail})`];
    throw controlError(error);
  }
}

/** Not `container.logs()`: that parses an answer which happens to be JSON, and holds all of it in memory. */
const openLog = (
  docker: Docker,
  id: string,
  { tty, abortSignal }: { readonly tty: boolean; readonly abortSignal: AbortSignal },
): Promise<NodeJS.ReadableStream> =>
  new Promise((resolve, reject) => {
    const request = {
      path: `/containers/${id}/logs?`,
      method: 'GET',
      isStream: true,
      abortSignal,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
      options: { stdout: true, stderr: true, tail: logLines, timestamps: !tty },
    };
    docker.modem.dial(request, (error: Error | null, stream: unknown) => {
      if (error === null) resolve(stream as NodeJS.ReadableStream);
      else reject(error);
    });
  });

async function readLines(stream: NodeJS.ReadableStream, lines: LogLines): Promise<readonly string[]> {
  for await (const chunk of stream as Readable) lines.push(chunk as Buffer);
  return lines.end();
}
