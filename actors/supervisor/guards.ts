/**
 * What holds a proposal back although something is wrong: maintenance, an earlier answer, a crash loop.
 *
 * Reads: action and maintenance documents. Pure; `now` is epoch milliseconds. Each says until when it holds, so that the
 * supervisor looks again then.
 */
import type { Action, ActionType, Maintenance, Transition } from '../../contracts/action.ts';
import { onlyPeopleSpoke, onlyProgramsSpoke } from '../../contracts/action-history.ts';
import { crashLoopRestartsMax, crashLoopWindowMs, reproposalCooldownMs } from '../../contracts/defaults.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { Hold } from './verdict.ts';

/** For people: minutes are enough, and a text that does not change is not published again. */
export const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

/** Windows that people asked for, and the recurring ones that are open now: the ledger publishes both. null as service: the node itself. */
export function maintenanceHold(maintenance: Maintenance | undefined, service: string | null, now: number): Hold | null {
  let hold: (Hold & { readonly untilMs: number }) | null = null;
  for (const window of maintenance?.windows ?? []) {
    const untilMs = Date.parse(window.until);
    if ((window.service !== null && window.service !== service) || untilMs <= now) continue;
    if (hold === null || untilMs > hold.untilMs) hold = { code: 'maintenance', why: `maintenance until ${minuteOf(untilMs)}: ${window.reason}`, untilMs };
  }
  return hold;
}

/** Logins of supervisors, of this and of earlier names of this machine. */
export const isSupervisor = (login: string): boolean => login.startsWith('supervisor-');

/** The transition that brought an action where it is. Notes in the history go from a state to the same state. */
export const lastMove = (action: Action): Transition | undefined =>
  action.transition_history.findLast((each) => each.from !== each.to && each.to === action.status);

/** When its executor began, newest first, epoch milliseconds. */
export const begunAt = (action: Action | undefined): readonly number[] =>
  (action?.transition_history ?? [])
    .filter((each) => each.to === 'running' && each.from !== 'running')
    .map((each) => Date.parse(each.at))
    .sort((a, b) => b - a);

type Trouble = Pick<Incident, 'id' | 'trigger_type' | 'started_at' | 'reopened_at' | 'last_occurrence'>;

/** Why a closed action of the same id stands against proposing it again for this incident. */
export function cooldownHold(action: Action, incident: Trouble, now: number): Hold | null {
  const move = lastMove(action);
  if (move === undefined) return null;
  if (action.status === 'completed') return completedHold(action, incident, { atMs: Date.parse(move.at), now });
  if (!isAnswer(action.status, move.by)) return null;
  // A person's evidence has a kind of its own (`requested`): that it differs says nothing new.
  if (action.evidence.trigger_type !== incident.trigger_type && onlyProgramsSpoke(action)) return null;
  const atMs = Date.parse(move.at);
  if (action.status === 'cancelled' && onlyPeopleSpoke(action) && isLaterTrouble(action, incident, atMs)) return null;
  const untilMs = atMs + reproposalCooldownMs;
  if (now >= untilMs) return null;
  const outcome = action.outcome === null ? '' : ` (${action.outcome.code})`;
  return { code: 'answered', why: `${action.status} at ${minuteOf(atMs)}${outcome}: not again before ${minuteOf(untilMs)}`, untilMs };
}

/** A supervisor's own cancelling says that the reason was gone; a person's says no. */
const isAnswer = (status: Action['status'], by: string): boolean =>
  status === 'rejected' || status === 'expired' || status === 'failed' || (status === 'cancelled' && !isSupervisor(by));

/** Whoever took an own request back had not seen it. */
const isLaterTrouble = ({ evidence }: Action, { id, started_at, reopened_at }: Trouble, takenBackMs: number): boolean =>
  evidence.incident_id !== id && Date.parse(reopened_at ?? started_at) > takenBackMs;

/** They repair nothing, so that their incident goes on says nothing against them. */
const notices: readonly ActionType[] = ['collect_diagnostics', 'alert_only'];

function completedHold({ type, evidence }: Action, incident: Trouble, { atMs, now }: { readonly atMs: number; readonly now: number }): Hold | null {
  const isSameTrouble = evidence.incident_id === incident.id;
  // What a second look would find has been found; a notice is a reminder after an hour.
  if (type === 'collect_diagnostics' && isSameTrouble) return { code: 'once', why: `${type} at ${minuteOf(atMs)}: once for each incident`, untilMs: null };
  const untilMs = atMs + reproposalCooldownMs;
  if (now >= untilMs || (evidence.incident_id !== null && !isSameTrouble)) return null;
  // Something happened since: the repair did not last.
  if (!notices.includes(type) && Date.parse(incident.last_occurrence) > atMs) return null;
  return { code: 'still_open', why: `completed, and its incident is still open: not again before ${minuteOf(untilMs)}`, untilMs };
}

/** Three executed restarts within the window, whatever their outcome: a fourth would not be the one that helps. */
export function crashLoopHold(restart: Action | undefined, now: number): (Hold & { readonly untilMs: number }) | null {
  const begun = begunAt(restart).filter((atMs) => atMs > now - crashLoopWindowMs);
  const oldestThatCounts = begun[crashLoopRestartsMax - 1];
  if (oldestThatCounts === undefined) return null;
  return { code: 'crash_loop', why: `crash loop: ${begun.length} restarts within 60 min`, untilMs: oldestThatCounts + crashLoopWindowMs };
}
