/**
 * Who may connect to the embedded broker, publish and subscribe.
 *
 * Nothing here ever answers a publish or a filter with an error: aedes would close the connection, and the client would
 * send the same again at every reconnect. A publish that is not passed on is acknowledged, counted and logged; a
 * filter is refused in the SUBACK.
 */
import { timingSafeEqual } from 'node:crypto';
import type { BrokerClient, BrokerInternals, BrokerPacket, BrokerSubscription } from './broker-aedes.ts';
import type { BrokerCounters, ReportOnce } from './broker-counters.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { PublishOrder } from './broker-order.ts';
import type { Log } from './log.ts';

export interface AdmissionRules {
  readonly limits: BrokerLimits;
  readonly counters: BrokerCounters;
  readonly reports: ReportOnce;
  readonly log: Log;
  /** Topic prefixes of requests (with root, without a trailing slash): never retained, and the last level is the login. */
  readonly requestPrefixes: readonly string[];
  /** By login; null: whoever connects is welcome, under any name. */
  readonly passwords: Readonly<Record<string, string>> | null;
}

export class Admission {
  private readonly rules: AdmissionRules;
  private readonly logins = new WeakMap<BrokerClient, string>();
  private readonly filters = new WeakMap<BrokerClient, Set<string>>();
  /** Subscriptions that were refused: they must not be stored. */
  readonly refused = new WeakSet<object>();

  constructor(rules: AdmissionRules) {
    this.rules = rules;
  }

  attach(broker: BrokerInternals, order: PublishOrder): void {
    broker.authorizePublish = (client, packet, done) => {
      const problem = this.publishProblem(client, packet);
      if (problem !== null) {
        this.sayDropped(client, packet, problem);
        order.drop(packet);
        done();
        return;
      }
      // An empty one clears; that stays possible.
      if (packet.retain && packet.payload.length > 0 && this.isRequest(packet.topic)) packet.retain = false;
      // Wills have no message id, and nobody waits for their PUBACK.
      if (client !== null && packet.qos === 1 && packet.messageId !== undefined) order.publishEarly(packet, client, done);
      else done();
    };
    broker.on('unsubscribe', (filters: readonly string[], client: BrokerClient) => {
      for (const filter of filters) this.filters.get(client)?.delete(filter);
    });
  }

  /** true, or false for CONNACK 4. */
  mayConnect(client: BrokerClient, login: string | undefined, password: Buffer | undefined): boolean {
    const { passwords, reports, log } = this.rules;
    if (passwords === null) return true;
    const expected = login !== undefined && Object.hasOwn(passwords, login) ? passwords[login] : undefined;
    if (login !== undefined && expected !== undefined && isSame(expected, password)) {
      this.logins.set(client, login);
      return true;
    }
    if (reports.isNew('login', client.id, login)) log.warn({ client: client.id, login }, 'refusing a client: unknown login or wrong password');
    return false;
  }

  maySubscribe(client: BrokerClient, subscription: BrokerSubscription): boolean {
    const { limits, counters, reports, log } = this.rules;
    let filters = this.filters.get(client);
    if (filters === undefined) {
      filters = new Set();
      this.filters.set(client, filters);
    }
    // aedes grants shared subscriptions and then never delivers: better an honest refusal.
    const shared = subscription.topic.startsWith('$share/');
    const tooMany = !filters.has(subscription.topic) && filters.size >= limits.subscriptionsPerClientMax;
    if (!shared && !tooMany) {
      filters.add(subscription.topic);
      return true;
    }
    this.refused.add(subscription);
    counters.subscriptionsRefused += 1;
    if (reports.isNew('filter', client.id, shared)) {
      const why = shared ? 'a shared subscription, or a filter of too many levels' : `a subscription beyond ${limits.subscriptionsPerClientMax} of one client`;
      log.warn({ client: client.id, filter: subscription.topic.slice(0, 200) }, `refusing ${why}`);
    }
    return false;
  }

  private publishProblem(client: BrokerClient | null, packet: BrokerPacket): string | null {
    if (packet.topic.startsWith('$SYS/')) return 'a topic of the broker itself';
    if (this.rules.passwords === null || client === null || !this.isRequest(packet.topic)) return null;
    // Clearing a stored request is nobody's request.
    if (packet.payload.length === 0) return null;
    return packet.topic.endsWith(`/${this.logins.get(client)}`) ? null : 'a request under a foreign login';
  }

  private sayDropped(client: BrokerClient | null, packet: BrokerPacket, problem: string): void {
    const { counters, reports, log } = this.rules;
    // Counted and reported already.
    if (packet.topic === '$SYS/dropped') return;
    counters.publishesDropped += 1;
    if (reports.isNew('publish', client?.id, packet.topic)) log.warn({ client: client?.id, topic: packet.topic }, `dropping a publish to ${problem}`);
  }

  private isRequest(topic: string): boolean {
    return this.rules.requestPrefixes.some((prefix) => topic === prefix || topic.startsWith(`${prefix}/`));
  }
}

function isSame(expected: string, given: Buffer | undefined): boolean {
  const wanted = Buffer.from(expected);
  // Its length may be told; which of its bytes are right may not.
  return given !== undefined && wanted.length === given.length && timingSafeEqual(wanted, given);
}
