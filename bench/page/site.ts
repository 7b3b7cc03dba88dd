/** What the figure `page` looks at: the built-in broker, a homelab of 500 services on it, and the operator-ui alone in its process. All end with the session. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../test/kit/mosquitto.ts';
import { waitFor } from '../../test/kit/wait.ts';
import { type Started, startActors, startBroker } from '../processes.ts';
import type { PagePublisherAnswer, PagePublisherOrder } from '../programs/page-publisher.ts';
import type { Session } from '../session.ts';

/** From the issue. */
export const servicesCount = 500;
const root = 'bench-page';
/** Starting and reading takes a second; a loaded machine gets a minute. */
const readyDeadlineMs = 60_000;

/** Which service update `at` is about: one of 470 in ten nodes; an even one makes it worse, the next one well again. */
export const flipOf = (at: number): { readonly node: string; readonly service: string; readonly isWell: boolean } => {
  const pair = Math.floor(at / 2);
  const [node, service] = [pair % 10, Math.floor(pair / 10) % 47];
  return { node: `rack-${node}`, service: `app-${String(node * 100 + service).padStart(4, '0')}`, isWell: at % 2 === 1 };
};

export interface PageSite {
  /** Of the page, with its slash. */
  readonly url: string;
  readonly server: Started;
  /** Resolves with when it was published, by the clock of the machine. */
  readonly flip: (at: number) => Promise<number>;
  /** Says again what the page would take for stale after 90 s: there is no observer here. */
  readonly refresh: () => Promise<unknown>;
}

export async function startPageSite(session: Session): Promise<PageSite> {
  session.buildHomelab();
  const [brokerPort, httpPort] = [await freePort(), await freePort()];
  const broker = `mqtt://127.0.0.1:${brokerPort}`;
  await startBroker(session, { port: brokerPort, directory: session.temporaryDirectory() });
  const publisher = await startPublisher(session, broker);
  const env = { HOMELAB_ROOT: session.temporaryDirectory(), HOMELAB_BROKER_URL: broker, HOMELAB_TOPIC_ROOT: root, NODE_NAME: 'vps' };
  const server = await startActors(session, { names: ['operator-ui'], env: { ...env, HOMELAB_HTTP_PORT: String(httpPort) } });
  const url = `http://127.0.0.1:${httpPort}/`;
  await waitFor(
    'the server to have read everything',
    async () => {
      const services = (await (await fetch(`${url}services`)).json()) as readonly unknown[];
      return services.length === servicesCount;
    },
    { deadlineMs: readyDeadlineMs },
  );
  const order = async (what: PagePublisherOrder): Promise<number> => {
    const answered = once(publisher, 'message');
    publisher.send(what);
    const [{ atMs }] = (await answered) as [PagePublisherAnswer];
    return atMs;
  };
  return { url, server, flip: (at) => order({ flip: flipOf(at) }), refresh: () => order({ refresh: true }) };
}

async function startPublisher(session: Session, broker: string): Promise<ChildProcess> {
  const publisher = fork(session.program('page-publisher'), [broker, root, String(servicesCount)], { execArgv: [] });
  session.defer(async () => {
    if (publisher.exitCode !== null || publisher.signalCode !== null) return;
    const ended = once(publisher, 'exit');
    publisher.kill('SIGKILL');
    await ended;
  });
  const ended = once(publisher, 'exit').then(() => {
    throw new Error('the publisher ended instead of getting ready');
  });
  ended.catch(() => undefined);
  await Promise.race([once(publisher, 'message'), ended]);
  return publisher;
}
