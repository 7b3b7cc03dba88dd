/**
 * The figures of the embedded broker under `$SYS/broker/`, by the names that mosquitto gave them: what MQTT Explorer's
 * statistics panel shows. Published every 30 s while somebody subscribes to a topic that begins with `$`, and at once
 * to whoever begins to; not retained, so they cost nothing when nobody looks.
 */
import type { BrokerInternals, BrokerPacket, BrokerSubscription } from './broker-aedes.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { Door } from './broker-door.ts';
import type { RetainedMessages } from './broker-retained.ts';
import type { Sessions } from './broker-sessions.ts';
import type { Clock } from './clock.ts';

/** All numbers count from the start of the process; topic below `$SYS/broker/`. */
export type BrokerFigures = Readonly<Record<string, number | string>>;

/** What the panel refreshes at; mosquitto's default is 10 s. */
const figuresEveryMs = 30_000;

/** Samples that make five minutes, for the loads. */
const samplesKept = 300_000 / figuresEveryMs;

interface Sample {
  readonly atMs: number;
  readonly received: number;
  readonly sent: number;
}

export class SysFigures {
  private readonly broker: BrokerInternals;
  private readonly clock: Clock;
  private readonly read: () => BrokerFigures;
  private readonly samples: Sample[] = [];
  private timer: unknown = null;
  private heapMaximum = 0;

  constructor(broker: BrokerInternals, clock: Clock, read: () => BrokerFigures) {
    this.broker = broker;
    this.clock = clock;
    this.read = read;
  }

  start(): void {
    this.broker.on('subscribe', (subscriptions: readonly BrokerSubscription[]) => {
      if (subscriptions.some((each) => each.qos < 128 && isSys(each.topic))) this.publish();
    });
    this.tick();
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  /** Everything, by topic below `$SYS/broker/`. */
  figures(): BrokerFigures {
    const heap = process.memoryUsage().heapUsed;
    this.heapMaximum = Math.max(this.heapMaximum, heap);
    const now = this.read();
    const oldest = this.samples[0];
    // Per minute, over what is known of the last five; a burst in the first seconds is not a high rate.
    const minutes = Math.max(figuresEveryMs, this.clock.now() - (oldest?.atMs ?? 0)) / 60_000;
    const perMinute = (name: string, before: number | undefined): number => Math.round(((Number(now[name]) - (before ?? 0)) / minutes) * 100) / 100;
    return {
      ...now,
      'load/messages/received/5min': perMinute('messages/received', oldest?.received),
      'load/messages/sent/5min': perMinute('messages/sent', oldest?.sent),
      'heap/current': heap,
      'heap/maximum': this.heapMaximum,
    };
  }

  private tick(): void {
    const { 'messages/received': received, 'messages/sent': sent } = this.read();
    this.samples.push({ atMs: this.clock.now(), received: Number(received), sent: Number(sent) });
    if (this.samples.length > samplesKept) this.samples.shift();
    if (Object.values(this.broker.clients).some((client) => Object.keys(client.subscriptions).some(isSys))) this.publish();
    this.timer = this.clock.setTimeout(() => {
      this.tick();
    }, figuresEveryMs);
  }

  private publish(): void {
    for (const [name, value] of Object.entries(this.figures())) {
      const packet: BrokerPacket = { cmd: 'publish', topic: `$SYS/broker/${name}`, payload: Buffer.from(String(value)), qos: 0, retain: false };
      this.broker.publish(packet, () => undefined);
    }
  }
}

const isSys = (filter: string): boolean => filter.startsWith('$');

export interface FigureSources {
  readonly counters: BrokerCounters;
  readonly door: Door;
  readonly broker: BrokerInternals;
  readonly sessions: Sessions;
  readonly retained: RetainedMessages;
  readonly version: string | undefined;
  readonly uptimeMs: number;
}

/** By the names of mosquitto where it has one. */
export function readFigures({ broker, sessions, retained, counters, door, version, uptimeMs }: FigureSources): BrokerFigures {
  const clients = Object.values(broker.clients);
  const bytes = door.bytes();
  const absent = sessions.absentCount;
  return {
    version: `homelab ${version ?? ''}`.trim(),
    uptime: `${Math.round(uptimeMs / 1000)} seconds`,
    'clients/connected': clients.length,
    'clients/disconnected': absent,
    'clients/total': clients.length + absent,
    'subscriptions/count': clients.reduce((sum, client) => sum + Object.keys(client.subscriptions).length, 0),
    'retained messages/count': retained.count,
    'messages/received': counters.messagesReceived,
    'messages/sent': counters.messagesSent,
    'bytes/received': bytes.received,
    'bytes/sent': bytes.sent,
    'publish/messages/dropped': counters.queueDropped + counters.publishesDropped + counters.retainedRefused,
    'limits/connections/open': door.count,
    'limits/connections/refused': counters.connectionsRefused,
    'limits/connections/delayed': counters.connectionsDelayed,
    'limits/connections/failed': counters.protocolErrors,
    'limits/connections/mqtt_5': counters.version5Refused,
    'limits/connections/mqtt_5_last': counters.version5Last,
    'limits/clients/slow': counters.slowClientsDisconnected,
    'limits/sessions/ended': counters.sessionsEnded,
    'limits/subscriptions/refused': counters.subscriptionsRefused,
    'limits/messages/not_queued': counters.queueDropped,
    'limits/messages/not_passed_on': counters.publishesDropped,
    'limits/messages/not_retained': counters.retainedRefused,
    'limits/retained/bytes': retained.bytes,
  };
}
