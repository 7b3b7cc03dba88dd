/**
 * What the embedded broker keeps: aedes's own persistence in memory or in LevelDB, with our cures around it.
 *
 * - Retained messages are also held in memory: aedes would read and decode every one of them for each subscription.
 * - A clean session ends an earlier persistent one with everything that was queued for it.
 * - Messages to a persistent session go out in order: their notes in the store are made one after the other.
 * - The name of a broker's life grows with each start: queued messages are sorted by it, and a random one would mix
 *   the messages of two lives.
 *
 * With a directory everything acknowledged survives the death of the process (not a power loss: LevelDB is not asked
 * to sync). A directory that cannot be read is set aside as `<dir>.corrupt-<epoch ms>` and the broker starts empty:
 * documents are written again by their owners. Only messages queued for absent sessions are lost with it.
 */
import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import memoryPersistence from 'aedes-persistence';
import levelPersistence from 'aedes-persistence-level';
import { Level } from 'level';
import type { BrokerPacket, BrokerPersistence } from './broker-aedes.ts';
import type { Gates, RetainedSource } from './broker-gate.ts';
import type { Log } from './log.ts';

export class BrokerStoreLockedError extends Error {
  override readonly name = 'BrokerStoreLockedError';
  constructor(directory: string, cause: unknown) {
    super(`the broker's data in ${directory} is in use by another process: stop that one, or give this one a directory of its own`, { cause });
  }
}

export interface BrokerStore {
  readonly persistence: BrokerPersistence;
  /** Greater, as text, than in every earlier life of this directory. */
  readonly brokerId: string;
  close(): Promise<void>;
}

type Db = Level<string, Buffer>;

/** Beside the keys of aedes-persistence-level, which all begin with their own prefix. */
const livesKey = 'homelab-broker-lives';

/** `directory` null: in memory only. */
export async function openBrokerStore(directory: string | null, gates: Gates, log: Log): Promise<BrokerStore> {
  if (directory === null) {
    const persistence = (memoryPersistence as unknown as () => BrokerPersistence)();
    return { persistence: curePersistence(persistence, new RetainedMessages(), gates, log), brokerId: lifeName(0), close: () => Promise.resolve() };
  }
  try {
    return await openOnDisk(directory, gates, log);
  } catch (error) {
    if (errorCode(error) === 'LEVEL_LOCKED') throw new BrokerStoreLockedError(directory, error);
    if (!isCorruption(error)) throw error;
    const aside = `${directory}.corrupt-${Date.now()}`;
    renameSync(directory, aside);
    log.error({ err: error, directory, set_aside: aside }, "the broker's data cannot be read and was set aside; starting without it");
    return openOnDisk(directory, gates, log);
  }
}

async function openOnDisk(directory: string, gates: Gates, log: Log): Promise<BrokerStore> {
  mkdirSync(dirname(directory), { recursive: true });
  const db: Db = new Level(directory, { valueEncoding: 'buffer' });
  try {
    await db.open();
    // Damage inside a table shows only when it is read: all of it is, once, before anything relies on it.
    for await (const _entry of db.iterator());
    const persistence = levelPersistence(db) as BrokerPersistence;
    const retained = new RetainedMessages();
    for await (const packet of persistence.createRetainedStream('#')) retained.store(packet as BrokerPacket);
    const life = Number((await db.get(livesKey))?.toString() ?? '0') + 1;
    await db.put(livesKey, Buffer.from(String(life)));
    return { persistence: curePersistence(persistence, retained, gates, log), brokerId: lifeName(life), close: () => db.close() };
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Twelve digits: sorts as text, for longer than any disk lasts. */
const lifeName = (life: number): string => `life-${String(life).padStart(12, '0')}`;

function errorCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code : (error as NodeJS.ErrnoException).code;
}

/**
 * LevelDB's word for it, or its files contradict each other (a named one is missing or has no valid end), or an entry
 * does not decode. Everything else (permissions, a full disk) is not helped by starting empty.
 */
function isCorruption(error: unknown): boolean {
  const code = errorCode(error);
  if (code === 'LEVEL_CORRUPTION' || error instanceof RangeError || error instanceof TypeError) return true;
  const text = error instanceof Error ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}` : '';
  return code === 'LEVEL_IO_ERROR' && /No such file|Invalid argument/.test(text);
}

class RetainedMessages implements RetainedSource {
  private readonly byTopic = new Map<string, BrokerPacket>();

  store(packet: BrokerPacket): void {
    if (packet.payload.length === 0) this.byTopic.delete(packet.topic);
    // Copied: the payload is a window on a whole chunk of the socket, which would stay in memory with it.
    else this.byTopic.set(packet.topic, { topic: packet.topic, payload: Buffer.from(packet.payload), qos: packet.qos, retain: true });
  }

  retained(matches: (topic: string) => boolean): readonly BrokerPacket[] {
    return [...this.byTopic.values()].filter((packet) => matches(packet.topic));
  }
}

function curePersistence(persistence: BrokerPersistence, retained: RetainedMessages, gates: Gates, log: Log): BrokerPersistence {
  const original = {
    storeRetained: persistence.storeRetained.bind(persistence),
    cleanSubscriptions: persistence.cleanSubscriptions.bind(persistence),
    outgoingUpdate: persistence.outgoingUpdate.bind(persistence),
    outgoingStream: persistence.outgoingStream.bind(persistence),
  };
  const updates = new Map<string, Promise<void>>();
  return Object.assign(persistence, {
    storeRetained: async (packet: BrokerPacket) => {
      await original.storeRetained(packet);
      retained.store(packet);
    },
    // The gate of the client sends them; aedes gets nothing to send.
    createRetainedStreamCombi: () => {
      gates.replay(retained);
      return Readable.from([]);
    },
    // aedes empties the queue of an ended session after the CONNACK, and leaves the rest when the client goes before that.
    cleanSubscriptions: async (client) => {
      await original.cleanSubscriptions(client);
      for await (const entry of original.outgoingStream(client)) {
        const packet = { ...(entry as BrokerPacket), messageId: 1 };
        await original.outgoingUpdate(client, packet);
        await persistence.outgoingClearMessageId(client, packet);
      }
    },
    outgoingUpdate: (client, packet) => {
      const id = client.id ?? '';
      const update = (updates.get(id) ?? Promise.resolve()).then(() => original.outgoingUpdate(client, packet));
      // A message that could not be noted is sent all the same: at worst it comes again at the next connect.
      const settled = update.catch((error: unknown) => {
        log.warn({ err: error, client: id, topic: packet.topic }, 'a queued message could not be marked as sent');
      });
      updates.set(id, settled);
      return settled.then(() => {
        if (updates.get(id) === settled) updates.delete(id);
      });
    },
    outgoingStream: (client) => {
      const entries = original.outgoingStream(client);
      return Readable.from(
        (async function* () {
          for await (const entry of entries) {
            const packet = entry as BrokerPacket;
            gates.sawQueued(client, packet);
            // aedes would send the flag of the publisher; only a stored copy for a new subscription has it (3.3.1-9).
            packet.retain = false;
            yield packet;
          }
        })(),
      );
    },
  } satisfies Partial<BrokerPersistence>);
}
