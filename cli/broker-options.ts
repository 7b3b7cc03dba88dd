/**
 * Where the built-in broker listens, for every command that runs one (`broker`, `up`): one set of options, each with a variable
 * of the environment that it overrides, and one rule: no door to the network without passwords.
 */
import { readFileSync } from 'node:fs';
import type { BrokerOptions } from '../bus/broker.ts';
import type { ListenerOptions, TlsListenerOptions } from '../bus/broker-listeners.ts';
import { isLoopback } from '../contracts/loopback.ts';
import { allTopics, topics } from '../contracts/topics.ts';
import { needsLogin } from './creds/needs-login.ts';
import { type Settings, UsageError } from './settings.ts';

/** As the command line declares and describes them. */
export const brokerOptions = [
  ['--host <address>', 'the built-in broker listens there; anything but this machine needs logins (homelab creds)'],
  ['--port <port>', 'its port for MQTT over TCP'],
  ['--tls-cert <file>', 'certificate (PEM): listen with TLS too'],
  ['--tls-key <file>', 'its key (PEM)'],
  ['--tls-port <port>', 'port for MQTT over TLS'],
  ['--tls-host <address>', 'listen with TLS there, and in clear on --host'],
  ['--ws-port <port>', 'listen for MQTT over WebSocket too'],
  ['--wss-port <port>', 'listen for MQTT over WebSocket with TLS too'],
] as const;

/** What was said on the command line; what was not comes from the environment. */
export interface BrokerCommandOptions {
  readonly host?: string;
  readonly port?: string;
  readonly tlsPort?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsHost?: string;
  readonly wsPort?: string;
  readonly wssPort?: string;
}

export type BrokerListeners = ListenerOptions & { readonly port: number };

/** Throws a UsageError that names the option or variable. */
export function brokerListeners(settings: Settings, options: BrokerCommandOptions): BrokerListeners {
  const { brokerListen } = settings;
  const host = options.host ?? brokerListen.host;
  const tls = tlsListener(brokerListen, options);
  refuseOpen(settings, [host, ...(tls?.host === undefined ? [] : [tls.host])]);
  const webSocketPort = portOf('--ws-port', options.wsPort) ?? brokerListen.webSocketPort;
  return {
    host,
    port: portOf('--port', options.port) ?? settings.brokerPort,
    ...(tls === undefined ? {} : { tls }),
    ...(webSocketPort === null ? {} : { webSocketPort }),
  };
}

/** Throws a UsageError: no door to the network without passwords. */
export function refuseOpen(settings: Settings, hosts: readonly string[]): void {
  const open = hosts.find((each) => !isLoopback(each));
  if (open === undefined || needsLogin(settings)) return;
  throw new UsageError(
    `listening on ${open} without passwords would let everybody who reaches it approve repairs: make logins (homelab creds add), name a file of them (HOMELAB_CREDENTIALS), or listen on 127.0.0.1`,
  );
}

/** The options that were given, for a command that cannot use them. */
export const givenOf = (options: BrokerCommandOptions): readonly string[] => {
  const given: Readonly<Record<string, unknown>> = { ...options };
  return brokerOptions.map(([flags]) => flags.split(' ')[0] ?? '').filter((flag) => given[propertyOf(flag)] !== undefined);
};

/** As commander names it: `--tls-cert` is `tlsCert`. */
const propertyOf = (flag: string): string => flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** A host as a URL has it. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** undefined: no certificate is named. Throws a UsageError. */
export function tlsListener(brokerListen: Settings['brokerListen'], options: BrokerCommandOptions): TlsListenerOptions | undefined {
  const cert = options.tlsCert ?? brokerListen.tlsCert;
  const key = options.tlsKey ?? brokerListen.tlsKey;
  const host = options.tlsHost ?? brokerListen.tlsHost;
  const webSocketPort = portOf('--wss-port', options.wssPort) ?? brokerListen.tlsWebSocketPort;
  if (cert === undefined && key === undefined) {
    if (webSocketPort !== null) throw new UsageError('WebSocket with TLS (--wss-port, HOMELAB_BROKER_WSS_PORT) needs a certificate (--tls-cert) and its key');
    if (host !== undefined) throw new UsageError('--tls-host (HOMELAB_BROKER_TLS_HOST) needs a certificate (--tls-cert) and its key: nothing has TLS');
    return undefined;
  }
  if (cert === undefined || key === undefined) throw new UsageError('TLS needs both: the certificate (--tls-cert) and its key (--tls-key)');
  return {
    port: portOf('--tls-port', options.tlsPort) ?? brokerListen.tlsPort,
    cert: readPem(cert, 'HOMELAB_BROKER_TLS_CERT'),
    key: readPem(key, 'HOMELAB_BROKER_TLS_KEY'),
    ...(host === undefined ? {} : { host }),
    ...(webSocketPort === null ? {} : { webSocketPort }),
  };
}

function readPem(file: string, askedBy: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${askedBy}=${file}: expected a PEM file, ${error instanceof Error ? error.message : String(error)}`);
  }
}

function portOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new UsageError(`${name} ${JSON.stringify(text)}: expected a port, 0 to 65535 (0 = any free one)`);
}

/** What the broker knows of the topics: below which nothing is ever retained nor comes from a will (a request must come from who is there, once), and where wills say that their client is gone. */
export const brokerTopics = (root: string): Required<Pick<BrokerOptions, 'requestPrefixes' | 'statusFilters'>> => ({
  requestPrefixes: [topics.request, topics.maintenanceRequest].map(({ pattern }) => `${root}/${pattern.split('/')[0]}`),
  statusFilters: allTopics.filter(([, row]) => row.will === true).map(([, row]) => (row.foreign === true ? row.filter() : `${root}/${row.filter()}`)),
});
