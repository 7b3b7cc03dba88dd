/**
 * The ledger: the one desk of a site where requests are judged, and the keeper of every action's state.
 *
 * Reads: actions/<state>/<requester>, actions/<state>, maintenance/<requester>, desired/#, world/actions/#, links/#, its own world/sites/<site>. Writes:
 * world/actions/…, world/maintenance/…, replies/…, events. Between sites: relay/<site> (from the hub's ledger to the site's),
 * verdicts/<site> (back); one code for both sides. Remembers: its journal (journal.ts). When it is away nothing is granted and
 * nothing expires; when it comes back it judges what is over first. A journal that can not be written kills it, so that
 * nothing is told that is not on disk.
 */
import { randomUUID } from 'node:crypto';
import type { SnapshotFrom } from 'xstate';
import type { ActorIo, ActorModule, Blueprint, Delivery } from '../../bus/actor.ts';
import { killPoint } from '../../bus/kill-point.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { RelayedRequest, Verdict } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import { anonymousName } from './access.ts';
import { type LedgerCommand, type LedgerEvent, type LinksSeen, openDesk } from './desk-state.ts';
import { nextDeadline } from './desk-time.ts';
import { actionDocument, maintenanceDocument } from './documents.ts';
import { LedgerJournal } from './journal.ts';
import { epochMs } from './record.ts';
import { mode, reduce } from './reduce.ts';

export interface LedgerOptions {
  /** The broker is embedded, listens on this machine only and asks nobody: people without a login may ask. Looked at with each request: it may begin to ask at any time. */
  readonly anonymousAllowed: () => boolean;
  /** How long a repair may take until the service is healthy, where desired/<node> does not say. Default 120 s. */
  readonly verifyWindowMs?: number;
  /** NODE_ALIAS_MAP: foreign node name in requests → node name; goes before the aliases of desired documents. */
  readonly aliasMap?: Readonly<Record<string, string>>;
  /** A UUID for each request that goes to another site; default: random. */
  readonly newRelayId?: () => string;
}

type LedgerLogic = ReturnType<typeof reducerLogic<ReturnType<typeof openDesk>, LedgerEvent, LedgerCommand>>;

export function createLedgerModule(options: LedgerOptions): ActorModule {
  let journal: LedgerJournal | null = null;
  return {
    name: 'ledger',
    async create(io) {
      await journal?.close(); // of a life that died
      journal = await LedgerJournal.open({
        dataDir: io.dataDir,
        now: () => io.clock.now(),
        onTrouble: (error) => io.log.warn({ err: error }, 'the journal is long and could not be put away; it grows on'),
      });
      return createLedger(options, io, journal);
    },
  };
}

function createLedger(options: LedgerOptions, io: ActorIo, journal: LedgerJournal): Blueprint<LedgerLogic, LedgerEvent, LedgerCommand> {
  for (const problem of journal.problems) io.log.warn(problem, 'a line of the journal could not be read');
  const { anonymousAllowed, ...deskOptions } = options;
  const desk = openDesk({ site: io.site, newRelayId: randomUUID, ...deskOptions }, journal.remembered);
  const stateOf = (snapshot: SnapshotFrom<LedgerLogic>) => snapshot.context.state;
  return {
    logic: reducerLogic(reduce, desk),
    reads: [
      { topic: topics.request },
      { topic: topics.anonymousRequest },
      { topic: topics.maintenanceRequest },
      { topic: topics.desired },
      { topic: topics.action },
      { topic: topics.link },
      { topic: topics.site, levels: { site: io.site } },
      { topic: topics.relay, levels: { site: io.site } },
      { topic: topics.verdict },
    ],
    owns: [
      { topic: topics.action, onlyOwnSite: true },
      { topic: topics.maintenance, onlyOwnSite: true },
    ],
    mode: (snapshot) => mode(stateOf(snapshot)),
    deliver: (delivery) => deliver(delivery, anonymousAllowed),
    wakeAt: (snapshot) => nextDeadline(stateOf(snapshot)),
    commands: commandsOf(io, journal),
    farewell: () => journal.close(),
  };
}

