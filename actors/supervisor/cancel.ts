/**
 * Which pending proposals have lost their reason, and what to say of it.
 *
 * Reads: Knowledge and the plan made of it. Pure. Looks only at pending actions that a supervisor proposed for a service:
 * approved and running ones, and those of people and of the planner, are theirs.
 */
import type { Action, cancelReasons } from '../../contracts/action.ts';
import { isSupervisor } from './guards.ts';
import { type Knowledge, serviceKey } from './knowledge.ts';
import type { Verdict } from './plan.ts';

export interface Withdrawal {
  readonly id: string;
  readonly reason: Exclude<(typeof cancelReasons)[number], 'by_operator'>;
  readonly note: string;
}

/** `absenceCounts`: a desired document that was never seen may be taken for deleted. */
export function withdrawals(knowledge: Knowledge, verdicts: readonly Verdict[], absenceCounts: boolean): readonly Withdrawal[] {
  const byService = new Map(verdicts.map((verdict) => [serviceKey(verdict.node, verdict.service), verdict]));
  const found: Withdrawal[] = [];
  for (const action of knowledge.actions.values()) {
    if (action.status !== 'pending' || action.service === null || !isSupervisor(action.proposed_by)) continue;
    const verdict = byService.get(serviceKey(action.node, action.service));
    const lost = notDesired(knowledge, action, action.service, absenceCounts) ?? (verdict === undefined ? null : noDrift(knowledge, action, verdict));
    if (lost !== null) found.push({ id: action.id, ...lost });
  }
  return found;
}

type Lost = Omit<Withdrawal, 'id'> | null;

function notDesired(knowledge: Knowledge, action: Action, service: string, absenceCounts: boolean): Lost {
  const left = (note: string): Lost => ({ reason: 'service_removed_from_desired_state', note });
  const node = knowledge.desired.get(action.node);
  if (node === undefined) return absenceCounts ? left(`${action.node} is not desired`) : null;
  if (node === null) return left(`${action.node} is no longer desired`);
  if (node.site !== knowledge.site) return { reason: 'node_moved', note: `${action.node} belongs to site ${node.site} now` };
  const desired = node.services.find(({ name }) => name === service);
  if (desired === undefined) return left(`${service} is no longer desired`);
  return desired.monitor ? null : left(`${service} is no longer monitored`);
}

function noDrift(knowledge: Knowledge, action: Action, verdict: Verdict): Lost {
  if (verdict.ids.includes(action.id)) return null;
  const incident = action.evidence.incident_id === null ? undefined : knowledge.incidents.get(action.evidence.incident_id);
  if (incident?.status === 'resolved') {
    const didWell = incident.resolved_by === 'service_healthy' || incident.resolved_by === 'service_recovered';
    return { reason: didWell ? 'recovered' : 'drift_resolved_auto', note: `${incident.id} was resolved by ${incident.resolved_by ?? 'nothing named'}` };
  }
  if (verdict.drift === 'none') return { reason: 'drift_resolved_auto', note: verdict.why };
  return verdict.actionId !== null ? { reason: 'drift_resolved_auto', note: `${verdict.actionId} takes its place` } : null;
}
