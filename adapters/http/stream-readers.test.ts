/** Streams that are over, to clients that take nothing: their sockets and what waits in them are given back, by a real server. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../bus/log.ts';
import { waitFor } from '../../test/kit/wait.ts';
import { createReaders, type Reader, type Readers, streamsPerOwnerMax } from './stream-readers.ts';

const log = createLog({ level: 'silent' });
/** More than the system keeps for one connection within this machine. */
const farTooMuch = 'x'.repeat(16 * 1024 * 1024);
/** So little that a connection still counts as free when it waits. */
const little = 'x'.repeat(4 * 1024);

let server: Server;
let readers: Readers;
let opened: Reader[];
let isWelcome: boolean;
const sockets: Socket[] = [];

function start(slowClientMs: number): void {
  readers = createReaders({ log, keepAliveMs: 60_000, slowClientMs, aliveText: 'alive', onDrain: () => undefined });
}
beforeEach(async () => {
  opened = [];
  isWelcome = true;
  server = createServer((_request, response) => {
    response.writeHead(200);
    opened.push(readers.add({ response, owner: 'anna', isWelcome: () => isWelcome, cursor: 0 }));
  });
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  readers.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Asks for a stream, and never reads. */
async function open(): Promise<Reader> {
  const count = opened.length;
  const socket = createConnection({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: lab\r\n\r\n');
  return waitFor('the stream', () => opened[count]);
}
const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });

describe('a stream that is over, of a client that takes nothing', () => {
  it('gives its socket back at once when something waits already: nobody holds more than it may have', async () => {
    start(60_000);
    for (let n = 0; n < streamsPerOwnerMax + 3; n += 1) readers.write(await open(), farTooMuch);
    expect(readers.countOf('anna')).toBe(streamsPerOwnerMax);
    await waitFor('only those that count to be connected', async () => (await connections()) === streamsPerOwnerMax);
    isWelcome = false;
    readers.turnAway();
    await waitFor('nobody to be connected', async () => (await connections()) === 0);
  });

  it('gives its socket back after a while when its end is the first that it does not take', async () => {
    start(100);
    const reader = await open();
    // As full as it gets without anything being known of it.
    await waitFor('the connection to be full', async () => {
      for (let n = 0; n < 50 && reader.response.socket?.writableLength === 0; n += 1) {
        readers.write(reader, little);
        await new Promise(setImmediate);
      }
      return reader.response.socket?.writableLength !== 0;
    });
    expect([reader.stuck, await connections()]).toEqual([null, 1]);
    isWelcome = false;
    readers.turnAway();
    await waitFor('nobody to be connected', async () => (await connections()) === 0);
  });
});
