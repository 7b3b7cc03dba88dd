/**
 * The container engine's API (dockerode 5, Docker Engine API), as something that always answers in time.
 *
 * Reads and writes: the engine. Remembers nothing. Fails with EngineTroubleError, and with nothing else:
 * unreachable (no socket, refused, cut off), timeout (the deadline passed), refused (an HTTP error; EngineRefusedError has the status).
 * What dockerode needs to be safe: its promises hang for ever when the engine dies inside a body, so each call races its own
 * deadline; it must never get an `agent` (it prints the whole agent on every request: 15 ms); a timeout of its own would cut idle
 * event streams. Paths carry no API version, so that engines of any age answer with their own.
 */
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { type Clock, DeadlineError, withDeadline } from '../../bus/clock.ts';

/** Where engines listen unless told otherwise. */
const defaultSocket = '/var/run/docker.sock';

export interface EngineOptions {
  /** A path, or a DOCKER_HOST: `unix://<path>` or `tcp://<host>:<port>`. Default: /var/run/docker.sock. */
  readonly socketPath?: string | undefined;
  /** How long any one answer may take, unless a call says otherwise. */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  /** false: the request is left standing when the deadline passes, because cutting it might stop the engine half-way. */
  readonly cut?: boolean;
}

export interface Engine {
  /** For people: where it is. */
  readonly where: string;
  readonly clock: Clock;
  /** One request and its whole answer. `what` names it in errors. */
  call<T>(what: string, run: (docker: Docker, abortSignal: AbortSignal) => Promise<T>, options?: CallOptions): Promise<T>;
  /** A request whose answer is a stream; the deadline is for its beginning only. The caller must handle `error` and destroy it. */
  open(what: string, run: (docker: Docker, abortSignal: AbortSignal) => Promise<NodeJS.ReadableStream>): Promise<Readable>;
}

/** The engine answered with an HTTP error. */
export class EngineRefusedError extends EngineTroubleError {
  readonly httpStatus: number;
  constructor(httpStatus: number, what: string, reason: string, options?: ErrorOptions) {
    // 5xx may pass by itself; 4xx says that the request is wrong for the state things are in.
    super({ code: 'refused', retryable: httpStatus >= 500, detail: `${what}: HTTP ${httpStatus}: ${reason}` }, options);
    this.httpStatus = httpStatus;
  }
}

export const isHttpStatus = (error: unknown, status: number): boolean => error instanceof EngineRefusedError && error.httpStatus === status;

export function createEngine(options: EngineOptions): Engine {
  const target = parseHost(options.socketPath ?? defaultSocket);
  // dockerode fills what is not named here from the environment, so that a DOCKER_HOST there would win over ours.
  const unset = { timeout: undefined, ca: undefined, cert: undefined, key: undefined, username: undefined };
  const docker = new Docker({ ...unset, protocol: 'http', host: undefined, port: undefined, socketPath: undefined, ...target.options });
  const { clock } = options;

  async function run<T>(what: string, ask: (abortSignal: AbortSignal) => Promise<T>, { deadlineMs = options.deadlineMs, cut = true }: CallOptions): Promise<T> {
    const abort = new AbortController();
    try {
      const answer = ask(abort.signal);
      // When the deadline wins nobody awaits this one any more.
      answer.catch(() => undefined);
      return await withDeadline(clock, deadlineMs, what, answer);
    } catch (error) {
      if (error instanceof DeadlineError && cut) abort.abort();
      throw troubleOf(what, target.where, error);
    }
  }

  return {
    where: target.where,
    clock,
    call: (what, ask, call = {}) => run(what, (abortSignal) => ask(docker, abortSignal), call),
    open: (what, ask) =>
      run(
        what,
        async (abortSignal) => {
          const stream = (await ask(docker, abortSignal)) as Readable;
          // An opening that lost its race must not leave a stream that nobody reads.
          if (abortSignal.aborted) stream.once('error', () => undefined).destroy();
          return stream;
        },
        {},
      ),
  };
}

/** Every container, in whatever state, newest first. */
export function listRows(engine: Engine): Promise<readonly Docker.ContainerInfo[]> {
  const what = 'list of containers';
  return engine.call(what, async (docker, abortSignal) => {
    const rows: unknown = await docker.listContainers({ all: true, abortSignal });
    // Taking something else for an empty list would mean that every service was removed.
    return understood(what, () => {
      if (!Array.isArray(rows)) throw new Error('the answer is no list');
      return rows as Docker.ContainerInfo[];
    });
  });
}

/** What the engine answered makes no sense: that is trouble with the engine, not a bug here. */
export function understood<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const detail = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    throw new EngineTroubleError({ code: 'refused', retryable: false, detail }, { cause: error });
  }
}

/** What a call's failure means, in the words of the port. */
export function troubleOf(what: string, where: string, error: unknown): EngineTroubleError {
  if (error instanceof EngineTroubleError) return error;
  if (error instanceof DeadlineError) return new EngineTroubleError({ code: 'timeout', retryable: true, detail: error.message }, { cause: error });
  const { statusCode, code, message } = (error ?? {}) as { statusCode?: number; code?: string; message?: string };
  if (typeof statusCode === 'number') return new EngineRefusedError(statusCode, what, reasonOf(message ?? ''), { cause: error });
  const detail = code === 'EACCES' ? `no permission to use ${where}; its group (docker) may` : `${where}: ${message ?? String(error)}`;
  return new EngineTroubleError({ code: 'unreachable', retryable: true, detail: `${what}: ${detail}` }, { cause: error });
}

/** docker-modem writes `(HTTP code 404) no such container - No such container: x `; the engine's own words come last. */
const reasonOf = (message: string): string => message.replace(/^\(HTTP code \d+\) /, '').trim();

interface Target {
  readonly where: string;
  readonly options: Docker.DockerOptions;
}

function parseHost(text: string): Target {
  if (text.startsWith('/')) return { where: text, options: { socketPath: text } };
  if (text.startsWith('unix://')) return parseHost(text.slice('unix://'.length) || defaultSocket);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['tcp:', 'http:'].includes(url.protocol) || url.hostname === '') {
    throw new Error(`the engine's address ${JSON.stringify(text)} is not understood: expected a socket path, unix://<path> or tcp://<host>:<port>`);
  }
  // 2375: Docker's registered port without TLS.
  const port = url.port === '' ? '2375' : url.port;
  return { where: `tcp://${url.hostname}:${port}`, options: { host: url.hostname, port } };
}
