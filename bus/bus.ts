/**
 * One actor's side of the bus: its connection, its documents, its outbox, and what it reads, checked at the edge both ways.
 *
 * Remembers on disk: the session number and the outbox. A message that does not fit its contract never reaches the
 * actor: it is counted, and logged and reported once a minute per kind of topic.
 */
import { join } from 'node:path';
import type { EventDraft } from '../contracts/event.ts';
import type { LevelsOf, Topic } from '../contracts/topic.ts';
import { findTopic, topics } from '../contracts/topics.ts';
import type { Delivery, PayloadInput, Read } from './actor.ts';
import { alwaysRead } from './always-read.ts';
import { topicMatches } from './broker-topic-filter.ts';
import { type Clock, withDeadline } from './clock.ts';
import { Connection, connectTimeoutMs, RetryNow } from './connection.ts';
import { DocumentWriter } from './document-writer.ts';
import { type Ids, randomIds } from './ids.ts';
import { Inbox } from './inbox.ts';
import { type Incoming, type Link, LinkClosedError, type LinkOptions, type Transport, type Will } from './link.ts';
import type { Log } from './log.ts';
import type { Outbox } from './outbox.ts';
import { payloadProblem } from './payload-limit.ts';
import { Quarantine } from './quarantine.ts';
import { Scout } from './scout.ts';
import { SessionCounter } from './session-counter.ts';

/** 30 s: a half-open connection is noticed within 45 s; two bytes each way per interval. */
const keepaliveS = 30;
/** Reading everything retained back: 100,000 documents take 4 s on the slowest broker measured. */
const catchUpTimeoutMs = 30_000;

export interface BusOptions {
  readonly node: string;
  readonly site: string;
  readonly actor: string;
  readonly root: string;
  readonly transport: Transport;
  readonly password?: string;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly ids?: Ids;
  readonly outbox: Outbox;
  readonly onDuplicate: (topic: string, session: number) => void;
  readonly onQuarantine: (report: { readonly topic: string; readonly detail: string; readonly count: number }) => void;
}

export interface BusPlan {
  readonly reads: readonly Read[];
  readonly queued: readonly Read[];
  readonly owns: readonly Read[];
  will(session: number): Will;
  deliver(delivery: Delivery): void;
}

export class Bus {
  readonly documents: DocumentWriter;
  readonly login: string;
  private readonly options: BusOptions;
  private readonly quarantine: Quarantine;
  private readonly sessions: SessionCounter;
  private inbox: Inbox | null = null;
  private owned: readonly { readonly filter: string; readonly onlySite: string | null }[] = [];
  private main: Connection | null = null;
  private queue: Connection | null = null;
  private link: Link | null = null;
  private wasConnected = false;
  private readonly scout: Scout;
  /** Counts links that came and went: who waited for one can tell whether it is still the same. */
  private attempt = 0;
  private fence: { readonly nonce: string; readonly passed: () => void; readonly broken: (error: Error) => void } | null = null;

  constructor(options: BusOptions) {
    this.options = options;
    this.login = `${options.actor}-${options.node}`;
    this.sessions = new SessionCounter(join(options.dataDir, 'session'), options.clock.now(), (error) => {
      options.log.error({ err: error }, 'the session number could not be written; connecting all the same');
    });
    this.scout = new Scout(options.clock, this.sessions.isFresh);
    this.quarantine = new Quarantine(options.clock, options.log, options.onQuarantine);
    this.documents = new DocumentWriter({
      clock: options.clock,
      log: options.log,
      node: options.node,
      actor: options.actor,
      topicOf: (relative) => this.absolute(relative),
      onDuplicate: options.onDuplicate,
    });
  }

  get quarantined(): number {
    return this.quarantine.count;
  }

