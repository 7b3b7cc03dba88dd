/**
 * The documents an actor owns: latest wins, published as soon as the link allows, repaired when the broker or a person
 * lost or overwrote them.
 *
 * Remembers nothing on disk: at each connect it reads its own topics back, publishes what differs and, once the actor has
 * said that its set is complete, deletes leftovers of an earlier life and publishes the manifest. A newer session that is
 * not its own, once running, means a second writer: reported through `onDuplicate`.
 */
import { DocumentHead } from '../contracts/common.ts';
import type { LevelsOf, Topic } from '../contracts/topic.ts';
import { topics } from '../contracts/topics.ts';
import type { DocumentBody, Documents } from './actor.ts';
import { type Clock, isoTime } from './clock.ts';
import type { Incoming, Link } from './link.ts';
import type { Log } from './log.ts';

/** A topic that somebody else keeps overwriting is repaired at most this often (architecture section 2). */
const repairEveryMs = 10_000;
/** Changes of the set are gathered this long before the manifest is published again. */
const manifestDelayMs = 1_000;

interface Held {
  /** Key order of the contract, without ts, session and rev. */
  content: string;
  tsMs: number;
  rev: number;
  dirty: boolean;
  inFlight: boolean;
  /** Somebody else's hand was seen on the topic after our echo, before the PUBACK. */
  contested: boolean;
  sent: { readonly session: number; readonly rev: number } | null;
  repairedAtMs: number;
}

export interface DocumentWriterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
  readonly actor: string;
  /** Adds the root. */
  readonly topicOf: (relative: string) => string;
  readonly onDuplicate: (topic: string, session: number) => void;
}

type Parsed = { readonly content: string; readonly head: DocumentHead };

export class DocumentWriter implements Documents {
  private readonly options: DocumentWriterOptions;
  private readonly held = new Map<string, Held>();
  private readonly readBack = new Map<string, Parsed | null>();
  /** Last rev of topics deleted in this session: one that comes back must be newer than its own `gone`. */
  private readonly erasedRev = new Map<string, number>();
  private link: Link | null = null;
  private session = 0;
  private reconciled = false;
  private isComplete = false;
  private manifestTimer: unknown = null;
  private waiters: (() => void)[] = [];
  private removing = 0;
  private readonly manifestTopic: string;

  constructor(options: DocumentWriterOptions) {
    this.options = options;
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
    const known = this.held.get(relative);
    if (known === undefined) {
      this.held.set(relative, {
        content,
        tsMs: nowMs,
        rev: this.erasedRev.get(relative) ?? 0,
        dirty: true,
        inFlight: false,
        contested: false,
        sent: null,
        repairedAtMs: Number.NEGATIVE_INFINITY,
      });
      if (this.isComplete) this.scheduleManifest();
    } else {
      if (known.content === content && options.always !== true) return;
      known.content = content;
      known.tsMs = nowMs;
      known.dirty = true;
    }
    this.pump(relative);
  }

  remove<P extends string>(topic: Topic<P>, levels: LevelsOf<P>): void {
    const relative = topic.build(levels);
    if (!this.held.has(relative)) return;
    const { content, rev } = this.held.get(relative) as Held;
    this.held.delete(relative);
    if (this.isComplete) this.scheduleManifest();
    this.erase(relative, JSON.parse(content) as Record<string, unknown>, rev);
  }

  complete(): void {
    const first = !this.isComplete;
    this.isComplete = true;
    if (first && this.reconciled) this.sweep();
    if (first) this.publishManifest();
  }

  settled(): Promise<void> {
    if (this.isSettled()) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
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
    let highest: number | null = null;
    for (const parsed of this.readBack.values()) {
      if (parsed !== null && parsed.head.session >= this.session) highest = Math.max(highest ?? 0, parsed.head.session);
    }
    return highest;
  }

  topicInTheWay(session: number): string {
    return [...this.readBack].find(([, parsed]) => parsed?.head.session === session)?.[0] ?? '';
  }

  /** Everything retained has been read back: publish what differs. `always` topics (those with a will) go out in any case. */
  reconcile(link: Link, always: ReadonlySet<string>): void {
    this.link = link;
    this.reconciled = true;
    for (const [relative, held] of this.held) {
      const there = this.readBack.get(relative);
      held.inFlight = false;
      held.dirty = there == null || there.content !== held.content || always.has(relative);
      held.rev = there?.head.session === this.session ? (there.head.rev ?? 0) : 0;
      held.sent = there == null ? null : { session: there.head.session, rev: there.head.rev ?? Number.POSITIVE_INFINITY };
    }
    for (const relative of this.held.keys()) if (relative !== this.manifestTopic) this.pump(relative);
    if (this.isComplete) {
      this.sweep();
      this.publishManifest();
    }
    this.pump(this.manifestTopic);
    this.wakeWaiters();
  }

  end(): void {
    this.link = null;
    this.reconciled = false;
  }

