/**
 * Where the web server listens: on this machine only while nobody needs a login, and where it was told to from the first login on, in the same
 * process and with the connections that are in use. Nothing ever takes it back.
 *
 * Asks the book of logins each second. Where the wider place cannot be had, it goes on on this machine, says why, and tries again each half
 * minute: the place is tried out before anything is given up for it.
 */
import type { Server } from 'node:http';
import { createServer, type ListenOptions, type Server as NetServer } from 'node:net';
import type { Log } from '../../bus/log.ts';
import { isLoopback } from '../../contracts/loopback.ts';

/** As the brokers look at their logins: whoever makes one sees it count at once. */
const lookEveryMs = 1_000;
/** An address that the machine does not have yet, or a port that somebody else has: nothing that comes within seconds. An attempt at a port ends idle connections. */
const retryEveryMs = 30_000;

const thisMachine = '127.0.0.1';

/** Where it will listen. */
export const hostOf = (wanted: string, isLoginNeeded: boolean): string => (isLoginNeeded || isLoopback(wanted) ? wanted : thisMachine);

export interface Place {
  readonly url: string;
  /** What else there is to say of it; null: nothing. */
  readonly notice: string | null;
}

export interface ListeningParts {
  readonly wanted: string;
  readonly isNeeded: () => boolean;
  readonly loginsFile: string;
  readonly log: Log;
  /** Called each second: what was let in and should not be any more ends then, whether or not anything else happens. */
  readonly onLook: () => void;
  /** Called when what it says of itself has changed. */
  readonly onMoved: (place: Place) => void;
  /** Default: what is usual. */
  readonly pace?: Pace;
}

export interface Pace {
  readonly lookEveryMs: number;
  readonly retryEveryMs: number;
}
const usualPace: Pace = { lookEveryMs, retryEveryMs };

export class Listening {
  private readonly parts: ListeningParts;
  private readonly server: Server;
  private readonly port: number;
  private readonly timer: NodeJS.Timeout;
  private host: string;
  private trouble: string | null = null;
  private told: string;
  private moving: Promise<void> = Promise.resolve();
  private isMoving = false;
  /** By the clock that only counts (performance.now). */
  private retryAtMs = 0;

  /** `server` listens already, on `host`. */
  constructor(parts: ListeningParts, server: Server, host: string) {
    this.parts = parts;
    this.server = server;
    this.host = host;
    const address = server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    this.told = JSON.stringify(this.place);
    this.timer = setInterval(() => {
      this.look();
    }, this.pace.lookEveryMs);
    this.timer.unref();
  }

  get place(): Place {
    const { host, port } = this;
    return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, notice: this.notice };
  }

  /** Resolves when nothing here touches the server any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.moving;
  }

  private get pace(): Pace {
    return this.parts.pace ?? usualPace;
  }

  private get notice(): string | null {
    const { wanted, isNeeded, loginsFile } = this.parts;
    if (isNeeded()) {
      if (this.trouble !== null) return `this machine only instead of ${wanted}: ${this.trouble}; trying again`;
      return isLoopback(this.host) ? 'this machine only' : null;
    }
    const instead = wanted === this.host ? '' : ` instead of ${wanted}`;
    return `this machine only${instead}: no login is configured in ${loginsFile}; make one with "homelab creds add"`;
  }

  private look(): void {
    const { wanted, isNeeded, onLook } = this.parts;
    onLook();
    if (this.isMoving) return;
    const host = hostOf(wanted, isNeeded());
    if (this.server.listening && (host === this.host || performance.now() < this.retryAtMs)) {
      this.tell();
      return;
    }
    this.isMoving = true;
    this.moving = this.move(host).finally(() => {
      this.isMoving = false;
      this.tell();
    });
  }

  /** The narrow one ends first: two on one port are refused by the system. Connections in use stay; idle ones end. */
  private async move(wider: string): Promise<void> {
    const { log } = this.parts;
    const before = this.host;
    try {
      await tryOut(wider);
      await this.listenOn(wider);
      this.host = wider;
      this.trouble = null;
      log.info({ host: wider, port: this.port }, 'the first login is there: listening where it was told to');
    } catch (error) {
      const why = `cannot listen on ${wider}: ${error instanceof Error ? error.message : String(error)}`;
      if (why !== this.trouble) log.error({ err: error, host: wider }, 'cannot listen there; listening on this machine only');
      this.trouble = why;
      this.retryAtMs = performance.now() + this.pace.retryEveryMs;
      if (!this.server.listening)
        await this.listenOn(before).catch((again: unknown) => {
          log.error({ err: again, host: before }, 'cannot listen at all; trying again');
        });
    }
  }

  private async listenOn(host: string): Promise<void> {
    const { server } = this;
    if (server.listening) server.close();
    await listen(server, { host, port: this.port });
  }

  private tell(): void {
    const place = this.place;
    const text = JSON.stringify(place);
    if (text === this.told) return;
    this.told = text;
    this.parts.onMoved(place);
  }
}

/** Rejects where the name is not known, or the address not one of this machine. On a port of its own: nothing that listens is touched. */
async function tryOut(host: string): Promise<void> {
  const trial = createServer((socket) => socket.destroy());
  await listen(trial, { host, port: 0 });
  await new Promise((resolve) => trial.close(resolve));
}

async function listen(server: NetServer, where: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      server.off('error', settle);
      server.off('listening', settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    server.once('error', settle);
    server.once('listening', settle);
    server.listen(where);
  });
}
