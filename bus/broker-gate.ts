/**
 * What one client of the embedded broker gets, and in which order: stored messages first, live ones behind them.
 *
 * Why: aedes sends live messages beside the retained ones of a SUBSCRIBE and beside the queue of a returning session.
 * So an old document can arrive after the new one, a queued event after a later one, and a client that subscribes and
 * then publishes to itself cannot know that it has read everything retained (the bus relies on exactly that).
 *
 * A subscriber that does not keep up never holds up a publisher: what it has not taken is kept for it up to a limit,
 * then it is disconnected (a persistent session keeps its queue, everyone else reads documents again on return).
 */
import type { BrokerClient, BrokerInternals, BrokerPacket, BrokerSubscription, Deliver } from './broker-aedes.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { BrokerLimits } from './broker-limits.ts';
import { topicMatches } from './broker-topic-filter.ts';
import type { Log } from './log.ts';

/** What a packet costs beside its topic and payload: objects and header, rounded up. */
const packetOverheadBytes = 200;

export interface RetainedSource {
  /** A snapshot, taken when called. */
  matching(filter: string): readonly BrokerPacket[];
}

/** What all gates share. */
export interface GateRules {
  readonly limits: BrokerLimits;
  readonly counters: BrokerCounters;
  readonly log: Log;
}

export class ClientGate {
  private readonly client: BrokerClient;
  private readonly brokerId: string;
  private readonly rules: GateRules;
  private readonly deliver0: Deliver;
  private readonly deliverQoS: Deliver;
  private held: BrokerPacket[] = [];
  private waitingBytes = 0;
  private queueSent = false;
  private replays = 0;
  private replayTail: Promise<void> = Promise.resolve();
  /** Number of the last message of this broker that was sent or held; subscriptions that overlap deliver the same again. */
  private lastCounter = 0;
  /** Number of the last message that came from the queue of the session. */
  private lastQueued = 0;
  /** The QoS of all its subscriptions, when they agree; null: not known. */
  private granted: number | 'mixed' | null = null;

  constructor(client: BrokerClient, brokerId: string, rules: GateRules) {
    this.client = client;
    this.brokerId = brokerId;
    this.rules = rules;
    this.deliver0 = client.deliver0;
    this.deliverQoS = client.deliverQoS;
    const live: Deliver = (packet, done) => {
      this.take(packet);
      // At once, the emitter must not wait for this client; but not before, because the next message follows on it.
      done();
    };
    // aedes reads them at each SUBSCRIBE, just before the subscription counts.
    const get = (): Deliver => {
      this.granted = null;
      return live;
    };
    Object.defineProperties(client, { deliver0: { get }, deliverQoS: { get } });
  }

  /** The session's queue is being read for this client. */
  sawQueued(packet: BrokerPacket): void {
    if (packet.brokerId === this.brokerId) this.lastQueued = packet.brokerCounter ?? 0;
  }

  /** The CONNACK and the queue have been sent. */
  ready(): void {
    this.queueSent = true;
    this.granted = null;
    this.openIfDone();
  }

  /** Sends what is retained under these filters; called in the same turn as the SUBACK was written. */
  replay(subscriptions: readonly BrokerSubscription[], source: RetainedSource): void {
    const granted = subscriptions.filter((each) => each.qos < 128);
    this.replays += 1;
    this.replayTail = this.replayTail
      .then(async () => {
        await this.sendRetained(granted, source);
        this.replays -= 1;
        this.openIfDone();
      })
      .catch((error: unknown) => {
        // Connected and silent would be worse than gone.
        this.rules.log.error({ err: error, client: this.client.id }, 'retained messages could not be sent; disconnecting the client');
        this.client.conn.destroy();
      });
  }

  private async sendRetained(subscriptions: readonly BrokerSubscription[], source: RetainedSource): Promise<void> {
    const wanted = new Map<BrokerPacket, number>();
    for (const { topic, qos } of subscriptions) for (const stored of source.matching(topic)) wanted.set(stored, Math.max(qos, wanted.get(stored) ?? 0));
    for (const [stored, qosMax] of wanted) {
      if (this.client.closed) return;
      const packet: BrokerPacket = {
        cmd: 'publish',
        brokerId: null,
        topic: stored.topic,
        payload: stored.payload,
        qos: Math.min(stored.qos, qosMax) as 0 | 1 | 2,
        retain: true,
      };
      // One by one, each when the socket has taken the one before: a large replay does not pile up in memory.
      await new Promise<void>((resolve) => {
        this.send(packet, () => {
          resolve();
        });
      });
    }
  }

