/**
 * The embedded broker: aedes over TCP, TLS and WebSocket, for a machine that has no broker of its own.
 *
 * Reads and writes its data directory, if it has one (broker-store.ts says what survives what). Remembers retained
 * messages, persistent sessions with what is queued for them, and wills. Fails with BrokerPortTakenError,
 * BrokerTlsError or BrokerStoreLockedError; damaged data is set aside. aedes 1.2 loses, reorders, acknowledges too
 * early and has no limits: each cure is a file beside this one, docs/broker.md lists them, and
 * test/integration/broker-beside-aedes and bus-conformance show that they hold.
 */
import type { Duplex } from 'node:stream';
import { Aedes, type AedesOptions } from 'aedes';
import type { BrokerLogins } from './broker-access.ts';
import { Admission } from './broker-admission.ts';
import type { BrokerClient, BrokerInternals, BrokerPacket } from './broker-aedes.ts';
import { newCounters, ReportOnce } from './broker-counters.ts';
import { type Connection, Door } from './broker-door.ts';
import { Gates } from './broker-gate.ts';
import { watchIntake } from './broker-intake.ts';
import { type BrokerLimits, defaultBrokerLimits } from './broker-limits.ts';
import { type ListenerOptions, openListeners } from './broker-listeners.ts';
import { PublishOrder } from './broker-order.ts';
import { RetainedMessages } from './broker-retained.ts';
import { createRetention } from './broker-retention.ts';
import { keepSessions } from './broker-session-keeper.ts';
import { Sessions } from './broker-sessions.ts';
import { type BrokerStore, openBrokerStore } from './broker-store.ts';
import { type BrokerFigures, readFigures, SysFigures } from './broker-sys.ts';
import { topicMatches } from './broker-topic-filter.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Log } from './log.ts';

export interface BrokerOptions extends ListenerOptions {
  /** null: everything in memory. */
  readonly dataDir: string | null;
  /** Topic prefixes of requests (with root, without a trailing slash): nothing there is ever retained, the flag is taken off; and no will is published there. */
  readonly requestPrefixes?: readonly string[];
  /** Filters (with root) of topics on which wills say that their clients are gone: those of clients without a login come out too when everybody is asked since. */
  readonly statusFilters?: readonly string[];
  /** With them a client needs one, and may do what is granted to it, from when they ask on; without, nobody is ever asked. */
  readonly logins?: BrokerLogins;
  /** Told of what is retained under this filter: at the start, and with each change; `payload` empty: it is cleared. */
  readonly watched?: { readonly filter: string; onRetained(topic: string, payload: Buffer): void };
  /** What differs from the defaults. */
  readonly limits?: Partial<BrokerLimits>;
  readonly clock?: Clock;
  /** Wills that were stored before a crash are published four of these after the start. Default 15 s: four are longer than clients take to come back. */
  readonly heartbeatMs?: number;
  /** For `$SYS/broker/version`. */
  readonly version?: string;
  readonly log: Log;
}

export interface Broker {
  /** 0: there is no such listener. */
  readonly port: number;
  readonly tlsPort: number | null;
  readonly webSocketPort: number | null;
  readonly tlsWebSocketPort: number | null;
  /** A connection that did not come through a listener. Whoever opens it closes both ends. */
  accept(stream: Duplex): void;
  /** What `$SYS/broker/#` says, and what was refused, dropped and ended. */
  figures(): BrokerFigures;
  /** Disconnects everyone, without wills, and closes the store. */
  close(): Promise<void>;
}

/** Wills of clients that did not survive a crash of the broker are published four of these after its restart (aedes.js): 60 s, longer than clients take to come back. */
const heartbeatIntervalMs = 15_000;

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const limits: BrokerLimits = { ...defaultBrokerLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  const counters = newCounters();
  const door = new Door({ limits, counters, clock, log: options.log });
  // The port first: who starts twice hears of the port, not of a locked directory.
  const listeners = await openListeners(options, limits, options.log, (connection) => {
    door.offer(connection);
  });
  const { port, tlsPort, webSocketPort, tlsWebSocketPort } = listeners;
  try {
    const aedes = await createAedes(options, { limits, clock, counters, door });
    door.open(aedes.handle);
    options.log.info(
      { host: options.host, port, tls_port: tlsPort, web_socket_port: webSocketPort, data_dir: options.dataDir, password: options.logins?.isAsking() ?? false },
      'the embedded broker listens',
    );
    return {
      port: port ?? 0,
      tlsPort,
      webSocketPort,
      tlsWebSocketPort,
      accept: (stream) => {
        door.offer({ stream, address: null, remote: 'this process', bytes: () => ({ received: 0, sent: 0 }) });
      },
      figures: aedes.figures,
      close: async () => {
        const closed = listeners.close();
        await aedes.close();
        door.close();
        await closed;
      },
    };
  } catch (error) {
    const closed = listeners.close();
    door.close();
    await closed;
    throw error;
  }
}

