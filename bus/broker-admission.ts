/**
 * Who may connect to the embedded broker, publish and subscribe.
 *
 * Where nobody has a login, nobody is asked; who came in without one then is turned out when the first login appears, and who showed the
 * right password of an actor of this process stays.
 *
 * Nothing here ever answers a publish or a filter with an error: aedes would close the connection, and the client would
 * send the same again at every reconnect. A publish that is not passed on is acknowledged, counted and logged; a
 * filter is refused in the SUBACK. So with wills: the client is let in without its will, since a refused one would come again for ever.
 * What a will may say, and when it is looked at, is in broker-wills.ts.
 */
import { type BrokerLogins, type Rights, rightsOf } from './broker-access.ts';
import type { BrokerClient, BrokerInternals, BrokerPacket, BrokerSubscription } from './broker-aedes.ts';
import type { BrokerCounters, ReportOnce } from './broker-counters.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { PublishOrder } from './broker-order.ts';
import { isBelow, isStoredWill, signWill, Wills } from './broker-wills.ts';
import type { Log } from './log.ts';

export interface AdmissionRules {
  readonly limits: BrokerLimits;
  readonly counters: BrokerCounters;
  readonly reports: ReportOnce;
  readonly log: Log;
  /** Topic prefixes of requests (with root, without a trailing slash): never retained, and from no will. */
  readonly requestPrefixes: readonly string[];
  /** Subscription filters (with root) of the topics on which a will says that its client is gone. */
  readonly statusFilters: readonly string[];
  /** null: whoever connects is welcome for ever, under any name, and may do everything. */
  readonly logins: BrokerLogins | null;
  /** Called with each retained publish that was let through. */
  readonly onRetained: (packet: BrokerPacket) => void;
}

/** CONNACK return codes of 3.1.1 (table 3.1); null: welcome. */
export type Refusal = 2 | 3 | 4 | 5 | null;

interface Admitted {
  readonly login: string;
  readonly mark: string;
  /** null: it came while nobody was asked, and may do everything until somebody is. */
  rights: Rights | null;
}

/** Of the clients that are turned out at once, in the one line that says so. */
const namesShown = 10;

/** Sessions whose rights are remembered while their clients are away; beyond that the oldest are asked at their return only. Twice what the broker keeps. */
const sessionRightsMax = 1_000;

export class Admission {
  private readonly rules: AdmissionRules;
  private readonly wills: Wills;
  /** While nobody is asked only those that showed a right password all the same. */
  private readonly admitted = new WeakMap<BrokerClient, Admitted>();
  private readonly addresses = new WeakMap<BrokerClient, string>();
  private wasAsking: boolean;
  /** By client id, of persistent sessions. Not known for those that have been away since before the start. */
  private readonly sessionRights = new Map<string, Rights>();
  private clients: () => Readonly<Record<string, BrokerClient>> = () => ({});
  private readonly filters = new WeakMap<BrokerClient, Set<string>>();
  /** Subscriptions that were refused: they must not be stored. */
  readonly refused = new WeakSet<object>();

  constructor(rules: AdmissionRules) {
    this.rules = rules;
    this.wills = new Wills(rules);
    this.wasAsking = this.isAsking;
  }

  private get isAsking(): boolean {
    return this.rules.logins?.isAsking() ?? false;
  }

  attach(broker: BrokerInternals, order: PublishOrder): void {
    this.clients = () => broker.clients;
    this.rules.logins?.onChange(() => {
      this.checkAll(Object.values(broker.clients));
    });
    // It may have changed between its password and its place among the clients.
    broker.on('clientReady', (client: BrokerClient) => {
      this.checkAll([client]);
    });
    broker.authorizePublish = (client, packet, done) => {
      const problem = this.publishProblem(client, packet);
      if (problem !== null) {
        this.sayDropped(client, packet, problem);
        order.drop(packet);
        done();
        return;
      }
      // An empty one clears; that stays possible.
      if (packet.retain && packet.payload.length > 0 && isBelow(this.rules.requestPrefixes, packet.topic)) packet.retain = false;
      if (packet.retain) this.rules.onRetained(packet);
      // Wills have no message id, and nobody waits for their PUBACK.
      if (client !== null && packet.qos === 1 && packet.messageId !== undefined) order.publishEarly(packet, client, done);
      else done();
    };
    broker.on('unsubscribe', (filters: readonly string[], client: BrokerClient) => {
      for (const filter of filters) this.filters.get(client)?.delete(filter);
    });
  }

