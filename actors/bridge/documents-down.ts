/**
 * What the hub decides for the nodes of this site, `desired/<node>`, on its way down; kept on disk, so that a site whose
 * broker lost its memory while the link is down still knows what should run.
 *
 * Which nodes are the site's: those whose document says so. The manifest of the hub's inventory lists the documents there
 * are; one that is not known yet is looked at once. State of its own, mutated in place.
 */
import { z } from 'zod';
import { Manifest } from '../../contracts/actor-status.ts';
import { topics } from '../../contracts/topics.ts';
import { type Copy, copyOf, isNewer } from './copy.ts';
import type { DocumentMessage } from './documents-up.ts';

/** The file. Only what a manifest listed when it was last seen can be missed in it later. */
export const DownCache = z.object({
  documents: z.record(z.string(), z.string()).describe('topic → document, as it came'),
  listed: z.record(z.string(), z.array(z.string())).describe('manifest of an inventory → those of these documents that it listed'),
});
export type DownCache = z.infer<typeof DownCache>;
export const emptyCache: DownCache = { documents: {}, listed: {} };

const SiteOf = z.looseObject({ site: z.string() });

const nodeOf = (topic: string): string | null => topics.desired.match(topic)?.node ?? null;

export class DocumentsDown {
  /** The file has to be written. */
  isUnsaved = false;
  private readonly site: string;
  private readonly held = new Map<string, Copy>();
  private readonly near = new Map<string, Copy>();
  private isNearRead = false;
  /** Topics that were looked at and are other sites'. */
  private readonly foreign = new Set<string>();
  private readonly listed = new Map<string, ReadonlySet<string>>();

  constructor(site: string, cache: DownCache) {
    this.site = site;
    for (const [topic, text] of Object.entries(cache.documents)) {
      const copy = nodeOf(topic) === null ? null : copyOf('desired', text);
      if (copy !== null) this.held.set(topic, copy);
    }
    for (const [manifest, listed] of Object.entries(cache.listed)) this.listed.set(manifest, new Set(listed));
  }

  get cache(): DownCache {
    return {
      documents: Object.fromEntries([...this.held].map(([topic, { text }]) => [topic, text])),
      listed: Object.fromEntries([...this.listed].map(([manifest, topics]) => [manifest, [...topics].filter((topic) => this.held.has(topic))])),
    };
  }

  get nodes(): readonly string[] {
    return [...this.held.keys()].flatMap((topic) => nodeOf(topic) ?? []);
  }

  /** A document of the hub. Returns what the site's broker is to be told. */
  hearFar(topic: string, text: string): readonly DocumentMessage[] {
    const copy = text === '' ? null : copyOf('desired', text);
    if (copy === null) return [];
    const held = this.held.get(topic);
    const isOurs = copy.isGone ? held !== undefined : SiteOf.safeParse(JSON.parse(text)).data?.site === this.site;
    if (!isOurs) {
      this.foreign.add(topic);
      // It was ours: its node lives on another site now.
      return held === undefined ? [] : this.end(topic, held);
    }
    this.foreign.delete(topic);
    if (held !== undefined && !isNewer(copy, held)) return [];
    if (copy.isGone) return this.end(topic, held ?? copy);
    this.held.set(topic, copy);
    this.isUnsaved = true;
    return this.isNearRead ? [{ topic, text }] : [];
  }

  /** A manifest of the hub's inventory. `unknown`: documents to be looked at; `messages`: what the site's broker is to be told. */
  hearManifest(manifestTopic: string, text: string): { readonly unknown: readonly string[]; readonly messages: readonly DocumentMessage[] } {
    const manifest = text === '' ? null : parse(text);
    if (manifest === null) return { unknown: [], messages: [] };
    const now = new Set(manifest.topics.filter((topic) => nodeOf(topic) !== null));
    const before = this.listed.get(manifestTopic) ?? new Set<string>();
    this.listed.set(manifestTopic, now);
    this.isUnsaved = true;
    const messages = [...before].flatMap((topic) => {
      const held = now.has(topic) ? undefined : this.held.get(topic);
      return held === undefined || held.session > manifest.session ? [] : this.end(topic, held);
    });
    return { unknown: [...now].filter((topic) => !this.held.has(topic) && !this.foreign.has(topic)), messages };
  }

  farLost(): void {
    // A node may have moved here meanwhile.
    this.foreign.clear();
  }

  /** The site's broker's own copy. */
  hearNear(topic: string, text: string): void {
    const copy = text === '' ? null : copyOf('desired', text);
    if (copy === null) this.near.delete(topic);
    else this.near.set(topic, copy);
  }

  nearLost(): void {
    this.isNearRead = false;
    this.near.clear();
  }

  /** What the site's broker lacks of what we hold. */
  nearRead(): readonly DocumentMessage[] {
    this.isNearRead = true;
    return [...this.held].flatMap(([topic, copy]) => {
      const there = this.near.get(topic);
      return there === undefined || isNewer(copy, there) ? [{ topic, text: copy.text }] : [];
    });
  }

  private end(topic: string, held: Copy): readonly DocumentMessage[] {
    this.held.delete(topic);
    this.isUnsaved = true;
    const gone = { ...(JSON.parse(held.text) as object), status: 'gone', rev: Number.isFinite(held.rev) ? held.rev + 1 : 1 };
    return [
      { topic, text: JSON.stringify(gone) },
      { topic, text: '' },
    ];
  }
}

function parse(text: string): Manifest | null {
  try {
    return Manifest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
