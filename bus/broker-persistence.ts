/**
 * The cures around aedes's own persistence, in memory or on disk.
 *
 * - Retained messages are read from memory: aedes would read and decode every one of them for each subscription.
 * - Who a message is queued for, and how much, comes from broker-sessions.ts: limits, and filters that overlap.
 * - A clean session ends an earlier persistent one with everything that was queued for it.
 * - Messages to a persistent session go out in order: their notes in the store are made one after the other.
 */
import { Readable } from 'node:stream';
import type { BrokerClient, BrokerPacket, BrokerPersistence, BrokerSubscription, ClientName } from './broker-aedes.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { Gates } from './broker-gate.ts';
import type { RetainedMessages } from './broker-retained.ts';
import type { SessionSubscription, Sessions } from './broker-sessions.ts';
import type { Log } from './log.ts';

export interface PersistenceCures {
  readonly retained: RetainedMessages;
  readonly sessions: Sessions;
  readonly gates: Gates;
  readonly counters: BrokerCounters;
  /** Subscriptions that were refused: they must not be stored. */
  readonly refused: WeakSet<object>;
  readonly mayQueue: (clientId: string, topic: string) => boolean;
  readonly log: Log;
}

/** Changes `persistence` and returns it. */
export function curePersistence(persistence: BrokerPersistence, cures: PersistenceCures): BrokerPersistence {
  const { retained, gates } = cures;
  Object.assign(persistence, cureSubscriptions(persistence, cures), cureQueues(persistence, cures));
  return Object.assign(persistence, {
    // Written already, if it is written at all (broker-order.ts).
    storeRetained: (packet: BrokerPacket) => {
      retained.store(packet);
      return Promise.resolve();
    },
    // The gate of the client sends them; aedes gets nothing to send.
    createRetainedStreamCombi: () => {
      gates.replay(retained);
      return Readable.from([]);
    },
  } satisfies Partial<BrokerPersistence>);
}

function cureSubscriptions(persistence: BrokerPersistence, { sessions, refused, mayQueue }: PersistenceCures): Partial<BrokerPersistence> {
  const original = {
    addSubscriptions: persistence.addSubscriptions.bind(persistence),
    removeSubscriptions: persistence.removeSubscriptions.bind(persistence),
    cleanSubscriptions: persistence.cleanSubscriptions.bind(persistence),
    outgoingUpdate: persistence.outgoingUpdate.bind(persistence),
    outgoingClearMessageId: persistence.outgoingClearMessageId.bind(persistence),
    outgoingStream: persistence.outgoingStream.bind(persistence),
  };
  const adding = new WeakMap<readonly BrokerSubscription[], Promise<unknown>>();
  const addOnce = async (client: ClientName, subscriptions: readonly BrokerSubscription[]): Promise<void> => {
    // aedes asks for the first filter before it has asked whether the others are allowed, in the same turn.
    await Promise.resolve();
    const granted = subscriptions.filter((each) => !refused.has(each));
    await original.addSubscriptions(client, granted);
    sessions.subscribed(client.id ?? '', granted);
  };
  return {
    addSubscriptions: (client, subscriptions) => {
      const added = adding.get(subscriptions) ?? addOnce(client, subscriptions);
      adding.set(subscriptions, added);
      return added;
    },
    removeSubscriptions: async (client, filters) => {
      await original.removeSubscriptions(client, filters);
      sessions.unsubscribed(client.id ?? '', filters);
    },
    subscriptionsByTopic: (topic) => Promise.resolve(sessions.wanting(topic).filter(({ clientId }) => mayQueue(clientId, topic))),
    // aedes empties the queue of an ended session after the CONNACK, and leaves the rest when the client goes before that.
    cleanSubscriptions: async (client) => {
      sessions.ended(client.id ?? '');
      await original.cleanSubscriptions(client);
      for await (const entry of original.outgoingStream(client)) {
        const packet = { ...(entry as BrokerPacket), messageId: 1 };
        await original.outgoingUpdate(client, packet);
        await original.outgoingClearMessageId(client, packet);
      }
    },
  };
}

function cureQueues(persistence: BrokerPersistence, { sessions, gates, counters, log }: PersistenceCures): Partial<BrokerPersistence> {
  const original = {
    outgoingEnqueueCombi: persistence.outgoingEnqueueCombi.bind(persistence),
    outgoingUpdate: persistence.outgoingUpdate.bind(persistence),
    outgoingClearMessageId: persistence.outgoingClearMessageId.bind(persistence),
    outgoingStream: persistence.outgoingStream.bind(persistence),
  };
  const updates = new Map<string, Promise<void>>();
  const update = (client: ClientName, packet: BrokerPacket): Promise<void> => {
    const id = client.id ?? '';
    if (packet.brokerId && !sessions.isQueued(id, packet)) return Promise.resolve();
    if (packet.brokerId) sessions.sent(id, packet);
    const noted = (updates.get(id) ?? Promise.resolve()).then(() => original.outgoingUpdate(client, packet));
    // A message that could not be noted is sent all the same: at worst it comes again at the next connect.
    const settled = noted.catch((error: unknown) => {
      log.warn({ err: error, client: id, topic: packet.topic }, 'a queued message could not be marked as sent');
    });
    updates.set(id, settled);
    return settled.then(() => {
      if (updates.get(id) === settled) updates.delete(id);
    });
  };
  return {
    outgoingUpdate: update,
    outgoingEnqueueCombi: async (subscriptions, packet) => {
      const admitted = subscriptions.filter((each) => sessions.admits(each.clientId, packet));
      // Each under the QoS that its session asked for (3.8.4); aedes would queue it as published.
      for (const qos of [1, 2] as const) {
        const some = admitted.filter((each) => Math.min(each.qos, packet.qos) === qos);
        if (some.length > 0) await enqueue(some, qos === packet.qos ? packet : { ...packet, qos });
      }
    },
    outgoingClearMessageId: async (client, packet) => {
      if (packet.messageId !== undefined) sessions.taken(client.id ?? '', packet.messageId);
      return await original.outgoingClearMessageId(client, packet);
    },
    outgoingStream: (client) => Readable.from(queueOf(client)),
  };

  async function enqueue(subscriptions: readonly SessionSubscription[], packet: BrokerPacket): Promise<void> {
    try {
      await original.outgoingEnqueueCombi(subscriptions, packet);
    } catch (error) {
      for (const { clientId } of subscriptions) sessions.unqueued(clientId, `${packet.brokerId}:${packet.brokerCounter}`);
      throw error;
    }
  }

  async function* queueOf(client: ClientName): AsyncGenerator<BrokerPacket> {
    for await (const entry of original.outgoingStream(client)) {
      const packet = entry as BrokerPacket;
      gates.sawQueued(client as BrokerClient, packet);
      // aedes would send the flag of the publisher; only a stored copy for a new subscription has it (3.3.1-9).
      packet.retain = false;
      counters.messagesSent += 1;
      yield packet;
    }
  }
}
