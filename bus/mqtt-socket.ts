/** From a broker URL to a socket with TCP_NODELAY: with Nagle's algorithm on either end a QoS 1 round trip takes 88 ms on loopback. */
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';

/** What `mqtts://` may need beyond the system's certificates. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

export interface BrokerAddress {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** Without credentials, for people and logs. */
  readonly description: string;
}

/** The ports that IANA lists for MQTT without and with TLS. */
const defaultPorts: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

/** Throws with what was expected; the message never repeats credentials. */
export function parseBrokerUrl(text: string): BrokerAddress {
  const shown = text.replace(/\/\/[^/]*@/, '//***@');
  if (!URL.canParse(text)) throw new Error(`not a broker URL: ${JSON.stringify(shown)}; expected mqtt://host:port`);
  const url = new URL(text);
  const defaultPort = defaultPorts[url.protocol];
  if (defaultPort === undefined) throw new Error(`a broker URL begins with mqtt:// or mqtts://, not ${url.protocol}// (${shown})`);
  if (url.hostname === '') throw new Error(`a broker URL names a host: ${shown}`);
  const port = url.port === '' ? defaultPort : Number(url.port);
  return {
    secure: url.protocol === 'mqtts:',
    // An IPv6 address stands in brackets in a URL and without them everywhere else.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    description: `${url.protocol}//${url.hostname}:${port}`,
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}

/** Starts connecting; errors and the end come as the socket's events. */
export function openSocket(broker: BrokerAddress, tls: TlsOptions = {}): Socket {
  const { host, port } = broker;
  const socket = broker.secure
    ? tlsConnect({ ...tls, host, port, ...(isIP(host) === 0 ? { servername: tls.servername ?? host } : {}) })
    : netConnect({ host, port });
  socket.setNoDelay(true);
  return socket;
}