  start(plan: BusPlan): void {
    const { transport, clock, log, random } = this.options;
    this.inbox = new Inbox({
      node: this.options.node,
      clock,
      quarantine: this.quarantine,
      reads: [...plan.reads, ...plan.queued],
      deliver: (delivery) => {
        plan.deliver(delivery);
      },
      onCursor: (store, positions) => {
        this.options.outbox.onCursor(store, positions);
      },
    });
    this.owned = plan.owns.map((read) => ({ filter: read.topic.filter(read.levels), onlySite: read.onlyOwnSite === true ? this.options.site : null }));
    this.main = new Connection({
      transport,
      clock,
      log,
      random,
      linkOptions: () => this.mainLinkOptions(plan),
      onUp: (link) => this.catchUp(link, plan),
      onMessage: (message) => {
        this.onMessage(message);
      },
      onDown: () => {
        this.onDown(plan);
      },
    });
    this.main.start();
    if (plan.queued.length === 0) return;
    this.queue = new Connection({
      transport,
      clock,
      log,
      random,
      linkOptions: () => Promise.resolve({ ...this.credentials(`${this.login}-queue`), clean: false }),
      onUp: (link) =>
        withDeadline(clock, catchUpTimeoutMs, `subscribing at ${transport.description}`, link.subscribe(plan.queued.map((read) => this.filterOf(read)))),
      onMessage: (message) => {
        this.onQueued(message);
      },
      onDown: () => undefined,
    });
    this.queue.start();
  }

  async stop(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    await Promise.all([this.main?.stop(options), this.queue?.stop(options)]);
    this.documents.close();
    await this.options.outbox.close();
  }

  emit(draft: EventDraft): Promise<void> {
    return this.options.outbox.emit(draft);
  }

