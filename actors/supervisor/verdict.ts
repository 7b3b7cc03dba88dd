/** What the judgement says of one subject: a service, the disk of a node, or a kind of event of Home Assistant. Types, and the words they share. */
import type { Action, ActionType, DecisionCode, ProposalRequest } from '../../contracts/action.ts';

export type Proposal = Pick<ProposalRequest, 'node' | 'service' | 'evidence'> & {
  readonly type: ActionType;
  readonly params?: Readonly<Record<string, unknown>>;
};

/** Something stands against a proposal. */
export interface Hold {
  readonly code: DecisionCode;
  readonly why: string;
  /** Epoch milliseconds at which it no longer holds; null: not by time alone. */
  readonly untilMs: number | null;
  /** Incident or action that comes first. */
  readonly cause?: string;
}

export interface Verdict {
  readonly node: string;
  readonly service: string | null;
  /** `service`, `disk`, or an event type of Home Assistant. */
  readonly about: string;
  /** nothing: no reason to act; propose: asked for, not shown yet; proposed: open; blocked: a reason to act, and one not to. */
  readonly decision: 'nothing' | 'propose' | 'proposed' | 'blocked';
  readonly code: DecisionCode;
  readonly why: string;
  readonly incidentId: string | null;
  /** Incident or action that comes first. */
  readonly cause: string | null;
  readonly untilMs: number | null;
  readonly actionId: string | null;
  /** Ids that this verdict wants open, or would if nothing held it back. */
  readonly ids: readonly string[];
  /** Whether the trouble is there; unknown: nothing may be concluded, in either direction. */
  readonly drift: 'present' | 'none' | 'unknown';
  /** What is pending for this is to be taken back, because something else takes its place. */
  readonly isTakenBack: boolean;
  /** To be asked for until it is shown. */
  readonly proposal: Proposal | null;
  /** The open one has old evidence. */
  readonly refresh: Proposal | null;
  /** Epoch milliseconds at which the verdict may change by itself. */
  readonly recheckMs: number | null;
}

/** contracts/action.ts, Decisions. */
const whyCharsMax = 200;
/** contracts/action.ts, Evidence. */
const messageCharsMax = 400;

export const shortWhy = (why: string): string => (why.length > whyCharsMax ? `${why.slice(0, whyCharsMax - 1)}…` : why);
export const shortMessage = (message: string): string => message.slice(0, messageCharsMax);

type Said = Pick<Verdict, 'node' | 'service' | 'about' | 'decision' | 'code' | 'why'> & Partial<Verdict>;

/** A verdict of which only what matters is said. */
export const verdictOf = (said: Said): Verdict => ({
  incidentId: null,
  cause: null,
  untilMs: null,
  actionId: null,
  ids: [],
  drift: 'unknown',
  isTakenBack: false,
  proposal: null,
  refresh: null,
  ...said,
  recheckMs: said.recheckMs ?? said.untilMs ?? null,
  why: shortWhy(said.why),
});

/** What a hold says in a verdict. */
export const heldBy = ({ code, untilMs, cause }: Hold): Pick<Verdict, 'code' | 'untilMs' | 'cause'> => ({ code, untilMs, cause: cause ?? null });

export const isOpen = ({ status }: Action): boolean => status === 'pending' || status === 'approved' || status === 'running';

/** The one that holds longest; one without an end before all others. */
export function latest(holds: readonly (Hold | null)[]): Hold | null {
  const endOf = (hold: Hold): number => hold.untilMs ?? Number.POSITIVE_INFINITY;
  return holds.reduce((longest, hold) => (hold !== null && (longest === null || endOf(hold) > endOf(longest)) ? hold : longest), null);
}
