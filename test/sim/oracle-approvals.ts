/**
 * Which approvals by people have reached the ledger, and what each of them named: an action, and perhaps the attempt and the digest
 * that its person had looked at.
 */
import { z } from 'zod';
import type { Action } from '../../contracts/action.ts';

interface Yes {
  readonly person: string;
  /** When the ledger heard it, time of the simulation. */
  readonly atMs: number;
  /** When it was given: the same, or when the ledger of another site heard it. */
  readonly givenMs: number;
  readonly name: string;
  readonly attempt: number | null;
  readonly digest: string | null;
}

const Named = z.object({ id: z.string(), attempt: z.number().optional(), digest: z.string().optional() });

export class ApprovalOracle {
  private readonly heard: Yes[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  onHeard(person: string, text: string, givenMs = this.now()): void {
    const named = parse(text);
    this.heard.push({ person, atMs: this.now(), givenMs, name: named.id.trim().toLowerCase(), attempt: named.attempt ?? null, digest: named.digest ?? null });
  }

  /** Why no approval of this person that was heard since then, and given since then, is for this attempt of this action; null: one is. */
  problem(action: Action, person: string, heardSinceMs: number, givenSinceMs: (yes: Yes) => number = () => 0): 'none' | 'stale' | null {
    const isTimely = (yes: Yes): boolean => yes.atMs >= heardSinceMs && yes.givenMs >= givenSinceMs(yes);
    const meant = this.heard.filter((yes) => yes.person === person && isTimely(yes) && names(yes, action));
    if (meant.length === 0) return 'none';
    return meant.some((yes) => (yes.attempt ?? action.attempt) === action.attempt && (yes.digest ?? action.digest) === action.digest) ? null : 'stale';
  }
}

/** A bare line is an id. */
function parse(text: string): z.infer<typeof Named> {
  try {
    return Named.parse(JSON.parse(text));
  } catch {
    return { id: text };
  }
}

const names = ({ name }: Yes, { id }: Action): boolean => name === 'next' || id.startsWith(name);
