/**
 * Checks what becomes of actions by the documents that the ledger publishes: moves along allowed transitions only, agreed to only by a
 * yes that is for this attempt, nothing proposed again while its cooldown runs, and no repair in shadow mode.
 */
import type { Action, ActionState, Transition } from '../../contracts/action.ts';
import { historyKeptInDocument, reproposalCooldownMs } from '../../contracts/defaults.ts';
import type { ApprovalOracle } from './oracle-approvals.ts';
import type { Breach } from './rules.ts';

/** By the architecture, section 3; a state may be noted again. */
const allowed: Readonly<Record<ActionState, readonly ActionState[]>> = {
  pending: ['approved', 'rejected', 'cancelled', 'pending'],
  approved: ['running', 'cancelled', 'expired', 'completed'],
  running: ['completed', 'failed'],
  completed: ['pending'],
  failed: ['pending'],
  rejected: ['pending'],
  cancelled: ['pending'],
  expired: ['pending'],
};
const held: readonly ActionState[] = ['rejected', 'failed', 'expired'];

export interface ActionOracleOptions {
  readonly breach: Breach;
  readonly now: () => number;
  readonly people: readonly string[];
  readonly approvals: ApprovalOracle;
  /** What is heard about Home Assistant may lead to notices only. */
  readonly isShadow: boolean;
}

export class ActionOracle {
  private readonly options: ActionOracleOptions;
  private readonly breach: Breach;
  private readonly published = new Map<string, Action>();
  /** When the end of the attempt before this one was published. */
  private readonly earlierUntilMs = new Map<string, number>();
  private readonly spokenAtMs = new Map<string, number>();

  constructor(options: ActionOracleOptions) {
    this.options = options;
    this.breach = options.breach;
  }

  /** As published last. */
  get actions(): Iterable<Action> {
    return this.published.values();
  }

  /** A yes that was heard before that was for an earlier attempt. */
  agreedAfterMs(id: string): number {
    return this.earlierUntilMs.get(id) ?? 0;
  }

  /** The ledger has published an action document. */
  onDocument(action: Action): void {
    if (action.status === 'gone') return;
    const before = this.published.get(action.id);
    if (before !== undefined && before.attempt !== action.attempt) this.earlierUntilMs.set(action.id, this.spokenAtMs.get(action.id) ?? 0);
    this.published.set(action.id, action);
    const fresh = this.news(action, before);
    if (fresh.length > 0) this.spokenAtMs.set(action.id, this.options.now());
    let state = fresh[0]?.from ?? action.status;
    for (const { from, to } of fresh) {
      if (from !== null && from !== state) this.breach('allowed-transitions', `${action.id}: history goes on from ${from} after ${state}`);
      if (from !== null && from !== to && !allowed[from].includes(to)) this.breach('allowed-transitions', `${action.id} went from ${from} to ${to}`);
      state = to;
    }
    if (state !== action.status) this.breach('allowed-transitions', `${action.id} is ${action.status}, and its history ends with ${state}`);
    this.checkYes(action, fresh);
    this.checkCooldown(action, before, fresh);
    if (this.options.isShadow && action.evidence.trigger_type.startsWith('ha_') && action.type !== 'alert_only')
      this.breach('shadow-mode-only-tells', `${action.id} is a ${action.type} because of ${action.evidence.trigger_type}`);
  }

  /** What the history has that the last published one had not. */
  private news(action: Action, before: Action | undefined): readonly Transition[] {
    const history = action.transition_history;
    if (before === undefined) return history;
    const last = before.transition_history.at(-1);
    if (last === undefined) return history;
    const at = history.findIndex((each) => each.at === last.at && each.to === last.to && each.from === last.from && each.note === last.note);
    if (at === -1 && history.length < historyKeptInDocument)
      this.breach('allowed-transitions', `${action.id}: its history no longer holds ${String(last.from)} → ${last.to} of ${last.at}`);
    if (action.attempt < before.attempt) this.breach('allowed-transitions', `${action.id}: attempt ${action.attempt} after ${before.attempt}`);
    return history.slice(at + 1);
  }

  /** What was agreed to an attempt before this one the document does not tell apart any more. */
  private checkYes(action: Action, fresh: readonly Transition[]): void {
    const ofThisAttempt = fresh.slice(fresh.findLastIndex(({ to }) => to === 'pending') + 1);
    for (const { to, by } of ofThisAttempt) {
      if (to !== 'approved' || !this.options.people.includes(by)) continue;
      const problem = this.options.approvals.problem(action, by, this.agreedAfterMs(action.id));
      if (problem !== null)
        this.breach('no-stale-yes', `attempt ${action.attempt} of ${action.id} (digest ${action.digest}) is approved by ${by}: ${yesProblem[problem]}`);
    }
  }

  private checkCooldown(action: Action, before: Action | undefined, fresh: readonly Transition[]): void {
    if (before === undefined || before.evidence.trigger_type !== action.evidence.trigger_type) return;
    for (const { from, to, at, by } of fresh) {
      if (to !== 'pending' || from === null || !held.includes(from) || !by.startsWith('supervisor-')) continue;
      const closed = action.transition_history.findLast((each) => each.to === from && each.from !== from && each.at <= at);
      const waitedMs = closed === undefined ? Number.POSITIVE_INFINITY : Date.parse(at) - Date.parse(closed.at);
      if (waitedMs < reproposalCooldownMs)
        this.breach('no-proposal-within-cooldown', `${action.id} was ${from}, and proposed again ${Math.round(waitedMs / 1000)} s later for the same reason`);
    }
  }
}

export const yesProblem = {
  none: 'no yes to it reached the ledger since it was proposed',
  stale: 'every yes that reached the ledger names another attempt or digest',
} as const;
