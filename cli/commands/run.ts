/** `homelab run <actor…>`: some actors in a process of their own, on a broker that already runs. */
import { processLog, runActors } from '../runtime.ts';
import { brokerUrlsOf } from '../session.ts';
import type { Settings } from '../settings.ts';

export function run(settings: Settings, names: readonly string[]): Promise<number> {
  return runActors({ settings, names, brokerUrls: brokerUrlsOf(settings), anonymousAllowed: () => false, log: processLog(settings) });
}
