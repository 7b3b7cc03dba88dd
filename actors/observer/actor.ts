/**
 * Wiring of the observer: what it hears goes into the reducer, what the reducer wants is done here.
 *
 * reads: events (through a queue that outlives it), health, desired state, actions, links, and world/nodes of other sites; writes: world/…, cursors/<site>/…;
 * remembers: `events/`, `checkpoints/`, `quarantine/` in its data directory, within limits (history-keeper.ts). A store that cannot write kills the actor:
 * nothing is acknowledged that is not on disk, so the senders keep it.
 */
import type { ActorIo, ActorModule, Blueprint, Delivery } from '../../bus/actor.ts';
import { killPoint } from '../../bus/kill-point.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { historyBytesMax, historyDays } from '../../contracts/defaults.ts';
import type { Event } from '../../contracts/event.ts';
import type { Topic } from '../../contracts/topic.ts';
import { topics } from '../../contracts/topics.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { ObserverDocument } from './documents.ts';
import { HistoryKeeper } from './history-keeper.ts';
import type { HistoryLimits } from './history-limit.ts';
import { quarantine } from './quarantine.ts';
import { loadNodes, newestFiles } from './rebuild.ts';
import { lastCheckpoints, mode, reduce, wakeAt } from './reduce.ts';
import { type Checkpoint, createState, defaultOptions, type ObserverCommand, type ObserverInput, type ObserverState } from './state.ts';
import { EventStore } from './store.ts';

export interface ObserverModuleOptions {
  /** How long trouble must last before an incident; default 20 s. */
  readonly incidentGraceMs?: number;
  readonly heartbeatMs?: number;
  /** So many changes of a verdict within this are flapping; default 5 min, 0: nothing ever flaps. */
  readonly flapWindowMs?: number;
  readonly checkpointEveryMs?: number;
  /** How much of its history it keeps. */
  readonly history?: HistoryLimits;
  /** NODE_ALIAS_MAP: foreign node name in events → node name; goes before the aliases of desired documents. */
  readonly aliasMap?: Readonly<Record<string, string>>;
}

type ObserverBlueprint = Blueprint<ReturnType<typeof reducerLogic<ObserverState, ObserverInput, ObserverCommand>>, ObserverInput, ObserverCommand>;

export function createObserverModule(options: ObserverModuleOptions = {}): ActorModule {
  return { name: 'observer', create: (io) => create(io, options) };
}

async function create(io: ActorIo, options: ObserverModuleOptions): Promise<ObserverBlueprint> {
  const { dataDir, clock, log } = io;
  const loaded = await loadNodes({ dataDir, useCheckpoints: true, write: true, onProblem: (problem) => log.warn({ problem }, 'event store') });
  log.info({ ...loaded.counts }, 'event store read');
  const state = createState(
    {
      ...defaultOptions,
      site: io.site,
      ...(options.incidentGraceMs === undefined ? {} : { graceMs: options.incidentGraceMs }),
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
      ...(options.flapWindowMs === undefined ? {} : { flapWindowMs: options.flapWindowMs }),
      ...(options.checkpointEveryMs === undefined ? {} : { checkpointEveryMs: options.checkpointEveryMs }),
      aliasMap: options.aliasMap ?? {},
    },
    loaded.nodes,
  );
  const life = new ObserverLife(io, state, {
    newest: new Map([...newestFiles(loaded)].filter((each): each is [string, NonNullable<(typeof each)[1]>] => each[1] !== null)),
    limits: options.history ?? { days: historyDays, bytesMax: historyBytesMax },
  });
  return {
    logic: reducerLogic<ObserverState, ObserverInput, ObserverCommand>(life.reduce, state),
    reads: [
      { topic: topics.nodeHealth },
      { topic: topics.serviceHealth },
      { topic: topics.desired },
      { topic: topics.action },
      { topic: topics.link },
      { topic: topics.worldNode },
    ],
    queued: [{ topic: topics.events }],
    owns: [
      { topic: topics.worldNode, onlyOwnSite: true },
      { topic: topics.worldService, onlyOwnSite: true },
      { topic: topics.incident, onlyOwnSite: true },
      { topic: topics.deployment, onlyOwnSite: true },
      { topic: topics.site, levels: { site: io.site } },
      { topic: topics.cursor, levels: { site: io.site } },
    ],
    mode: (snapshot) => mode(snapshot.context.state),
    wakeAt: (snapshot) => wakeAt(snapshot.context.state),
    deliver,
    commands: life.commands,
    attach: (send) => {
      life.attach(send);
      send({ type: 'wake', now: clock.now() });
      return () => life.stop();
    },
  };
}

