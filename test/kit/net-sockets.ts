/**
 * Sockets inside a network namespace for a process outside of it. A socket belongs to the namespace it was made in, so a small
 * process inside makes it and passes it to us: from then on it is our own, with no proxy between us and what the other end does.
 *
 * The process inside is started at the first use. Fails with the system's code (ECONNREFUSED, ENETUNREACH, EADDRINUSE, ETIMEDOUT).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { searchPath } from './dockerd-sandbox.ts';

export type SocketRequest = { readonly id: number; readonly host: string; readonly port: number } & (
  | { readonly what: 'listen' }
  | { readonly what: 'connect'; readonly timeoutMs: number | null }
);

/** Comes with the socket, unless it says why there is none. */
export interface SocketReply {
  readonly id: number;
  /** A listener comes in two steps: until its maker has let go of it, it could still take a connection away from us. */
  readonly step?: 'passed' | 'released';
  readonly error?: { readonly message: string; readonly code: string };
}

export interface Forward {
  readonly port: number;
  /** `mqtt://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (handle: Socket | Server) => void;
  readonly reject: (error: Error) => void;
}

const script = fileURLToPath(new URL('net-sockets-main.ts', import.meta.url));

export class NamespaceSockets {
  private readonly launcher: readonly string[];
  private readonly waiting = new Map<number, Waiting>();
  private readonly passed = new Map<number, Server>();
  private readonly open = new Set<Socket | Server>();
  private readonly forwards = new Set<Forward>();
  private child: ChildProcess | null = null;
  private lastId = 0;

  constructor(launcher: readonly string[]) {
    this.launcher = launcher;
  }

  async connect(host: string, port: number, timeoutMs?: number): Promise<Socket> {
    const socket = await this.ask({ id: this.nextId(), what: 'connect', host, port, timeoutMs: timeoutMs ?? null });
    if (!(socket instanceof Socket)) throw new Error('asked for a connection, got a listener');
    return socket.setNoDelay(true);
  }

  async listen(host: string, port: number): Promise<Server> {
    const server = await this.ask({ id: this.nextId(), what: 'listen', host, port });
    if (!(server instanceof Server)) throw new Error('asked for a listener, got a connection');
    return server;
  }

  async forward(host: string, port: number): Promise<Forward> {
    const clients = new Set<Socket>();
    const server = createServer({ noDelay: true }, (client) => {
      clients.add(client);
      client.once('close', () => clients.delete(client));
      client.on('error', () => undefined);
      this.connect(host, port).then(
        (inner) => {
          join(client, inner);
        },
        () => {
          client.resetAndDestroy();
        },
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const localPort = typeof address === 'object' && address !== null ? address.port : 0;
    const forward: Forward = {
      port: localPort,
      url: `mqtt://127.0.0.1:${localPort}`,
      close: async () => {
        this.forwards.delete(forward);
        for (const client of clients) client.destroy();
        if (!server.listening) return;
        const closed = once(server, 'close');
        server.close();
        await closed;
      },
    };
    this.forwards.add(forward);
    return forward;
  }

  /** Every socket that was handed out is closed: an open one would keep the namespace. */
  async close(): Promise<void> {
    for (const forward of [...this.forwards]) await forward.close();
    for (const each of this.open) {
      if (each instanceof Socket) each.destroy();
      else each.close();
    }
    this.open.clear();
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  private nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  private ask(request: SocketRequest): Promise<Socket | Server> {
    const child = this.running();
    return new Promise((resolve, reject) => {
      this.waiting.set(request.id, { resolve, reject });
      child.send(request, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  private running(): ChildProcess {
    if (this.child !== null) return this.child;
    const [program, ...args] = [...this.launcher, process.execPath, '--import', 'tsx', script];
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, PATH: searchPath } });
    child.on('message', (reply: SocketReply, handle) => {
      this.receive(reply, handle);
    });
    child.once('exit', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the namespace was closed'));
      this.waiting.clear();
      this.child = null;
    });
    this.child = child;
    return child;
  }

  private receive(reply: SocketReply, handle: unknown): void {
    const waiting = this.waiting.get(reply.id);
    if (reply.step === 'passed' && handle instanceof Server) {
      this.passed.set(reply.id, handle);
      return;
    }
    this.waiting.delete(reply.id);
    this.settle(waiting, reply, reply.step === 'released' ? this.passed.get(reply.id) : handle);
    this.passed.delete(reply.id);
  }

  private settle(waiting: Waiting | undefined, reply: SocketReply, handle: unknown): void {
    if (reply.error !== undefined) {
      waiting?.reject(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
    } else if (handle instanceof Socket || handle instanceof Server) {
      this.open.add(handle);
      handle.once('close', () => this.open.delete(handle));
      waiting?.resolve(handle);
    } else {
      waiting?.reject(new Error('the other end was closed before its socket arrived here'));
    }
  }
}

/** What ends one end ends the other in the same way. */
function join(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.resetAndDestroy());
    from.once('close', () => to.destroySoon());
  }
}
