/** What the embedded broker has done and refused since it started. Counted where it happens, read by broker-sys.ts and by tests; lost at the end of the process. */
export interface BrokerCounters {
  /** PUBLISH packets from clients and to clients. */
  messagesReceived: number;
  messagesSent: number;
  /** Bytes of connections that have ended. */
  bytesReceived: number;
  bytesSent: number;
  connectionsRefused: number;
  connectionsDelayed: number;
  /** Connections closed for what their client sent. */
  protocolErrors: number;
  /** Clients that speak MQTT 5, which this broker does not; among them Home Assistant as it comes. */
  version5Refused: number;
  /** Which of them came last: client and address; '' = none. */
  version5Last: string;
  /** Acknowledged and not passed on: topics of the broker itself, too many levels, topics that the login may not write. */
  publishesDropped: number;
  subscriptionsRefused: number;
  /** Not queued for a session that was full. */
  queueDropped: number;
  /** Not kept because the broker retains too much already. */
  retainedRefused: number;
  sessionsEnded: number;
  slowClientsDisconnected: number;
}

export const newCounters = (): BrokerCounters => ({
  messagesReceived: 0,
  messagesSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  connectionsRefused: 0,
  connectionsDelayed: 0,
  protocolErrors: 0,
  version5Refused: 0,
  version5Last: '',
  publishesDropped: 0,
  subscriptionsRefused: 0,
  queueDropped: 0,
  retainedRefused: 0,
  sessionsEnded: 0,
  slowClientsDisconnected: 0,
});

/** Reports remembered at most; a client that invents topics must not fill the memory with them. */
const reportsMax = 1_000;

/** Lets a log line pass once per key, so that a client in a loop does not fill the disk. */
export class ReportOnce {
  private readonly reported = new Set<string>();

  isNew(...key: readonly unknown[]): boolean {
    // Through a buffer: a slice of a long string would keep the whole of it in memory.
    const text = Buffer.from(key.map(String).join(' ').slice(0, 200)).toString();
    if (this.reported.has(text) || this.reported.size >= reportsMax) return false;
    this.reported.add(text);
    return true;
  }
}
