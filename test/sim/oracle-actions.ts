/**
 * Checks what becomes of actions: moves along allowed transitions only, nothing executed without a live approval of a
 * person, at most once for each, nothing proposed again while its cooldown runs.
 *
 * Knows only what passes by: the documents the ledger publishes, the requests that reach it, the calls that reach an engine.
 */
import type { Action, ActionState, Transition } from '../../contracts/action.ts';
import { actionId } from '../../contracts/action.ts';
import { approvalValidMs, historyKeptInDocument, reproposalCooldownMs } from '../../contracts/defaults.ts';
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

/** Between the grant and the effect lie one look at the engine and two writes: seconds, even on a slow disk. */
const effectMarginMs = 60_000;

export class ActionOracle {
  private readonly breach: Breach;
  private readonly now: () => number;
  private readonly people: readonly string[];
  private readonly published = new Map<string, Action>();
  /** When the end of the attempt before this one was published. */
  private readonly earlierUntilMs = new Map<string, number>();
  private readonly spokenAtMs = new Map<string, number>();
  /** When the ledger last heard an approval by anybody, by person: the time of the simulation. */
  private readonly approvals = new Map<string, number[]>();
  private readonly executions = new Map<string, number>();

  constructor(options: { readonly breach: Breach; readonly now: () => number; readonly people: readonly string[] }) {
    this.breach = options.breach;
    this.now = options.now;
    this.people = options.people;
  }

  /** The ledger has published an action document. */
  onDocument(action: Action): void {
    if (action.status === 'gone') return;
    const before = this.published.get(action.id);
    if (before !== undefined && before.attempt !== action.attempt) this.earlierUntilMs.set(action.id, this.spokenAtMs.get(action.id) ?? 0);
    this.published.set(action.id, action);
    const fresh = this.news(action, before);
    if (fresh.length > 0) this.spokenAtMs.set(action.id, this.now());
    let state = fresh[0]?.from ?? action.status;
    for (const { from, to } of fresh) {
      if (from !== null && from !== state) this.breach('allowed-transitions', `${action.id}: history goes on from ${from} after ${state}`);
      if (from !== null && from !== to && !allowed[from].includes(to)) this.breach('allowed-transitions', `${action.id} went from ${from} to ${to}`);
      state = to;
    }
    if (state !== action.status) this.breach('allowed-transitions', `${action.id} is ${action.status}, and its history ends with ${state}`);
    this.checkCooldown(action, before, fresh);
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

  /** An approval has reached the ledger. */
  onApprovalHeard(person: string): void {
    const heard = this.approvals.get(person) ?? [];
    heard.push(this.now());
    this.approvals.set(person, heard);
  }

  /** An engine was asked to restart this service. `ledgerNowMs`: what the clock of the ledger's machine says. */
  onExecution(node: string, service: string, ledgerNowMs: number): void {
    const id = actionId({ type: 'container_restart', node, service });
    const action = this.published.get(id);
    const complain = (why: string): void => this.breach('no-execution-without-approval', `${service} on ${node} is restarted: ${why}`);
    if (action === undefined) {
      complain('no such action was ever published');
      return;
    }
    const key = `${id} attempt ${action.attempt}`;
    const times = (this.executions.get(key) ?? 0) + 1;
    this.executions.set(key, times);
    if (times > 1) this.breach('at-most-once-per-approval', `${key} is executed for the ${times}. time`);
    if (action.status !== 'running') complain(`its action is ${action.status}`);
    if (action.claim?.by !== `executor-${node}`) complain(`its claim is ${action.claim?.by ?? 'nobody'}'s`);
    if (action.claim !== null && Date.parse(action.claim.lease_until) + effectMarginMs < ledgerNowMs) complain('its lease has run out');
    const person = action.approved_by ?? '';
    if (!this.people.includes(person)) complain(`it was approved by ${person === '' ? 'nobody' : person}`);
    const earliestMs = Math.max(this.earlierUntilMs.get(id) ?? 0, this.now() - approvalValidMs - effectMarginMs);
    const heard = (this.approvals.get(person) ?? []).filter((atMs) => atMs >= earliestMs);
    if (heard.length === 0) complain(`no approval of ${person} reached the ledger since it was proposed`);
  }
}