  private take(packet: BrokerPacket): void {
    if (this.client.closed) return;
    if (packet.brokerId === this.brokerId) {
      const counter = packet.brokerCounter ?? 0;
      if (counter <= this.lastCounter) return;
      this.lastCounter = counter;
    }
    const { limits, counters, log } = this.rules;
    const bytes = packet.payload.length + packet.topic.length + packetOverheadBytes;
    if (this.waitingBytes + bytes > limits.clientBacklogBytesMax) {
      counters.slowClientsDisconnected += 1;
      log.warn({ client: this.client.id, waiting_bytes: this.waitingBytes }, 'disconnecting a client that does not keep up');
      this.held = [];
      this.client.conn.destroy(new Error('the client does not keep up with its messages'));
      return;
    }
    this.waitingBytes += bytes;
    const granted = this.capped(packet);
    if (this.isOpen()) this.sendLive(granted, bytes);
    else this.held.push(granted);
  }

  /** The message under the highest QoS of all subscriptions it matches (3.3.5); aedes takes the first one's, and its own rule knows exact filters only. */
  private capped(packet: BrokerPacket): BrokerPacket {
    if (packet.qos === 0) return packet;
    this.granted ??= commonQos(this.client);
    const qos = Math.min(packet.qos, this.granted === 'mixed' ? qosFor(this.client, packet.topic) : this.granted) as 0 | 1 | 2;
    return qos === packet.qos ? packet : Object.assign(packet, { qos });
  }

  private sendLive(packet: BrokerPacket, bytes: number): void {
    this.send(packet, () => {
      this.waitingBytes -= bytes;
    });
  }

  /** `deliverQoS` of aedes would call the replaced `deliver0` for QoS 0. */
  private send(packet: BrokerPacket, done: () => void): void {
    this.rules.counters.messagesSent += 1;
    if (packet.qos === 0) this.deliver0.call(this.client, packet, done);
    else this.deliverQoS.call(this.client, packet, done);
  }

  private isOpen(): boolean {
    return this.queueSent && this.replays === 0 && this.held.length === 0;
  }

  private openIfDone(): void {
    if (!this.queueSent || this.replays > 0) return;
    const held = this.held;
    this.held = [];
    for (const packet of held) {
      const bytes = packet.payload.length + packet.topic.length + packetOverheadBytes;
      const wasQueued = packet.qos > 0 && packet.brokerId === this.brokerId && (packet.brokerCounter ?? 0) <= this.lastQueued;
      if (wasQueued) this.waitingBytes -= bytes;
      else this.sendLive(packet, bytes);
    }
  }
}

function commonQos(client: BrokerClient): number | 'mixed' {
  let common: number | null = null;
  for (const { qos } of Object.values(client.subscriptions)) {
    if (common !== null && qos !== common) return 'mixed';
    common = qos;
  }
  return common ?? 0;
}

function qosFor(client: BrokerClient, topic: string): number {
  let highest = 0;
  for (const [filter, { qos }] of Object.entries(client.subscriptions)) if (qos > highest && topicMatches(filter, topic)) highest = qos;
  return highest;
}

/** One gate per client, from before its CONNECT is handled. */
export class Gates {
  private readonly gates = new WeakMap<BrokerClient, ClientGate>();
  private readonly rules: GateRules;
  /** Set between aedes's `subscribe` event and its request for the retained messages, which come in one turn. */
  private subscribing: { readonly gate: ClientGate; readonly subscriptions: readonly BrokerSubscription[] } | null = null;

  constructor(rules: GateRules) {
    this.rules = rules;
  }

  attach(broker: BrokerInternals): void {
    broker.on('clientReady', (client: BrokerClient) => this.gates.get(client)?.ready());
    broker.on('subscribe', (subscriptions: BrokerSubscription[], client: BrokerClient) => {
      const gate = this.gates.get(client);
      this.subscribing = gate === undefined ? null : { gate, subscriptions: [...subscriptions] };
    });
  }

  add(client: BrokerClient, brokerId: string): void {
    this.gates.set(client, new ClientGate(client, brokerId, this.rules));
  }

  sawQueued(client: BrokerClient, packet: BrokerPacket): void {
    this.gates.get(client)?.sawQueued(packet);
  }

  /** In place of aedes's own replay. */
  replay(source: RetainedSource): void {
    const { subscribing } = this;
    this.subscribing = null;
    subscribing?.gate.replay(subscribing.subscriptions, source);
  }
}
