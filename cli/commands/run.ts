/** `homelab run <actor…>`: some actors in a process of their own, on a broker that already runs. */
import { processLog, runActors } from '../runtime.ts';
import { defaultBrokerUrls } from '../session.ts';
import type { Settings } from '../settings.ts';

export function run(settings: Settings, names: readonly string[]): Promise<number> {
  return runActors({ settings, names, brokerUrls: settings.brokerUrls ?? defaultBrokerUrls, anonymousAllowed: false, log: processLog(settings) });
}
