/**
 * What the embedded broker keeps: aedes's own persistence in memory or in LevelDB, with the cures of broker-persistence.ts.
 *
 * Beside what aedes writes, a directory holds the number of the broker's life, which grows with each start (queued
 * messages are sorted by it, and a random one would mix the messages of two lives), and since when each session has
 * been without its client.
 *
 * With a directory everything acknowledged survives the death of the process (not a power loss: LevelDB is not asked
 * to sync). A directory that cannot be read is set aside as `<dir>.corrupt-<epoch ms>` and the broker starts empty:
 * documents are written again by their owners. Only messages queued for absent sessions are lost with it.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import memoryPersistence from 'aedes-persistence';
import levelPersistence from 'aedes-persistence-level';
import { Level } from 'level';
import type { BrokerPacket, BrokerPersistence } from './broker-aedes.ts';
import { GroupCommit } from './broker-group-commit.ts';
import { curePersistence, type PersistenceCures } from './broker-persistence.ts';
import type { Sessions } from './broker-sessions.ts';
import type { Log } from './log.ts';

export class BrokerStoreLockedError extends Error {
  override readonly name = 'BrokerStoreLockedError';
  constructor(directory: string, cause: unknown) {
    super(`the broker's data in ${directory} is in use by another process: stop that one, or give this one a directory of its own`, { cause });
  }
}

export interface BrokerStore {
  readonly persistence: BrokerPersistence;
  /** Resolves when the message is on disk, or when it is removed from there (empty payload); in the order of the calls. null: in memory only. */
  readonly writeRetained: ((packet: BrokerPacket) => Promise<void>) | null;
  /** Greater, as text, than in every earlier life of this directory. */
  readonly brokerId: string;
  /** Notes since when the session has been without its client; null: it is there. */
  noteAbsence(clientId: string, sinceMs: number | null): void;
  /** There is no session any more. */
  forgetAbsence(clientId: string): void;
  /** Ends the session with all that is queued for it. */
  endSession(clientId: string): Promise<void>;
  close(): Promise<void>;
}

type Db = Level<string, Buffer>;

/** Beside the keys of aedes-persistence-level, which all begin with their own prefix. */
const livesKey = 'homelab-broker-lives';
const absenceKey = (clientId: string): string => `homelab-broker-absent:${encodeURIComponent(clientId)}`;

/** `directory` null: in memory only. `nowMs`: epoch; sessions of which nothing is noted count as absent since then. */
export async function openBrokerStore(directory: string | null, cures: PersistenceCures, nowMs: number): Promise<BrokerStore> {
  if (directory === null) {
    const persistence = curePersistence((memoryPersistence as unknown as () => BrokerPersistence)(), cures);
    const nothing = (): void => undefined;
    return {
      persistence,
      writeRetained: null,
      brokerId: lifeName(0),
      noteAbsence: nothing,
      forgetAbsence: nothing,
      endSession: ender(persistence),
      close: () => Promise.resolve(),
    };
  }
  try {
    return await openOnDisk(directory, cures, nowMs);
  } catch (error) {
    if (errorCode(error) === 'LEVEL_LOCKED') throw new BrokerStoreLockedError(directory, error);
    if (!isCorruption(error)) throw error;
    const aside = freeName(`${directory}.corrupt-${nowMs}`);
    renameSync(directory, aside);
    cures.log.error({ err: error, directory, set_aside: aside }, "the broker's data cannot be read and was set aside; starting without it");
    return openOnDisk(directory, cures, nowMs);
  }
}

/** Two in one millisecond must not stop the broker. */
function freeName(wanted: string): string {
  let name = wanted;
  for (let at = 1; existsSync(name); at += 1) name = `${wanted}-${at}`;
  return name;
}

