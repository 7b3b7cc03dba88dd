/**
 * The operator-ui: where people look and decide. One more client of the bus, with no way around the ledger.
 *
 * Reads: all documents (but manifests and cursors), events, replies to its own login. Writes: nothing; sends what people ask for as
 * `actions/<state>/<own login>`, with the person in `on_behalf_of`. Remembers nothing. Without a broker it shows what it last knew, and
 * says so; without its port it tries again every 10 s, and says so too. The web server is a port (adapters/http).
 */
import type { ActorIo, ActorModule, Blueprint, Read } from '../../bus/actor.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import type { TopicName } from '../../contracts/topics.ts';
import { allTopics, topics } from '../../contracts/topics.ts';
import { stopping } from './asking.ts';
import { changesAfter } from './changes.ts';
import type { Answer, OpenWebServer, OperatorDesk, WebServerPort } from './ports.ts';
import { detail, initialState, mode, type OperatorCommand, type OperatorEvent, type OperatorState, reduce, wakeAt } from './reduce.ts';

export interface OperatorUiOptions {
  readonly web: WebServerPort;
  readonly version: string;
  /** Of a demo: what it reads is not real, and must be shown so. */
  readonly isSimulated?: boolean;
}

/** What writers tell each other: half of all bytes, and nothing that a person reads. */
const machinery: readonly TopicName[] = ['manifest', 'cursor'];

const documentsRead: readonly Read[] = allTopics.flatMap(([name, row]) => (row.kind === 'document' && !machinery.includes(name) ? [{ topic: row }] : []));

type Send = (event: OperatorEvent) => void;

export function createOperatorUiModule(options: OperatorUiOptions): ActorModule {
  return { name: 'operator-ui', create: (io) => Promise.resolve(createOperatorUi(io, options)) };
}

function createOperatorUi(
  io: ActorIo,
  { web, version, isSimulated = false }: OperatorUiOptions,
): Blueprint<ReturnType<typeof logicOf>, OperatorEvent, OperatorCommand> {
  const state = initialState(io.clock.now(), isSimulated);
  const listeners = new Set<() => void>();
  const waiting = new Map<number, (answer: Answer) => void>();
  let send: Send = () => undefined;
  let server: OpenWebServer | null = null;
  let isStopped = false;
  let toldWhy = '';
  const desk = deskOf(io, { state, version, listeners, waiting, send: (event) => send(event) });

  const open = async (): Promise<void> => {
    try {
      const opened = await web.open(desk, ({ url, notice }) => {
        io.log.info({ url, notice }, 'listening');
        send({ type: 'opened', url, notice, now: io.clock.now() });
      });
      if (isStopped) {
        await opened.close();
        return;
      }
      server = opened;
      io.log.info({ url: opened.url, notice: opened.notice }, 'listening');
      send({ type: 'opened', url: opened.url, notice: opened.notice, now: io.clock.now() });
    } catch (error) {
      const why = (error instanceof Error ? error.message : String(error)).slice(0, 300);
      if (why !== toldWhy) io.log.error({ err: error }, 'cannot listen; trying again');
      toldWhy = why;
      send({ type: 'open_failed', why, now: io.clock.now() });
    }
  };

  return {
    logic: logicOf(state),
    reads: [...documentsRead, { topic: topics.events }, { topic: topics.reply, levels: { requester: io.login, site: io.site } }],
    owns: [],
    mode: ({ context }) => mode(context.state),
    detail: ({ context }) => detail(context.state),
    wakeAt: ({ context }) => wakeAt(context.state),
    deliver: (delivery) => ({ type: 'delivery', delivery, now: delivery.at }),
    commands: {
      // Nothing here is waited for: an answer must not queue behind a server that opens or a broker that hangs.
      open: () => {
        open().catch((error: unknown) => io.log.error({ err: error }, 'opening failed in a way it does not promise'));
      },
      send: ({ id, sent: { state: wanted, request } }) => {
        io.log.info({ state: wanted, id: request['id'] ?? null, on_behalf_of: request['on_behalf_of'] }, 'request of a person');
        io.send(topics.request, { state: wanted, requester: io.login }, request as never).then(
          (isSent) => {
            if (!isSent) send({ type: 'unsent', id, now: io.clock.now() });
          },
          (error: unknown) => {
            io.log.warn({ err: error }, 'a request does not fit its contract');
            send({ type: 'unsent', id, now: io.clock.now() });
          },
        );
      },
      answer: ({ id, answer }) => {
        waiting.get(id)?.(answer);
        waiting.delete(id);
      },
      changed: () => {
        for (const listener of listeners) listener();
      },
    },
    attach: (toActor) => {
      send = toActor;
      send({ type: 'start', now: io.clock.now() });
      return async () => {
        isStopped = true;
        for (const tell of waiting.values()) tell(stopping);
        waiting.clear();
        await server?.close();
      };
    },
  };
}

const logicOf = (state: OperatorState) => reducerLogic(reduce, state);

interface DeskParts {
  readonly state: OperatorState;
  readonly version: string;
  readonly listeners: Set<() => void>;
  readonly waiting: Map<number, (answer: Answer) => void>;
  readonly send: Send;
}

function deskOf(io: ActorIo, { state, version, listeners, waiting, send }: DeskParts): OperatorDesk {
  let lastId = 0;
  return {
    ...{ node: io.node, site: io.site, login: io.login, version },
    now: () => io.clock.now(),
    picture: () => ({ cursor: state.log.cursor, documents: state.documents, events: state.events, bus: state.bus, isWhole: state.isWhole }),
    heardAtMs: () => state.heardAtMs,
    changesAfter: (cursor, max) => changesAfter(state, cursor, max),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask: (asked) =>
      new Promise((resolve) => {
        lastId += 1;
        waiting.set(lastId, resolve);
        send({ type: 'asked', id: lastId, asked, now: io.clock.now() });
      }),
  };
}
