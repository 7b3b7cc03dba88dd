/**
 * Looks at what a client of the embedded broker sends, before aedes does.
 *
 * Closes the connection for what MQTT 3.1.1 says it must be closed for and aedes 1.2 lets pass, and for packets beyond
 * the limits, from the first byte on and before any login. What is merely more than we take (topics with too many
 * levels) is never an error: the connection would close, and the client would send the same again for ever.
 */
import { isUtf8 } from 'node:buffer';
import type { BrokerClient, BrokerPacket, IncomingPacket } from './broker-aedes.ts';
import type { BrokerCounters, ReportOnce } from './broker-counters.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { Log } from './log.ts';

export interface IntakeRules {
  readonly limits: BrokerLimits;
  readonly counters: BrokerCounters;
  readonly reports: ReportOnce;
  readonly log: Log;
  /** Acknowledge, and do nothing else. */
  drop(packet: BrokerPacket): void;
}

/** Stands for a filter that is refused; each its own, because aedes merges equal ones. `$share` is refused later on (broker-admission.ts). */
const refusedFilter = (at: number): string => `$share/refused/${at}`;

/** CONNACK 2, identifier rejected (3.1.3-8). */
const identifierRejected = Buffer.from([0x20, 2, 0, 2]);

/** Called once per connection, before anything was read from it. `remote`: for the log. */
export function watchIntake(client: BrokerClient, remote: string, rules: IntakeRules): void {
  limitSizes(client, rules);
  checkStrings(client);
  checkPackets(client, remote, rules);
}

function limitSizes(client: BrokerClient, { limits }: IntakeRules): void {
  const parser = client._parser;
  const parseLength = parser._parseLength.bind(parser);
  const parsePayload = parser._parsePayload.bind(parser);
  let overdue: NodeJS.Timeout | null = null;
  parser._parseLength = () => {
    const complete = parseLength();
    const bytesMax = client.connackSent ? limits.packetBytesMax : limits.connectPacketBytesMax;
    if (parser.packet.length <= bytesMax) return complete;
    parser._emitError(new Error(`a packet of ${parser.packet.length} bytes is above the limit of ${bytesMax}`));
    return false;
  };
  parser._parsePayload = () => {
    const complete = parsePayload();
    if (complete && overdue !== null) {
      clearTimeout(overdue);
      overdue = null;
    } else if (!complete && overdue === null) {
      overdue = setTimeout(() => {
        if (!client.closed) parser._emitError(new Error(`a packet was not whole after ${limits.packetWithinMs} ms`));
      }, limits.packetWithinMs);
      overdue.unref();
    }
    return complete;
  };
}

/** Ill-formed UTF-8 and NUL in a string end the connection (1.5.3-1, 1.5.3-2); aedes would store the topic with replacement characters. */
function checkStrings(client: BrokerClient): void {
  const parser = client._parser;
  const parseString = parser._parseString.bind(parser);
  parser._parseString = () => {
    const begin = parser._pos + 2;
    const text = parseString();
    if (text === null || text.includes('\0')) return null;
    // A decoder puts U+FFFD for what it cannot read; it may also have been sent.
    return text.includes('\ufffd') && !isUtf8(parser._list.slice(begin, parser._pos)) ? null : text;
  };
}

function checkPackets(client: BrokerClient, remote: string, rules: IntakeRules): void {
  const parser = client._parser;
  const forward = parser.listeners('packet') as ((packet: IncomingPacket) => void)[];
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: IncomingPacket) => {
    const problem = packet.cmd === 'connect' ? connectProblem(packet, client) : packetProblem(packet);
    if (problem !== null) {
      parser._emitError(new Error(problem));
      return;
    }
    if (packet.cmd === 'connect') sayVersion(packet, remote, rules);
    limitTopics(client, packet, rules);
    for (const listener of forward) listener.call(parser, packet);
  });
}

function connectProblem(packet: IncomingPacket, client: BrokerClient): string | null {
  if (packet.will !== undefined) {
    const problem = topicProblem(packet.will.topic);
    if (problem !== null) return `the topic of the will: ${problem}`;
  }
  if (packet.clientId === '' && packet.clean === false) {
    // Nobody could ever come back to such a session.
    client.conn.write(identifierRejected);
    return 'a persistent session needs a client id';
  }
  return null;
}

function packetProblem(packet: IncomingPacket): string | null {
  const acknowledged = packet.cmd === 'subscribe' || packet.cmd === 'unsubscribe' || (packet.cmd === 'publish' && (packet.qos ?? 0) > 0);
  if (acknowledged && packet.messageId === 0) return 'packet id 0';
  return packet.cmd === 'publish' ? topicProblem(packet.topic ?? '') : null;
}

function topicProblem(topic: string): string | null {
  if (topic === '') return 'an empty topic';
  return topic.includes('#') || topic.includes('+') ? 'a wildcard in the topic of a message' : null;
}

/** Of a client id in a line for people: whoever sends it chooses it. */
const clientIdChars = 40;

function sayVersion(packet: IncomingPacket, remote: string, { reports, counters, log }: IntakeRules): void {
  const version = packet.protocolVersion ?? 4;
  if (version <= 4) return;
  const address = remote.replace(/:\d+$/, '');
  counters.version5Refused += 1;
  counters.version5Last = `${(packet.clientId ?? '').replaceAll(/[^\w.:-]/g, '?').slice(0, clientIdChars)} from ${address}`;
  if (!reports.isNew('version', address, packet.clientId)) return;
  log.warn(
    { client: packet.clientId, remote, protocol_version: version },
    'refusing a client that speaks MQTT 5: this broker speaks 3.1.1 only. Set the protocol version of that client to 3.1.1 (4 in many libraries)',
  );
}

function limitTopics(client: BrokerClient, packet: IncomingPacket, rules: IntakeRules): void {
  const { limits, counters, reports, log } = rules;
  const isDeep = (topic: string): boolean => levelCount(topic) > limits.topicLevelsMax;
  if (packet.cmd === 'publish') {
    counters.messagesReceived += 1;
    const { topic } = packet;
    if (topic === undefined || !isDeep(topic)) return;
    if (reports.isNew('levels', client.id))
      log.warn({ client: client.id, topic: topic.slice(0, 200) }, `dropping a publish to a topic of more than ${limits.topicLevelsMax} levels`);
    counters.publishesDropped += 1;
    // aedes would close the connection for the topic before it asks anyone.
    packet.topic = '$SYS/dropped';
    rules.drop(packet as unknown as BrokerPacket);
  }
  if (packet.subscriptions !== undefined) {
    packet.subscriptions = packet.subscriptions.map((each, at) => (isDeep(each.topic) ? { ...each, topic: refusedFilter(at) } : each));
  }
  if (packet.unsubscriptions !== undefined) packet.unsubscriptions = packet.unsubscriptions.map((topic, at) => (isDeep(topic) ? refusedFilter(at) : topic));
}

function levelCount(topic: string): number {
  let count = 1;
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) count += 1;
  return count;
}
