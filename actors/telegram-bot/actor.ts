/**
 * The telegram-bot: tells people in Telegram what goes wrong and what waits for a yes, and carries their answer to the ledger. One more
 * client of the bus, with no way around the ledger.
 *
 * Reads: incidents, actions, sites, decisions, maintenance, links, actors, desired state, replies to its own login; from Telegram what
 * people tap and write. Writes: nothing; sends `actions/approved|rejected/<own login>` with the person in `on_behalf_of`. Remembers which
 * messages are in which chat (disk.ts). While Telegram is away nothing is lost: the newest state of each thing is sent when it is back.
 * While the broker is away it shows what it knew. A journal that cannot be written kills it, so that nothing is sent twice.
 */
import type { ActorIo, ActorModule, Blueprint, Read } from '../../bus/actor.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { BotDisk } from './disk.ts';
import { startPolling } from './polling.ts';
import type { CallResult, Explain, TelegramPort } from './ports.ts';
import { detail, mode, reduce, wakeAt } from './reduce.ts';
import { type BotCommand, type BotEvent, type BotOptions, type BotState, type Call, openBot } from './state.ts';

export interface TelegramBotOptions extends Omit<BotOptions, 'site'> {
  readonly telegram: TelegramPort;
  readonly explain: Explain;
}

/** What the answers to people need; figures of services are in the summary of their site. Nodes say whether that may be believed. */
const documentsRead: readonly Read[] = [
  { topic: topics.action },
  { topic: topics.incident },
  { topic: topics.site },
  { topic: topics.worldNode },
  { topic: topics.desired },
  { topic: topics.decisions },
  { topic: topics.maintenance },
  { topic: topics.link },
  { topic: topics.actorStatus },
];

type BotLogic = ReturnType<typeof reducerLogic<BotState, BotEvent, BotCommand>>;

export function createTelegramBotModule(options: TelegramBotOptions): ActorModule {
  let disk: BotDisk | null = null;
  return {
    name: 'telegram-bot',
    async create(io) {
      await disk?.close(); // of a life that died
      disk = await BotDisk.open(io.dataDir);
      return createTelegramBot(io, options, disk);
    },
  };
}

function createTelegramBot(io: ActorIo, options: TelegramBotOptions, disk: BotDisk): Blueprint<BotLogic, BotEvent, BotCommand> {
  for (const problem of disk.problems) io.log.warn(problem, 'a line of the memory could not be read');
  const { telegram } = options;
  const state = openBot({ ...options, site: io.site }, disk.remembered);
  let send: (event: BotEvent) => void = () => undefined;
  return {
    logic: reducerLogic(reduce, state),
    reads: [...documentsRead, { topic: topics.reply, levels: { requester: io.login, site: io.site } }],
    owns: [],
    mode: ({ context }) => mode(context.state),
    detail: ({ context }) => detail(context.state),
    wakeAt: ({ context }) => wakeAt(context.state),
    deliver: (delivery) => ({ type: 'delivery', delivery, now: delivery.at }),
    commands: commandsOf(io, { options, disk, state, send: (event) => send(event) }),
    attach: (toActor) => {
      send = toActor;
      let heard = 'updates';
      return startPolling({
        telegram,
        clock: io.clock,
        hear: (result, isAged) => {
          // Once for each kind of trouble: it is tried again every minute, for days if need be.
          if (result.is !== 'updates' && result.is !== heard) io.log.warn({ result }, 'Telegram cannot be listened to');
          heard = result.is;
          toActor({ type: 'polled', result, isAged, now: io.clock.now() });
        },
      });
    },
    farewell: () => disk.close(),
  };
}

interface Parts {
  readonly options: TelegramBotOptions;
  readonly disk: BotDisk;
  readonly state: BotState;
  readonly send: (event: BotEvent) => void;
}

function commandsOf(io: ActorIo, { options: { telegram, explain }, disk, state, send }: Parts): Blueprint<BotLogic, BotEvent, BotCommand>['commands'] {
  const hearFailure = (error: unknown): void => io.log.error({ err: error }, 'a call failed in a way it does not promise');
  return {
    record: ({ entries }) => disk.append(entries, () => state),
    // Nothing here is waited for: what people tap must not queue behind a Telegram that hangs.
    call: ({ call }) => {
      perform(telegram, call)
        .then((result) => {
          logResult(io, call, result);
          send({ type: 'called', result, now: io.clock.now() });
        })
        .catch(hearFailure);
    },
    answer: ({ queryId, text, isAlert }) => {
      telegram.answer(queryId, text, { isAlert }).catch(hearFailure);
    },
    ask: async ({ askId, state: wanted, request }) => {
      io.log.info({ state: wanted, id: request.id, on_behalf_of: request.on_behalf_of }, 'request of a person');
      const isSent = await io.send(topics.request, { state: wanted, requester: io.login }, request);
      if (!isSent) send({ type: 'unsent', askId, now: io.clock.now() });
    },
    explain: ({ chat, node, service }) => {
      const lines = explain(state.documents, { node, service }, io.clock.now());
      send({ type: 'explained', chat, lines, now: io.clock.now() });
    },
    turned_away: ({ chat }) => {
      io.log.warn({ chat }, 'somebody writes from a chat that TELEGRAM_ALLOWED_CHATS does not name; it gets no answer');
    },
  };
}

function perform(telegram: TelegramPort, call: Call): Promise<CallResult> {
  switch (call.op) {
    case 'send':
    case 'reply':
      return telegram.send(call.chat, call.message, { isSilent: call.isSilent });
    case 'edit':
    case 'probe':
      return telegram.edit(call.chat, call.messageId, call.message);
  }
}

function logResult(io: ActorIo, { op, chat, key }: Call, result: CallResult): void {
  const line = { op, chat, key, result };
  if (result.is === 'done' || result.is === 'unchanged' || op === 'probe') io.log.debug(line, 'Telegram answered');
  else io.log.warn(line, 'Telegram did not do it');
}
