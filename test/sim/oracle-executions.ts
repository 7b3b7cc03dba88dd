/**
 * Checks what executors ask of engines: nothing without a live approval of a person, nothing twice for one approval, dependents only
 * after what they need, and a clean-up only of what the class of its machine allows.
 *
 * Knows only what passes by: the documents of the ledger, the approvals that reached it, and the calls that reach an engine.
 */
import type { Container } from '../../adapters/simulated/container.ts';
import { type Action, actionId } from '../../contracts/action.ts';
import { RestartParams } from '../../contracts/action-params.ts';
import { type CleanupKind, cleanupRuleOf } from '../../contracts/cleanup.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import { type ActionOracle, yesProblem } from './oracle-actions.ts';
import type { ApprovalOracle } from './oracle-approvals.ts';
import type { Breach } from './rules.ts';
import type { MachineShape, SiteShape } from './shape.ts';

/** Between the grant and the effect lie one look at the engine and two writes: seconds, even on a slow disk. */
const effectMarginMs = 60_000;
/** What executors leave alone for an hour; less what their clocks may be wrong. */
const untouchedMs = 3_600_000 - 600_000;
const clockErrorMs = 600_000;

export interface ExecutionOracleOptions {
  readonly breach: Breach;
  /** An honest clock. */
  readonly now: () => number;
  /** What the clock of the ledger's machine says. */
  readonly ledgerNow: () => number;
  readonly people: readonly string[];
  readonly shape: SiteShape;
  readonly actions: ActionOracle;
  readonly approvals: ApprovalOracle;
}

export class ExecutionOracle {
  private readonly options: ExecutionOracleOptions;
  private readonly breach: Breach;
  /** What was asked for, by `<id> attempt <n>`: services in the order of their restarts, or kinds of clean-up. */
  private readonly done = new Map<string, string[]>();
  /** The last clean-up of each machine. */
  private readonly cleanups = new Map<string, { readonly attempt: number; readonly atMs: number }>();

  constructor(options: ExecutionOracleOptions) {
    this.options = options;
    this.breach = options.breach;
  }

  /** An engine was asked to restart or replace this service: for an action of its own, or of something that it needs. */
  onRepair(how: 'restart' | 'redeploy', node: string, service: string): void {
    const meant = how === 'restart' ? restarts : redeploys;
    const covering = [...this.options.actions.actions].filter((action) => action.node === node && meant(action).includes(service));
    const own = covering.find((action) => action.service === service);
    const ordered = own === undefined ? covering : [own, ...covering.filter((action) => action !== own)];
    const live = ordered.filter((action) => this.problems(action).length === 0);
    const action = live.find((each) => !this.doneFor(each).includes(service)) ?? live[0];
    if (action === undefined) {
      const [first] = ordered;
      const why = first === undefined ? 'no such action was ever published' : this.problems(first).join(', ');
      this.breach('no-execution-without-approval', `${how} of ${service} on ${node}: ${why}`);
      return;
    }
    const earlier = this.note(action, service);
    if (service !== action.service) this.checkOrder(action, service, earlier);
  }

  /** An engine, or its machine, was asked to remove something. */
  onCleanup(machine: MachineShape, kind: CleanupKind, container: Container | null): void {
    const { name: node, cleanupClass } = machine;
    const id = actionId({ type: 'disk_cleanup', node, service: null });
    const action = [...this.options.actions.actions].find((each) => each.id === id && each.type === 'disk_cleanup');
    const problems = action === undefined ? ['no such action was ever published'] : this.problems(action);
    if (action === undefined || problems.length > 0) {
      this.breach('no-execution-without-approval', `${kind} of ${node} are removed: ${problems.join(', ')}`);
      return;
    }
    this.note(action, container === null ? kind : `${kind} ${container.name}`);
    const rule = cleanupRuleOf(cleanupClass ?? undefined);
    const complain = (why: string): void => this.breach('cleanup-within-class', `${kind} of ${node}, which is ${cleanupClass ?? 'of no class'}: ${why}`);
    if (!rule.kinds.includes(kind)) complain('never removed there');
    const last = this.cleanups.get(node);
    if (last !== undefined && last.attempt !== action.attempt && this.options.now() - last.atMs < rule.intervalMs - clockErrorMs)
      complain('too soon after the last time');
    if (last?.attempt !== action.attempt) this.cleanups.set(node, { attempt: action.attempt, atMs: this.options.now() });
    if (container !== null && !isLeft(container, machine, this.options.now())) complain(`${container.name} is ${container.status}, and somebody's`);
  }