/** What a delivery means to the desk, or null. */
function deliver(delivery: Delivery, anonymousAllowed: () => boolean): LedgerEvent | null {
  const now = delivery.at;
  switch (delivery.kind) {
    case 'synced':
    case 'disconnected':
      return { type: delivery.kind, now };
    case 'document':
      if (delivery.name === 'desired') return { type: 'desired', node: delivery.levels.node, doc: delivery.doc, now };
      if (delivery.name === 'action') return { type: 'published', topic: delivery.topic, doc: delivery.doc, now };
      if (delivery.name === 'site') return { type: 'linksSeen', links: (delivery.doc?.links ?? []).map(downSince), now };
      if (delivery.name !== 'link') return null;
      return { type: 'link', site: delivery.levels.site, doc: delivery.doc, will: delivery.will, retained: delivery.retained, now };
    case 'message': {
      const { name, levels, topic, text, retained, payload } = delivery;
      const came = { type: 'request', topic, text, retained, anonymousAllowed: anonymousAllowed(), now } as const;
      if (name === 'request') return { ...came, state: levels.state ?? '', requester: levels.requester ?? '' };
      if (name === 'anonymousRequest') return { ...came, state: levels.state ?? '', requester: anonymousName };
      if (name === 'maintenanceRequest') return { ...came, state: null, requester: levels.requester ?? '' };
      // A stored copy is somebody's mistake: what counts comes again.
      if (retained) return null;
      if (name === 'relay') return { type: 'relayed', relayed: RelayedRequest.parse(payload), now };
      return name === 'verdict' ? { type: 'verdict', site: levels.site ?? '', verdict: Verdict.parse(payload), now } : null;
    }
  }
}

const downSince = ({ site, down_since }: NonNullable<SiteSummary['links']>[number]): LinksSeen['links'][number] => ({
  site,
  downSinceMs: down_since === null ? null : epochMs(down_since),
});

function commandsOf(io: ActorIo, journal: LedgerJournal): Blueprint<LedgerLogic, LedgerEvent, LedgerCommand>['commands'] {
  return {
    record: async ({ entry }) => {
      await journal.append(entry);
      if (entry.kind === 'relay') io.log.info({ relay_id: entry.relay.relayed.relay_id, site: entry.relay.to, what: entry.what }, 'request for another site');
      if (entry.kind === 'action') io.log.info({ id: entry.action.id, attempt: entry.action.attempt, what: entry.what }, 'action changed');
    },
    publish: ({ record, always }) => {
      killPoint('ledger.before-publish');
      io.documents.set(topics.action, { node: record.node, id: record.id }, actionDocument(record), { always });
      killPoint('ledger.after-publish');
    },
    withdraw: ({ node, id }) => {
      io.documents.remove(topics.action, { node, id });
    },
    publishMaintenance: ({ node, windows }) => {
      if (windows.length === 0) io.documents.remove(topics.maintenance, { node });
      else io.documents.set(topics.maintenance, { node }, { ...maintenanceDocument(node, windows), site: io.site });
    },
    documentsComplete: () => {
      io.documents.complete();
    },
    reply: async ({ requester, reply }) => {
      killPoint('ledger.before-reply');
      await io.send(topics.reply, { requester, site: io.site }, reply);
      killPoint('ledger.after-reply');
      io.log.info({ requester, code: reply.code, id: reply.id, ok: reply.ok }, 'request answered');
    },
    // Nobody counts on these arriving: a relayed request comes again, and so does its verdict.
    relay: async ({ site, relayed }) => {
      await io.send(topics.relay, { site }, relayed);
    },
    verdict: async ({ verdict }) => {
      await io.send(topics.verdict, { site: io.site }, verdict);
      io.log.info({ relay_id: verdict.relay_id, code: verdict.code, id: verdict.id, ok: verdict.ok }, 'relayed request answered');
    },
    emit: ({ draft }) => io.emit(draft),
    clear: ({ topic }) => io.clear(topic),
  };
}
