/**
 * Decides which retained documents are news to an actor.
 *
 * Compares (session, rev) and drops what is not newer, also for deleted topics (remembered 24 h). A will counts only while
 * its session is the current one. Absence after a reconnect means nothing by itself, because a broker may come back
 * empty: a document is deleted when it says `gone`, or when the manifest of its writer no longer lists it.
 */
import type { DocumentHead } from '../contracts/common.ts';
import { tombstoneKeptMs } from '../contracts/defaults.ts';

interface Known {
  readonly session: number;
  readonly rev: number;
  readonly deletedAtMs: number | null;
}

export type Verdict = 'new' | 'will' | 'deleted' | 'stale';

export class DocumentReader {
  private readonly known = new Map<string, Known>();
  /** manifest topic → topics it listed */
  private readonly claims = new Map<string, ReadonlySet<string>>();

  /** What a document on `topic` means. Its head decides alone; the rest was checked elsewhere. */
  judge(topic: string, head: DocumentHead, nowMs: number): Verdict {
    const known = this.living(topic, nowMs);
    const isWill = head.rev === undefined;
    const rev = head.rev ?? Number.POSITIVE_INFINITY;
    if (known !== undefined) {
      if (head.session < known.session) return 'stale';
      if (head.session === known.session && rev <= known.rev) return 'stale';
    }
    const deleted = head.status === 'gone';
    this.known.set(topic, { session: head.session, rev, deletedAtMs: deleted ? nowMs : null });
    if (deleted) return known === undefined || known.deletedAtMs !== null ? 'stale' : 'deleted';
    return isWill ? 'will' : 'new';
  }

  /**
   * Topics that a manifest used to list and does not list any more: deleted, if we knew them. A document of a later session is
   * not: a writer that has come back writes its documents first and its manifest last, so until then the old one says nothing of them.
   */
  manifest(manifestTopic: string, listed: readonly string[], nowMs: number): readonly string[] {
    const session = this.known.get(manifestTopic)?.session ?? Number.POSITIVE_INFINITY;
    const next = new Set(listed);
    const deleted: string[] = [];
    for (const topic of this.claims.get(manifestTopic) ?? []) {
      const known = next.has(topic) ? undefined : this.living(topic, nowMs);
      if (known === undefined || known.deletedAtMs !== null) continue;
      if (known.session > session) next.add(topic);
      else deleted.push(topic);
    }
    this.claims.set(manifestTopic, next);
    for (const topic of deleted) {
      const known = this.known.get(topic);
      if (known !== undefined) this.known.set(topic, { ...known, deletedAtMs: nowMs });
    }
    return deleted;
  }

  private living(topic: string, nowMs: number): Known | undefined {
    const known = this.known.get(topic);
    if (known?.deletedAtMs != null && nowMs - known.deletedAtMs > tombstoneKeptMs) {
      this.known.delete(topic);
      return undefined;
    }
    return known;
  }
}