async function openOnDisk(directory: string, cures: PersistenceCures, nowMs: number): Promise<BrokerStore> {
  mkdirSync(dirname(directory), { recursive: true });
  const db: Db = new Level(directory, { valueEncoding: 'buffer' });
  try {
    await db.open();
    const found = await readAll(db);
    const persistence = levelPersistence(db) as BrokerPersistence;
    const packets: BrokerPacket[] = [];
    for await (const packet of persistence.createRetainedStream('#')) packets.push(packet as BrokerPacket);
    for await (const packet of persistence.createRetainedStream('$SYS/#')) packets.push(packet as BrokerPacket);
    const subscriptions = await Promise.all([...found.sessions].map(async (id) => ({ id, filters: await persistence.subscriptionsByClient({ id }) })));
    const life = Number((await db.get(livesKey))?.toString() ?? '0') + 1;
    await db.put(livesKey, Buffer.from(String(life)));
    // Only now: a store that cannot be read whole must leave nothing behind in memory.
    for (const packet of packets) cures.retained.store(packet);
    for (const { id, filters } of subscriptions) cures.sessions.subscribed(id, filters);
    restoreSessions(cures.sessions, found, nowMs);
    const known = new Set(cures.sessions.ids);
    await db.batch([...found.absentSince.keys()].filter((id) => !known.has(id)).map((id) => ({ type: 'del', key: absenceKey(id) })));
    return onDisk(db, curePersistence(persistence, cures), lifeName(life), cures.log);
  } catch (error) {
    await db.close();
    throw error;
  }
}

function onDisk(db: Db, persistence: BrokerPersistence, brokerId: string, log: Log): BrokerStore {
  const failed = (error: unknown): void => {
    log.warn({ err: error }, 'the broker could not note since when a session is without its client; it will end later than it should');
  };
  const end = ender(persistence);
  const writes = new GroupCommit((group) => db.batch([...group]));
  // Keys and values as aedes-persistence-level writes them, because it reads them at the next start.
  const encoder = levelPersistence({ put: (key: string, value: Buffer) => writes.put(key, value), del: (key: string) => writes.del(key) }) as BrokerPersistence;
  return {
    persistence,
    writeRetained: ({ topic, payload, qos }) => encoder.storeRetained({ cmd: 'publish', topic, payload, qos, retain: true }),
    brokerId,
    noteAbsence: (clientId, sinceMs) => {
      if (db.status !== 'open') return;
      db.put(absenceKey(clientId), Buffer.from(String(sinceMs ?? 0))).catch(failed);
    },
    forgetAbsence: (clientId) => {
      if (db.status === 'open') db.del(absenceKey(clientId)).catch(failed);
    },
    endSession: async (clientId) => {
      await end(clientId);
      await db.del(absenceKey(clientId));
    },
    close: () => db.close(),
  };
}

const ender =
  (persistence: BrokerPersistence) =>
  async (id: string): Promise<void> => {
    await persistence.cleanSubscriptions({ id });
    await persistence.cleanIncoming({ id });
  };

interface StoredSessions {
  readonly sessions: ReadonlySet<string>;
  readonly queued: readonly { readonly id: string; readonly key: string; readonly bytes: number }[];
  readonly absentSince: ReadonlyMap<string, number>;
}

/**
 * Reads every entry once: damage inside a table shows only then, and must show before anything relies on it. The keys
 * are those of aedes-persistence-level: `subscriptions:<id>:<filter>`, `outgoing:<id>:<broker>:<padded counter>`.
 */
async function readAll(db: Db): Promise<StoredSessions> {
  const sessions = new Set<string>();
  const queued: { id: string; key: string; bytes: number }[] = [];
  const absentSince = new Map<string, number>();
  for await (const [key, value] of db.iterator()) {
    const [kind, encodedId, brokerId, counter] = key.split(':');
    if (encodedId === undefined) continue;
    if (kind === 'subscriptions') sessions.add(decodeURIComponent(encodedId));
    if (kind === 'outgoing') queued.push({ id: decodeURIComponent(encodedId), key: `${brokerId}:${Number(counter)}`, bytes: value.length });
    if (kind === 'homelab-broker-absent') absentSince.set(decodeURIComponent(encodedId), Number(value.toString()));
  }
  return { sessions, queued, absentSince };
}

function restoreSessions(sessions: Sessions, found: StoredSessions, nowMs: number): void {
  for (const { id, key, bytes } of found.queued) sessions.restored(id, key, bytes);
  // 0: its client was there when the process died.
  for (const id of sessions.ids) sessions.absent(id, found.absentSince.get(id) || nowMs);
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
  if (code === 'LEVEL_CORRUPTION' || error instanceof RangeError || error instanceof TypeError || error instanceof URIError) return true;
  const text = error instanceof Error ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}` : '';
  return code === 'LEVEL_IO_ERROR' && /No such file|Invalid argument/.test(text);
}
