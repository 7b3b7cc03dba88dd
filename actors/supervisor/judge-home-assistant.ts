/**
 * What was heard about Home Assistant (ha-heard.ts): a restart while it says nothing, a notice for everything else.
 *
 * Reads: Knowledge. Pure; `now` is epoch milliseconds. What is only a consequence of something else asks for nothing (ha-holds.ts). In
 * shadow mode a restart becomes a notice.
 */
import { type Action, actionId } from '../../contracts/action.ts';
import { proposalId } from '../../contracts/action-params.ts';
import { haAlertCooldownMs, haRestartCooldownMs, haTransitionWindowMs } from '../../contracts/defaults.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { cooldownHold, crashLoopHold, isSupervisor, lastMove, maintenanceHold, minuteOf } from './guards.ts';
import { type HaHeard, heardKey, isDead } from './ha-heard.ts';
import { causeHold, consequenceHold, type HaCase, inTransition, waitHold } from './ha-holds.ts';
import { restartParams } from './judge-service.ts';
import type { Knowledge } from './knowledge.ts';
import { haDead, haRecovered } from './routing.ts';
import { type Hold, heldBy, isOpen, latest, type Proposal, shortMessage, type Verdict, verdictOf } from './verdict.ts';

export interface HaRules {
  /** HA_DIAG_SHADOW_MODE */
  readonly shadowMode: boolean;
  /** HA_ALERT_COOLDOWN */
  readonly alertCooldownMs: number;
  /** HA_TRANSITION_WINDOW */
  readonly transitionWindowMs: number;
}
/** Shadow mode until somebody who has watched it for a while turns it off. */
export const usualHaRules: HaRules = { shadowMode: true, alertCooldownMs: haAlertCooldownMs, transitionWindowMs: haTransitionWindowMs };

/** The silence is said again every 10 min while it lasts; half as long again, and it is history. */
const deadHoldsMs = 900_000;

interface Case extends HaCase {
  readonly rules: HaRules;
}

/** One verdict for each kind of event of each watching node of this site, in stable order. `containers`: verdicts on services. */
export function judgeHomeAssistant(knowledge: Knowledge, rules: HaRules, containers: readonly Verdict[], now: number): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  for (const [, heard] of [...knowledge.haHeard].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const watcher = knowledge.desired.get(heard.node);
    // A death and its recovery are one subject; a recovery whose death was never heard of may still end what is pending.
    const isSecond = heard.type === haRecovered && knowledge.haHeard.has(heardKey(heard.node, heard.service, haDead));
    if (watcher?.site !== knowledge.site || isSecond) continue;
    const home = homeOf(knowledge, heard);
    const node = home?.node ?? heard.target_node ?? heard.node;
    const container = containers.find((each) => each.node === node && each.service === heard.service);
    const each = { knowledge, rules, heard, home, node, container, transitionWindowMs: rules.transitionWindowMs, now };
    verdicts.push(heard.type === haDead || heard.type === haRecovered ? judgeSilence(each) : judgeNotice(each));
  }
  return verdicts;
}

/** The node that the agent named, its own, or the only one of the site on which the service is desired. */
function homeOf({ desired, site }: Knowledge, { target_node, node, service }: HaHeard): DesiredNode | undefined {
  const homes = [...desired.values()].filter((each) => each?.site === site && each.services.some(({ name }) => name === service)) as DesiredNode[];
  return homes.find((each) => each.node === target_node) ?? homes.find((each) => each.node === node) ?? (homes.length === 1 ? homes[0] : undefined);
}

// -- a restart, while it says nothing -------------------------------------------------------------------------------------

function judgeSilence(given: Case): Verdict {
  const { knowledge, heard, node, now, rules } = given;
  const subject = { node, service: heard.service, about: haDead };
  const nothing = { ...subject, decision: 'nothing' as const };
  if (heard.type === haRecovered || !isDead(knowledge.haHeard, heard))
    return verdictOf({ ...nothing, code: 'well', why: 'Home Assistant speaks again', drift: 'none' });
  const id = actionId({ type: 'container_restart', node, service: heard.service });
  const open = [...knowledge.actions.values()].find((each) => each.node === node && each.service === heard.service && isOpen(each) && isRestart(each, id));
  const historyMs = Date.parse(heard.at) + deadHoldsMs;
  const proposal = restartOf(given);
  const ids = [id, actionId({ type: 'alert_only', node, service: heard.service })];
  if (open !== undefined) {
    const isOther = open.status === 'pending' && isSupervisor(open.proposed_by) && open.evidence.trigger_type === haDead && isShadow(open) !== rules.shadowMode;
    const why = `${haDead}; ${open.status === 'pending' ? 'waits for a person' : `${open.id} is ${open.status}`}`;
    const code = open.status === 'pending' ? 'waiting' : 'under_way';
    return verdictOf({ ...subject, decision: 'proposed', code, why, actionId: open.id, ids, drift: 'present', refresh: isOther ? proposal : null });
  }
  if (now >= historyMs) return verdictOf({ ...nothing, code: 'history', why: `not said again since ${minuteOf(Date.parse(heard.at))}: history` });
  const hold = causeHold(given) ?? maintenanceHold(knowledge.maintenance.get(node), heard.service, now);
  const soon = { recheckMs: Math.min(historyMs, hold?.untilMs ?? historyMs) };
  if (hold !== null) return verdictOf({ ...nothing, why: `${haDead}; ${hold.why}`, ...heldBy(hold), ...soon });
  const last = knowledge.actions.get(id);
  const wait = latest([waitHold(given), inTransition(given), answerHold(last, heard, now), crashLoopHold(last, now)]);
  const base = { ...subject, ids, drift: 'present' as const };
  if (wait !== null)
    return verdictOf({
      ...base,
      decision: 'blocked',
      why: `${haDead}; ${wait.why}`,
      ...heldBy(wait),
      recheckMs: Math.min(historyMs, wait.untilMs ?? historyMs),
    });
  const asks = rules.shadowMode ? 'asks for alert_only, in shadow mode' : `asks for ${proposal.type}`;
  const actionIdAsked = proposalId({ params: {}, ...proposal });
  return verdictOf({ ...base, decision: 'propose', code: 'asked', why: `${haDead}; ${asks}`, actionId: actionIdAsked, proposal, recheckMs: historyMs });
}

