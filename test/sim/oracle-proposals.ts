/**
 * Checks what the supervisor of a site proposes, by what it has been told for a while: nothing for another site's nodes, nothing that is
 * in maintenance, and no restart after three that helped nothing.
 */
import { type Action, actionId, type Maintenance, openStates, ProposalRequest } from '../../contracts/action.ts';
import { crashLoopRestartsMax, crashLoopWindowMs } from '../../contracts/defaults.ts';
import type { Breach } from './rules.ts';
import { isOwnNode, type Territory } from './territory.ts';

/** What it was told a moment ago may have come after it decided: several messages wait for each other, each up to 20 s late. */
const decidedWithinMs = 120_000;

interface Told<D> {
  readonly doc: D;
  readonly atMs: number;
}

export interface ProposalOracleOptions {
  readonly breach: Breach;
  readonly now: () => number;
  /** What the clock of the supervisor's machine says. */
  readonly supervisorNow: () => number;
  readonly territory: Territory;
}

export class ProposalOracle {
  private readonly options: ProposalOracleOptions;
  private readonly actions = new Map<string, Told<Action>>();
  private readonly maintenance = new Map<string, Told<Maintenance>>();
  /** After a jump of its clock nobody can say what has run out. */
  private countsFromMs = 0;

  constructor(options: ProposalOracleOptions) {
    this.options = options;
  }

  /** The supervisor starts anew, and knows nothing. */
  onStart(): void {
    this.actions.clear();
    this.maintenance.clear();
  }

  onClockJump(): void {
    this.countsFromMs = this.options.now() + decidedWithinMs;
  }

  onAction(action: Action): void {
    if (action.status === 'gone') this.actions.delete(action.id);
    else this.actions.set(action.id, { doc: action, atMs: this.options.now() });
  }

  onMaintenance(doc: Maintenance): void {
    this.maintenance.set(doc.node, { doc, atMs: this.options.now() });
  }

  onProposal(login: string, text: string): void {
    const { breach, territory, now } = this.options;
    const proposal = ProposalRequest.parse(JSON.parse(text));
    const { type, node, service } = proposal;
    if (!isOwnNode(territory, node)) breach('proposes-for-own-nodes', `${login} proposes a ${type} on ${node}, which is another site's`);
    const told = this.actions.get(actionId(proposal as Pick<Action, 'type' | 'node' | 'service'>));
    const isOpen = openStates.some((state) => state === told?.doc.status);
    if (isOpen || now() < this.countsFromMs || now() - (told?.atMs ?? 0) < decidedWithinMs) return;
    const since = this.options.supervisorNow() - crashLoopWindowMs + decidedWithinMs;
    const begun = (told?.doc.transition_history ?? []).filter(({ from, to, at }) => to === 'running' && from !== to && Date.parse(at) > since).length;
    if (type === 'container_restart' && begun >= crashLoopRestartsMax)
      breach('no-restart-in-a-crash-loop', `${login} proposes a restart of ${service} on ${node} after ${begun} within the hour`);
    if (this.isInMaintenance(node, service))
      breach('nothing-in-maintenance', `${login} proposes a ${type} of ${service ?? 'nothing'} on ${node}, which is in maintenance`);
  }

  private isInMaintenance(node: string, service: string | null): boolean {
    const told = this.maintenance.get(node);
    if (told === undefined || told.doc.status === 'gone' || this.options.now() - told.atMs < decidedWithinMs) return false;
    const now = this.options.supervisorNow();
    return told.doc.windows.some((window) => (window.service === null || window.service === service) && Date.parse(window.until) > now);
  }
}
