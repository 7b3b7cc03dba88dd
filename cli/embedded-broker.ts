/** Starts the broker that is built in, with the settings of this process; its failures become usage errors that say what to do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Broker, type BrokerOptions, startBroker } from '../bus/broker.ts';
import { BrokerPortTakenError, BrokerTlsError } from '../bus/broker-listeners.ts';
import { BrokerStoreLockedError } from '../bus/broker-store.ts';
import type { Log } from '../bus/log.ts';
import { topics } from '../contracts/topics.ts';
import { makeDataRoot } from './runtime.ts';
import { type Settings, UsageError } from './settings.ts';
import { version } from './version.ts';

/** Beyond 127.0.0.1 and its own port. */
export type BrokerExtras = Partial<Pick<BrokerOptions, 'host' | 'port' | 'tls' | 'webSocketPort' | 'passwords'>>;

/** `advice`: what to do where the port is taken. */
export async function embeddedBroker(settings: Settings, log: Log, advice: string, extras: BrokerExtras = {}): Promise<Broker> {
  makeDataRoot(settings);
  try {
    return await startBroker({
      host: '127.0.0.1',
      port: settings.brokerPort,
      dataDir: join(settings.dataRoot, 'broker'),
      neverRetained: requestPrefixes(settings.topicRoot),
      version,
      log,
      ...extras,
    });
  } catch (error) {
    if (error instanceof BrokerPortTakenError) throw new UsageError(`${error.summary}. ${advice}`);
    if (error instanceof BrokerTlsError || error instanceof BrokerStoreLockedError) throw new UsageError(error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') throw new UsageError(`the broker cannot start: ${message}`);
    throw error;
  }
}

/** A file of a TLS listener. Throws a UsageError that names what asked for it. */
export function readPem(file: string, askedBy: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${askedBy}=${file}: expected a PEM file, ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Nothing below these is ever retained: a request that the broker would repeat for ever must not come to be. */
const requestPrefixes = (root: string): readonly string[] =>
  [topics.request, topics.maintenanceRequest].map(({ pattern }) => `${root}/${pattern.split('/')[0]}`);
