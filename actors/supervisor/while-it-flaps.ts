/**
 * A service that is well at the moment, though its incident flaps: what is open for it stays open, and is said.
 *
 * Reads: Knowledge. Pure. Nothing new is proposed here: that takes trouble.
 */
import { type Action, type ActionType, actionId } from '../../contracts/action.ts';
import type { Drift } from './drift.ts';
import type { Knowledge } from './knowledge.ts';
import { isHaEvent } from './routing.ts';
import { past, type Target, waitsOrRuns } from './target.ts';
import { isOpen, type Verdict } from './verdict.ts';

/** What may stand for the trouble of a service: its repairs, and what takes their place. */
const answers: readonly ActionType[] = ['container_restart', 'redeploy', 'collect_diagnostics', 'alert_only'];

/** What to say instead of `nothing`; empty: it does not flap, or nothing is open for it. */
export function openWhileItFlaps(target: Target, { why, ...drift }: Exclude<Drift, { readonly state: 'present' }>): Partial<Verdict> {
  if (drift.state !== 'unknown' || drift.code !== 'closing' || drift.incident?.flapping !== true) return {};
  const { node, service, underWay, knowledge } = target;
  const open = answers
    .flatMap((type) => past(target, actionId({ type, node: node.node, service: service.name })))
    .filter((each) => isStillFor(knowledge, each));
  const first = underWay ?? open.find(({ status }) => status !== 'pending') ?? open[0];
  if (first === undefined) return {};
  return { decision: 'proposed', ...waitsOrRuns(first, (state) => `${why}; ${state}`), ids: open.map(({ id }) => id) };
}

/** Open, about the container, and not for an incident that has ended: that one is taken back. */
function isStillFor({ incidents }: Knowledge, action: Action): boolean {
  const { trigger_type, incident_id } = action.evidence;
  if (!isOpen(action) || isHaEvent(trigger_type)) return false;
  return action.status !== 'pending' || incidents.get(incident_id ?? '')?.status !== 'resolved';
}