  /** Once, before anything of it is asked. `address` null: from this process. */
  cameFrom(client: BrokerClient, address: string | null): void {
    if (address !== null) this.addresses.set(client, address);
  }

  async mayConnect(client: BrokerClient, login: string | undefined, password: Buffer | undefined): Promise<Refusal> {
    const refusal = await this.admit(client, login, password);
    if (refusal === null) this.lookAtWill(client);
    return refusal;
  }

  private async admit(client: BrokerClient, login: string | undefined, password: Buffer | undefined): Promise<Refusal> {
    const { logins } = this.rules;
    if (logins === null) return null;
    if (!logins.isAsking()) return this.rememberShown(logins, client, login, password);
    const welcome = login === undefined || password === undefined ? 'unknown' : await logins.admits(login, password, this.addressOf(client));
    if (login === undefined || welcome === 'unknown') return this.refuse(client, login, 4, 'unknown login or wrong password');
    if (welcome === 'busy')
      return this.refuse(client, login, 3, 'too many passwords were wrong from there, or for this login, or too many are being looked at');
    const access = logins.accessOf(login);
    if (access === null) return this.refuse(client, login, 5, 'its login has a password and no role: neither an actor of this site nor in the access list');
    const holder = this.clients()[client.id ?? ''];
    const heldBy = holder === undefined ? undefined : this.admitted.get(holder)?.login;
    // Taking over a connection is for its owner: a reader must not be able to end the ledger's, again and again.
    if (heldBy !== undefined && heldBy !== login) return this.refuse(client, login, 2, `its client id is that of a connection of ${heldBy}`);
    const rights = rightsOf(access);
    this.admitted.set(client, { login, mark: welcome.mark, rights });
    this.rememberSession(client, rights);
    return null;
  }

  /** Where nobody is asked, everybody may. */
  mayRead(client: BrokerClient, topic: string): boolean {
    return !this.isAsking || this.rightsOfClient(client)?.mayRead(topic) === true;
  }

  /** Whether it may be queued for the session of this client id. */
  mayQueue(clientId: string, topic: string): boolean {
    return this.sessionRights.get(clientId)?.mayRead(topic) ?? true;
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
    const forbidden = this.isAsking && this.rightsOfClient(client)?.mayReadSome(subscription.topic) !== true;
    if (!shared && !tooMany && !forbidden) {
      filters.add(subscription.topic);
      return true;
    }
    this.refused.add(subscription);
    counters.subscriptionsRefused += 1;
    if (reports.isNew('filter', client.id, shared, forbidden)) {
      const few = forbidden
        ? 'a subscription to topics that its login may not read'
        : `a subscription beyond ${limits.subscriptionsPerClientMax} of one client`;
      const why = shared ? 'a shared subscription, or a filter of too many levels' : few;
      log.warn({ client: client.id, login: this.admitted.get(client)?.login, filter: subscription.topic.slice(0, 200) }, `refusing ${why}`);
    }
    return false;
  }

  private publishProblem(client: BrokerClient | null, packet: BrokerPacket): string | null {
    if (packet.topic.startsWith('$SYS/')) return 'a topic of the broker itself';
    if (client !== null && packet === client.will) return this.wills.problem(packet.topic, this.rightsOfClient(client));
    if (client === null || isStoredWill(packet)) return this.wills.problemOfStored(packet);
    if (!this.isAsking) return null;
    return this.rightsOfClient(client)?.mayWrite(packet.topic) === true ? null : 'a topic that its login may not write';
  }

