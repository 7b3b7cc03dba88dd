/**
 * A stand-in for a container engine: the part of the Docker API that this program uses, over HTTP on a unix socket, with ways to make
 * it misbehave (`POST /_script`). For tests that kill dozens of processes, and for failures that a real engine cannot be made to have
 * on demand. It writes what clients made it do to a file before doing it.
 */
import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Container, inspectAnswer, listRow, type SimulatedContainer } from '../../adapters/simulated/container.ts';
import { SimulatedWorld } from '../../adapters/simulated/world.ts';
import { systemClock } from '../../bus/clock.ts';

/** What a client made the engine do. */
export interface Effect {
  readonly at: string;
  readonly effect: 'restart' | 'start' | 'stop' | 'kill' | 'exec';
  readonly id: string;
  readonly container: string;
}

/** What a test may make it do; `container` is a name or an id, `during` a part of a path (without query). */
export type Script =
  | { readonly do: 'add'; readonly container: SimulatedContainer }
  | { readonly do: 'crash'; readonly container: string; readonly exitCode?: number }
  /** As a person's `docker stop`, `start`, `kill`, `rm -f`: no effect of a client is recorded. */
  | { readonly do: 'stop' | 'start' | 'kill' | 'oom' | 'remove'; readonly container: string }
  | { readonly do: 'health'; readonly container: string; readonly status: 'starting' | 'healthy' | 'unhealthy' }
  /** A line into the event stream, as it is. */
  | { readonly do: 'tell'; readonly line: string }
  /** Restarts are recorded at once, and take so long. */
  | { readonly do: 'delay-restarts'; readonly ms: number }
  /** The next answer on such a path is this error. */
  | { readonly do: 'refuse'; readonly during: string; readonly httpStatus: number; readonly message: string }
  /** The next answer on such a path is this body. */
  | { readonly do: 'answer'; readonly during: string; readonly body: string }
  /** Until `off`: takes requests and answers none, as a stopped process does; afterwards it answers them. */
  | { readonly do: 'hang'; readonly off?: boolean }
  /** In the middle of the next answer on such a path the connection is cut, or the engine dies as by kill -9. */
  | { readonly do: 'cut' | 'die'; readonly during: string }
  /** Event streams arrive byte by byte. */
  | { readonly do: 'trickle' };

/** As Docker 29, which refuses clients that insist on an older version. */
const minorVersionMin = 44;

interface Call {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

export interface StandInOptions {
  readonly effectsFile: string;
  readonly containers?: readonly SimulatedContainer[];
}

export class StandInEngine {
  private readonly world: SimulatedWorld;
  private readonly server: Server;
  private readonly held: (() => void)[] = [];
  private readonly execs = new Map<string, { readonly exitCode: number; readonly output: string }>();
  private readonly armed: Extract<Script, { readonly during: string }>[] = [];
  private isHanging = false;
  private isTrickling = false;
  private restartMs = 0;
  private readonly effectsFile: string;

  constructor({ effectsFile, containers = [] }: StandInOptions) {
    this.effectsFile = effectsFile;
    this.world = new SimulatedWorld({ clock: systemClock });
    for (const container of containers) this.world.add(container);
    this.server = createServer((request, response) => {
      void this.take(request, response);
    });
  }

  listen(socketPath: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject).listen(socketPath, resolve);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
    const version = /^\/v1\.(\d+)\//.exec(pathname)?.[1];
    const call: Call = { path: version === undefined ? pathname : pathname.slice(`/v1.${version}`.length), query: searchParams, response };
    if (version !== undefined && Number(version) < minorVersionMin) {
      const message = `client version 1.${version} is too old. Minimum supported API version is 1.${minorVersionMin}`;
      json(call, { message }, 400);
    } else if (call.path === '/_script') {
      try {
        this.obey(JSON.parse(body) as Script);
        response.end('{}');
      } catch (error) {
        json(call, { message: String(error) }, 400);
      }
    } else if (this.isHanging) this.held.push(() => void this.answer(call));
    else await this.answer(call);
  }

  private obey(script: Script): void {
    switch (script.do) {
      case 'add':
        this.world.add(script.container);
        return;
      case 'tell':
        this.world.tell(script.line);
        return;
      case 'delay-restarts':
        this.restartMs = script.ms;
        return;
      case 'trickle':
        this.isTrickling = true;
        return;
      case 'hang':
        this.isHanging = script.off !== true;
        if (!this.isHanging) for (const go of this.held.splice(0)) go();
        return;
      case 'refuse':
      case 'answer':
      case 'cut':
      case 'die':
        this.armed.push(script);
        return;
      default:
        this.happen(script);
    }
  }

  private happen(script: Extract<Script, { readonly container: string }>): void {
    const container = this.world.find(script.container);
    if (container === undefined) throw new Error(`the stand-in engine has no container ${script.container}`);
    if (script.do === 'crash') this.world.die(container, script.exitCode ?? 1);
    else if (script.do === 'kill') this.world.kill(container, 9);
    else if (script.do === 'health') this.world.setHealth(container, script.status);
    else this.world[script.do](container);
  }

