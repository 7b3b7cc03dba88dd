/**
 * `homelab up --demo`: a homelab of simulated machines in one process, on the embedded broker, in a data directory of its own.
 *
 * The same actors, contracts and topics as everywhere; everything they publish is marked as simulated. Runs until a signal, or until
 * an actor gives up.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '../../bus/lock-file.ts';
import type { Log } from '../../bus/log.ts';
import { exitCodes } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';
import { webLine } from '../web-line.ts';
import { composeDemo } from './compose.ts';
import { listenForDeeds } from './control-socket.ts';
import { perform } from './deeds.ts';
import { demoLock, demoRoot } from './demo-root.ts';
import { type DemoHomelab, demoHomelab } from './homelab.ts';
import { DemoNode } from './node.ts';

/** The settings of a demo: everything but where it keeps things is as the operator says. */
export function demoSettings(settings: Settings): Settings {
  if (settings.brokerUrls !== null) {
    throw new UsageError(
      'a demo runs on a broker of its own, so that nothing simulated gets among what is real: unset HOMELAB_BROKER_URL (HOMELAB_BROKER_PORT chooses the port)',
    );
  }
  return { ...settings, dataRoot: demoRoot(settings) };
}

export interface RunDemoOptions {
  /** Those of `demoSettings`. */
  readonly settings: Settings;
  readonly brokerUrl: string;
  readonly log: Log;
}

/** Resolves with the exit code when it has ended. */
export async function runDemo(options: RunDemoOptions): Promise<number> {
  const { settings, brokerUrl, log } = options;
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => (finish = resolve));
  const onGaveUp = (error: Error): void => {
    log.fatal({ err: error }, 'actor gave up; the process ends');
    finish(exitCodes.trouble);
  };
  const homelab = await demoHomelab(settings);
  const nodes = composeDemo(homelab, settings, log).map(({ machine, modules }) => new DemoNode({ machine, modules, settings, brokerUrl, log, onGaveUp }));
  const unlock = lock(settings);
  let stopListening = (): void => undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping');
    finish(exitCodes.ok);
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  try {
    stopListening = await listenForDeeds(settings.dataRoot, (request) => perform({ nodes, unwatched: homelab.unwatched }, request));
    for (const node of nodes) node.start();
    process.stdout.write(`${welcome(options, homelab)}\n`);
    return await finished;
  } finally {
    stopListening();
    await Promise.all(nodes.map((node) => node.stop()));
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    unlock();
  }
}

function lock(settings: Settings): () => void {
  try {
    mkdirSync(settings.dataRoot, { recursive: true });
    return takeLock(demoLock(settings.dataRoot), 'a demo');
  } catch (error) {
    throw new UsageError(`data directory ${settings.dataRoot}: ${error instanceof Error ? error.message : String(error)}. HOMELAB_ROOT names another.`);
  }
}

function welcome({ settings, brokerUrl }: RunDemoOptions, { nodes, unwatched, source }: DemoHomelab): string {
  const services = nodes.flatMap((node) => node.services.map(({ name }) => ({ node: node.name, name })));
  // Commands look for the broker on 1883 unless told otherwise.
  const elsewhere = settings.brokerPort === 1883 ? [] : [`  First, in another terminal: export HOMELAB_BROKER_URL=${brokerUrl}`];
  // One that everybody knows, where there is one.
  const first = services.find(({ name }) => name === 'zigbee2mqtt') ?? services.at(-1);
  return [
    'homelab: SIMULATED. Nothing here is real: no container engine is used, no container is touched.',
    `  homelab  ${source}`,
    `  nodes    ${nodes.map(({ name }) => name).join(', ')} (${services.length} containers, all made up)`,
    ...(unwatched.length === 0 ? [] : [`  besides  ${unwatched.map(({ name }) => name).join(', ')}: declared, and not watched by anybody`]),
    `  broker   ${brokerUrl} (its own)`,
    webLine({ ...settings, loginsFile: join(settings.dataRoot, 'logins.yaml') }),
    `  data     ${settings.dataRoot}`,
    ...elsewhere,
    '  In another terminal: homelab status · homelab watch · homelab demo (lists what can be broken)',
    ...(first === undefined
      ? []
      : [`  A first walk:        homelab demo break ${first.node} ${first.name} · after 20 s: homelab actions · homelab approve next`]),
    '  Nothing is ever repaired without your yes.',
  ].join('\n');
}
