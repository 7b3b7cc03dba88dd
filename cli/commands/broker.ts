/** `homelab broker`: only the broker that is built in, in the foreground, for the actors and people of other processes and machines. */
import type { TlsListenerOptions } from '../../bus/broker-listeners.ts';
import { embeddedBroker, readPem } from '../embedded-broker.ts';
import { exitCodes } from '../output.ts';
import { processLog } from '../runtime.ts';
import { type Settings, UsageError } from '../settings.ts';

/** From the command line; what is not there comes from the environment. */
export interface BrokerCommandOptions {
  readonly host?: string;
  readonly port?: string;
  readonly tlsPort?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly wsPort?: string;
}

export async function broker(settings: Settings, options: BrokerCommandOptions): Promise<number> {
  const log = processLog(settings);
  const { brokerListen } = settings;
  const host = options.host ?? brokerListen.host;
  const port = portOf('--port', options.port) ?? settings.brokerPort;
  const hasPasswords = Object.keys(settings.passwords).length > 0;
  if (!isLoopback(host) && !hasPasswords) {
    throw new UsageError(
      `listening on ${host} without passwords would let everybody who reaches it approve repairs: name a file of logins (HOMELAB_CREDENTIALS), or listen on 127.0.0.1`,
    );
  }
  const tls = tlsOf(settings, options);
  const webSocketPort = portOf('--ws-port', options.wsPort) ?? brokerListen.webSocketPort;
  const running = await embeddedBroker(settings, log, `Another port: homelab broker --port ${port + 1}.`, {
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    ...(webSocketPort === null ? {} : { webSocketPort }),
    ...(hasPasswords ? { passwords: settings.passwords } : {}),
  });
  const shown = host.includes(':') ? `[${host}]` : host;
  const urls = [`mqtt://${shown}:${running.port}`];
  if (running.tlsPort !== null) urls.push(`mqtts://${shown}:${running.tlsPort}`);
  if (running.webSocketPort !== null) urls.push(`ws://${shown}:${running.webSocketPort}`);
  process.stdout.write(`homelab: broker at ${urls.join(', ')} (MQTT 3.1.1${hasPasswords ? ', with passwords' : ''}); data in ${settings.dataRoot}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await running.close();
  return exitCodes.ok;
}

function tlsOf({ brokerListen }: Settings, options: BrokerCommandOptions): TlsListenerOptions | undefined {
  const cert = options.tlsCert ?? brokerListen.tlsCert;
  const key = options.tlsKey ?? brokerListen.tlsKey;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError('TLS needs both: the certificate (--tls-cert) and its key (--tls-key)');
  return {
    port: portOf('--tls-port', options.tlsPort) ?? brokerListen.tlsPort,
    cert: readPem(cert, 'HOMELAB_BROKER_TLS_CERT'),
    key: readPem(key, 'HOMELAB_BROKER_TLS_KEY'),
  };
}

function portOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new UsageError(`${name} ${JSON.stringify(text)}: expected a port, 0 to 65535 (0 = any free one)`);
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