interface Surroundings {
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  readonly counters: ReturnType<typeof newCounters>;
  readonly door: Door;
}

interface RunningAedes {
  readonly handle: (connection: Connection) => void;
  readonly figures: () => BrokerFigures;
  readonly close: () => Promise<void>;
}

async function createAedes(options: BrokerOptions, { limits, clock, counters, door }: Surroundings): Promise<RunningAedes> {
  const { log } = options;
  const reports = new ReportOnce();
  const retained = new RetainedMessages(limits, counters);
  const sessions = new Sessions(limits, counters, log);
  const { logins = null, requestPrefixes = [], statusFilters = [], watched } = options;
  const onRetained = ({ topic, payload }: BrokerPacket): void => {
    if (watched !== undefined && topicMatches(watched.filter, topic)) watched.onRetained(topic, payload);
  };
  const admission = new Admission({ limits, counters, reports, log, requestPrefixes, statusFilters, logins, onRetained });
  const gates = new Gates({ limits, counters, log });
  const mayQueue = (clientId: string, topic: string): boolean => admission.mayQueue(clientId, topic);
  const store = await openBrokerStore(options.dataDir, { retained, sessions, gates, counters, refused: admission.refused, mayQueue, log }, clock.now());
  if (watched !== undefined) for (const packet of retained.matching(watched.filter)) onRetained(packet);
  const broker = new Aedes({
    ...aedesOptions(limits, store, gates, admission),
    heartbeatInterval: options.heartbeatMs ?? heartbeatIntervalMs,
  }) as unknown as BrokerInternals & { listen(): Promise<void> };
  const order = new PublishOrder(broker, createRetention(retained, store.writeRetained, log), log);
  admission.attach(broker, order);
  gates.attach(broker);
  const stopKeeping = keepSessions(broker, sessions, store, { clock, counters, log });
  broker.on('error', (error: Error) => {
    log.error({ err: error }, 'the embedded broker failed');
  });
  broker.on('connectionError', (_client: BrokerClient, error: Error) => {
    counters.protocolErrors += 1;
    log.debug({ err: error }, 'a connection to the embedded broker was closed before it had a client');
  });
  broker.on('clientError', (client: BrokerClient, error: Error) => {
    counters.protocolErrors += 1;
    log.debug({ err: error, client: client.id }, 'a client of the embedded broker was disconnected');
  });
  await broker.listen();
  const startedAtMs = clock.now();
  const sys = new SysFigures(broker, clock, () =>
    readFigures({ broker, sessions, retained, counters, door, version: options.version, uptimeMs: clock.now() - startedAtMs }),
  );
  sys.start();
  return {
    figures: () => sys.figures(),
    handle: ({ stream, address, remote }) => {
      const client = broker.handle(stream);
      admission.cameFrom(client, address);
      watchIntake(client, remote, { limits, counters, reports, log, drop: (packet) => order.drop(packet) });
    },
    close: async () => {
      sys.stop();
      stopKeeping();
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

function aedesOptions(limits: BrokerLimits, store: BrokerStore, gates: Gates, admission: Admission): AedesOptions {
  return {
    id: store.brokerId,
    persistence: store.persistence,
    // Unlimited: deliveries never hold the emitter up (broker-gate.ts), and with a limit one stalled client stops everyone.
    concurrency: 0,
    connectTimeout: limits.connectWithinMs,
    drainTimeout: limits.drainWithinMs,
    queueLimit: limits.packetsBeforeConnackMax,
    maxTopicLevels: limits.topicLevelsMax,
    maxInflightInbound: limits.inboundQos2Max,
    // None: aedes refuses clients without keepalive then, with a return code that 3.1.1 does not have.
    keepaliveLimit: 0,
    preConnect: (client, _packet, done) => {
      gates.add(client as unknown as BrokerClient, store.brokerId);
      done(null, true);
    },
    authenticate: (client, login, password, done) => {
      admission.mayConnect(client as unknown as BrokerClient, login, password).then(
        (returnCode) => {
          done(returnCode === null ? null : Object.assign(new Error(`refused with code ${returnCode}`), { returnCode }), returnCode === null);
        },
        (error: unknown) => {
          // 3: server unavailable, so that the client tries again.
          done(Object.assign(error instanceof Error ? error : new Error(String(error)), { returnCode: 3 }), false);
        },
      );
    },
    // Asked for everything that is sent: live, retained and queued, which is taken from the queue then.
    authorizeForward: (client, packet) => (admission.mayRead(client as unknown as BrokerClient, packet.topic) ? packet : null),
    authorizeSubscribe: (client, subscription, done) => {
      done(null, admission.maySubscribe(client as unknown as BrokerClient, subscription) ? subscription : null);
    },
  };
}
