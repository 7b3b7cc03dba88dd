/**
 * The retained documents of the site on their way to the hub: what each side holds, and what is to be sent.
 *
 * Nothing is queued but the newest text of each topic. Both sides are compared by (session, rev) whenever the link comes up;
 * in between only what changes goes, and of what merely ticks (copy.ts) one in an hour. Deletions go as the writer said them
 * (`gone`, then empty); one that was missed is made up for when a manifest of the living writer proves it. An empty payload
 * alone is somebody's hand on the broker, and is not carried on.
 * State of its own, mutated in place; no time of its own.
 */

import { payloadBytesMax } from '../../contracts/defaults.ts';
import type { TopicName } from '../../contracts/topics.ts';
import { type Copy, copyOf, isNewer } from './copy.ts';
import { goesUp, type Place, placeOf } from './directions.ts';
import { Manifests } from './manifests.ts';

/** A figure that only ticks is at most this old at the hub while the link is up: 24 messages a day for a document. */
const tickingEveryMs = 3_600_000;

/** They name the site of a node, without which the hub's observer could take it for one of its own. They go before whatever else is due. */
const saysWhere: ReadonlySet<TopicName> = new Set(['nodeHealth', 'worldNode']);

interface Near {
  readonly place: Place;
  readonly copy: Copy;
}

export interface DocumentMessage {
  readonly topic: string;
  /** Empty: clears the topic. */
  readonly text: string;
}

export class DocumentsUp {
  private readonly near = new Map<string, Near>();
  private readonly heard = new Set<string>();
  /** What the hub holds, as far as is known; null until it was read on this link. */
  private far: Map<string, Copy> | null = null;
  /** The hub's copies as they are read back. */
  private reading = new Map<string, Copy>();
  private readonly manifests = new Manifests();
  /** What was delivered on the present connection to the site's broker. */
  private readonly seen = new Set<string>();
  private isNearRead = false;
  /** To be sent, in the order in which they became due. */
  private readonly due = new Set<string>();
  private readonly inFlight = new Map<string, DocumentMessage>();
  /** Documents that ticked: topic → when the hub got its last figures. */
  private readonly sentAtMs = new Map<string, number>();
  private readonly ticked = new Set<string>();
  private readonly site: string;

  constructor(site: string) {
    this.site = site;
  }

  /** Machines that have said something here; only grows. */
  get nodes(): ReadonlySet<string> {
    return this.heard;
  }

  get waiting(): number {
    return this.due.size + this.inFlight.size;
  }

  /** A document, or the clearing of one, on the site's own broker. Returns why it is not carried, or null. */
  hearNear(topic: string, text: string): string | null {
    const place = placeOf(topic);
    if (place === null || place.row.kind !== 'document' || !goesUp(place, this.site)) return null;
    const known = this.near.get(topic);
    if (text === '') {
      if (known?.copy.isGone === true) this.end(topic);
      return null;
    }
    this.seen.add(topic);
    const bytes = Buffer.byteLength(text);
    // Nobody here reads it either (bus/edge.ts): what was said before stands.
    if (bytes > payloadBytesMax) return `a document of ${bytes} bytes; at most ${payloadBytesMax} cross the link: it is not carried`;
    const copy = copyOf(place.name, text);
    if (copy === null) return 'not a document: no JSON object with status, ts and session; it is not carried';
    if (known !== undefined && !isNewer(copy, known.copy)) return null;
    this.near.set(topic, { place, copy });
    if (place.levels['node'] !== undefined) this.heard.add(place.levels['node']);
    this.manifests.hear(place, copy);
    this.consider(topic, copy);
    if (place.name === 'manifest' || place.name === 'actorStatus') this.sweep();
    return null;
  }

  nearLost(): void {
    this.isNearRead = false;
    this.seen.clear();
  }

  /** Everything retained on the site's broker was delivered on this connection. */
  nearRead(now: number): void {
    this.isNearRead = true;
    this.compare(now);
  }

  /** The hub's copy, while it is read back. */
  hearFar(topic: string, text: string): void {
    const place = placeOf(topic);
    const copy = place === null || text === '' ? null : copyOf(place.name, text);
    if (place === null || place.row.kind !== 'document' || !goesUp(place, this.site)) return;
    // What cannot be read is overwritten by ours, whatever it is.
    if (text !== '') this.reading.set(topic, copy ?? { session: -1, rev: -1, isGone: false, text, lasting: text });
  }