  async send<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, payload: PayloadInput<T>): Promise<boolean> {
    topic.schema.parse(payload);
    return this.publishNow(topic.build(levels), JSON.stringify(payload));
  }

  async announce<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, payload: PayloadInput<T> | null): Promise<boolean> {
    const name = topic.build(levels);
    if (payload !== null) topic.schema.parse(payload);
    const text = payload === null ? '' : JSON.stringify(payload);
    const problem = payloadProblem(name, text);
    if (problem !== null) throw problem;
    return this.publishNow(name, text, true);
  }

  async clear(relative: string): Promise<void> {
    await this.publishNow(relative, '', true);
  }

  private async publishNow(relative: string, payload: string, retain = false): Promise<boolean> {
    const link = this.link;
    if (link === null) return false;
    try {
      await link.publish(isForeign(relative) ? relative : this.absolute(relative), payload, { retain });
      return true;
    } catch (error) {
      this.options.log.debug({ topic: relative, err: error }, 'message not sent');
      return false;
    }
  }

  private credentials(clientId: string): Omit<LinkOptions, 'clean'> {
    return {
      clientId: `${this.options.root}-${clientId}`,
      username: this.login,
      ...(this.options.password === undefined ? {} : { password: this.options.password }),
      keepaliveS,
      connectTimeoutMs,
    };
  }

  private async mainLinkOptions(plan: BusPlan): Promise<LinkOptions> {
    const session = await this.sessions.next();
    this.documents.begin(session);
    const options = { ...this.credentials(this.login), clean: true };
    if (this.scout.isNeeded) return options;
    const will = plan.will(session);
    return { ...options, will: { topic: this.absolute(will.topic), payload: will.payload } };
  }

  /** Subscribes, reads everything retained (own topics included), then publishes what differs. */
  private async catchUp(link: Link, plan: BusPlan): Promise<void> {
    const { attempt } = this;
    const filters = new Set(
      [...plan.owns, ...plan.reads, ...alwaysRead(plan.reads, { node: this.options.node, login: this.login })].map((read) => this.filterOf(read)),
    );
    const work = async (): Promise<void> => {
      await link.subscribe([...filters]);
      await this.passFence(link);
    };
    await withDeadline(this.options.clock, catchUpTimeoutMs, `reading retained documents from ${this.options.transport.description}`, work());
    if (this.scout.isNeeded) await this.scoutAhead();
    if (this.attempt !== attempt) throw new LinkClosedError('the connection ended as it had caught up');
    const inTheWay = this.documents.sessionInTheWay();
    if (inTheWay !== null) {
      // Before our first success it is what an earlier life left (its number was lost); later only a second writer can have written it.
      if (this.wasConnected) this.options.onDuplicate(this.documents.topicInTheWay(inTheWay), inTheWay);
      this.sessions.raiseAbove(inTheWay);
      throw new RetryNow(`the broker holds session ${inTheWay} of ${this.login}`);
    }
    this.link = link;
    this.wasConnected = true;
    this.documents.reconcile(link, new Set([plan.will(0).topic, topics.actorStatus.build({ node: this.options.node, actor: this.options.actor })]));
    this.options.outbox.connect((event) =>
      link.publish(this.absolute(topics.events.build({ node: this.options.node })), JSON.stringify(event), { retain: false }),
    );
    this.options.log.info({ session: this.sessions.current, broker: this.options.transport.description }, 'connected');
    plan.deliver({ kind: 'synced', session: this.sessions.current, at: this.options.clock.now() });
  }

  private async scoutAhead(): Promise<never> {
    const { attempt } = this;
    const highest = this.documents.highestSession();
    if (await this.scout.look(highest, () => this.attempt === attempt)) {
      this.options.onDuplicate(this.documents.topicInTheWay(highest ?? 0), highest ?? 0);
      throw new LinkClosedError('somebody else writes here');
    }
    throw new RetryNow('now with a will');
  }

  private async passFence(link: Link): Promise<void> {
    const nonce = (this.options.ids ?? randomIds).nonce();
    const passed = new Promise<void>((resolve, reject) => {
      this.fence = { nonce, passed: resolve, broken: reject };
    });
    const sent = link.publish(this.absolute(topics.probe.build({ login: this.login })), JSON.stringify({ nonce }), { retain: false });
    await Promise.all([passed, sent]);
    this.fence = null;
  }

  private onDown(plan: BusPlan): void {
    const wasUp = this.link !== null;
    this.link = null;
    this.attempt += 1;
    this.fence?.broken(new LinkClosedError('the connection ended before everything retained was read'));
    this.fence = null;
    this.documents.end();
    this.options.outbox.connect(null);
    if (wasUp) plan.deliver({ kind: 'disconnected', at: this.options.clock.now() });
  }

  private onMessage(message: Incoming): void {
    const relative = this.relative(message.topic);
    if (relative === null) return;
    if (this.passedFence(relative, message)) return;
    const owned = this.owned.find(({ filter }) => topicMatches(filter, relative));
    if (owned !== undefined) this.documents.onOwnTopic(relative, message, owned.onlySite);
    this.inbox?.onMessage(relative, message);
  }

  private onQueued(message: Incoming): void {
    const relative = this.relative(message.topic);
    if (relative !== null) this.inbox?.onMessage(relative, message);
  }

  private passedFence(relative: string, message: Incoming): boolean {
    if (this.fence === null || topics.probe.match(relative)?.login !== this.login) return false;
    if (!message.payload.toString('utf8').includes(this.fence.nonce)) return false;
    this.fence.passed();
    return true;
  }

  private filterOf(read: Read): string {
    const filter = read.topic.filter(read.levels);
    return read.topic.foreign === true ? filter : this.absolute(filter);
  }

  private absolute(relative: string): string {
    return `${this.options.root}/${relative}`;
  }

  /** null: neither ours nor one of another program that the table knows. */
  private relative(topic: string): string | null {
    if (topic.startsWith(`${this.options.root}/`)) return topic.slice(this.options.root.length + 1);
    return isForeign(topic) ? topic : null;
  }
}

const isForeign = (topic: string): boolean => findTopic(topic)?.row.foreign === true;
