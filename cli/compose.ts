/** The composition root: which actors there are, and which real ports each gets. Nothing else constructs them. */
import { createExecutorModule } from '../actors/executor/actor.ts';
import { createInventoryModule } from '../actors/inventory/actor.ts';
import { createLedgerModule } from '../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../actors/node-agent/actor.ts';
import { createObserverModule } from '../actors/observer/actor.ts';
import { createSupervisorModule } from '../actors/supervisor/actor.ts';
import { createDockerControl } from '../adapters/docker/control.ts';
import { createEngine } from '../adapters/docker/engine.ts';
import { createDockerWatch } from '../adapters/docker/watch.ts';
import { createInventoryFiles } from '../adapters/files/inventory.ts';
import { createHostMetrics } from '../adapters/host/metrics.ts';
import type { ActorModule } from '../bus/actor.ts';
import { systemClock } from '../bus/clock.ts';
import { type Settings, UsageError } from './settings.ts';
import { withSpool } from './spool.ts';

/** Pings and inspections answer in milliseconds; 4 s and a ping every 5 s say "hung" within 10 s. */
const engineDeadlineMs = 4_000;

export interface ComposeOptions {
  readonly settings: Settings;
  /** The actors this process runs. */
  readonly names: readonly string[];
  /** Only this machine can reach the broker, so that a request without a login may count. */
  readonly anonymousAllowed: boolean;
}

type Make = (options: ComposeOptions) => ActorModule;

const makers = {
  inventory: ({ settings, names }) =>
    createInventoryModule({ agents: expectedAgents(settings, names), site: settings.site }, createInventoryFiles({ directory: settings.inventoryDir })),
  'node-agent': ({ settings }) =>
    withSpool(
      createNodeAgentModule({
        ports: { ...createDockerWatch(engineOf(settings)), ...createHostMetrics({ directory: settings.dataRoot }) },
      }),
      settings.dataRoot,
    ),
  observer: ({ settings }) => createObserverModule({ incidentGraceMs: settings.incidentGraceMs, aliasMap: settings.aliasMap }),
  ledger: ({ settings, anonymousAllowed }) => createLedgerModule({ anonymousAllowed, verifyWindowMs: settings.verifyWindowMs }),
  supervisor: () => createSupervisorModule({}),
  executor: ({ settings }) => createExecutorModule({ ports: createDockerControl(engineOf(settings)) }),
} as const satisfies Record<string, Make>;

export type ActorName = keyof typeof makers;

/** In the order in which `up` starts them: readers of the world before those who make news. */
export const actorNames = Object.keys(makers) as readonly ActorName[];

const engineOf = (settings: Settings): ReturnType<typeof createEngine> =>
  createEngine({ socketPath: settings.dockerSocket, deadlineMs: engineDeadlineMs, clock: systemClock });

function expectedAgents(settings: Settings, names: readonly string[]): readonly string[] {
  if (settings.agents.length > 0) return settings.agents;
  return names.includes('node-agent') ? names : ['node-agent', 'executor'];
}

/** The modules of these actors. Throws a UsageError that lists what there is. */
export function compose(options: ComposeOptions): readonly ActorModule[] {
  return options.names.map((name) => {
    const make = (makers as Readonly<Record<string, Make>>)[name];
    if (make === undefined) throw new UsageError(`no actor is called ${JSON.stringify(name)}; there are: ${actorNames.join(', ')}`);
    return make(options);
  });
}
