/** Where the page listens when the place that it was told cannot be had (yet), with the addresses of this machine alone. */
import { Agent, createServer as createHttpServer, get, type Server } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '../../bus/log.ts';
import { waitFor } from '../../test/kit/wait.ts';
import { Listening, type Place } from './listening.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Rig {
  readonly port: number;
  readonly server: Server;
  readonly places: Place[];
  readonly lines: string[];
  looks: number;
}

/** A server on 127.0.0.1 that is wanted elsewhere. */
async function start(wanted: string, retryEveryMs: number, before: (port: number) => Promise<unknown> = () => Promise.resolve()): Promise<Rig> {
  const server = createHttpServer((_request, response) => response.end('here'));
  await listen(server, '127.0.0.1', 0);
  const { port } = server.address() as AddressInfo;
  await before(port);
  const rig: Rig = { port, server, places: [], lines: [], looks: 0 };
  const log = createLog({ level: 'info', destination: { write: (line) => rig.lines.push(line) } });
  const listening = new Listening(
    {
      ...{ wanted, isNeeded: () => true, loginsFile: 'logins.yaml', log, onMoved: (place: Place) => rig.places.push(place) },
      ...{ onLook: () => (rig.looks += 1), pace: { lookEveryMs: 10, retryEveryMs } },
    },
    server,
    '127.0.0.1',
  );
  closers.push(async () => {
    await listening.stop();
    server.closeAllConnections();
    await closed(server);
  });
  return rig;
}
const listen = (server: NetServer, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
const closed = (server: NetServer): Promise<unknown> => new Promise((resolve) => server.close(resolve));

/** Over a connection that is kept; resolves with it. */
const ask = (agent: Agent, host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    get({ agent, host, port }, (response) => {
      const { socket } = response;
      response.resume();
      response.on('end', () => resolve(socket));
    }).on('error', reject);
  });

describe('a page that is wanted where it cannot be', () => {
  it.each([
    ['an address of another machine', '192.0.2.1'],
    ['a name that nobody can have', `${'x'.repeat(64)}.invalid`],
  ])('gives up nothing for it, not even an idle connection: %s', async (_what, wanted) => {
    const rig = await start(wanted, 20);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(() => agent.destroy());
    let endings = 0;
    rig.server.on('close', () => (endings += 1));
    const first = await ask(agent, '127.0.0.1', rig.port);
    const place = await waitFor('it to say so', () => rig.places.at(-1));
    expect(place.notice).toMatch(`this machine only instead of ${wanted}: cannot listen on ${wanted}: `);
    const looked = rig.looks;
    await waitFor('some more attempts', () => rig.looks > looked + 10);
    expect(await ask(agent, '127.0.0.1', rig.port)).toBe(first);
    expect([endings, rig.server.listening]).toEqual([0, true]);
    expect(rig.lines.filter((line) => line.includes('cannot listen there'))).toHaveLength(1);
  });

  it('tries seldom for a port that is taken: each attempt ends connections that are idle', async () => {
    const holder = createServer((socket) => socket.destroy());
    closers.push(() => closed(holder));
    const rig = await start('127.0.0.2', 60_000, (port) => listen(holder, '127.0.0.2', port));
    let endings = 0;
    rig.server.on('close', () => (endings += 1));
    await waitFor('it to say so', () => rig.places.at(-1)?.notice?.includes('EADDRINUSE'));
    const looked = rig.looks;
    await waitFor('some more looks', () => rig.looks > looked + 10);
    expect([endings, rig.server.listening]).toEqual([1, true]);
  });

  it('moves there when the port is free', async () => {
    const holder = createServer((socket) => socket.destroy());
    const rig = await start('127.0.0.2', 20, (port) => listen(holder, '127.0.0.2', port));
    await waitFor('it to say so', () => rig.places.at(-1)?.notice?.includes('EADDRINUSE'));
    await closed(holder);
    expect(await waitFor('it to move', () => rig.places.find(({ url }) => url.includes('127.0.0.2')))).toEqual({
      ...{ url: `http://127.0.0.2:${rig.port}`, notice: 'this machine only' },
    });
    const agent = new Agent();
    await ask(agent, '127.0.0.2', rig.port);
    await expect(ask(agent, '127.0.0.1', rig.port)).rejects.toThrow('ECONNREFUSED');
  });
});
