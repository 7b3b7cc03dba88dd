/**
 * Where the embedded broker listens: TCP, and if asked TLS and WebSocket, each connection handed to broker-door.ts.
 *
 * Fails with BrokerPortTakenError or BrokerTlsError; then nothing listens. Small packets are never held back (Nagle's
 * algorithm costs 44 ms per round trip), and half-open connections are found by TCP.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Connection } from './broker-door.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { Log } from './log.ts';

export interface TlsListenerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** PEM, with the intermediate certificates behind it. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Absent: where it listens without TLS. */
  readonly host?: string | undefined;
  /** WebSocket with TLS. 0: any free one; absent: none. */
  readonly webSocketPort?: number | undefined;
}

export interface ListenerOptions {
  readonly host: string;
  /** Without TLS. 0: any free one; null: none. */
  readonly port: number | null;
  readonly tls?: TlsListenerOptions | undefined;
  /** MQTT in WebSocket frames (subprotocol `mqtt`), for browsers; without TLS. */
  readonly webSocketPort?: number | undefined;
}

export interface Listeners {
  /** null: not asked for. */
  readonly port: number | null;
  readonly tlsPort: number | null;
  readonly webSocketPort: number | null;
  readonly tlsWebSocketPort: number | null;
  /** Connections that exist stay. */
  close(): Promise<void>;
}

export class BrokerPortTakenError extends Error {
  override readonly name = 'BrokerPortTakenError';
  readonly port: number;
  /** Without advice, for callers that know better ones. */
  readonly summary: string;
  constructor(host: string, port: number, cause: unknown) {
    super(`port ${port} on ${host} is taken: use the broker that listens there (mqtt://${host}:${port}), stop that program, or choose another port`, { cause });
    this.port = port;
    this.summary = `port ${port} on ${host} is taken`;
  }
}

export class BrokerTlsError extends Error {
  override readonly name = 'BrokerTlsError';
  constructor(cause: unknown) {
    super(`the certificate and key do not make a TLS listener: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Finds half-open connections of clients that asked for no keepalive, which may not be refused (3.1.2.10). */
const tcpKeepAliveMs = 60_000;

/** Connections waiting to be accepted: a site's actors all return at once after a restart. 511 is what Node asks for by default; Linux allows 4,096. */
const backlog = 1_024;

/** From the first byte to the end of the TLS or WebSocket handshake: two to three round trips, LTE at its worst about 2 s each. */
const handshakeWithinMs = 8_000;

const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };

export async function openListeners(options: ListenerOptions, limits: BrokerLimits, log: Log, accept: (connection: Connection) => void): Promise<Listeners> {
  const open: Server[] = [];
  const listen = async (server: Server, port: number, host = options.host): Promise<number> => {
    // What has not finished its handshake does not count at the door yet.
    server.maxConnections = limits.connectionsMax * 2;
    const chosen = await listenOn(server, host, port);
    open.push(server);
    return chosen;
  };
  const close = async (): Promise<void> => {
    await Promise.all(
      open.map((server) => {
        const closed = once(server, 'close');
        server.close();
        return closed;
      }),
    );
  };
  try {
    const port =
      options.port === null
        ? null
        : await listen(
            createServer(socketOptions, (socket) => accept(overSocket(socket))),
            options.port,
          );
    const { tls, webSocketPort: plain } = options;
    const tlsPort = tls === undefined ? null : await listen(tlsServer(tls, log, accept), tls.port, tls.host);
    const webSocketPort = plain === undefined ? null : await listen(webSocketServer(null, limits, log, accept), plain);
    const tlsWebSocketPort = tls?.webSocketPort === undefined ? null : await listen(webSocketServer(tls, limits, log, accept), tls.webSocketPort, tls.host);
    return { port, tlsPort, webSocketPort, tlsWebSocketPort, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function tlsServer(tls: TlsListenerOptions, log: Log, accept: (connection: Connection) => void): Server {
  try {
    const server = createTlsServer({ ...socketOptions, cert: tls.cert, key: tls.key, handshakeTimeout: handshakeWithinMs }, (socket) =>
      accept(overSocket(socket)),
    );
    server.on('tlsClientError', (error) => {
      log.debug({ err: error }, 'a TLS handshake with the embedded broker failed');
    });
    return server;
  } catch (error) {
    throw new BrokerTlsError(error);
  }
}

const noWebPage: RequestListener = (_request, response) => {
  response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' }).end('This is an MQTT broker over WebSocket, not a web page.\n');
};

function httpServer(tls: TlsListenerOptions | null, log: Log): HttpServer | HttpsServer {
  const patience = { ...socketOptions, headersTimeout: handshakeWithinMs, requestTimeout: handshakeWithinMs };
  if (tls === null) return createHttpServer(patience, noWebPage);
  try {
    const server = createHttpsServer({ ...patience, cert: tls.cert, key: tls.key, handshakeTimeout: handshakeWithinMs }, noWebPage);
    server.on('tlsClientError', (error) => {
      log.debug({ err: error }, 'a TLS handshake with the embedded broker failed');
    });
    return server;
  } catch (error) {
    throw new BrokerTlsError(error);
  }
}

/** `tls` null: without. */
function webSocketServer(tls: TlsListenerOptions | null, limits: BrokerLimits, log: Log, accept: (connection: Connection) => void): Server {
  const server = httpServer(tls, log);
  const webSockets = new WebSocketServer({
    server,
    // A frame may hold one large packet or several small ones; the packets are measured by themselves (broker-intake.ts).
    maxPayload: limits.packetBytesMax * 2,
    perMessageDeflate: false,
    // Clients of MQTT 3.1 ask for `mqttv3.1`.
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false),
  });
  webSockets.on('connection', (webSocket, request) => {
    const { socket } = request;
    accept({ ...overSocket(socket), stream: createWebSocketStream(webSocket) });
  });
  webSockets.on('wsClientError', (error) => {
    log.debug({ err: error }, 'a WebSocket handshake with the embedded broker failed');
  });
  return server;
}

const overSocket = (socket: Socket): Connection & { readonly stream: Socket } => {
  const remote = `${socket.remoteAddress}:${socket.remotePort}`;
  return { stream: socket, address: socket.remoteAddress ?? 'unknown', remote, bytes: () => ({ received: socket.bytesRead, sent: socket.bytesWritten }) };
};

async function listenOn(server: Server, host: string, port: number): Promise<number> {
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
