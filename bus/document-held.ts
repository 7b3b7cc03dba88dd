/** One document that a writer holds, and whether a copy that came back on its topic is its own. */
import type { Parsed } from './document-text.ts';

export interface Held {
  /** Key order of the contract, without ts, session and rev. */
  content: string;
  tsMs: number;
  rev: number;
  /** The session of `rev`: in which it was last put on a link; 0: in none. */
  session: number;
  dirty: boolean;
  inFlight: boolean;
  /** Somebody else's hand was seen on the topic before the PUBACK, and our own copy not after it. */
  contested: boolean;
  /** The newest rev of this session that came back: our own copies arrive in order, so what differs later is not ours. */
  echoedRev: number;
  /** Rev of the `gone` that came before it in this session, 0 without one. */
  readonly bornRev: number;
}

export const newHeld = (content: string, tsMs: number, rev: number): Held => ({
  content,
  tsMs,
  rev,
  session: 0,
  dirty: true,
  inFlight: false,
  contested: false,
  echoedRev: 0,
  bornRev: rev,
});

/** What it says is about to be published, as the next rev of this session. */
export function putOnLink(held: Held, session: number): void {
  held.dirty = false;
  held.inFlight = true;
  held.rev += 1;
  held.session = session;
}

/**
 * Whether it has to be published to a broker that holds `there`: it says something else, or is older than what was said since, at another broker or at
 * this one before it lost its memory. Whoever read that drops the older copy as old, also where it says the same.
 */
export function isNews({ content, session, rev }: Pick<Held, 'content' | 'session' | 'rev'>, there: Parsed | null | undefined): boolean {
  if (there == null || there.content !== content) return true;
  const { head } = there;
  return head.session < session || (head.session === session && head.rev !== undefined && head.rev < rev);
}

/** Notes what came back: `ours` (or as good as), or `foreign`: somebody deleted or overwrote it. */
export function noteCopy(held: Held, copy: Parsed | null, session: number): 'ours' | 'foreign' {
  // The empty message of our own deletion, on a broker that acknowledges before it delivers.
  if (copy === null && held.bornRev > 0 && held.echoedRev <= held.bornRev) return 'ours';
  const ownRev = copy?.head.session === session ? copy.head.rev : undefined;
  if (ownRev !== undefined && ownRev > held.echoedRev && ownRev <= held.rev) {
    if (ownRev < held.rev || held.dirty || copy?.content === held.content) {
      held.echoedRev = ownRev;
      held.contested = false;
      return 'ours';
    }
  }
  // Readers have seen it: what we say next must be newer.
  if (ownRev !== undefined) held.rev = Math.max(held.rev, ownRev);
  return copy?.content === held.content ? 'ours' : 'foreign';
}
