/** `homelab up`: every actor for this machine in one process, on a broker of its own unless one is given. Broker and demo are loaded when they are needed. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isLoopback } from '../../contracts/loopback.ts';
import { type BrokerCommandOptions, type BrokerListeners, brokerListeners, givenOf, urlHost } from '../broker-options.ts';
import { actorNames, actorsHere } from '../compose.ts';
import { needsLogin } from '../creds/needs-login.ts';
import { processLog, runActors } from '../runtime.ts';
import { brokerUrlsOf } from '../session.ts';
import { type Settings, UsageError } from '../settings.ts';
import { webLine } from '../web-line.ts';

export interface UpOptions extends BrokerCommandOptions {
  /** Simulated machines instead of this one. */
  readonly demo?: boolean;
}

export async function up(settings: Settings, options: UpOptions = {}): Promise<number> {
  if (options.demo === true) return upDemo(settings, options);
  return settings.brokerUrls === null ? upWithBroker(settings, options) : upOnBroker(settings, settings.brokerUrls, options);
}

/** On a broker of somebody else: the variables that say where an own one would listen mean nothing, but who writes options wants them. */
async function upOnBroker(settings: Settings, brokerUrls: readonly string[], options: UpOptions): Promise<number> {
  const given = givenOf(options);
  if (given.length > 0) {
    throw new UsageError(`${given.join(', ')}: HOMELAB_BROKER_URL names a broker, so no broker of its own is started; unset it, or leave the options out`);
  }
  process.stdout.write(`${welcome(settings, brokerUrls.map(withoutCredentials).join(', '))}\n`);
  return runActors({ settings, names: actorsHere(settings), brokerUrls, anonymousAllowed: () => false, log: processLog(settings) });
}

async function upWithBroker(given: Settings, options: UpOptions): Promise<number> {
  const { embeddedBroker, urlsOf } = await import('../embedded-broker.ts');
  const listeners = brokerListeners(given, options);
  const settings = withOwnLogins(given);
  const log = processLog(settings);
  const other = listeners.port === 1884 ? 1885 : 1884;
  const advice = `If it is a broker of yours, use it: HOMELAB_BROKER_URL=mqtt://127.0.0.1:${listeners.port} homelab up. Otherwise choose another port: HOMELAB_BROKER_PORT=${other} homelab up.`;
  const broker = await embeddedBroker(settings, log, { listeners, advice });
  const ownUrl = `mqtt://${urlHost(reachable(listeners))}:${broker.port}`;
  // Commands look there unless told otherwise.
  const elsewhere = brokerUrlsOf(settings).includes(ownUrl) ? [] : [`  First, in another terminal: export HOMELAB_BROKER_URL=${ownUrl}`];
  const shown = `${urlsOf(broker, listeners).join(', ')} (its own${needsLogin(settings) ? ', with passwords' : ''})`;
  process.stdout.write(`${welcome(settings, shown, elsewhere)}\n`);
  try {
    return await runActors({ settings, names: actorsHere(settings), brokerUrls: [ownUrl], anonymousAllowed: () => !broker.isAsking(), log });
  } finally {
    await broker.close();
  }
}

async function upDemo(given: Settings, options: UpOptions): Promise<number> {
  const [{ demoSettings, runDemo }, { embeddedBroker }] = await Promise.all([import('../demo/run-demo.ts'), import('../embedded-broker.ts')]);
  const settings = demoSettings(given);
  const log = processLog(settings, { namesNode: true });
  const listeners = brokerListeners(settings, options);
  if (!isLoopback(listeners.host))
    throw new UsageError(`a demo is for this machine only, its broker asks nobody for a password: not ${listeners.host}, but 127.0.0.1`);
  const open = { ...settings, passwords: {} };
  const advice = 'A demo always has a broker of its own; choose another port for it: HOMELAB_BROKER_PORT=1884 homelab up --demo.';
  const broker = await embeddedBroker(open, log, { listeners, advice, isOpen: true });
  try {
    return await runDemo({ settings: { ...open, brokerPort: listeners.port }, brokerUrl: `mqtt://${urlHost(listeners.host)}:${broker.port}`, log });
  } finally {
    await broker.close();
  }
}

/**
 * A file of logins need not name the actors of this process: those without a password get one that nobody else ever sees. Also while nobody is
 * asked: with it they stay when the first login appears.
 */
function withOwnLogins(settings: Settings): Settings {
  const minted = actorNames.map((name) => `${name}-${settings.node}`).filter((login) => !Object.hasOwn(settings.passwords, login));
  const own = Object.fromEntries(minted.map((login) => [login, randomUUID()]));
  return { ...settings, passwords: { ...own, ...settings.passwords }, mintedLogins: minted };
}

/** From this machine: whoever listens on all addresses listens on this one too. */
function reachable({ host }: BrokerListeners): string {
  if (isLoopback(host)) return host;
  return ({ '0.0.0.0': '127.0.0.1', '::': '::1' } as const)[host] ?? host;
}

function welcome(settings: Settings, broker: string, elsewhere: readonly string[] = []): string {
  const engine = existsSync(settings.dockerSocket)
    ? `container engine at ${settings.dockerSocket}`
    : `no container engine at ${settings.dockerSocket}: start Docker, or set DOCKER_HOST; looking for one all the time\n           to see it at work without one: homelab up --demo (a simulated homelab)`;
  return [
    `homelab: watching node ${settings.node} (site ${settings.site})`,
    `  broker   ${broker}`,
    webLine(settings),
    ...uplinkLines(settings),
    `  engine   ${engine}`,
    `  data     ${settings.dataRoot}`,
    ...elsewhere,
    '  In another terminal: homelab status · homelab watch · homelab actions · homelab approve next',
    '  Nothing is ever repaired without your yes.',
  ].join('\n');
}

/** Of an edge site. */
function uplinkLines({ stability: { upstreamUrl }, standbyPort }: Settings): readonly string[] {
  if (upstreamUrl === null) return [];
  const standby = standbyPort === null ? 'no standby: HOMELAB_STANDBY_PORT' : `standby on port ${standbyPort} while the site's broker is away`;
  return [`  uplink   ${withoutCredentials(upstreamUrl)} (${standby})`];
}

const withoutCredentials = (url: string): string => url.replace(/\/\/[^@/]*@/, '//');