  /** At its CONNECT. */
  private lookAtWill(client: BrokerClient): void {
    const will = client._will;
    if (will === undefined || will === null) return;
    const admitted = this.admitted.get(client);
    const problem = this.wills.problem(will.topic, admitted?.rights ?? null);
    if (problem === null) signWill(will, admitted?.login ?? null);
    else {
      this.sayDropped(client, will, problem);
      client._will = undefined;
    }
  }

  private rightsOfClient(client: BrokerClient): Rights | null {
    return this.admitted.get(client)?.rights ?? null;
  }

  private addressOf(client: BrokerClient): string | null {
    return this.addresses.get(client) ?? null;
  }

  /** Nobody is asked, so nobody is refused; who shows a right password stays when everybody is asked. */
  private async rememberShown(logins: BrokerLogins, client: BrokerClient, login: string | undefined, password: Buffer | undefined): Promise<null> {
    if (login === undefined || password === undefined) return null;
    const welcome = await logins.admits(login, password, this.addressOf(client));
    if (typeof welcome === 'object') this.admitted.set(client, { login, mark: welcome.mark, rights: null });
    return null;
  }

  private refuse<Code extends Refusal>(client: BrokerClient, login: string | undefined, code: Code, why: string): Code {
    const { reports, log } = this.rules;
    if (reports.isNew('login', client.id, login, code)) log.warn({ client: client.id, login, from: this.addressOf(client) }, `refusing a client: ${why}`);
    return code;
  }

  private rememberSession({ id, clean }: BrokerClient, rights: Rights): void {
    if (id === null) return;
    this.sessionRights.delete(id);
    if (clean) return;
    this.sessionRights.set(id, rights);
    const [oldest] = this.sessionRights.keys();
    if (this.sessionRights.size > sessionRightsMax && oldest !== undefined) this.sessionRights.delete(oldest);
  }

  private checkAll(clients: readonly BrokerClient[]): void {
    const { logins, log } = this.rules;
    if (logins === null || !logins.isAsking()) return;
    const nameless: BrokerClient[] = [];
    for (const client of clients) {
      const admitted = this.admitted.get(client);
      if (admitted === undefined) nameless.push(client);
      else this.checkAgain(logins, client, admitted);
    }
    if (!this.wasAsking || nameless.length > 0)
      log.warn(
        { ended: nameless.length, clients: nameless.slice(0, namesShown).map(({ id }) => id) },
        'from now on this broker asks for a login: ending the connections that have none',
      );
    this.wasAsking = true;
    for (const client of nameless) client.conn.destroy();
  }

  /** Whoever may not be here any more goes; its will is published as far as it might write it. */
  private checkAgain(logins: BrokerLogins, client: BrokerClient, admitted: Admitted): void {
    const { log } = this.rules;
    const { login, mark } = admitted;
    const access = logins.isStill(login, mark) ? logins.accessOf(login) : null;
    if (access === null) {
      log.warn({ client: client.id, login }, 'disconnecting a client: its login was revoked or has another password or no role now');
      client.conn.destroy();
      return;
    }
    const rights = rightsOf(access);
    if (rights === admitted.rights) return;
    admitted.rights = rights;
    this.rememberSession(client, rights);
  }

  private sayDropped(client: BrokerClient | null, packet: { readonly topic: string }, problem: string): void {
    const { counters, reports, log } = this.rules;
    // Counted and reported already.
    if (packet.topic === '$SYS/dropped') return;
    counters.publishesDropped += 1;
    if (reports.isNew('publish', client?.id, packet.topic)) {
      const login = client === null ? undefined : this.admitted.get(client)?.login;
      log.warn({ client: client?.id, login, topic: packet.topic.slice(0, 200) }, `dropping a publish to ${problem}`);
    }
  }
}
