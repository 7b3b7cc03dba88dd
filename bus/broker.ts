/**
 * The embedded broker: aedes over TCP, for a machine that has no broker of its own.
 *
 * Reads and writes its data directory, if it has one (broker-store.ts says what survives what). Remembers retained
 * messages, persistent sessions with what is queued for them, and wills. Fails with BrokerPortTakenError or
 * BrokerStoreLockedError; damaged data is set aside. aedes 1.2 loses, reorders and acknowledges too early: the cures
 * are in broker-order.ts, broker-gate.ts and broker-store.ts, the proof in test/integration/bus-conformance.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions } from 'aedes';
import type { BrokerClient, BrokerInternals } from './broker-aedes.ts';
import { Gates } from './broker-gate.ts';
import { PublishOrder } from './broker-order.ts';
import { type BrokerStore, openBrokerStore } from './broker-store.ts';
import type { Log } from './log.ts';

export interface BrokerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** null: everything in memory. */
  readonly dataDir: string | null;
  /** Topic prefixes (with root, without a trailing slash) under which nothing is ever retained: the flag is taken off. */
  readonly neverRetained?: readonly string[];
  readonly log: Log;
}

export interface Broker {
  readonly port: number;
  /** Disconnects everyone, without wills, and closes the store. */
  close(): Promise<void>;
}

export class BrokerPortTakenError extends Error {
  override readonly name = 'BrokerPortTakenError';
  readonly port: number;
  constructor(host: string, port: number, cause: unknown) {
    super(`port ${port} on ${host} is taken: use the broker that listens there (mqtt://${host}:${port}), stop that program, or choose another port`, { cause });
    this.port = port;
  }
}

/** Largest packet taken, bytes. 2 MiB: zigbee2mqtt's largest documents are some 500 kB; aedes has no limit, even before the CONNECT. */
const packetBytesMax = 2 * 1024 * 1024;

/** A connection that says nothing. 5 s: a CONNECT takes one round trip, LTE at its worst about 2 s. */
const connectTimeoutMs = 5_000;

/** A client that takes nothing at all for so long is gone. 30 s: nobody waits for it meanwhile (broker-gate.ts), and a slow link may empty its buffer rarely. */
const drainTimeoutMs = 30_000;

/** Wills of clients that did not survive a crash of the broker are published four of these after its restart (aedes.js): 60 s, longer than clients take to come back. */
const heartbeatIntervalMs = 15_000;

/** Finds half-open connections of clients that asked for no keepalive, which may not be refused (3.1.2.10). */
const tcpKeepAliveMs = 60_000;

/** Connections waiting to be accepted: a site's actors all return at once after a restart. 511 is what Node asks for by default; Linux allows 4,096. */
const backlog = 1_024;

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const sockets = new Set<Socket>();
  let serve: ((socket: Socket) => void) | null = null;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', (error) => {
      options.log.debug({ err: error }, 'a connection to the embedded broker failed');
    });
    serve?.(socket);
  });
  // The port first: who starts twice hears of the port, not of a locked directory.
  const port = await listen(server, options);
  const stopListening = (): Promise<unknown> => {
    const closed = once(server, 'close');
    server.close();
    return closed;
  };
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  try {
    const { handle, close } = await createAedes(options);
    serve = handle;
    for (const socket of sockets) handle(socket);
    options.log.info({ host: options.host, port, data_dir: options.dataDir }, 'the embedded broker listens');
    return {
      port,
      close: async () => {
        const closed = stopListening();
        await close();
        hangUp();
        await closed;
      },
    };
  } catch (error) {
    const closed = stopListening();
    hangUp();
    await closed;
    throw error;
  }
}

