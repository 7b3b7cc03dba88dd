/**
 * The parts of aedes 1.2 that its types leave out and our cures rest on. Whoever raises the version of aedes reads the
 * lines named here again; the conformance suite says whether they still hold.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';

export type Done = (error?: Error | null) => void;

export interface BrokerPacket {
  readonly cmd?: string;
  /** null: a retained message on its way to one subscriber; never deduplicated (lib/client.js, `dedupe`). */
  readonly brokerId?: string | null;
  readonly brokerCounter?: number;
  readonly messageId?: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  retain: boolean;
}

export type Deliver = (packet: BrokerPacket, done: Done) => void;

export interface BrokerSubscription {
  readonly topic: string;
  /** 128: refused. */
  readonly qos: number;
}

export interface BrokerClient extends EventEmitter {
  readonly id: string | null;
  readonly clean: boolean;
  readonly closed: boolean;
  readonly conn: Duplex;
  will: unknown;
  /** Called by the emitter for each matching subscription (lib/handlers/subscribe.js, `addSubs`, which reads them once per subscription). */
  deliver0: Deliver;
  deliverQoS: Deliver;
  readonly _parser: PacketParser;
}

/** mqtt-packet/parser.js */
export interface PacketParser extends EventEmitter {
  readonly packet: { readonly length: number };
  _parseLength(): boolean;
}

export interface BrokerInternals extends EventEmitter {
  readonly id: string;
  readonly clients: Readonly<Record<string, BrokerClient>>;
  readonly mq: { emit(packet: BrokerPacket, done: Done): unknown };
  handle: (socket: Duplex) => BrokerClient;
  /** `client` may be left out. */
  publish(packet: BrokerPacket, client: BrokerClient | null | Done, done?: Done): void;
  close(done: () => void): void;
  /** Before the PUBACK; `client` null: the will of a client of an earlier life. */
  authorizePublish: (client: BrokerClient | null, packet: BrokerPacket, done: Done) => void;
}

/** What of aedes-persistence 11 we replace. */
export interface BrokerPersistence {
  storeRetained(packet: BrokerPacket): Promise<void>;
  createRetainedStream(pattern: string): Readable;
  createRetainedStreamCombi(patterns: readonly string[]): Readable;
  /** At the CONNECT of a clean session, before its CONNACK. */
  cleanSubscriptions(client: BrokerClient): Promise<void>;
  /** Notes the message id under which a queued message is sent; rejects when the message is not queued. */
  outgoingUpdate(client: BrokerClient, packet: BrokerPacket): Promise<void>;
  /** Forgets the queued message that was sent under this message id. */
  outgoingClearMessageId(client: BrokerClient, packet: BrokerPacket): Promise<unknown>;
  outgoingStream(client: BrokerClient): Readable;
}
