/**
 * The persistent sessions of the embedded broker: who they belong to, what they subscribed to, how much is queued.
 *
 * Why: aedes keeps sessions and queues for ever and without limit; and its index of subscriptions on disk forgets a
 * filter when the same client subscribes to an overlapping one with another QoS, so nothing is queued for it any more.
 * Remembers nothing itself: broker-store.ts stores when a client was last there and fills this at the start.
 */
import type { BrokerPacket } from './broker-aedes.ts';
import type { BrokerCounters } from './broker-counters.ts';
import { FilterTree } from './broker-filter-tree.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { Log } from './log.ts';

interface Session {
  readonly filters: Map<string, number>;
  /** Bytes of each queued message by its key. */
  readonly queued: Map<string, number>;
  queuedBytes: number;
  /** Key of the message that was last sent under a packet id. */
  readonly sentAs: Map<number, string>;
  /** null: connected. */
  absentSinceMs: number | null;
  /** The log says once per fullness that messages are dropped. */
  saidFull: boolean;
}

export interface SessionSubscription {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: number;
}

/** The name of a message within the queue of a session. */
const queueKey = (packet: BrokerPacket): string => `${packet.brokerId}:${packet.brokerCounter}`;

export class Sessions {
  private readonly limits: BrokerLimits;
  private readonly counters: BrokerCounters;
  private readonly log: Log;
  private readonly sessions = new Map<string, Session>();
  private readonly tree = new FilterTree();

  constructor(limits: BrokerLimits, counters: BrokerCounters, log: Log) {
    this.limits = limits;
    this.counters = counters;
    this.log = log;
  }

  get ids(): readonly string[] {
    return [...this.sessions.keys()];
  }

  get absentCount(): number {
    let count = 0;
    for (const { absentSinceMs } of this.sessions.values()) if (absentSinceMs !== null) count += 1;
    return count;
  }

  connected(id: string): void {
    this.sessionOf(id).absentSinceMs = null;
  }

  /** False: without subscriptions and queue it was none worth keeping. */
  absent(id: string, sinceMs: number): boolean {
    const session = this.sessionOf(id);
    session.absentSinceMs = sinceMs;
    session.sentAs.clear();
    const isEmpty = session.filters.size === 0 && session.queued.size === 0;
    if (isEmpty) this.sessions.delete(id);
    return !isEmpty;
  }

  subscribed(id: string, subscriptions: readonly { readonly topic: string; readonly qos: number }[]): void {
    const session = this.sessionOf(id);
    for (const { topic, qos } of subscriptions) {
      session.filters.set(topic, qos);
      // QoS 0 is not queued: nothing to find.
      if (qos > 0) this.tree.add(topic, id, qos);
      else this.tree.remove(topic, id);
    }
  }

  unsubscribed(id: string, filters: readonly string[]): void {
    const session = this.sessions.get(id);
    for (const filter of filters) if (session?.filters.delete(filter)) this.tree.remove(filter, id);
  }

  ended(id: string): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    for (const filter of session.filters.keys()) this.tree.remove(filter, id);
    this.sessions.delete(id);
  }

  /** Each session that wants this topic, once. */
  wanting(topic: string): readonly SessionSubscription[] {
    return [...this.tree.match(topic)].map(([clientId, qos]) => ({ clientId, topic, qos }));
  }

  /**
   * Notes the message as queued, or counts it as dropped. The newest goes, not the oldest: what is queued stays without
   * holes, and a publisher who waits for more than the PUBACK (our outboxes do) sends again what was not stored.
   */
  admits(id: string, packet: BrokerPacket): boolean {
    const session = this.sessionOf(id);
    const bytes = packet.topic.length + packet.payload.length;
    if (session.queued.size >= this.limits.queuedMessagesMax || session.queuedBytes + bytes > this.limits.queuedBytesMax) {
      this.counters.queueDropped += 1;
      if (!session.saidFull) {
        this.log.warn(
          { client: id, queued_messages: session.queued.size, queued_bytes: session.queuedBytes },
          'the queue of a session is full: new messages are not queued for it until its client takes some',
        );
      }
      session.saidFull = true;
      return false;
    }
    this.restored(id, queueKey(packet), bytes);
    return true;
  }

  /** Queued in an earlier life, or just now. */
  restored(id: string, key: string, bytes: number): void {
    const session = this.sessionOf(id);
    session.queuedBytes += bytes - (session.queued.get(key) ?? 0);
    session.queued.set(key, bytes);
  }

  isQueued(id: string, packet: BrokerPacket): boolean {
    return this.sessions.get(id)?.queued.has(queueKey(packet)) ?? false;
  }

  sent(id: string, packet: BrokerPacket): void {
    if (packet.messageId !== undefined) this.sessions.get(id)?.sentAs.set(packet.messageId, queueKey(packet));
  }

  /** The client has it. */
  taken(id: string, messageId: number): void {
    const session = this.sessions.get(id);
    const key = session?.sentAs.get(messageId);
    if (session === undefined || key === undefined) return;
    session.sentAs.delete(messageId);
    this.unqueued(id, key);
  }

  unqueued(id: string, key: string): void {
    const session = this.sessions.get(id);
    const bytes = session?.queued.get(key);
    if (session === undefined || bytes === undefined) return;
    session.queued.delete(key);
    session.queuedBytes -= bytes;
    // Half: a client that takes one message at a time must not fill the log.
    if (session.queued.size <= this.limits.queuedMessagesMax / 2 && session.queuedBytes <= this.limits.queuedBytesMax / 2) session.saidFull = false;
  }

  queuedOf(id: string): { readonly messages: number; readonly bytes: number } {
    const session = this.sessions.get(id);
    return { messages: session?.queued.size ?? 0, bytes: session?.queuedBytes ?? 0 };
  }

  /** Which should end now: away too long, or too many (those that were absent longest). */
  overdue(nowMs: number): readonly string[] {
    const absent = [...this.sessions].flatMap(([id, { absentSinceMs }]) => (absentSinceMs === null ? [] : [{ id, absentSinceMs }]));
    absent.sort((one, other) => one.absentSinceMs - other.absentSinceMs);
    const surplus = Math.max(0, this.sessions.size - this.limits.sessionsMax);
    return absent.filter(({ absentSinceMs }, at) => at < surplus || nowMs - absentSinceMs > this.limits.sessionExpiryMs).map(({ id }) => id);
  }

  private sessionOf(id: string): Session {
    let session = this.sessions.get(id);
    if (session === undefined) {
      session = { filters: new Map(), queued: new Map(), queuedBytes: 0, sentAs: new Map(), absentSinceMs: null, saidFull: false };
      this.sessions.set(id, session);
    }
    return session;
  }
}
