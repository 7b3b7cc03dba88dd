/** Runs inside a network namespace and makes sockets there for the process outside that started it: net-sockets.ts. */
import { createServer, type Server, Socket } from 'node:net';
import type { SocketReply, SocketRequest } from './net-sockets.ts';

function reply(message: SocketReply, handle?: Socket | Server, sent?: () => void): void {
  process.send?.(message, handle, undefined, sent);
}

function refuse(id: number, error: Error): void {
  reply({ id, error: { message: error.message, code: 'code' in error ? String(error.code) : '' } });
}

function connectFor({ id, host, port, timeoutMs }: SocketRequest & { readonly what: 'connect' }): void {
  const socket = new Socket();
  // Nothing may be read here: it would be missing there.
  socket.pause();
  const timer =
    timeoutMs === null
      ? undefined
      : setTimeout(() => socket.destroy(Object.assign(new Error(`no answer from ${host}:${port} within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })), timeoutMs);
  const failed = (error: Error): void => {
    clearTimeout(timer);
    refuse(id, error);
  };
  socket.once('error', failed);
  socket.connect(port, host, () => {
    clearTimeout(timer);
    socket.off('error', failed);
    reply({ id }, socket);
  });
}

function listenFor({ id, host, port }: SocketRequest): void {
  const server = createServer();
  const failed = (error: Error): void => {
    refuse(id, error);
  };
  server.once('error', failed);
  server.listen(port, host, () => {
    server.off('error', failed);
    reply({ id, step: 'passed' }, server, () => {
      server.close(() => {
        reply({ id, step: 'released' });
      });
    });
  });
}

process.on('message', (request: SocketRequest) => {
  if (request.what === 'connect') connectFor(request);
  else listenFor(request);
});
process.once('disconnect', () => {
  process.exit();
});
