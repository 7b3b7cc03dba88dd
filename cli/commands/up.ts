/** `homelab up`: every actor for this machine in one process, on a broker of its own unless one is given. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BrokerPortTakenError, startBroker } from '../../bus/broker.ts';
import { topics } from '../../contracts/topics.ts';
import { actorNames } from '../compose.ts';
import { processLog, runActors } from '../runtime.ts';
import { type Settings, UsageError } from '../settings.ts';

export async function up(settings: Settings): Promise<number> {
  const log = processLog(settings);
  const broker = settings.brokerUrls === null ? await embeddedBroker(settings, log) : null;
  const brokerUrls = settings.brokerUrls ?? [`mqtt://127.0.0.1:${broker?.port ?? settings.brokerPort}`];
  process.stdout.write(`${welcome(settings, broker === null ? brokerUrls.map(withoutCredentials).join(', ') : `${brokerUrls[0]} (its own)`)}\n`);
  try {
    return await runActors({ settings, names: actorNames, brokerUrls, anonymousAllowed: broker !== null, log });
  } finally {
    await broker?.close();
  }
}

async function embeddedBroker(settings: Settings, log: ReturnType<typeof processLog>): Promise<{ readonly port: number; close(): Promise<void> }> {
  try {
    return await startBroker({
      host: '127.0.0.1',
      port: settings.brokerPort,
      dataDir: join(settings.dataRoot, 'broker'),
      neverRetained: requestPrefixes(settings.topicRoot),
      log,
    });
  } catch (error) {
    if (error instanceof BrokerPortTakenError) {
      throw new UsageError(
        `${error.message} If that is a broker of yours, use it: HOMELAB_BROKER_URL=mqtt://127.0.0.1:${settings.brokerPort} homelab up. Otherwise choose another port: HOMELAB_BROKER_PORT=1884 homelab up.`,
      );
    }
    throw error;
  }
}

function welcome(settings: Settings, broker: string): string {
  const engine = existsSync(settings.dockerSocket)
    ? `container engine at ${settings.dockerSocket}`
    : `no container engine at ${settings.dockerSocket}: start Docker, or set DOCKER_HOST; looking for one all the time`;
  return [
    `homelab: watching node ${settings.node} (site ${settings.site})`,
    `  broker   ${broker}`,
    `  engine   ${engine}`,
    `  data     ${settings.dataRoot}`,
    '  In another terminal: homelab status · homelab watch · homelab actions · homelab approve next',
    '  Nothing is ever repaired without your yes.',
  ].join('\n');
}

const withoutCredentials = (url: string): string => url.replace(/\/\/[^@/]*@/, '//');

/** Nothing below these is ever retained: a request that the broker would repeat for ever must not come to be. */
const requestPrefixes = (root: string): readonly string[] =>
  [topics.request, topics.maintenanceRequest].map(({ pattern }) => `${root}/${pattern.split('/')[0]}`);
