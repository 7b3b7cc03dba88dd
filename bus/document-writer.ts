/**
 * The documents an actor owns: latest wins, published as soon as the link allows, repaired when the broker or a person
 * lost or overwrote them.
 *
 * Remembers nothing on disk: at each connect it reads its own topics back, publishes what differs and, once the actor has
 * said that its set is complete, deletes leftovers of an earlier life and publishes the manifest. A newer session that is
 * not its own, once running, means a second writer: reported through `onDuplicate`.
 */
import type { LevelsOf, Topic } from '../contracts/topic.ts';
import { topics } from '../contracts/topics.ts';
import type { DocumentBody, Documents } from './actor.ts';
import { type Clock, isoTime } from './clock.ts';
import { type Held, isNews, newHeld, noteCopy, putOnLink } from './document-held.ts';
import { contentOf, type Parsed, parseDocument, siteOf, withHead } from './document-text.ts';
import type { Incoming, Link } from './link.ts';
import type { Log } from './log.ts';
import { payloadProblem } from './payload-limit.ts';
import { ReadBack } from './read-back.ts';
import { RepairSchedule } from './repair-schedule.ts';
import { Settlement } from './settlement.ts';

/** Changes of the set are gathered this long before the manifest is published again. */
const manifestDelayMs = 1_000;

export interface DocumentWriterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
  readonly actor: string;
  /** Adds the root. */
  readonly topicOf: (relative: string) => string;
  readonly onDuplicate: (topic: string, session: number) => void;
}

export class DocumentWriter implements Documents {
  private readonly options: DocumentWriterOptions;
  private readonly held = new Map<string, Held>();
  private readonly readBack = new ReadBack();
  /** Last rev of topics deleted in this session: one that comes back must be newer than its own `gone`. */
  private readonly erasedRev = new Map<string, number>();
  private link: Link | null = null;
  private session = 0;
  private reconciled = false;
  private isComplete = false;
  private manifestTimer: unknown = null;
  private readonly settlement = new Settlement();
  /** Removed, and not yet acknowledged by the broker: what they were, to say `gone` with. */
  private readonly removals = new Map<string, Record<string, unknown>>();
  private readonly repairs: RepairSchedule;
  private readonly manifestTopic: string;

  constructor(options: DocumentWriterOptions) {
    this.options = options;
    this.repairs = new RepairSchedule(options.clock, (relative) => {
      this.repair(relative);
    });
    this.manifestTopic = topics.manifest.build({ node: options.node, actor: options.actor });
  }

  get topics(): ReadonlySet<string> {
    return new Set(this.held.keys());
  }

