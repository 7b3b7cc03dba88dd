/** `homelab broker`: only the broker that is built in, in the foreground, for the actors and people of other processes and machines. */
import { type BrokerCommandOptions, brokerListeners } from '../broker-options.ts';
import { needsLogin } from '../creds/needs-login.ts';
import { embeddedBroker, urlsOf } from '../embedded-broker.ts';
import { exitCodes } from '../output.ts';
import { processLog } from '../runtime.ts';
import type { Settings } from '../settings.ts';

export async function broker(settings: Settings, options: BrokerCommandOptions): Promise<number> {
  const listeners = brokerListeners(settings, options);
  const running = await embeddedBroker(settings, processLog(settings), { listeners, advice: `Another port: homelab broker --port ${listeners.port + 1}.` });
  const urls = urlsOf(running, listeners).join(', ');
  process.stdout.write(`homelab: broker at ${urls} (MQTT 3.1.1${needsLogin(settings) ? ', with passwords' : ''}); data in ${settings.dataRoot}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await running.close();
  return exitCodes.ok;
}
