/**
 * What arrives for one actor: matched to the topic table, checked, made into deliveries.
 *
 * Documents go through the reader, so that an actor sees each state once; manifests prove deletions; events and messages
 * are handed on as they come, and that an announcement was taken away too; requests are handed on as text, because refusing one is the ledger's business.
 */
import type { DocumentHead } from '../contracts/common.ts';
import type { CursorPositions } from '../contracts/event.ts';
import { findTopic, topics } from '../contracts/topics.ts';
import type { Delivery, Read } from './actor.ts';
import { topicMatches } from './broker-topic-filter.ts';
import type { Clock } from './clock.ts';
import { DocumentReader } from './document-reader.ts';
import { checkPayload, type FoundTopic } from './edge.ts';
import type { Incoming } from './link.ts';
import type { Quarantine } from './quarantine.ts';

export interface InboxOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly quarantine: Quarantine;
  readonly reads: readonly Read[];
  deliver(delivery: Delivery): void;
  /** What the store of a site has of this node's events; null: that store is no more. */
  onCursor(store: string, positions: CursorPositions | null): void;
}

export class Inbox {
  private readonly options: InboxOptions;
  private readonly reader = new DocumentReader();
  private readonly filters: readonly string[];

  constructor(options: InboxOptions) {
    this.options = options;
    this.filters = options.reads.map(({ topic, levels }) => topic.filter(levels));
  }

  /** A message on `relative` (its topic without the root). Topics outside the table are ignored. */
  onMessage(relative: string, message: Incoming): void {
    const found = findTopic(relative);
    if (found === null) return;
    if (found.row.kind === 'document') this.onDocument(relative, found, message);
    else if (this.wants(relative)) this.onOther(relative, found, message);
  }

  private wants(relative: string): boolean {
    return this.filters.some((filter) => topicMatches(filter, relative));
  }

  private onOther(relative: string, found: FoundTopic, message: Incoming): void {
    const isRequest = found.row.kind === 'request';
    const isEmpty = message.payload.length === 0;
    if (isEmpty && !isRequest && found.row.kind !== 'announcement') return;
    const checked = isRequest || isEmpty ? null : this.checked(relative, found, message);
    if (checked === undefined) return;
    this.options.deliver({
      kind: 'message',
      name: found.name,
      topic: relative,
      levels: found.levels,
      text: message.payload.toString('utf8'),
      payload: checked,
      retained: message.retained,
      at: this.options.clock.now(),
    });
  }

  private onDocument(relative: string, found: FoundTopic, message: Incoming): void {
    if (message.payload.length === 0) return; // cleared without a word: its writer repairs it, or its manifest proves the deletion
    const wanted = this.wants(relative);
    const isManifest = found.row === topics.manifest;
    const isOwnCursor = found.row === topics.cursor && found.levels.node === this.options.node;
    if (!wanted && !isManifest && !isOwnCursor) return;
    const doc = this.checked(relative, found, message) as DocumentHead | undefined;
    if (doc === undefined) return;
    const nowMs = this.options.clock.now();
    const verdict = this.reader.judge(relative, doc, nowMs);
    if (verdict === 'stale') return;
    if (isManifest && Array.isArray(doc.topics)) {
      for (const deleted of this.reader.manifest(relative, doc.topics as string[], nowMs)) this.onUnlisted(deleted);
    }
    if (isOwnCursor) this.options.onCursor(found.levels.site ?? '', verdict === 'deleted' ? null : ((doc.positions ?? null) as CursorPositions | null));
    if (wanted) this.deliverDocument(relative, verdict === 'deleted' ? null : doc, { will: verdict === 'will', retained: message.retained });
  }

  private onUnlisted(relative: string): void {
    const cursor = topics.cursor.match(relative);
    if (cursor?.node === this.options.node) this.options.onCursor(cursor.site, null);
    this.deliverDocument(relative, null, { will: false, retained: false });
  }

  private deliverDocument(relative: string, doc: unknown, how: { readonly will: boolean; readonly retained: boolean }): void {
    const found = findTopic(relative);
    if (found === null || !this.wants(relative)) return;
    // The schema of the row has checked the document: name and doc belong together, which the union type cannot see here.
    this.options.deliver({ kind: 'document', name: found.name, topic: relative, levels: found.levels, doc, ...how, at: this.options.clock.now() } as Delivery);
  }

  private checked(relative: string, found: FoundTopic, message: Incoming): unknown {
    const checked = checkPayload(found, message.payload);
    if (checked.ok) return checked.value;
    this.options.quarantine.add(relative, checked.detail);
    return undefined;
  }
}
