/** aedes as it comes, over TCP, to show beside it what the embedded broker cures. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Aedes, type AedesOptions } from 'aedes';

export interface PlainAedes {
  readonly port: number;
  readonly aedes: Aedes;
  close(): Promise<void>;
}

export async function startPlainAedes(options: AedesOptions = {}): Promise<PlainAedes> {
  const aedes = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    aedes,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
      await new Promise<void>((resolve) => {
        aedes.close(() => resolve());
      });
    },
  };
}
