/** What a broker held on the topics of one writer when it connected. Forgets it once it has been compared. */
import { type Parsed, parseDocument } from './document-text.ts';
import type { Incoming } from './link.ts';

export class ReadBack {
  /** null: something that is no document. */
  private readonly copies = new Map<string, Parsed | null>();

  /** What is empty is no leftover, and nobody's: another site may have cleared it just now. */
  note(relative: string, { payload }: Pick<Incoming, 'payload'>): void {
    if (payload.length === 0) this.copies.delete(relative);
    else this.copies.set(relative, parseDocument(payload));
  }

  get(relative: string): Parsed | null | undefined {
    return this.copies.get(relative);
  }

  get entries(): readonly (readonly [string, Parsed | null])[] {
    return [...this.copies];
  }

  forget(relative: string): void {
    this.copies.delete(relative);
  }

  clear(): void {
    this.copies.clear();
  }

  highestSession(): number | null {
    let highest: number | null = null;
    for (const parsed of this.copies.values()) if (parsed !== null) highest = Math.max(highest ?? 0, parsed.head.session);
    return highest;
  }

  /** The first topic that says this session; '' when none does. */
  topicOfSession(session: number): string {
    return [...this.copies].find(([, parsed]) => parsed?.head.session === session)?.[0] ?? '';
  }
}
