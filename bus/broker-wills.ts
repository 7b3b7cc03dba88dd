/**
 * Which last wills the embedded broker takes and publishes. Asked twice: at the CONNECT, and when the will is due, since in between everybody
 * may have been asked for a login, or the broker may have died and come back with the wills that it had stored.
 *
 * - Never on a topic of requests, from nobody: a will is no decision of anybody who is there, and fires long after it was written.
 * - Of a client with a login: what that login may write.
 * - Of a client without one: anything while nobody is asked. Once everybody is: on status topics only, because others wait for that word.
 *
 * Remembers nothing itself: whose a stored will is stands in the will.
 */
import { type BrokerLogins, type Rights, rightsOf } from './broker-access.ts';
import type { BrokerPacket } from './broker-aedes.ts';
import { topicMatches } from './broker-topic-filter.ts';

export interface WillRules {
  /** With root, without a trailing slash. */
  readonly requestPrefixes: readonly string[];
  /** Subscription filters, with root. */
  readonly statusFilters: readonly string[];
  /** null: nobody is ever asked. */
  readonly logins: BrokerLogins | null;
}

/** What aedes stores and hands back is the object of the CONNECT; the client id is added by its persistence (`putWill`), to wills only. */
interface StoredWill {
  readonly clientId?: string;
  /** Ours: its client was let in with this login. Absent: without one, or by a version that did not note it. */
  login?: string;
}

export const isStoredWill = (packet: BrokerPacket): boolean => (packet as StoredWill).clientId !== undefined;

/** Before it is stored. `login` null: its client has shown none. */
export function signWill(will: object, login: string | null): void {
  if (login !== null) (will as StoredWill).login = login;
}

/** `prefix` itself counts too. */
export const isBelow = (prefixes: readonly string[], topic: string): boolean =>
  prefixes.some((prefix) => topic.startsWith(prefix) && (topic.length === prefix.length || topic[prefix.length] === '/'));

export class Wills {
  private readonly rules: WillRules;

  constructor(rules: WillRules) {
    this.rules = rules;
  }

  /** As the end of a sentence about a publish; null: none. `rights` null: its client has shown no login, or that login has no role. */
  problem(topic: string, rights: Rights | null): string | null {
    const { requestPrefixes, statusFilters, logins } = this.rules;
    if (isBelow(requestPrefixes, topic)) return 'a topic of requests, by a will: only who is there can ask for anything';
    if (logins?.isAsking() !== true) return null;
    if (rights !== null) return rights.mayWrite(topic) ? null : 'a topic that its login may not write, by its will';
    return statusFilters.some((filter) => topicMatches(filter, topic)) ? null : 'a topic that says nothing of its client, by the will of one without a login';
  }

  /** Of a client of an earlier life of the broker. */
  problemOfStored(will: BrokerPacket): string | null {
    const { login } = will as StoredWill;
    const access = login === undefined ? null : (this.rules.logins?.accessOf(login) ?? null);
    return this.problem(will.topic, access === null ? null : rightsOf(access));
  }
}