  private async answer(call: Call): Promise<void> {
    const trick = this.armed.findIndex(({ during }) => call.path.includes(during));
    const script = trick === -1 ? undefined : this.armed.splice(trick, 1)[0];
    if (script?.do === 'refuse') return json(call, { message: script.message }, script.httpStatus);
    if (script?.do === 'answer') return void call.response.end(script.body);
    if (script?.do === 'cut' || script?.do === 'die') breakOff(call.response, script.do === 'die');
    const [kind, name, verb] = call.path.slice(1).split('/');
    if (kind === '_ping') call.response.end('OK');
    else if (kind === 'version') json(call, { Version: 'stand-in', ApiVersion: '1.52', MinAPIVersion: `1.${minorVersionMin}` });
    else if (kind === 'events') this.events(call);
    else if (kind === 'images') json(call, []);
    else if (kind === 'containers' && name === 'json') json(call, this.list(call.query));
    else if (kind === 'containers') await this.container(call, name ?? '', verb ?? '');
    else if (kind === 'exec') this.exec(call, name ?? '', verb ?? '');
    else json(call, { message: `page not found: ${call.path}` }, 404);
  }

  private list(query: URLSearchParams): unknown[] {
    const all = ['1', 'true'].includes(query.get('all') ?? '');
    return this.world
      .all()
      .filter(({ status }) => all || status === 'running')
      .map(listRow);
  }

  private async container(call: Call, name: string, verb: string): Promise<void> {
    const container = this.world.find(name);
    if (container === undefined) return json(call, { message: `No such container: ${name}` }, 404);
    const isUp = container.status === 'running';
    if (verb === 'json') return json(call, inspectAnswer(container));
    if (verb === 'logs') return void call.response.end(logOf(container.given, call.query));
    if (verb === 'exec') {
      if (!isUp) return json(call, { message: `Container ${container.id} is not running` }, 409);
      this.record('exec', container);
      const id = `${container.id.slice(0, 32)}${String(this.execs.size).padStart(32, '0')}`;
      this.execs.set(id, container.given.probe ?? { exitCode: 0, output: '' });
      return json(call, { Id: id }, 201);
    }
    if ((verb === 'start' && isUp) || (verb === 'stop' && !isUp)) return void call.response.writeHead(304).end();
    if (verb === 'kill' && !isUp) return json(call, { message: `Container ${name} is not running` }, 409);
    if (!isEffect(verb)) return json(call, { message: `page not found: ${call.path}` }, 404);
    this.record(verb, container);
    if (verb === 'restart') {
      if (isUp) this.world.stop(container);
      if (this.restartMs > 0) await new Promise((resolve) => setTimeout(resolve, this.restartMs));
      this.world.start(container);
      this.world.say('restart', container);
    } else if (verb === 'kill') this.world.kill(container, 9);
    else this.world[verb](container);
    call.response.writeHead(204).end();
  }

  private record(effect: Effect['effect'], { id, name }: Container): void {
    const entry: Effect = { at: new Date().toISOString(), effect, id, container: name };
    const file = openSync(this.effectsFile, 'a');
    appendFileSync(file, `${JSON.stringify(entry)}\n`);
    fsyncSync(file);
    closeSync(file);
  }

  private exec(call: Call, id: string, verb: string): void {
    const exec = this.execs.get(id);
    if (exec === undefined) json(call, { message: `No such exec instance: ${id}` }, 404);
    else if (verb === 'json') json(call, { ID: id, Running: false, ExitCode: exec.exitCode });
    else call.response.end(frame(1, exec.output));
  }

  private events({ query, response }: Call): void {
    const id = filterOf(query, 'container');
    const until = query.get('until');
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const send = (line: string): void => {
      const bytes = Buffer.from(`${line}\n`);
      if (this.isTrickling) for (const byte of bytes) response.write(Buffer.of(byte));
      else response.write(bytes);
    };
    if (query.has('since')) {
      const range = { since: nanosOf(query.get('since')), until: until === null ? 1n << 63n : nanosOf(until), id };
      for (const line of this.world.remembered(range)) send(line);
    }
    if (until !== null) response.end();
    else response.once('close', this.world.listen(send));
  }
}

const isEffect = (verb: string): verb is Exclude<Effect['effect'], 'exec'> => ['restart', 'start', 'stop', 'kill'].includes(verb);

const json = ({ response }: Call, body: unknown, status = 200): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
};

/** The first thing written goes half-way; then the connection, or this process, is no more. */
function breakOff(response: ServerResponse, dies: boolean): void {
  const half = (chunk: unknown): boolean => {
    const bytes = Buffer.from(chunk as string | Buffer);
    if (!response.headersSent) response.writeHead(200, { 'content-length': bytes.length });
    return send(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => {
      if (dies) process.kill(process.pid, 'SIGKILL');
      else response.destroy();
    });
  };
  const send = response.write.bind(response);
  response.write = half;
  response.end = ((chunk: unknown) => {
    half(chunk);
    return response;
  }) as typeof response.end;
}

const filterOf = (query: URLSearchParams, key: string): string | null => {
  const filters = JSON.parse(query.get('filters') ?? '{}') as Record<string, readonly string[]>;
  return filters[key]?.[0] ?? null;
};

const nanosOf = (text: string | null): bigint => {
  const [seconds = '0', nanos = ''] = (text ?? '0').split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos.padEnd(9, '0').slice(0, 9));
};

const frame = (stream: number, text: string): Buffer => {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
};

function logOf({ log = [], tty = false }: SimulatedContainer, query: URLSearchParams): Buffer {
  const stamp = ['1', 'true'].includes(query.get('timestamps') ?? '') ? `${new Date().toISOString()} ` : '';
  const lines = log.slice(-Number(query.get('tail') ?? log.length)).map((line) => `${stamp}${line}\n`);
  return tty ? Buffer.from(lines.join('')) : Buffer.concat(lines.map((line) => frame(1, line)));
}
