/**
 * mosquitto.conf of a site's broker, for 2.0.11 (Debian 12) and later, with the reason of every setting beside it. Pure.
 *
 * The figures are measured with 2.0.11 on two cores, with documents of 700 bytes; docs/broker-config.md has them together.
 */
import { generatedBy } from './header.ts';
import { listenersOf } from './listeners.ts';
import type { SiteBroker } from './site-broker.ts';

/** Where the files are for the process that reads the configuration. */
export interface BrokerPaths {
  readonly acl: string;
  readonly passwords: string;
  /** Directory of certificates and keys, with a slash at the end. */
  readonly tls: string;
  /** With a slash at the end: mosquitto 2.0.2 and older append the file name as it is. */
  readonly data: string;
}

/** `container`: as services/mosquitto/docker-compose.yml mounts them; `debian`: as its package has them. */
export const layouts = {
  container: { acl: '/mosquitto/config/acl.conf', passwords: '/mosquitto/secret/passwd', tls: '/mosquitto/secret/', data: '/mosquitto/data/' },
  debian: { acl: '/etc/mosquitto/acl.conf', passwords: '/etc/mosquitto/passwd', tls: '/etc/mosquitto/certs/', data: '/var/lib/mosquitto/' },
} as const satisfies Record<string, BrokerPaths>;
export type Layout = keyof typeof layouts;

/** As the embedded broker's packet limit: the largest documents of zigbee2mqtt are some 500 kB, ours at most 256 kB. */
const payloadBytesMax = 2 * 1024 * 1024;
/** Twice that, so that whoever sends a little too much is told by nothing, and whoever sends nonsense is closed before it is collected. */
const packetBytesMax = 2 * payloadBytesMax;
/** Above what a reader reads at once, 2,500 documents for 500 services; in memory 24 MB for three absent sessions, of the 64 MB that its container has. */
const queuedMax = 20_000;

export function mosquittoConf(broker: SiteBroker, paths: BrokerPaths): string {
  const blocks = [
    [...generatedBy(broker), `# The broker of ${broker.site}, on ${broker.node}. For mosquitto 2.0.11 and later.`],
    ...listenersOf(broker, paths),
    [
      '# Survives kill -9, but for the last few messages of a burst: saved at each change of a retained message, a subscription or the queue of a',
      '# session. One save of 300 documents is 0.2 MB and takes 0.7 ms, of 1,500 documents 1.2 MB and 2.5 ms; without a change nothing is written.',
      '# That leaves 500 messages a second of 10,000. By time (autosave_on_changes false) an interval of 1 writes everything all day long, and a',
      '# kill -9 lost 4,499 of 5,000 messages; the default, every 30 minutes, lost all 5,000.',
      'persistence true',
      `persistence_location ${paths.data}`,
      'autosave_on_changes true',
      'autosave_interval 1',
    ],
    [
      '# For each session. The default of 1,000 keeps the oldest, drops the newest and has acknowledged both; from 2.0.16 on it also cuts off a reader',
      '# of more documents than that (issue 2887). 0, no limit, fills the memory, and 2.0.16 delivers nothing with it (issue 2879). Events beyond it',
      '# are not lost: their outboxes send them again.',
      `max_queued_messages ${queuedMax}`,
      '# A session that does not come back ends, so that its queue does not stay for ever. A week is longer than a repair of a machine.',
      'persistent_client_expiration 7d',
    ],
    [
      '# A larger payload is acknowledged and dropped: an error would bring its client back with it for ever. The largest real ones have 500 kB.',
      `message_size_limit ${payloadBytesMax}`,
      '# Beyond this the connection is closed at the header: without it anybody who reaches the port can fill the memory, before any login.',
      `max_packet_size ${packetBytesMax}`,
      '# Retained messages have no limit in mosquitto. Who may write where is what bounds them.',
    ],
    ['# Without it a small message waits 40 ms for the acknowledgement of the one before: 88 ms for a question and its answer.', 'set_tcp_nodelay true'],
    ['log_dest stdout', 'log_type error', 'log_type warning', 'log_type notice', 'connection_messages false'],
  ];
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}
