/**
 * The bridge of an edge site: store, forward, reconcile, between the site's broker (near) and the hub's (far).
 *
 * Reads and writes: what the `bridge` column of the topic table says, by its own connections (sides.ts); `links/<site>` on
 * both brokers, `cursors/<hub>/<node>` on the site's. Remembers: `events.jsonl` (events that the hub's store does not have
 * yet), `desired.json` (what the hub decided), the numbers of its connections. A journal that cannot be written kills it:
 * then its cursor stands still, and the senders keep what they have.
 */
import type { SnapshotFrom } from 'xstate';
import type { ActorIo, ActorModule, Blueprint } from '../../bus/actor.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { BridgeFiles } from './journal.ts';
import { farewellOf } from './link-document.ts';
import type { BridgePorts } from './ports.ts';
import { mode, reduce } from './reduce.ts';
import { type BridgeTransports, Sides } from './sides.ts';
import { type BridgeCommand, type BridgeEvent, type BridgeState, openBridge } from './state.ts';
import { wakeAt } from './timers.ts';

/** Within the architecture: three probes that did not come back. */
const standbyAfterMs = 30_000;

export interface BridgeModuleOptions {
  readonly transports: BridgeTransports;
  /** Of the bridge's login, on both sides; absent: none is sent. */
  readonly password?: string;
  readonly ports: BridgePorts;
  readonly root: string;
  /** The site on whose broker `far` is. */
  readonly hubSite: string;
  readonly random: () => number;
}

type BridgeLogic = ReturnType<typeof reducerLogic<BridgeState, BridgeEvent, BridgeCommand>>;

export function createBridgeModule(options: BridgeModuleOptions): ActorModule {
  let files: BridgeFiles | null = null;
  return {
    name: 'bridge',
    async create(io) {
      await files?.close(); // of a life that died
      files = await BridgeFiles.open(io.dataDir, io.log);
      return createBridge(options, io, files);
    },
  };
}

function createBridge(
  { transports, password, ports, root, hubSite, random }: BridgeModuleOptions,
  io: ActorIo,
  files: BridgeFiles,
): Blueprint<BridgeLogic, BridgeEvent, BridgeCommand> {
  const options = { site: io.site, hubSite, standbyAfterMs: ports.standby === null ? null : standbyAfterMs };
  const state = openBridge(options, files.remembered, io.clock.now());
  let tell: (event: BridgeEvent) => void = () => undefined;
  const sides = new Sides({
    ...{ io, transports, root, random, ...(password === undefined ? {} : { password }) },
    send: (event) => {
      tell(event);
    },
  });
  const stateOf = (snapshot: SnapshotFrom<BridgeLogic>) => snapshot.context.state;
  return {
    logic: reducerLogic(reduce, state),
    reads: [],
    owns: [
      { topic: topics.link, levels: { site: io.site } },
      { topic: topics.cursor, levels: { site: hubSite } },
    ],
    mode: (snapshot) => mode(stateOf(snapshot)),
    deliver: () => null,
    wakeAt: (snapshot) => wakeAt(stateOf(snapshot)),
    commands: commandsOf({ io, files, sides, ports, hubSite }, (event) => {
      tell(event);
    }),
    attach: (send) => {
      tell = send;
      send({ type: 'start', now: io.clock.now() });
      sides.start();
      return async () => {
        await sides.say(topics.link.build({ site: io.site }), farewellOf(state, io.clock.now())).catch(() => undefined);
        await sides.stop();
        await ports.standby?.close();
      };
    },
    farewell: () => files.close(),
  };
}

interface Parts {
  readonly io: ActorIo;
  readonly files: BridgeFiles;
  readonly sides: Sides;
  readonly ports: BridgePorts;
  readonly hubSite: string;
}

function commandsOf(
  { io, files, sides, ports, hubSite }: Parts,
  tell: (event: BridgeEvent) => void,
): Blueprint<BridgeLogic, BridgeEvent, BridgeCommand>['commands'] {
  return {
    publish: (command) => {
      sides.publish(command);
    },
    ask: (command) => {
      sides.ask(command);
    },
    journal: async ({ lines }) => {
      await files.append(lines);
      tell({ type: 'journalled', now: io.clock.now() });
    },
    rewrite: ({ lines }) => files.rewrite(lines),
    cursor: ({ node, positions }) => {
      const summary = `events of ${node} on their way to ${hubSite}`;
      io.documents.set(topics.cursor, { site: hubSite, node }, { status: 'stored', summary, site: hubSite, node, positions });
    },
    link: ({ body }) => {
      io.documents.set(topics.link, { site: io.site }, body);
    },
    save: ({ cache }) => files.save(cache),
    emit: ({ draft }) => io.emit(draft),
    drop: ({ where }) => {
      sides.drop(where);
    },
    raise: ({ session }) => {
      sides.raise(session);
    },
    probe: () => {
      sides.probe();
    },
    standby: async ({ open }) => {
      sides.watchLocal(open);
      if (open) await ports.standby?.open();
      else await ports.standby?.close();
    },
    refused: ({ topic, problem, count }) => {
      io.log.warn({ topic, problem, count }, 'the bridge does not carry a message as it is; what else comes on this topic is only counted');
    },
    complete: () => {
      io.documents.complete();
    },
  };
}