/** A restart, its notice in shadow mode, or the notice that the ledger makes of one where nobody can act. */
const isRestart = (action: Action, id: string): boolean =>
  action.id === id || (action.type === 'alert_only' && action.params['wanted'] === 'container_restart');
const isShadow = (action: Action): boolean => action.type === 'alert_only' && action.params['instead_of'] !== undefined;

function restartOf({ heard, home, node, rules }: Case): Proposal {
  const said = heard.message === '' ? 'Home Assistant says nothing on its WebSocket' : heard.message;
  const target = { node, service: heard.service };
  const evidence = (message: string): Proposal['evidence'] => ({ trigger_type: haDead, message: shortMessage(message), incident_id: null, at: heard.at });
  if (rules.shadowMode)
    return {
      type: 'alert_only',
      ...target,
      params: { instead_of: 'container_restart' },
      evidence: evidence(`[SHADOW MODE] would restart ${heard.service} on ${node}. ${said}`),
    };
  // Nobody declared where it runs, so nobody can restart it but a person.
  if (home === undefined)
    return { type: 'alert_only', ...target, params: { wanted: 'container_restart' }, evidence: evidence(`restart ${heard.service} by hand. ${said}`) };
  return { type: 'container_restart', ...target, ...restartParams('container_restart', home, heard.service), evidence: evidence(said) };
}

/** After a completed restart Home Assistant loads for minutes; a notice in shadow mode counts as much. */
function answerHold(last: Action | undefined, { id, type, at }: HaHeard, now: number): Hold | null {
  const move = last === undefined ? undefined : lastMove(last);
  if (last === undefined || move === undefined) return null;
  if (last.status !== 'completed') return cooldownHold(last, { id, trigger_type: type, started_at: at, reopened_at: null, last_occurrence: at }, now);
  const untilMs = Date.parse(move.at) + haRestartCooldownMs;
  return now >= untilMs ? null : { code: 'cooldown', why: `completed at ${minuteOf(Date.parse(move.at))}: not again before ${minuteOf(untilMs)}`, untilMs };
}

// -- a notice, for everything else ----------------------------------------------------------------------------------------

function judgeNotice(given: Case): Verdict {
  const { knowledge, heard, node, now, rules } = given;
  const { service, type } = heard;
  const subject = { node, service, about: type };
  const nothing = { ...subject, decision: 'nothing' as const };
  const params = { about: type };
  const id = proposalId({ type: 'alert_only', node, service, params });
  const last = knowledge.actions.get(id);
  const base = { ...subject, ids: [id], drift: 'present' as const };
  const message = shortMessage(heard.message === '' ? type : heard.message);
  const proposal: Proposal = { type: 'alert_only', node, service, params, evidence: { trigger_type: type, message, incident_id: null, at: heard.at } };
  const isTold = last?.evidence.at !== undefined && Date.parse(last.evidence.at) >= Date.parse(heard.at);
  if (last !== undefined && isOpen(last))
    return verdictOf({ ...base, decision: 'proposed', code: 'waiting', why: `${type}; waits for a person`, actionId: id, refresh: isTold ? null : proposal });
  if (last !== undefined && isTold) return verdictOf({ ...nothing, code: 'told', why: `${type}; ${id} is ${last.status}` });
  const hold = consequenceHold(given) ?? maintenanceHold(knowledge.maintenance.get(node), service, now);
  if (hold !== null) return verdictOf({ ...nothing, why: `${type}; ${hold.why}`, ...heldBy(hold) });
  const wait = latest([waitHold(given), alertCooldown(last, rules, now)]);
  if (wait !== null) return verdictOf({ ...base, decision: 'blocked', why: `${type}; ${wait.why}`, ...heldBy(wait) });
  return verdictOf({ ...base, decision: 'propose', code: 'asked', why: `${type}; asks for alert_only`, actionId: id, proposal });
}

/** From one notice of a kind to the next; what comes meanwhile is told then, the newest of it. */
function alertCooldown(last: Action | undefined, { alertCooldownMs }: HaRules, now: number): Hold | null {
  if (last === undefined) return null;
  const untilMs = Date.parse(last.proposed_at) + alertCooldownMs;
  return now >= untilMs ? null : { code: 'cooldown', why: `told at ${minuteOf(Date.parse(last.proposed_at))}: not again before ${minuteOf(untilMs)}`, untilMs };
}
