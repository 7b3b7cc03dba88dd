/**
 * The web server of the operator-ui: implements WebServerPort with Fastify, over the port's desk.
 *
 * Reads logins.yaml and the built page. Without a login it listens on this machine only, wherever it was told to, and there from the first
 * login on (listening.ts). Remembers who is logged in, in memory, also while the actor is restarted. Fails by rejecting, with a line that
 * names address and port.
 */
import type { EventStorePort, OpenWebServer, OperatorDesk, WebServerPort } from '../../actors/operator-ui/ports.ts';
import type { Log } from '../../bus/log.ts';
import { createAttempts } from '../../contracts/login-attempts.ts';
import { createLoginBook } from '../logins/login-book.ts';
import type { WebSettings } from './app-types.ts';
import { hostOf, Listening, type Place } from './listening.ts';
import { createSessions } from './sessions.ts';
import { createStreams, type Timing } from './stream.ts';

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

export function createWebServer(options: WebServerOptions): WebServerPort {
  const { store, log, port, loginsFile } = options;
  const sessions = createSessions();
  const attempts = createAttempts();
  const book = createLoginBook(loginsFile, (error) => log.error({ err: error }, 'the logins cannot be read: nobody can log in'));
  return {
    open: async (desk: OperatorDesk, onMoved: (place: Place) => void): Promise<OpenWebServer> => {
      const host = hostOf(options.host, book.isNeeded());
      // Only who opens it carries it: the libraries are 15 MB of memory.
      const { buildApp } = await import('./app.ts');
      const streams = createStreams(desk, log, options.timing);
      const app = await buildApp({ desk, store, book, sessions, attempts, log, settings: options }, streams);
      try {
        await app.listen({ host, port });
      } catch (error) {
        await app.close();
        throw new Error(refusedLine(error, host, port), { cause: error });
      }
      const listening = new Listening({ wanted: options.host, isNeeded: book.isNeeded, loginsFile, log, onLook: streams.turnAway, onMoved }, app.server, host);
      const close = async (): Promise<void> => {
        await listening.stop();
        await app.close();
      };
      return { ...listening.place, close };
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