  /** Why nothing may be done for it now. */
  private problems(action: Action): readonly string[] {
    const { id, node, status, claim } = action;
    const { people, approvals, actions } = this.options;
    const problems: string[] = [];
    if (status !== 'running') problems.push(`${id} is ${status}`);
    if (claim?.by !== `executor-${node}`) problems.push(`its claim is ${claim?.by ?? 'nobody'}'s`);
    if (claim !== null && Date.parse(claim.lease_until) + effectMarginMs < this.options.ledgerNow()) problems.push('its lease has run out');
    const person = action.approved_by ?? '';
    if (!people.includes(person)) return [...problems, `it was approved by ${person === '' ? 'nobody' : person}`];
    const validSinceMs = this.options.now() - approvalValidMs - effectMarginMs;
    // Of one from another site the age is known as well as the clocks of both.
    const problem = approvals.problem(action, person, actions.agreedAfterMs(id), ({ atMs, givenMs }) => validSinceMs - (atMs === givenMs ? 0 : clockErrorMs));
    return problem === null ? problems : [...problems, `${person}: ${yesProblem[problem]}`];
  }

  private doneFor({ id, attempt }: Action): readonly string[] {
    return this.done.get(`${id} attempt ${attempt}`) ?? [];
  }

  /** What was done for this attempt before. */
  private note(action: Action, what: string): readonly string[] {
    const key = `${action.id} attempt ${action.attempt}`;
    const earlier = this.doneFor(action);
    this.done.set(key, [...earlier, what]);
    if (earlier.includes(what)) this.breach('at-most-once-per-approval', `${key}: ${what} for the ${earlier.filter((each) => each === what).length + 1}. time`);
    return earlier;
  }

  private checkOrder(action: Action, service: string, earlier: readonly string[]): void {
    const complain = (why: string): void => this.breach('needs-before-dependents', `${service} on ${action.node} is restarted for ${action.id}: ${why}`);
    if (action.service === null || !earlier.includes(action.service)) complain('what it needs has not been restarted');
    const needing = earlier.find((each) => this.needs(action.node, each).has(service));
    if (needing !== undefined) complain(`${needing}, which needs it, was restarted before`);
    if (!this.needs(action.node, service).has(action.service ?? '')) complain('it does not need that');
  }

  /** All services of the machine that one of them needs, also through others. */
  private needs(node: string, service: string): ReadonlySet<string> {
    const services = this.options.shape.machines.find(({ name }) => name === node)?.services ?? [];
    const found = new Set<string>();
    const follow = (name: string): void => {
      for (const need of services.find((each) => each.name === name)?.needs ?? []) {
        const local = need.startsWith(`${node}/`) ? need.slice(node.length + 1) : null;
        if (local === null || found.has(local)) continue;
        found.add(local);
        follow(local);
      }
    };
    follow(service);
    return found;
  }
}

/** The services that an action may restart. */
function restarts({ type, service, params }: Action): readonly string[] {
  if (type !== 'container_restart' || service === null) return [];
  return [service, ...(RestartParams.safeParse(params).data?.dependents ?? [])];
}

const redeploys = ({ type, service }: Action): readonly string[] => (type === 'redeploy' && service !== null ? [service] : []);

/** Over for long, and nobody's. */
const isLeft = (container: Container, { services }: MachineShape, now: number): boolean =>
  container.status === 'exited' &&
  now - Date.parse(container.finishedAt) >= untouchedMs &&
  !services.some(({ name }) => name === container.name) &&
  (container.given.restartPolicy ?? 'no') === 'no';