  set<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, body: DocumentBody<T>, options: { readonly always?: boolean } = {}): void {
    const relative = topic.build(levels);
    const nowMs = this.options.clock.now();
    const parsed = topic.schema.parse({ ...(body as object), ts: isoTime(nowMs), session: 0, rev: 0 }) as Record<string, unknown>;
    const content = contentOf(parsed);
    // At its longest: a document that no link takes would be tried for ever, and nothing would ever be settled.
    const problem = payloadProblem(relative, withHead(content, isoTime(nowMs), { session: Number.MAX_SAFE_INTEGER, rev: Number.MAX_SAFE_INTEGER }));
    if (problem !== null) throw problem;
    const known = this.held.get(relative);
    if (known === undefined) {
      this.held.set(relative, newHeld(content, nowMs, this.erasedRev.get(relative) ?? 0));
      this.removals.delete(relative);
      if (this.isComplete) this.scheduleManifest();
    } else {
      if (known.content === content && options.always !== true) return;
      known.content = content;
      known.tsMs = nowMs;
      known.dirty = true;
    }
    this.settlement.say(relative);
    this.pump(relative);
  }

  remove<P extends string>(topic: Topic<P>, levels: LevelsOf<P>): void {
    const relative = topic.build(levels);
    const held = this.held.get(relative);
    if (held === undefined) return;
    this.held.delete(relative);
    this.erasedRev.set(relative, held.rev);
    if (this.isComplete) this.scheduleManifest();
    this.settlement.say(relative);
    this.erase(relative, JSON.parse(held.content) as Record<string, unknown>);
  }

  complete(): void {
    const first = !this.isComplete;
    this.isComplete = true;
    if (first && this.reconciled) this.sweep();
    if (first) this.publishManifest();
  }

  settled(): Promise<void> {
    return this.settlement.settled();
  }

  // -- called by the bus ------------------------------------------------------------------------------------------------

  /** A fresh link: from now on own topics that arrive are read back. */
  begin(session: number): void {
    this.session = session;
    this.reconciled = false;
    this.readBack.clear();
    this.erasedRev.clear();
  }

  /** The highest session the broker holds on our topics that is not below ours: then we must reconnect above it. */
  sessionInTheWay(): number | null {
    const highest = this.highestSession();
    return highest !== null && highest >= this.session ? highest : null;
  }

  /** The highest session the broker holds on our topics. */
  highestSession(): number | null {
    return this.readBack.highestSession();
  }

  topicInTheWay(session: number): string {
    return this.readBack.topicOfSession(session);
  }

  /** Everything retained has been read back: publish what differs. `always` topics (those with a will) go out in any case. */
  reconcile(link: Link, always: ReadonlySet<string>): void {
    this.link = link;
    this.reconciled = true;
    for (const [relative, held] of this.held) {
      const there = this.readBack.get(relative);
      held.inFlight = false;
      // The manifest in any case: only one of the present session proves that what it does not list is no more.
      held.dirty = isNews(held, there) || always.has(relative) || relative === this.manifestTopic;
      held.rev = 0; // sessionInTheWay has made sure that nothing there is of this session
      held.echoedRev = 0;
      held.contested = false;
      if (!held.dirty) this.settlement.acknowledge(relative, this.settlement.covers(relative));
    }
    for (const relative of this.held.keys()) if (relative !== this.manifestTopic) this.pump(relative);
    for (const [relative, content] of this.removals) {
      if (this.readBack.get(relative) != null) this.erase(relative, content);
      else this.removed(relative, content, this.settlement.covers(relative));
    }
    if (this.isComplete) {
      this.sweep();
      this.publishManifest();
    }
    this.pump(this.manifestTopic);
  }

  end(): void {
    this.link = null;
    this.reconciled = false;
  }

  /** No timer outlives this. */
  close(): void {
    this.end();
    this.repairs.close();
    if (this.manifestTimer !== null) this.options.clock.clearTimeout(this.manifestTimer);
    this.manifestTimer = null;
  }

  /** One of our own topics arrived: read-back, echo, or somebody else's hand. With `onlySite`, what another site says there is none of our business. */
  onOwnTopic(relative: string, message: Incoming, onlySite: string | null = null): void {
    const parsed = parseDocument(message.payload);
    if (onlySite !== null && (siteOf(parsed) ?? onlySite) !== onlySite) this.cede(relative);
    else if (!this.reconciled) this.readBack.note(relative, message);
    else if (parsed !== null && parsed.head.session > this.session) this.options.onDuplicate(relative, parsed.head.session);
    else this.onOwnCopy(relative, message, parsed);
  }

  private onOwnCopy(relative: string, message: Incoming, parsed: Parsed | null): void {
    const held = this.held.get(relative);
    if (held === undefined) {
      const isEcho = message.payload.length === 0 || (parsed?.head.session === this.session && (parsed.head.rev ?? 0) <= (this.erasedRev.get(relative) ?? 0));
      if (!isEcho) this.onStray(relative, message);
    } else if (noteCopy(held, parsed, this.session) === 'foreign') {
      if (held.inFlight) held.contested = true;
      else if (!held.dirty) this.repairs.soon(relative);
    }
  }

  /** Another site says what this is, so it was not ours to say. Theirs stands; ours is not said again. */
  private cede(relative: string): void {
    if (!this.held.delete(relative)) return;
    this.options.log.warn({ topic: relative }, 'another site writes this document; it is left to that site');
    if (this.isComplete) this.scheduleManifest();
    this.settlement.acknowledge(relative, this.settlement.covers(relative));
  }

  // -- publishing -------------------------------------------------------------------------------------------------------

  private pump(relative: string): void {
    const held = this.held.get(relative);
    const link = this.link;
    if (held === undefined || link === null || !this.reconciled || held.inFlight || !held.dirty) return;
    putOnLink(held, this.session);
    const covers = this.settlement.covers(relative);
    const text = withHead(held.content, isoTime(held.tsMs), { session: this.session, rev: held.rev });
    link.publish(this.options.topicOf(relative), text, { retain: true }).then(
      () => {
        this.settlement.acknowledge(relative, covers);
        if (this.link !== link) return;
        held.inFlight = false;
        if (held.contested && !held.dirty) this.repairs.soon(relative);
        held.contested = false;
        this.pump(relative);
      },
      (error: unknown) => {
        held.dirty = true;
        if (this.link !== link) return;
        held.inFlight = false;
        this.options.log.debug({ topic: relative, err: error }, 'document not published; it will be after the reconnect');
      },
    );
  }

  /** Somebody put a document where we have none: as good as a leftover. */
  private onStray(relative: string, message: Incoming): void {
    this.readBack.note(relative, message);
    if (this.isComplete) this.repairs.soon(relative);
  }

  private repair(relative: string): void {
    if (!this.reconciled) return; // the next connect compares everything
    this.options.log.warn({ topic: relative }, 'document was deleted, overwritten or put there by somebody else; setting it right');
    const held = this.held.get(relative);
    if (held === undefined) {
      this.sweep();
      return;
    }
    held.dirty = true;
    this.pump(relative);
  }

  private erase(relative: string, content: Record<string, unknown>): void {
    this.removals.set(relative, content);
    const link = this.link;
    if (link === null || !this.reconciled) return; // done after the next connect
    this.readBack.forget(relative);
    const topic = this.options.topicOf(relative);
    const rev = (this.erasedRev.get(relative) ?? 0) + 1;
    this.erasedRev.set(relative, rev);
    const covers = this.settlement.covers(relative);
    const gone = JSON.stringify({ ...content, status: 'gone', summary: 'removed' });
    const say = withHead(gone, isoTime(this.options.clock.now()), { session: this.session, rev });
    Promise.all([link.publish(topic, say, { retain: true }), link.publish(topic, '', { retain: true })]).then(
      () => {
        this.removed(relative, content, covers);
      },
      (error: unknown) => {
        this.options.log.debug({ topic: relative, err: error }, 'document not deleted; it will be after the reconnect');
      },
    );
  }

  private removed(relative: string, content: Record<string, unknown>, covers: number): void {
    if (this.removals.get(relative) === content) this.removals.delete(relative);
    this.settlement.acknowledge(relative, covers);
  }

  private sweep(): void {
    for (const [relative, parsed] of this.readBack.entries) {
      if (this.held.has(relative) || this.removals.has(relative) || relative === this.manifestTopic) continue;
      this.options.log.info({ topic: relative }, 'deleting a document of an earlier life');
      this.erase(relative, parsed === null ? {} : (JSON.parse(parsed.content) as Record<string, unknown>));
    }
    this.readBack.clear();
  }

  private scheduleManifest(): void {
    if (this.manifestTimer !== null) return;
    this.manifestTimer = this.options.clock.setTimeout(() => {
      this.manifestTimer = null;
      this.publishManifest();
    }, manifestDelayMs);
  }

  private publishManifest(): void {
    const listed = [...this.held.keys()].filter((relative) => relative !== this.manifestTopic).sort();
    const body = { status: 'complete', summary: `${listed.length} documents`, topics: listed };
    try {
      this.set(topics.manifest, { node: this.options.node, actor: this.options.actor }, body);
    } catch (error) {
      this.options.log.error({ err: error, documents: listed.length }, 'the manifest is too large; readers that were away do not learn what was deleted');
    }
  }
}