  /** One of our own topics arrived: read-back, echo, or somebody else's hand. */
  onOwnTopic(relative: string, message: Incoming): void {
    const parsed = parseContent(message.payload);
    if (!this.reconciled) {
      this.readBack.set(relative, parsed);
      return;
    }
    const held = this.held.get(relative);
    if (parsed !== null && parsed.head.session > this.session) {
      this.options.onDuplicate(relative, parsed.head.session);
      return;
    }
    if (held === undefined) return;
    const isOurs = parsed !== null && (parsed.content === held.content || (parsed.head.session === this.session && parsed.head.rev !== undefined));
    held.contested = held.inFlight && !isOurs;
    if (isOurs || held.inFlight || held.dirty) return;
    this.repair(relative, held);
  }

  // -- publishing -------------------------------------------------------------------------------------------------------

  private pump(relative: string): void {
    const held = this.held.get(relative);
    const link = this.link;
    if (held === undefined || link === null || !this.reconciled || held.inFlight || !held.dirty) return;
    held.dirty = false;
    held.inFlight = true;
    held.rev += 1;
    held.sent = { session: this.session, rev: held.rev };
    link.publish(this.options.topicOf(relative), withHead(held.content, isoTime(held.tsMs), held.sent), { retain: true }).then(
      () => {
        if (this.link !== link) return;
        held.inFlight = false;
        if (held.contested && !held.dirty) this.repair(relative, held);
        held.contested = false;
        this.pump(relative);
        this.wakeWaiters();
      },
      (error: unknown) => {
        held.dirty = true;
        if (this.link !== link) return;
        held.inFlight = false;
        this.options.log.debug({ topic: relative, err: error }, 'document not published; it will be after the reconnect');
      },
    );
  }

  private repair(relative: string, held: Held): void {
    const nowMs = this.options.clock.now();
    const waitMs = held.repairedAtMs + repairEveryMs - nowMs;
    if (waitMs > 0) {
      this.options.clock.setTimeout(() => {
        if (this.held.get(relative) === held && !held.dirty && held.repairedAtMs + repairEveryMs <= this.options.clock.now()) this.repair(relative, held);
      }, waitMs);
      return;
    }
    this.options.log.warn({ topic: relative }, 'document was deleted or overwritten by somebody else; publishing it again');
    held.repairedAtMs = nowMs;
    held.dirty = true;
    this.pump(relative);
  }

  private erase(relative: string, content: Record<string, unknown>, rev: number): void {
    const link = this.link;
    if (link === null || !this.reconciled) return; // the sweep after the next connect finds it
    const topic = this.options.topicOf(relative);
    const gone = { ...content, status: 'gone', summary: 'removed' };
    this.removing += 1;
    this.erasedRev.set(relative, rev + 1);
    const say = withHead(JSON.stringify(gone), isoTime(this.options.clock.now()), { session: this.session, rev: rev + 1 });
    Promise.all([link.publish(topic, say, { retain: true }), link.publish(topic, '', { retain: true })])
      .catch(() => undefined)
      .finally(() => {
        this.removing -= 1;
        this.wakeWaiters();
      });
  }

  private sweep(): void {
    for (const [relative, parsed] of this.readBack) {
      if (this.held.has(relative) || relative === this.manifestTopic) continue;
      this.options.log.info({ topic: relative }, 'deleting a document of an earlier life');
      this.erase(relative, parsed === null ? {} : (JSON.parse(parsed.content) as Record<string, unknown>), 0);
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
    this.set(
      topics.manifest,
      { node: this.options.node, actor: this.options.actor },
      { status: 'complete', summary: `${listed.length} documents`, topics: listed },
    );
  }

  private isSettled(): boolean {
    if (this.link === null || !this.reconciled || this.removing > 0) return false;
    for (const held of this.held.values()) if (held.dirty || held.inFlight) return false;
    return true;
  }

  private wakeWaiters(): void {
    if (this.waiters.length === 0 || !this.isSettled()) return;
    const waiting = this.waiters;
    this.waiters = [];
    for (const resolve of waiting) resolve();
  }
}

/** The stable text that two copies of one document share: everything but ts, session and rev. */
function contentOf(document: Record<string, unknown>): string {
  const { ts: _ts, session: _session, rev: _rev, ...rest } = document;
  return JSON.stringify(rest);
}

function withHead(content: string, ts: string, at: { readonly session: number; readonly rev: number }): string {
  const { status, summary, ...rest } = JSON.parse(content) as Record<string, unknown>;
  return JSON.stringify({ status, summary, ts, session: at.session, rev: at.rev, ...rest });
}

/** null: empty, or not a document at all (then it is as good as absent). */
function parseContent(payload: Buffer): Parsed | null {
  if (payload.length === 0) return null;
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    const head = DocumentHead.parse(value);
    return { head, content: contentOf(value as Record<string, unknown>) };
  } catch {
    return null;
  }
}