function deliver(delivery: Delivery): ObserverInput | null {
  const now = delivery.at;
  if (delivery.kind === 'synced') return { type: 'synced', now };
  if (delivery.kind === 'disconnected') return { type: 'disconnected', now };
  if (delivery.kind === 'message') {
    // A retained copy of an event is somebody's mistake: it would come back at each connect and is not what just happened.
    return delivery.name === 'events' && !delivery.retained ? { type: 'event', now, event: delivery.payload as Event } : null;
  }
  switch (delivery.name) {
    case 'nodeHealth':
      return { type: 'nodeHealth', now, node: delivery.levels.node, doc: delivery.doc, will: delivery.will, retained: delivery.retained };
    case 'serviceHealth':
      return { type: 'serviceHealth', now, ...delivery.levels, doc: delivery.doc };
    case 'desired':
      return { type: 'desired', now, node: delivery.levels.node, doc: delivery.doc };
    case 'link':
      return { type: 'link', now, site: delivery.levels.site, doc: delivery.doc, retained: delivery.retained };
    case 'worldNode':
      return { type: 'worldNode', now, node: delivery.levels.node, site: delivery.doc?.site ?? null };
    case 'action':
      return { type: 'action', now, topic: delivery.topic, doc: delivery.doc };
    default:
      return null;
  }
}

type Files = ReadonlyMap<string, { readonly date: string; readonly offset: number }>;

/** One life of the actor: its store, and the functions that perform its commands. */
class ObserverLife {
  readonly commands: ObserverBlueprint['commands'];
  private readonly io: ActorIo;
  private readonly state: ObserverState;
  private readonly store: EventStore;
  /** A bug left the state in the middle of something: it must not be written down. */
  private isBroken = false;
  /** Checkpoints are written one after the other, and beside the commands: a slow disk must not hold up a cursor. */
  private writing: Promise<void> = Promise.resolve();
  private readonly history: HistoryKeeper;
  private send: (input: ObserverInput) => void = () => undefined;

  constructor(io: ActorIo, state: ObserverState, { newest, limits }: { readonly newest: Files; readonly limits: HistoryLimits }) {
    this.io = io;
    this.history = new HistoryKeeper(io, limits);
    this.state = state;
    const { clock, dataDir, log } = io;
    this.store = new EventStore({
      dataDir,
      newest,
      onStored: (records, positions) => {
        this.send({ type: 'stored', now: clock.now(), records, positions });
      },
      onFailure: (error) => {
        this.fail(error);
      },
    });
    this.commands = {
      append: ({ records }) => {
        if (log.isLevelEnabled('debug')) {
          for (const record of records) log.debug({ node: record.node, service: record.service, id: record.id, event: record.type }, 'event accepted');
        }
        this.store.append(records);
      },
      publish: ({ set, remove, isComplete }) => {
        for (const { name, levels, body } of set) io.documents.set(topics[name] as Topic, levels as never, body as never);
        for (const document of remove) this.remove(document);
        if (isComplete) io.documents.complete();
      },
      cursor: ({ node, positions, repeat }) => {
        killPoint('observer.before-cursor');
        const summary = `events of ${node} stored by the observer of ${io.site}`;
        io.documents.set(topics.cursor, { site: io.site, node }, { status: 'stored', summary, site: io.site, node, positions }, { always: repeat });
        killPoint('observer.after-cursor');
      },
      settle: () => {
        this.settle();
      },
      checkpoint: ({ checkpoints }) => {
        this.writing = this.writing
          .then(() => this.write(checkpoints))
          .then(() => this.history.keep())
          .catch((error: unknown) => this.fail(error));
      },
      quarantine: async ({ record, reason }) => {
        log.warn({ node: record.node, id: record.id, event: record.type, reason }, 'event stored and not understood');
        await quarantine(dataDir, record.node, [{ reason, file: null, line: null, text: JSON.stringify(record) }]);
      },
      fail: ({ error }) => {
        throw new Error(`the event store cannot write: ${error.message}`, { cause: error });
      },
    };
  }

  readonly reduce = (state: ObserverState, input: ObserverInput): ReturnType<typeof reduce> => {
    try {
      return reduce(state, input);
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
  };

  attach(send: (input: ObserverInput) => void): void {
    this.send = send;
  }

  /** Everything accepted is on disk, and what was applied is written down, when this resolves. */
  async stop(): Promise<void> {
    await this.store.close();
    this.send = () => undefined;
    await this.writing;
    if (!this.isBroken) await this.write(lastCheckpoints(this.state));
  }

  private async write(checkpoints: readonly Checkpoint[]): Promise<void> {
    for (const checkpoint of checkpoints) {
      killPoint('observer.before-checkpoint');
      await writeCheckpoint(this.io.dataDir, checkpoint);
      this.history.onCheckpoint(checkpoint);
      killPoint('observer.after-checkpoint');
    }
  }

  private fail(error: unknown): void {
    this.send({ type: 'failed', now: this.io.clock.now(), error: error instanceof Error ? error : new Error(String(error)) });
  }

  private remove(document: ObserverDocument): void {
    this.io.documents.remove(topics[document.name] as Topic, document.levels as never);
  }

  /** Not awaited: while the broker is away this takes as long as it takes, and events must be stored meanwhile. */
  private settle(): void {
    this.io.documents.settled().then(
      () => {
        this.send({ type: 'documentsSettled', now: this.io.clock.now() });
      },
      (error: unknown) => {
        this.fail(error);
      },
    );
  }
}