async function listen(server: Server, { host, port }: BrokerOptions): Promise<number> {
  server.listen({ host, port, backlog });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new BrokerPortTakenError(host, port, error);
    throw error;
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function createAedes(options: BrokerOptions): Promise<{ readonly handle: (socket: Socket) => void; readonly close: () => Promise<void> }> {
  const { log } = options;
  const gates = new Gates(log);
  const store = await openBrokerStore(options.dataDir, gates, log);
  const aedes = new Aedes(aedesOptions(options, store, gates));
  const broker = aedes as unknown as BrokerInternals;
  const order = new PublishOrder(broker, log);
  broker.authorizePublish = admission(options, order);
  gates.attach(broker);
  broker.on('error', (error: Error) => {
    log.error({ err: error }, 'the embedded broker failed');
  });
  broker.on('clientError', (client: BrokerClient, error: Error) => {
    log.debug({ err: error, client: client.id }, 'a client of the embedded broker was disconnected');
  });
  await aedes.listen();
  return {
    handle: (socket) => {
      limitPacketSize(broker.handle(socket));
    },
    close: async () => {
      // The broker goes, not its clients: as with mosquitto, nobody is declared dead for it.
      for (const client of Object.values(broker.clients)) client.will = null;
      await new Promise<void>((resolve) => {
        broker.close(resolve);
      });
      await order.idle();
      await store.close();
    },
  };
}

/** What happens to a publish before it is acknowledged. Never an error: it would close the connection, and the client would send the message again for ever. */
function admission({ log, neverRetained }: BrokerOptions, order: PublishOrder): BrokerInternals['authorizePublish'] {
  const reported = new Set<string>();
  return (client, packet, done) => {
    if (packet.topic.startsWith('$SYS/')) {
      reportOnce(reported, `${client?.id} ${packet.topic}`, () => {
        log.warn({ client: client?.id, topic: packet.topic }, 'dropping a publish to a topic of the broker itself');
      });
      order.drop(packet);
      done();
      return;
    }
    // An empty one clears; that stays possible.
    if (packet.retain && packet.payload.length > 0 && isUnder(packet.topic, neverRetained)) packet.retain = false;
    // Wills have no message id, and nobody waits for their PUBACK.
    if (client !== null && packet.qos === 1 && packet.messageId !== undefined) order.publishEarly(packet, client, done);
    else done();
  };
}

function aedesOptions(options: BrokerOptions, store: BrokerStore, gates: Gates): AedesOptions {
  return {
    id: store.brokerId,
    persistence: store.persistence,
    // Unlimited: deliveries never hold the emitter up (broker-gate.ts), and with a limit one stalled client stops everyone.
    concurrency: 0,
    connectTimeout: connectTimeoutMs,
    drainTimeout: drainTimeoutMs,
    heartbeatInterval: heartbeatIntervalMs,
    // None: aedes refuses clients without keepalive then, with a return code that 3.1.1 does not have.
    keepaliveLimit: 0,
    preConnect: (client, _packet, done) => {
      gates.add(client as unknown as BrokerClient, store.brokerId);
      done(null, true);
    },
    authorizeSubscribe: (client, subscription, done) => {
      // aedes grants shared subscriptions and then never delivers: better an honest refusal.
      const shared = subscription.topic.startsWith('$share/');
      if (shared) options.log.warn({ client: client.id, filter: subscription.topic }, 'refusing a shared subscription');
      done(null, shared ? null : subscription);
    },
  };
}

const isUnder = (topic: string, prefixes: readonly string[] = []): boolean => prefixes.some((prefix) => topic === prefix || topic.startsWith(`${prefix}/`));

/** Reports remembered at most; a client that invents topics must not fill the memory with them. */
const reportsMax = 1_000;

function reportOnce(reported: Set<string>, key: string, report: () => void): void {
  if (reported.has(key) || reported.size >= reportsMax) return;
  reported.add(key);
  report();
}

/** Closes the connection as soon as a header announces too much, before it is collected. */
function limitPacketSize(client: BrokerClient): void {
  const parser = client._parser;
  const parseLength = parser._parseLength.bind(parser);
  parser._parseLength = () => {
    const complete = parseLength();
    if (parser.packet.length <= packetBytesMax) return complete;
    parser.emit('error', new Error(`a packet of ${parser.packet.length} bytes is above the limit of ${packetBytesMax}`));
    return false;
  };
}
