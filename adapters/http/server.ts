/**
 * The web server of the operator-ui: implements WebServerPort with Fastify, over the port's desk.
 *
 * Reads logins.yaml and the built page. Without a login it listens on this machine only, wherever it was told to. Remembers who is logged
 * in, in memory, also while the actor is restarted. Fails by rejecting, with a line that names address and port.
 */
import type { EventStorePort, OpenWebServer, OperatorDesk, WebServerPort } from '../../actors/operator-ui/ports.ts';
import type { Log } from '../../bus/log.ts';
import { createLoginBook } from '../logins/login-book.ts';
import type { App, WebSettings } from './app-types.ts';
import { createAttempts } from './attempts.ts';
import { createSessions } from './sessions.ts';
import type { Timing } from './stream.ts';

export interface WebServerOptions extends WebSettings {
  /** Where to listen; not more than this machine while there is no login. */
  readonly host: string;
  readonly port: number;
  readonly loginsFile: string;
  readonly store: EventStorePort;
  readonly log: Log;
  /** Of streams; default: what is usual (stream.ts). */
  readonly timing?: Timing;
}

const thisMachine = '127.0.0.1';

/** Where it will listen. */
export const hostOf = (wanted: string, isLoginNeeded: boolean): string => (isLoginNeeded || isLoopback(wanted) ? wanted : thisMachine);

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

export function createWebServer(options: WebServerOptions): WebServerPort {
  const { store, log, port, loginsFile } = options;
  const sessions = createSessions();
  const attempts = createAttempts();
  const book = createLoginBook(loginsFile, (error) => log.error({ err: error }, 'the logins cannot be read: nobody can log in'));
  return {
    open: async (desk: OperatorDesk): Promise<OpenWebServer> => {
      const isNeeded = book.isNeeded();
      const host = hostOf(options.host, isNeeded);
      // Only who opens it carries it: the libraries are 15 MB of memory.
      const { buildApp } = await import('./app.ts');
      const app = await buildApp({ desk, store, book, sessions, attempts, log, settings: options }, options.timing);
      try {
        await app.listen({ host, port });
      } catch (error) {
        await app.close();
        throw new Error(refusedLine(error, host, port), { cause: error });
      }
      return { url: urlOf(app, host), notice: noticeOf({ isNeeded, asked: options.host, host, loginsFile }), close: () => app.close() };
    },
  };
}

function refusedLine(error: unknown, host: string, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? 'something else listens there; HOMELAB_HTTP_PORT chooses another port'
      : code === 'EADDRNOTAVAIL'
        ? 'this machine has no such address (HOMELAB_HTTP_HOST)'
        : message;
  return `cannot listen on ${host}:${port}: ${why}`;
}

function urlOf(app: App, host: string): string {
  const address = app.server.address();
  return `http://${host.includes(':') ? `[${host}]` : host}:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
}

interface Facts {
  readonly isNeeded: boolean;
  readonly asked: string;
  readonly host: string;
  readonly loginsFile: string;
}

function noticeOf({ isNeeded, asked, host, loginsFile }: Facts): string | null {
  if (isNeeded) return isLoopback(host) ? 'this machine only' : null;
  const instead = asked === host ? '' : ` instead of ${asked}`;
  return `this machine only${instead}: no login is configured in ${loginsFile}; make one with "homelab creds add", then start again`;
}
