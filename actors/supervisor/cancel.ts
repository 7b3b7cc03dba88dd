/**
 * Which pending proposals have lost their reason, and what to say of it.
 *
 * Reads: Knowledge and the plan made of it. Pure. Looks only at pending actions: approved and running ones are the people's
 * who approved them. Those of people and of the planner go only with the service that they are about.
 */
import type { Action, ActionType, cancelReasons } from '../../contracts/action.ts';
import { isSupervisor } from './guards.ts';
import { type Knowledge, serviceKey } from './knowledge.ts';
import { haDead, isHaEvent } from './routing.ts';
import type { Verdict } from './verdict.ts';

export interface Withdrawal {
  readonly id: string;
  readonly reason: Exclude<(typeof cancelReasons)[number], 'by_operator'>;
  readonly note: string;
}

/** `absenceCounts`: a desired document that was never seen may be taken for deleted. */
export function withdrawals(knowledge: Knowledge, verdicts: readonly Verdict[], absenceCounts: boolean): readonly Withdrawal[] {
  const bySubject = new Map(verdicts.map((verdict) => [subjectKey(verdict), verdict]));
  const wanted = new Set(verdicts.filter(({ isTakenBack }) => !isTakenBack).flatMap(({ ids }) => ids));
  const found: Withdrawal[] = [];
  for (const action of knowledge.actions.values()) {
    if (action.status !== 'pending') continue;
    const isOurs = isSupervisor(action.proposed_by);
    // What somebody else wants of a service that nobody declared stays theirs.
    if (!isOurs && !needDeclared.includes(action.type)) continue;
    const lost = notDesired(knowledge, action, absenceCounts) ?? (isOurs && !wanted.has(action.id) ? noReason(knowledge, action, bySubject) : null);
    if (lost !== null) found.push({ id: action.id, ...lost });
  }
  return found;
}

/** Types that the ledger takes for declared services only. */
const needDeclared: readonly ActionType[] = ['container_restart', 'redeploy', 'deploy_service', 'rollback', 'rerun_healthcheck'];

type Lost = Omit<Withdrawal, 'id'> | null;

const subjectKey = ({ node, service, about }: Pick<Verdict, 'node' | 'service' | 'about'>): string => `${serviceKey(node, service ?? '')} ${about}`;

/** What an action was proposed for: by its evidence, because one id may serve several. */
function aboutOf({ service, evidence }: Action): string {
  if (isHaEvent(evidence.trigger_type)) return evidence.trigger_type;
  return service === null ? 'disk' : 'service';
}

function notDesired(knowledge: Knowledge, action: Action, absenceCounts: boolean): Lost {
  // A notice about Home Assistant may name a service that nobody declared.
  if (action.service === null || isHaEvent(action.evidence.trigger_type)) return null;
  const left = (note: string): Lost => ({ reason: 'service_removed_from_desired_state', note });
  const node = knowledge.desired.get(action.node);
  if (node === undefined) return absenceCounts ? left(`${action.node} is not desired`) : null;
  if (node === null) return left(`${action.node} is no longer desired`);
  if (node.site !== knowledge.site) return { reason: 'node_moved', note: `${action.node} belongs to site ${node.site} now` };
  return node.services.some(({ name }) => name === action.service) ? null : left(`${action.service} is no longer desired`);
}

function noReason(knowledge: Knowledge, action: Action, bySubject: ReadonlyMap<string, Verdict>): Lost {
  const about = aboutOf(action);
  const verdict = bySubject.get(subjectKey({ node: action.node, service: action.service, about }));
  if (verdict === undefined) return null;
  if (about === haDead) return verdict.drift === 'none' ? { reason: 'recovered', note: verdict.why } : null;
  // A notice is the reader's to close.
  if (isHaEvent(about)) return null;
  if (verdict.code === 'not_monitored') return { reason: 'service_removed_from_desired_state', note: `${verdict.service} is no longer monitored` };
  return noDrift(knowledge, action, verdict);
}

function noDrift(knowledge: Knowledge, action: Action, verdict: Verdict): Lost {
  const instead = (note: string): Lost => ({ reason: 'drift_resolved_auto', note });
  if (verdict.isTakenBack) return instead(`${verdict.cause ?? 'its cause'} comes first`);
  const incident = action.evidence.incident_id === null ? undefined : knowledge.incidents.get(action.evidence.incident_id);
  if (incident?.status === 'resolved') {
    const didWell = incident.resolved_by === 'service_healthy' || incident.resolved_by === 'service_recovered';
    return { reason: didWell ? 'recovered' : 'drift_resolved_auto', note: `${incident.id} was resolved by ${incident.resolved_by ?? 'nothing named'}` };
  }
  if (verdict.drift === 'none') return instead(verdict.why);
  return verdict.actionId !== null ? instead(`${verdict.actionId} takes its place`) : null;
}
