/** `homelab up`: every actor for this machine in one process, on a broker of its own unless one is given. */
import { existsSync } from 'node:fs';
import { actorNames } from '../compose.ts';
import { demoSettings, runDemo } from '../demo/run-demo.ts';
import { embeddedBroker } from '../embedded-broker.ts';
import { processLog, runActors } from '../runtime.ts';
import type { Settings } from '../settings.ts';

export interface UpOptions {
  /** Simulated machines instead of this one. */
  readonly demo?: boolean;
}

export async function up(settings: Settings, options: UpOptions = {}): Promise<number> {
  const log = processLog(settings);
  if (options.demo === true) return upDemo(demoSettings(settings), log);
  const advice = `If it is a broker of yours, use it: HOMELAB_BROKER_URL=mqtt://127.0.0.1:${settings.brokerPort} homelab up. Otherwise choose another port: HOMELAB_BROKER_PORT=1884 homelab up.`;
  const broker = settings.brokerUrls === null ? await embeddedBroker(settings, log, advice) : null;
  const brokerUrls = settings.brokerUrls ?? [`mqtt://127.0.0.1:${broker?.port ?? settings.brokerPort}`];
  process.stdout.write(`${welcome(settings, broker === null ? brokerUrls.map(withoutCredentials).join(', ') : `${brokerUrls[0]} (its own)`)}\n`);
  try {
    return await runActors({ settings, names: actorNames, brokerUrls, anonymousAllowed: broker !== null, log });
  } finally {
    await broker?.close();
  }
}

async function upDemo(settings: Settings, log: ReturnType<typeof processLog>): Promise<number> {
  const advice = 'A demo always has a broker of its own; choose another port for it: HOMELAB_BROKER_PORT=1884 homelab up --demo.';
  const broker = await embeddedBroker(settings, log, advice);
  try {
    return await runDemo({ settings, brokerUrl: `mqtt://127.0.0.1:${broker.port}`, log });
  } finally {
    await broker.close();
  }
}

function welcome(settings: Settings, broker: string): string {
  const engine = existsSync(settings.dockerSocket)
    ? `container engine at ${settings.dockerSocket}`
    : `no container engine at ${settings.dockerSocket}: start Docker, or set DOCKER_HOST; looking for one all the time\n           to see it at work without one: homelab up --demo (a simulated homelab)`;
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
