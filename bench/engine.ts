/**
 * A private engine with running containers, and the bare reference for everything that is asked of it: one event stream
 * read over the API, and plain HTTP calls. Writes only in that engine; ends with `stop`.
 */
import { type IncomingMessage, request } from 'node:http';
import { eventFilters } from '../adapters/docker/events.ts';
import { type Dockerd, startDockerd } from '../test/kit/dockerd.ts';
import { politeCommand } from '../test/kit/images.ts';

export interface EngineEvent {
  readonly id: string;
  readonly action: string;
  /** When it happened, by the clock of the engine, which is this machine's; epoch ms with fractions. */
  readonly happenedMs: number;
  /** When this reader had it. */
  readonly readMs: number;
}

export interface Container {
  readonly id: string;
  /** Its service: there is no compose label, so the name is the service. */
  readonly name: string;
}

/** Epoch ms with fractions, for times that are compared with those of other processes. */
export const wallMs = (): number => performance.timeOrigin + performance.now();

/** Stopping and starting a container takes 0.5 s; a loaded machine gets 60 s. */
const eventDeadlineMs = 60_000;

interface Waiting {
  readonly id: string;
  readonly action: string;
  resolve(event: EngineEvent): void;
}

export class Engine {
  readonly containers: readonly Container[];
  readonly socketPath: string;
  /** DOCKER_HOST for programs that should watch it. */
  readonly env: Readonly<Record<string, string>>;
  private readonly dockerd: Dockerd;
  private readonly stream: IncomingMessage;
  private readonly waiting = new Set<Waiting>();

  private constructor(dockerd: Dockerd, containers: readonly Container[], stream: IncomingMessage) {
    this.dockerd = dockerd;
    this.containers = containers;
    this.socketPath = dockerd.socketPath;
    this.env = { DOCKER_HOST: `unix://${dockerd.socketPath}` };
    this.stream = stream;
    this.read();
  }

  static async start(count: number): Promise<Engine> {
    const dockerd = await startDockerd();
    try {
      const image = await dockerd.importBusybox();
      const containers: Container[] = [];
      for (let at = 1; at <= count; at += 1) {
        const name = `service-${String(at).padStart(2, '0')}`;
        // A compose project, so that they count as services that should run.
        const body = { Image: image, Cmd: politeCommand, Labels: { 'com.docker.compose.project': 'bench' } };
        const { Id } = JSON.parse(await call(dockerd.socketPath, 'POST', `/containers/create?name=${name}`, body)) as { readonly Id: string };
        await call(dockerd.socketPath, 'POST', `/containers/${Id}/start`);
        containers.push({ id: Id, name });
      }
      const filters = encodeURIComponent(JSON.stringify(eventFilters));
      return new Engine(dockerd, containers, await open(dockerd.socketPath, `/events?filters=${filters}`));
    } catch (error) {
      await dockerd.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.stream.destroy();
    await this.dockerd.stop();
  }

  /** A bare call of the API; rejects when the engine refuses. */
  async post(path: string): Promise<void> {
    await call(this.socketPath, 'POST', path);
  }

  /** Its main process dies by itself, as far as the engine knows. */
  crash({ id }: Container): Promise<void> {
    return this.dockerd.killFromHost(id);
  }

  /** The next such event of the container. Ask before causing it. */
  next({ id }: Container, action: string): Promise<EngineEvent> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        id,
        action,
        resolve: (event) => {
          clearTimeout(timer);
          this.waiting.delete(waiting);
          resolve(event);
        },
      };
      const timer = setTimeout(() => {
        this.waiting.delete(waiting);
        reject(new Error(`the engine said no ${action} of ${id.slice(0, 12)} within ${eventDeadlineMs} ms`));
      }, eventDeadlineMs);
      this.waiting.add(waiting);
    });
  }

  private read(): void {
    let rest = '';
    this.stream.setEncoding('utf8').on('data', (chunk: string) => {
      const readMs = wallMs();
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.tell(line, readMs);
    });
    // The end of the bench destroys it.
    this.stream.on('error', () => undefined);
  }

  private tell(line: string, readMs: number): void {
    const { Action, Actor, timeNano } = JSON.parse(line) as { readonly Action: string; readonly Actor: { readonly ID: string }; readonly timeNano: number };
    // timeNano is above 2^53: as a double it is exact to 0.3 µs, far below what is measured here.
    const event = { id: Actor.ID, action: Action, happenedMs: timeNano / 1e6, readMs };
    for (const waiting of this.waiting) if (waiting.id === event.id && waiting.action === event.action) waiting.resolve(event);
  }
}

function open(socketPath: string, path: string, method = 'GET', body?: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, headers: { 'content-type': 'application/json' } }, resolve);
    asked.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function call(socketPath: string, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await open(socketPath, path, method, body);
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
  if ((answer.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: HTTP ${answer.statusCode} ${text}`);
  return text;
}
