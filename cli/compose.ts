/**
 * The composition root: which actors there are, and which real ports each gets. Nothing else constructs them.
 * Each is imported when it is asked for, so that a node without an observer does not carry one.
 */
import { join } from 'node:path';
import type { createEngine } from '../adapters/docker/engine.ts';
import type { ActorModule } from '../bus/actor.ts';
import { systemClock } from '../bus/clock.ts';
import type { Log } from '../bus/log.ts';
import { type Settings, UsageError } from './settings.ts';
import { version } from './version.ts';

/** Pings and inspections answer in milliseconds; 4 s and a ping every 5 s say "hung" within 10 s. */
const engineDeadlineMs = 4_000;

export interface ComposeOptions {
  readonly settings: Settings;
  /** The actors this process runs. */
  readonly names: readonly string[];
  /** Only this machine can reach the broker, and it asks nobody for a login, so that a request without one may count. It may begin to ask at any time. */
  readonly anonymousAllowed: () => boolean;
  /** In the order in which they are tried. */
  readonly brokerUrls: readonly string[];
  readonly log: Log;
}

type Make = (options: ComposeOptions) => Promise<ActorModule>;

const makers = {
  inventory: async ({ settings, names }) => {
    const { createInventoryModule } = await import('../actors/inventory/actor.ts');
    const { createInventoryFiles } = await import('../adapters/files/inventory.ts');
    const options = { agents: expectedAgents(settings, names), site: settings.site, onlyIfOwnNode: !settings.isInventoryNamed };
    return createInventoryModule(options, createInventoryFiles({ directory: settings.inventoryDir, ownAccessFile: settings.ownAccessFile }));
  },
  'node-agent': async ({ settings }) => {
    const { createNodeAgentModule } = await import('../actors/node-agent/actor.ts');
    const { createDockerWatch } = await import('../adapters/docker/watch.ts');
    const { createHostMetrics } = await import('../adapters/host/metrics.ts');
    const { withSpool } = await import('./spool.ts');
    const ports = { ...createDockerWatch(await engineOf(settings)), ...createHostMetrics({ directory: settings.dataRoot }) };
    return withSpool(createNodeAgentModule({ ports }), settings.dataRoot);
  },
  observer: async ({ settings }) => {
    const { createObserverModule } = await import('../actors/observer/actor.ts');
    const { incidentGraceMs, flapWindowMs, history, aliasMap } = settings;
    return createObserverModule({ incidentGraceMs, flapWindowMs, history, aliasMap });
  },
  ledger: async ({ settings, anonymousAllowed }) => {
    const { createLedgerModule } = await import('../actors/ledger/actor.ts');
    return createLedgerModule({ anonymousAllowed, verifyWindowMs: settings.verifyWindowMs, aliasMap: settings.aliasMap });
  },
  supervisor: async ({ settings }) => {
    const { createSupervisorModule } = await import('../actors/supervisor/actor.ts');
    return createSupervisorModule({ haRules: settings.homeAssistant });
  },
  'ha-discovery': async ({ settings }) => {
    const { createHaDiscoveryModule } = await import('../actors/ha-discovery/actor.ts');
    return createHaDiscoveryModule({ root: settings.topicRoot, version, random: Math.random });
  },
  executor: async ({ settings }) => {
    const { createExecutorModule } = await import('../actors/executor/actor.ts');
    const { createDockerControl } = await import('../adapters/docker/control.ts');
    const { createDockerCleanup } = await import('../adapters/docker/cleanup.ts');
    const { createComposeRedeploy } = await import('../adapters/compose/redeploy.ts');
    const { createHistoryFiles } = await import('../adapters/files/history.ts');
    const engine = await engineOf(settings);
    const compose = createComposeRedeploy({
      engine,
      dockerHost: `unix://${settings.dockerSocket}`,
      inventoryDirectory: settings.inventoryDir,
      configDirectory: settings.configDir,
      outputDirectory: join(settings.dataRoot, 'executor', 'compose'),
    });
    const ports = { ...createDockerControl(engine), ...createDockerCleanup(engine), ...compose, ...createHistoryFiles(settings) };
    return createExecutorModule({ ports, settledAfterMs: settings.settledAfterMs });
  },
  'stability-agent': async (options) => {
    const { createStabilityAgentModule } = await import('../actors/stability-agent/actor.ts');
    const { stabilityOptions } = await import('./stability-options.ts');
    return createStabilityAgentModule(stabilityOptions(options));
  },
  bridge: async (options) => {
    const { createBridgeModule } = await import('../actors/bridge/actor.ts');
    const { bridgeOptions } = await import('./bridge-options.ts');
    return createBridgeModule(bridgeOptions(options));
  },
  'operator-ui': async (options) => {
    const { createOperatorUiModule } = await import('../actors/operator-ui/actor.ts');
    const { operatorUiOptions } = await import('./operator-ui-options.ts');
    return createOperatorUiModule(operatorUiOptions(options));
  },
  'telegram-bot': async ({ settings }) => {
    const { createTelegramBotModule } = await import('../actors/telegram-bot/actor.ts');
    const { telegramOptions } = await import('./telegram-options.ts');
    return createTelegramBotModule(telegramOptions(settings));
  },
} as const satisfies Record<string, Make>;

export type ActorName = keyof typeof makers;

/** In the order in which `up` starts them: readers of the world before those who make news. */
export const actorNames = Object.keys(makers) as readonly ActorName[];

/** Those that `up` runs on this machine. A site with a hub has a bridge, and what should run there is for the hub's inventory to say; a bot needs a token. */
export const actorsHere = ({ stability, telegram }: Settings): readonly ActorName[] =>
  actorNames.filter((name) => name !== (stability.upstreamUrl === null ? 'bridge' : 'inventory') && (name !== 'telegram-bot' || telegram.token !== null));

async function engineOf(settings: Settings): Promise<ReturnType<typeof createEngine>> {
  const { createEngine } = await import('../adapters/docker/engine.ts');
  return createEngine({ socketPath: settings.dockerSocket, deadlineMs: engineDeadlineMs, clock: systemClock });
}

function expectedAgents(settings: Settings, names: readonly string[]): readonly string[] {
  if (settings.agents.length > 0) return settings.agents;
  return names.includes('node-agent') ? names : ['node-agent', 'executor'];
}

/** The modules of these actors. Rejects with a UsageError that lists what there is. */
export function compose(options: ComposeOptions): Promise<readonly ActorModule[]> {
  return Promise.all(
    options.names.map((name) => {
      const make = (makers as Readonly<Record<string, Make>>)[name];
      if (make === undefined) throw new UsageError(`no actor is called ${JSON.stringify(name)}; there are: ${actorNames.join(', ')}`);
      return make(options);
    }),
  );
}
