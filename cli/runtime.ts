/** Runs a set of actors in this process until a signal, or until one gives up. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { systemClock } from '../bus/clock.ts';
import { armKillPoint } from '../bus/kill-point.ts';
import { createLog, type Log } from '../bus/log.ts';
import { RunningActor } from '../bus/run-actor.ts';
import { transportTo } from './broker-transport.ts';
import { compose } from './compose.ts';
import { exitCodes } from './output.ts';
import { type Settings, UsageError } from './settings.ts';
import { terminalDestination } from './terminal-log.ts';
import { version } from './version.ts';

/** After this the process ends whatever the actors still wait for; documents are rewritten at the next start. */
const stopWithinMs = 8_000;

export interface RuntimeOptions {
  readonly settings: Settings;
  readonly names: readonly string[];
  readonly brokerUrls: readonly string[];
  readonly anonymousAllowed: () => boolean;
  readonly log: Log;
}

/** Starts them, and resolves with the exit code when they have ended. */
export async function runActors(options: RuntimeOptions): Promise<number> {
  const { settings, log } = options;
  if (settings.killAt !== undefined) armKillPoint(settings.killAt);
  const modules = await compose(options);
  makeDataRoot(settings);
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => (finish = resolve));
  const actors = modules.map(
    (module) =>
      new RunningActor({
        module,
        node: settings.node,
        site: settings.site,
        root: settings.topicRoot,
        transport: transportTo(settings, options.brokerUrls, log),
        ...passwordOf(settings, `${module.name}-${settings.node}`),
        dataRoot: settings.dataRoot,
        clock: systemClock,
        log,
        random: Math.random,
        version,
        onGaveUp: (error) => {
          log.fatal({ err: error, actor: module.name }, 'actor gave up; the process ends');
          finish(exitCodes.trouble);
        },
      }),
  );
  for (const actor of actors) {
    try {
      actor.start();
    } catch (error) {
      await stopAll(actors.slice(0, actors.indexOf(actor)));
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping');
    finish(exitCodes.ok);
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  const code = await finished;
  await stopAll(actors);
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  return code;
}

/** Throws a UsageError that says what to do where the data directory cannot be made or written. */
export function makeDataRoot({ dataRoot }: Pick<Settings, 'dataRoot'>): void {
  try {
    mkdirSync(dataRoot, { recursive: true });
    accessSync(dataRoot, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(
      `data directory ${dataRoot} cannot be used: ${error instanceof Error ? error.message : String(error)}. Set HOMELAB_ROOT to one that this user can write.`,
    );
  }
}

async function stopAll(actors: readonly RunningActor[]): Promise<void> {
  const late = new Promise<void>((resolve) => {
    setTimeout(resolve, stopWithinMs).unref();
  });
  await Promise.race([Promise.all(actors.map((actor) => actor.stop())), late]);
}

function passwordOf(settings: Settings, login: string): { readonly password?: string } {
  const password = settings.passwords[login];
  return password === undefined ? {} : { password };
}

/** `namesNode`: actors of several nodes run in this process. */
export const processLog = ({ logLevel: level }: Settings, { namesNode = false }: { readonly namesNode?: boolean } = {}): Log =>
  createLog({ level, ...(process.stderr.isTTY ? { destination: terminalDestination({ level, namesNode }) } : {}) });