  farLost(): void {
    this.far = null;
    this.reading = new Map();
    this.inFlight.clear();
    this.due.clear();
  }

  /** Everything the hub has of these nodes was read: what differs is due. */
  farRead(now: number): void {
    this.far = new Map([...(this.far ?? []), ...this.reading]);
    this.reading = new Map();
    this.compare(now);
  }

  /** The next message, or null. It is under way until `settled`. */
  next(): DocumentMessage | null {
    const topic = this.nextDue((name) => saysWhere.has(name)) ?? this.nextDue(() => true);
    if (topic === null) return null;
    this.due.delete(topic);
    const message = { topic, text: this.near.get(topic)?.copy.text ?? '' };
    this.inFlight.set(topic, message);
    return message;
  }

  private nextDue(isMeant: (name: TopicName) => boolean): string | null {
    for (const topic of this.due) {
      const name = this.inFlight.has(topic) ? undefined : placeOf(topic)?.name;
      if (name !== undefined && isMeant(name)) return topic;
    }
    return null;
  }

  /** The hub's broker has it. */
  settled({ topic, text }: DocumentMessage, now: number): void {
    this.inFlight.delete(topic);
    if (this.far === null) return;
    const place = placeOf(topic);
    const copy = text === '' || place === null ? null : copyOf(place.name, text);
    this.ticked.delete(topic);
    if (copy === null) {
      this.far.delete(topic);
      this.sentAtMs.delete(topic);
    } else {
      this.far.set(topic, copy);
      this.sentAtMs.set(topic, now);
    }
  }

  /** No link takes it: the hub does not have it. It goes again when it changes, or with the next link. */
  refused({ topic }: DocumentMessage): void {
    this.inFlight.delete(topic);
  }

  /** The clock of this machine was set. */
  clockSet(byMs: number): void {
    for (const [topic, atMs] of this.sentAtMs) this.sentAtMs.set(topic, atMs + byMs);
  }

  /** What only ticked for an hour is due now; says when to look again, epoch milliseconds, or null. */
  tick(now: number): number | null {
    let nextMs: number | null = null;
    if (this.far === null) return null;
    for (const topic of this.ticked) {
      const atMs = (this.sentAtMs.get(topic) ?? now) + tickingEveryMs;
      if (atMs <= now) {
        this.ticked.delete(topic);
        this.due.add(topic);
      } else if (nextMs === null || atMs < nextMs) nextMs = atMs;
    }
    return nextMs;
  }

  private consider(topic: string, copy: Copy): void {
    if (this.far === null) return;
    const latest = this.inFlight.get(topic);
    const place = placeOf(topic);
    const held = latest !== undefined && place !== null && latest.text !== '' ? copyOf(place.name, latest.text) : (this.far.get(topic) ?? null);
    if (held !== null && held.lasting === copy.lasting) this.ticked.add(topic);
    else this.due.add(topic);
  }

  /** The writer has ended it: `gone` was carried or will not be missed, and the topic is cleared. */
  private end(topic: string): void {
    this.near.delete(topic);
    this.ticked.delete(topic);
    this.sentAtMs.delete(topic);
    if (this.far?.has(topic) === true || this.inFlight.has(topic) || this.due.has(topic)) this.due.add(topic);
  }

  private compare(now: number): void {
    if (this.far === null) return;
    for (const [topic, { copy }] of this.near) {
      const held = this.inFlight.has(topic) ? undefined : this.far.get(topic);
      if (held === undefined ? !this.inFlight.has(topic) : isNewer(copy, held)) this.due.add(topic);
      this.sentAtMs.set(topic, now);
    }
    this.ticked.clear();
    this.sweep();
  }

  /** What no living writer owns any more: it ended while we, or the link, were away. */
  private sweep(): void {
    if (!this.isNearRead) return;
    for (const [topic, { place }] of this.near) if (!this.seen.has(topic) && this.manifests.disowns(topic, place)) this.end(topic);
    for (const [topic, copy] of this.far ?? []) {
      const place = placeOf(topic);
      if (place === null || this.near.has(topic)) continue;
      if (copy.isGone || this.manifests.disowns(topic, place)) this.due.add(topic);
    }
  }
}
