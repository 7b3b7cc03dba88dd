/**
 * Where the web server listens: on this machine only while nobody needs a login, and where it was told to from the first login on, in the same
 * process and with the connections that there are. Nothing ever takes it back.
 *
 * Asks the book of logins each second. Where the wider place cannot be had, it goes on on this machine, says why, and tries again each second.
 */
import type { Server } from 'node:http';
import type { Log } from '../../bus/log.ts';

/** As the brokers look at their logins: whoever makes one sees it count at once. */
const lookEveryMs = 1_000;

const thisMachine = '127.0.0.1';

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

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
  /** Called when what it says of itself has changed. */
  readonly onMoved: (place: Place) => void;
}

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
    }, lookEveryMs);
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
    if (this.isMoving) return;
    const { wanted, isNeeded } = this.parts;
    const host = hostOf(wanted, isNeeded());
    if (host === this.host && this.server.listening) {
      this.tell();
      return;
    }
    this.isMoving = true;
    this.moving = this.move(host).finally(() => {
      this.isMoving = false;
      this.tell();
    });
  }

  /** The narrow one ends first: two on one port are refused by the system. Connections that exist stay. */
  private async move(wider: string): Promise<void> {
    const { log } = this.parts;
    const before = this.host;
    try {
      await this.listenOn(wider);
      this.host = wider;
      this.trouble = null;
      log.info({ host: wider, port: this.port }, 'the first login is there: listening where it was told to');
    } catch (error) {
      const why = `cannot listen on ${wider}: ${error instanceof Error ? error.message : String(error)}`;
      if (why !== this.trouble) log.error({ err: error, host: wider }, 'cannot listen there; listening on this machine only');
      this.trouble = why;
      await this.listenOn(before).catch((again: unknown) => {
        log.error({ err: again, host: before }, 'cannot listen at all; trying again');
      });
    }
  }

  private async listenOn(host: string): Promise<void> {
    const { server } = this;
    if (server.listening) server.close();
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        server.off('error', settle);
        server.off('listening', settle);
        if (error === undefined) resolve();
        else reject(error);
      };
      server.once('error', settle);
      server.once('listening', settle);
      server.listen({ host, port: this.port });
    });
  }

  private tell(): void {
    const place = this.place;
    const text = JSON.stringify(place);
    if (text === this.told) return;
    this.told = text;
    this.parts.onMoved(place);
  }
}
