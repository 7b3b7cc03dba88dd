/**
 * mosquitto's own bridge as people write it: by hand at first, and with everything that `homelab broker lint` advises. Pure.
 *
 * Both start from the lines that are generated for the site's broker (listener, logins, access list, `persistence true`).
 */
import { allTopics } from '../../contracts/topics.ts';

export interface FarEnd {
  /** `host:port` of the hub's broker. */
  readonly address: string;
  readonly login: string;
  readonly password: string;
  /** Below which all topics are. */
  readonly root: string;
  readonly site: string;
  readonly nodes: readonly string[];
}

type Amend = (lines: readonly string[]) => readonly string[];

/** What a person does not know to write: mosquitto then saves every 30 minutes, and queues 1,000 messages. */
const unknownAtFirst = /^(autosave_|max_queued_messages|persistent_client_expiration|set_tcp_nodelay|message_size_limit|max_packet_size)/;

/** The shortest bridge there is. With QoS 1, although a line that says none means 0: at QoS 0 nothing at all would be kept during a cut. */
export const atFirst =
  (far: FarEnd): Amend =>
  (lines) => [
    ...lines.filter((line) => !unknownAtFirst.test(line)),
    ...['connection hub', `address ${far.address}`, `remote_username ${far.login}`, `remote_password ${far.password}`],
    'topic # both 1',
  ];

/** More than any outage of this bench brings. */
const queuedMax = 100_000;

/**
 * The advice of `homelab broker lint`, and one line for each row of the topic table, in its direction. Saved on every change, as
 * generated. It tries again after 1 to 10 s (ours after 7.5 s at most; the advice is 5 to 60), and pings as seldom as ours speaks.
 */
export const atBest =
  (far: FarEnd): Amend =>
  (lines) => [
    ...lines.filter((line) => !line.startsWith('max_queued_messages')),
    `max_queued_messages ${queuedMax}`,
    ...['connection uplink', `address ${far.address}`, `remote_username ${far.login}`, `remote_password ${far.password}`],
    ...[`remote_clientid ${far.login}`, 'bridge_protocol_version mqttv311', 'cleansession false', 'start_type automatic'],
    ...['restart_timeout 1 10', 'keepalive_interval 55', 'try_private true', 'notifications_local_only true'],
    ...topicLines(far),
  ];

/** What goes up is narrowed by the site's own broker, which holds nothing else; what comes down, to its nodes. */
function topicLines({ root, site, nodes }: FarEnd): readonly string[] {
  const filtersOf = (direction: 'up' | 'down'): readonly string[] =>
    allTopics.flatMap(([, row]) => {
      if (row.bridge !== direction) return [];
      if (row.pattern.includes('{site}')) return [row.filter({ site })];
      return direction === 'up' ? [row.filter()] : nodes.map((node) => row.filter({ node }));
    });
  return [...filtersOf('up').map((filter) => `topic ${root}/${filter} out 1`), ...filtersOf('down').map((filter) => `topic ${root}/${filter} in 1`)];
}
