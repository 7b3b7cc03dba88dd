/**
 * ha-discovery: a site's machines, services and approvals as devices of Home Assistant, by its own MQTT discovery.
 *
 * Reads: `world/…` (nodes, services, sites, actions), `links/+`, `desired/+` (where a node stands), statuses of ledgers and bridges,
 * manifests of observers, Home Assistant's birth and first presses (`taps/<site>`), and its own announcements. Writes: `homeassistant/device/<id>/config`, `inbox/<site>`.
 * Remembers: announced.json (memory.ts). Fails: without a connection nothing is lost, the next one compares everything.
 * Home Assistant reads our documents as they are; this actor only tells it where they are, so what it shows does not need it.
 */
import type { ActorIo, ActorModule, Blueprint } from '../../bus/actor.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { loadAnnounced, saveAnnounced } from './memory.ts';
import { detail, mode, reduce, wakeAt } from './reduce.ts';
import { type DiscoveryCommand, type DiscoveryEvent, type DiscoveryState, initialState } from './state.ts';

export interface HaDiscoveryOptions {
  /** Of our topics: Home Assistant needs them whole. */
  readonly root: string;
  readonly version: string;
  /** Default: false. */
  readonly isSimulated?: boolean;
  /** 0 to 1. */
  readonly random: () => number;
}

export function createHaDiscoveryModule(options: HaDiscoveryOptions): ActorModule {
  return { name: 'ha-discovery', create: (io) => Promise.resolve(blueprint(io, options)) };
}

type Logic = ReturnType<typeof logicOf>;

function logicOf({ node, site, dataDir, log }: ActorIo, { root, version, isSimulated = false }: HaDiscoveryOptions) {
  const initial = initialState({ node, site, maker: { root, version, isSimulated } }, loadAnnounced(dataDir, log));
  return reducerLogic<DiscoveryState, DiscoveryEvent, DiscoveryCommand>(reduce, initial);
}

function blueprint(io: ActorIo, options: HaDiscoveryOptions): Blueprint<Logic, DiscoveryEvent, DiscoveryCommand> {
  return {
    logic: logicOf(io, options),
    reads: [
      { topic: topics.worldNode },
      { topic: topics.worldService },
      { topic: topics.site },
      { topic: topics.action },
      { topic: topics.link },
      { topic: topics.desired },
      { topic: topics.actorStatus, levels: { actor: 'ledger' } },
      { topic: topics.actorStatus, levels: { actor: 'bridge' } },
      { topic: topics.manifest, levels: { actor: 'observer' } },
      { topic: topics.homeAssistantDevice },
      { topic: topics.homeAssistantStatus },
      { topic: topics.homeAssistantTap, levels: { site: io.site } },
    ],
    owns: [{ topic: topics.inbox, levels: { site: io.site } }],
    mode: ({ context }) => mode(context.state),
    detail: ({ context }) => detail(context.state),
    wakeAt: ({ context }) => wakeAt(context.state),
    deliver: (delivery) => ({ type: 'delivery', delivery, luck: options.random(), now: delivery.at }),
    commands: {
      remember: async ({ announced }) => {
        try {
          await saveAnnounced(io.dataDir, announced);
        } catch (error) {
          io.log.error({ err: error }, 'what is announced to Home Assistant could not be written; what is removed now may stay there after a restart');
        }
      },
      announce: async ({ id, payload }) => {
        const isSent = await io.announce(topics.homeAssistantDevice, { id }, payload);
        io.log.debug({ id, isSent }, 'announced');
      },
      take_away: async ({ id }) => {
        const isSent = await io.announce(topics.homeAssistantDevice, { id }, null);
        io.log.info({ id, isSent }, 'taken away from Home Assistant');
      },
      inbox: ({ body }) => {
        io.documents.set(topics.inbox, { site: io.site }, body);
        io.documents.complete();
      },
      tap_ignored: ({ tap }) => {
        const why = tap.on_behalf_of === undefined ? 'an automation pressed it, or somebody without a user' : 'that does not wait any more';
        io.log.warn({ id: tap.id, attempt: tap.attempt }, `a first press in Home Assistant does nothing: ${why}`);
      },
      declined: ({ id }) => {
        io.log.info({ id }, 'a person deleted this device in Home Assistant; it is not announced again until the next start');
      },
    },
  };
}
