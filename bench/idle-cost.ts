/**
 * Idle cost: processor seconds and bytes on the wire per hour of one idle node with 50 services (node-agent and executor in
 * one process), beside bare connections of the same number. Bytes are what passes a TCP proxy before the broker, both ways,
 * without the headers of TCP and IP.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Figure, Row } from './figure.ts';
import { processorSeconds, type Started, startActors, startBare } from './processes.ts';
import type { Session } from './session.ts';
import { digits, median, range } from './statistics.ts';

/** One heartbeat each: what happens less often than that is in some of the windows. */
const windowMs = 30_000;
const windows = 10;
/** Services settle in 10 s, and each has its document by then. */
const settleMs = 20_000;
const actors = ['node-agent', 'executor'];

export const idleCost: Figure = {
  name: 'idle-cost',
  needs: ['dockerd', 'mosquitto'],
  run: async (session): Promise<readonly Row[]> => {
    session.say(`idle cost, ${(windows * windowMs) / 1000} s`);
    session.buildHomelab();
    const engine = await session.engine();
    const mosquitto = await session.mosquitto();
    const [ourProxy, bareProxy] = [await CountingProxy.to(session, mosquitto.port), await CountingProxy.to(session, mosquitto.port)];
    const env = {
      ...engine.env,
      HOMELAB_ROOT: session.temporaryDirectory(),
      HOMELAB_BROKER_URL: ourProxy.url,
      HOMELAB_TOPIC_ROOT: 'bench-idle',
      NODE_NAME: 'bench',
    };
    const subjects = [
      { process: await startActors(session, { names: actors, env }), proxy: ourProxy },
      { process: await startBare(session, { url: bareProxy.url, socketPath: engine.socketPath, connections: actors.length }), proxy: bareProxy },
    ] as const;
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const [ours, bare] = await Promise.all(subjects.map((subject) => perHour(subject)));
    if (ours === undefined || bare === undefined) throw new Error('nothing was measured');
    return [row('idle cost, processor', 's/h', ours.seconds, bare.seconds), row('idle cost, wire', 'kB/h', ours.kilobytes, bare.kilobytes)];
  },
};

interface Hour {
  readonly seconds: readonly number[];
  readonly kilobytes: readonly number[];
}

/** Each window, as if it lasted an hour. */
async function perHour({ process, proxy }: { readonly process: Started; readonly proxy: CountingProxy }): Promise<Hour> {
  const seconds: number[] = [];
  const kilobytes: number[] = [];
  for (let at = 0; at < windows; at += 1) {
    const [secondsBefore, bytesBefore, beganMs] = [processorSeconds(process), proxy.bytes, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    const hours = (performance.now() - beganMs) / 3_600_000;
    seconds.push((processorSeconds(process) - secondsBefore) / hours);
    kilobytes.push((proxy.bytes - bytesBefore) / 1000 / hours);
  }
  return { seconds, kilobytes };
}

function row(figure: string, unit: string, ours: readonly number[], bare: readonly number[]): Row {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    figure: `${figure}, mean per hour`,
    ours: `${digits(mean(ours))} ${unit}`,
    reference: `${digits(mean(bare))} ${unit}`,
    ratio: digits(mean(ours) / mean(bare)),
    spread: `${range(ours)} ${unit} (median ${digits(median(ours))}), n=${ours.length}`,
    goal: '-',
    met: null,
  };
}

/** Counts every byte between its clients and the broker. */
class CountingProxy {
  bytes = 0;
  url = '';
  private readonly sockets = new Set<Socket>();

  static async to(session: Session, port: number): Promise<CountingProxy> {
    const proxy = new CountingProxy();
    const server = createServer({ noDelay: true }, (client) => {
      proxy.join(client, connect({ host: '127.0.0.1', port, noDelay: true }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy.url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    session.defer(() => {
      server.close();
      for (const socket of proxy.sockets) socket.destroy();
    });
    return proxy;
  }

  private join(client: Socket, broker: Socket): void {
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => {
        this.bytes += chunk.length;
        to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
