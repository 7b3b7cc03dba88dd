/**
 * The parts of aedes 1.2 that its types leave out and our cures rest on. Whoever raises the version of aedes reads the
 * lines named here again; the conformance suite says whether they still hold.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import type { SessionSubscription } from './broker-sessions.ts';

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
  /** The CONNACK has been written. */
  readonly connackSent: boolean;
  readonly conn: Duplex;
  /** By filter; without prototype. */
  readonly subscriptions: Readonly<Record<string, { readonly qos: number }>>;
  will: unknown;
  /** Of the CONNECT; becomes `will` when the client is let in (lib/handlers/connect.js, `storeWill`). */
  _will?: { readonly topic: string } | null | undefined;
  /** Called by the emitter for each matching subscription (lib/handlers/subscribe.js, `addSubs`, which reads them once per subscription). */
  deliver0: Deliver;
  deliverQoS: Deliver;
  readonly _parser: PacketParser;
}

/** mqtt-packet/parser.js */
export interface PacketParser extends EventEmitter {
  readonly packet: { readonly length: number };
  /** What has come and is not parsed yet (bl). */
  readonly _list: { readonly length: number; slice(start: number, end: number): Buffer };
  /** Where it reads now. */
  readonly _pos: number;
  /** True when the header is whole. */
  _parseLength(): boolean;
  /** True when the packet is whole and was emitted. */
  _parsePayload(): boolean;
  /** null: there is none; whoever asked makes an error of it. */
  _parseString(): string | null;
  /** Ends the parsing of this connection. */
  _emitError(error: Error): unknown;
}

/** What the parser emits, as far as it is looked at before aedes gets it. */
export interface IncomingPacket {
  readonly cmd: string;
  readonly qos?: number;
  readonly messageId?: number;
  topic?: string;
  readonly clientId?: string;
  readonly clean?: boolean;
  readonly protocolVersion?: number;
  readonly will?: { readonly topic: string };
  subscriptions?: { readonly topic: string; readonly qos: number }[];
  unsubscriptions?: string[];
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
  cleanSubscriptions(client: ClientName): Promise<void>;
  /** Notes the message id under which a queued message is sent; rejects when the message is not queued. */
  outgoingUpdate(client: ClientName, packet: BrokerPacket): Promise<void>;
  /** Forgets the queued message that was sent under this message id. */
  outgoingClearMessageId(client: ClientName, packet: BrokerPacket): Promise<unknown>;
  outgoingStream(client: ClientName): Readable;
  /** aedes calls it once per filter of a SUBSCRIBE, each time with all of them, refused ones included (lib/handlers/subscribe.js). */
  addSubscriptions(client: ClientName, subscriptions: readonly BrokerSubscription[]): Promise<unknown>;
  removeSubscriptions(client: ClientName, filters: readonly string[]): Promise<unknown>;
  subscriptionsByClient(client: ClientName): Promise<readonly BrokerSubscription[]>;
  subscriptionsByTopic(topic: string): Promise<readonly SessionSubscription[]>;
  outgoingEnqueueCombi(subscriptions: readonly SessionSubscription[], packet: BrokerPacket): Promise<unknown>;
  /** Of QoS 2. */
  cleanIncoming(client: ClientName): Promise<void>;
}

/** All that the persistence reads of a client. */
export interface ClientName {
  readonly id: string | null;
}
