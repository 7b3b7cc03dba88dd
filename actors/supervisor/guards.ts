/**
 * What holds a proposal back although something is wrong: maintenance, an earlier answer, a crash loop.
 *
 * Reads: action and maintenance documents. Pure; `now` is epoch milliseconds. Each says until when it holds, so that the
 * supervisor looks again then.
 */
import type { Action, ActionType, Maintenance, Transition } from '../../contracts/action.ts';
import { crashLoopRestartsMax, crashLoopWindowMs, reproposalCooldownMs } from '../../contracts/defaults.ts';
import type { Incident } from '../../contracts/incident.ts';

export interface Hold {
  readonly why: string;
  /** Epoch milliseconds at which it no longer holds. */
  readonly untilMs: number;
}

/** For people: minutes are enough, and a text that does not change is not published again. */
const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

export function maintenanceHold(maintenance: Maintenance | undefined, service: string, now: number): Hold | null {
  let hold: Hold | null = null;
  for (const window of maintenance?.windows ?? []) {
    const untilMs = Date.parse(window.until);
    if ((window.service !== null && window.service !== service) || untilMs <= now) continue;
    if (hold === null || untilMs > hold.untilMs) hold = { why: `maintenance until ${minuteOf(untilMs)}: ${window.reason}`, untilMs };
  }
  return hold;
}

/** Logins of supervisors, of this and of earlier names of this machine. */
export const isSupervisor = (login: string): boolean => login.startsWith('supervisor-');

/** The transition that brought an action where it is. Notes in the history go from a state to the same state. */
const lastMove = (action: Action): Transition | undefined => action.transition_history.findLast((each) => each.from !== each.to && each.to === action.status);

/** Why a closed action of the same id stands against proposing it again for this incident. */
export function cooldownHold(action: Action, incident: Incident, now: number): Hold | null {
  const move = lastMove(action);
  if (move === undefined) return null;
  const atMs = Date.parse(move.at);
  const untilMs = atMs + reproposalCooldownMs;
  if (now >= untilMs) return null;
  const until = `not again before ${minuteOf(untilMs)}`;
  switch (action.status) {
    case 'cancelled':
      // A supervisor's own cancelling says that the reason was gone; a person's says no.
      if (isSupervisor(move.by)) return null;
      break;
    case 'rejected':
    case 'expired':
    case 'failed':
      break;
    case 'completed':
      return answered(action, incident, atMs) ? { why: `completed, and its incident is still open: ${until}`, untilMs } : null;
    default:
      return null;
  }
  if (action.evidence.trigger_type !== incident.trigger_type) return null;
  const outcome = action.outcome === null ? '' : ` (${action.outcome.code})`;
  return { why: `${action.status} at ${minuteOf(atMs)}${outcome}: ${until}`, untilMs };
}

/** They repair nothing, so their incident goes on: once for each incident is enough. */
const notices: readonly ActionType[] = ['collect_diagnostics', 'alert_only'];

/** The completed action was for this very trouble, and nothing has happened since. */
function answered(action: Action, incident: Incident, completedMs: number): boolean {
  const { incident_id } = action.evidence;
  if (incident_id !== null && incident_id !== incident.id) return false;
  return notices.includes(action.type) || Date.parse(incident.last_occurrence) <= completedMs;
}

/** Three executed restarts within the window, whatever their outcome: a fourth would not be the one that helps. */
export function crashLoopHold(restart: Action | undefined, now: number): Hold | null {
  const begun = (restart?.transition_history ?? [])
    .filter((each) => each.to === 'running' && each.from !== 'running')
    .map((each) => Date.parse(each.at))
    .filter((atMs) => atMs > now - crashLoopWindowMs)
    .sort((a, b) => b - a);
  const oldestThatCounts = begun[crashLoopRestartsMax - 1];
  if (oldestThatCounts === undefined) return null;
  return { why: `crash loop: ${begun.length} restarts within 60 min`, untilMs: oldestThatCounts + crashLoopWindowMs };
}
