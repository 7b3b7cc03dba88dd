/**
 * Where the standby of the bridge listens: in clear as the built-in broker of this machine would, and with TLS where its certificate is
 * named. Where the site's own broker is reached with TLS, what is in clear stays on this machine, whatever the settings say. Reads nothing
 * but certificate and key; fails with a UsageError that names the variable.
 */
import type { ListenerOptions } from '../bus/broker-listeners.ts';
import { isLoopback } from '../contracts/loopback.ts';
import { refuseOpen, tlsListener, urlHost } from './broker-options.ts';
import type { Settings } from './settings.ts';

/** As clients of this machine reach it: whatever else is open, this is. */
const thisMachine = '127.0.0.1';

export interface StandbyListeners extends ListenerOptions {
  readonly port: number;
}

/** null: there is no standby. `siteUrl`: of the site's own broker. */
export function standbyListeners(settings: Settings, siteUrl: string): StandbyListeners | null {
  const { standbyPort: port, standbyTlsPort, brokerListen } = settings;
  if (port === null) return null;
  const host = isWithTls(siteUrl) && !isLoopback(brokerListen.host) ? thisMachine : brokerListen.host;
  const tls = tlsListener(brokerListen, {});
  const tlsHost = brokerListen.tlsHost ?? brokerListen.host;
  refuseOpen(settings, tls === undefined ? [host] : [host, tlsHost]);
  return { host, port, ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key, port: standbyTlsPort, host: tlsHost } }) };
}

/** As the bridge itself reaches it: on this machine, so in clear. */
export const standbyUrl = ({ host, port }: StandbyListeners): string => `mqtt://${urlHost(host)}:${port}`;

/** What is not as at the site's own broker, in one line, or null. `siteUrl` may hold a password, which is not said. */
export function standbyDoubt({ standbyPort, brokerListen }: Pick<Settings, 'standbyPort' | 'brokerListen'>, siteUrl: string): string | null {
  if (standbyPort === null) return null;
  if (!isWithTls(siteUrl) || brokerListen.tlsCert !== undefined) return null;
  return `the site's broker has TLS and its standby on port ${standbyPort} has no certificate (HOMELAB_BROKER_TLS_CERT): it opens for this machine only`;
}

const isWithTls = (url: string): boolean => /^(mqtts|wss):/.test(url);
