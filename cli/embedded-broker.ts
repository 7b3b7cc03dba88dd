/** Starts the broker that is built in, with the settings of this process; its failures become usage errors that say what to do. */
import { join } from 'node:path';
import { type Broker, type BrokerOptions, startBroker } from '../bus/broker.ts';
import { BrokerPortTakenError, BrokerTlsError } from '../bus/broker-listeners.ts';
import { BrokerStoreLockedError } from '../bus/broker-store.ts';
import type { Log } from '../bus/log.ts';
import { type BrokerListeners, brokerTopics, urlHost } from './broker-options.ts';
import { type BrokerWithLogins, startWithLogins } from './creds/open-logins.ts';
import { makeDataRoot } from './runtime.ts';
import { type Settings, UsageError } from './settings.ts';
import { version } from './version.ts';

export interface EmbeddedBrokerOptions {
  readonly listeners: BrokerListeners;
  /** What to do where the port is taken. */
  readonly advice: string;
  /** Nobody is asked for a password, whatever logins there are; for a demo. */
  readonly isOpen?: boolean;
}

/** With the logins of this machine, as soon as there are any. */
export async function embeddedBroker(settings: Settings, log: Log, { listeners, advice, isOpen = false }: EmbeddedBrokerOptions): Promise<BrokerWithLogins> {
  makeDataRoot(settings);
  const options: BrokerOptions = {
    ...listeners,
    dataDir: join(settings.dataRoot, 'broker'),
    ...brokerTopics(settings.topicRoot),
    version,
    log,
  };
  try {
    return isOpen ? { ...(await startBroker(options)), isAsking: () => false } : await startWithLogins(settings, options);
  } catch (error) {
    if (error instanceof BrokerPortTakenError) throw new UsageError(`${error.summary}. ${advice}`);
    if (error instanceof BrokerTlsError || error instanceof BrokerStoreLockedError) throw new UsageError(error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') throw new UsageError(`the broker cannot start: ${message}`);
    throw error;
  }
}

/** Where it can be reached, TCP first. */
export function urlsOf({ port, tlsPort, webSocketPort, tlsWebSocketPort }: Broker, { host, tls }: Pick<BrokerListeners, 'host' | 'tls'>): readonly string[] {
  const shown = urlHost(host);
  const secured = urlHost(tls?.host ?? host);
  return [
    `mqtt://${shown}:${port}`,
    ...(tlsPort === null ? [] : [`mqtts://${secured}:${tlsPort}`]),
    ...(webSocketPort === null ? [] : [`ws://${shown}:${webSocketPort}`]),
    ...(tlsWebSocketPort === null ? [] : [`wss://${secured}:${tlsWebSocketPort}`]),
  ];
}
