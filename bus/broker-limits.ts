/** How much the embedded broker takes before it says no: every limit, its default, and where the number comes from. docs/broker.md tells operators the same. */

export interface BrokerLimits {
  /** Largest packet, bytes. A header that announces more closes the connection, before anything of it is collected. */
  readonly packetBytesMax: number;
  /** The same until the client has its CONNACK. */
  readonly connectPacketBytesMax: number;
  /** A packet that was begun must be whole within this, ms. */
  readonly packetWithinMs: number;
  /** From the moment a connection is let in until its CONNECT is whole, ms; then it is closed. */
  readonly connectWithinMs: number;
  /** Packets that one client may send before its CONNACK; beyond, it is disconnected. */
  readonly packetsBeforeConnackMax: number;
  /** A client that takes nothing of what waits for it is disconnected after this, ms. */
  readonly drainWithinMs: number;
  /** Open connections, all listeners together; further ones are closed at once. */
  readonly connectionsMax: number;
  /** New connections per second once `connectBurst` of them have come at once; further ones wait, unread. */
  readonly connectsPerSecond: number;
  readonly connectBurst: number;
  /** Filters of one client; further ones are refused in the SUBACK (128). */
  readonly subscriptionsPerClientMax: number;
  /** Levels of a topic or filter. A publish beyond is acknowledged and dropped, a filter refused. */
  readonly topicLevelsMax: number;
  /** Bytes that wait for one connected client; beyond, it is disconnected. */
  readonly clientBacklogBytesMax: number;
  /** What is queued for one persistent session; beyond, the newest message is not queued. */
  readonly queuedMessagesMax: number;
  readonly queuedBytesMax: number;
  /** Persistent sessions; beyond, the one that was absent longest ends. */
  readonly sessionsMax: number;
  /** A session whose client stays away for longer ends, ms. */
  readonly sessionExpiryMs: number;
  /** What is retained; beyond, a message on a new topic is delivered and not kept. */
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
  /** Inbound QoS 2 messages of one client that wait for its PUBREL; beyond, it is disconnected. */
  readonly inboundQos2Max: number;
}

const mebibyte = 1024 * 1024;

export const defaultBrokerLimits: BrokerLimits = {
  // zigbee2mqtt's largest documents are some 500 kB.
  packetBytesMax: 2 * mebibyte,
  // The five fields of a CONNECT have at most 64 KiB each; ours need 1 kB.
  connectPacketBytesMax: mebibyte / 4,
  // 2 MiB over the worst LTE we know (150 kbit/s).
  packetWithinMs: 120_000,
  // A CONNECT takes one round trip, LTE at its worst about 2 s.
  connectWithinMs: 5_000,
  // aedes closes at 42, and a client that sends its unacknowledged messages at once would be locked out; a first chunk of 64 KiB holds some 1,000.
  packetsBeforeConnackMax: 1_000,
  // Nobody waits for it meanwhile (broker-gate.ts), and a slow link may empty its buffer rarely.
  drainWithinMs: 30_000,
  // A site has tens of clients, a home with ESPHome some hundreds; 1,024 need 100 MB (90 kB each, measured on disk).
  connectionsMax: 1_024,
  // 1,000 clients that return at once are back within 3 s; 0.33 ms of CPU each (measured) leave a Raspberry Pi most of its time.
  connectsPerSecond: 200,
  connectBurst: 500,
  // Home Assistant subscribes once per state topic: a home of 300 devices has some 2,000.
  subscriptionsPerClientMax: 5_000,
  // Ours have 6, Homie 5, Home Assistant's discovery 5; some gateways nest device paths. The matcher of aedes fails at 100.
  topicLevelsMax: 32,
  // 10,000 documents of 1.5 kB, far more than a live reader is ever behind; a few stalled clients do not exhaust a Raspberry Pi.
  clientBacklogBytesMax: 16 * mebibyte,
  // Below 65,535, the number of packet ids: the whole queue may be on its way unacknowledged. At an event per second, 14 hours.
  queuedMessagesMax: 50_000,
  // 50,000 events of 1.3 kB.
  queuedBytesMax: 64 * mebibyte,
  // Ten times the persistent sessions of a large site.
  sessionsMax: 500,
  // A week: longer than the repair of a machine takes; who comes later reads the documents whole, as at every connect.
  sessionExpiryMs: 7 * 24 * 3_600_000,
  // Twice the largest site we measured with (100,000 documents).
  retainedMessagesMax: 200_000,
  // 100,000 documents of 1.3 kB.
  retainedBytesMax: 128 * mebibyte,
  // QoS 1 everywhere here; a client that uses QoS 2 has 20 in flight (the default of most).
  inboundQos2Max: 100,
};
