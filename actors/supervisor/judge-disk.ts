/**
 * The disks of one node: whether a clean-up should be proposed. What it would remove follows from the class of the node, and is
 * computed by its executor (docs/decisions/0011); here only whether, and what it would free at least.
 */
import { type Action, actionId } from '../../contracts/action.ts';
import { cleanupEstimate, cleanupRuleOf } from '../../contracts/cleanup.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import { cooldownHold, isSupervisor, maintenanceHold, minuteOf } from './guards.ts';
import type { Knowledge } from './knowledge.ts';
import { type Leftovers, leftoversOf, leftoverWords } from './leftovers.ts';
import { type Hold, heldBy, isOpen, latest, type Proposal, shortMessage, type Verdict, verdictOf } from './verdict.ts';

/** A clean-up that did not end the trouble has removed what there was: a day until it is worth asking again. */
const cleanupAgainMs = 24 * 3_600_000;

/** `incidents`: the active ones of the node itself. */
export function judgeDisk(knowledge: Knowledge, node: DesiredNode, incidents: readonly Incident[], now: number): Verdict {
  const subject = { node: node.node, service: null, about: 'disk' };
  const nothing = { ...subject, decision: 'nothing' as const };
  const status = knowledge.nodes.get(node.node)?.status;
  const disks = incidents.filter(({ kind }) => kind === 'disk');
  const incident = disks.find((each) => each.suppressed_by === null);
  if (status === undefined) return verdictOf({ ...nothing, code: 'not_heard', why: 'the observer has not spoken of its node yet' });
  if (status === 'offline' || status === 'unknown' || status === 'gone') {
    const why = `its node is ${status}: nobody can look at its disks`;
    return verdictOf({ ...nothing, code: 'node_unknown', why, incidentId: disks[0]?.id ?? null });
  }
  const [explained] = disks;
  if (incident === undefined && explained?.suppressed_by != null)
    return verdictOf({
      ...nothing,
      code: 'explained',
      why: `explained by ${explained.suppressed_by}`,
      incidentId: explained.id,
      cause: explained.suppressed_by,
    });
  if (incident === undefined) return verdictOf({ ...nothing, code: 'well', why: 'room enough', drift: 'none' });
  const hold = maintenanceHold(knowledge.maintenance.get(node.node), null, now);
  if (hold !== null) return verdictOf({ ...nothing, why: `${incident.trigger_type}; ${hold.why}`, incidentId: incident.id, ...heldBy(hold) });
  return judgeFull(knowledge, node, incident, now);
}

function judgeFull(knowledge: Knowledge, node: DesiredNode, incident: Incident, now: number): Verdict {
  const idOf = (type: 'disk_cleanup' | 'alert_only'): string => actionId({ type, node: node.node, service: null });
  const id = idOf('disk_cleanup');
  const ids = node.agents.includes('executor') ? [id] : [id, idOf('alert_only')];
  const said = (why: string): string => `${incident.trigger_type}; ${why}`;
  const base = { node: node.node, service: null, about: 'disk', incidentId: incident.id, drift: 'present' as const, ids };
  if (cleanupRuleOf(node.cleanup_class).kinds.length === 0) {
    const why = node.cleanup_class === undefined ? 'no cleanup_class is declared for this node' : `never a clean-up on a node of class ${node.cleanup_class}`;
    return verdictOf({ ...base, decision: 'nothing', code: 'cleanup_not_allowed', why: said(why), ids: [] });
  }
  const own = [...knowledge.actions.values()].filter((action) => action.node === node.node && isCleanup(action, ids));
  const open = own.find(isOpen);
  // The ledger keeps the list of an open one, so its words stay too.
  const containers = open === undefined ? leftoversOf(knowledge.containers.get(node.node)?.values() ?? [], node, now) : open.evidence.containers;
  const proposal = proposalOf(knowledge, node, { incident, containers });
  if (open !== undefined) {
    const isWaiting = open.status === 'pending';
    const isStale = isWaiting && isSupervisor(open.proposed_by) && open.evidence.incident_id !== incident.id;
    const why = said(isWaiting ? 'waits for a person' : `${open.id} is ${open.status}`);
    return verdictOf({ ...base, decision: 'proposed', code: isWaiting ? 'waiting' : 'under_way', why, actionId: open.id, refresh: isStale ? proposal : null });
  }
  const holds = own.flatMap((action) => [cooldownHold(action, incident, now), tooSoon(action, node, now), didNotHelp(action, incident, now)]);
  const hold = latest(holds);
  if (hold !== null) return verdictOf({ ...base, decision: 'blocked', why: said(hold.why), ...heldBy(hold) });
  return verdictOf({ ...base, decision: 'propose', code: 'asked', why: said('asks for disk_cleanup'), actionId: id, proposal });
}

/** By what it is, not by what it is called: a notice in its place counts as well. */
const isCleanup = ({ type, id, service }: Action, ids: readonly string[]): boolean => type === 'disk_cleanup' || (service === null && ids.includes(id));

function proposalOf(
  { health }: Knowledge,
  node: DesiredNode,
  { incident, containers }: { readonly incident: Incident; readonly containers: Leftovers | undefined },
): Proposal {
  const known = health.get(node.node);
  const estimate_bytes = known === undefined ? null : cleanupEstimate(known, node.cleanup_class);
  const said = incident.message === '' ? incident.summary : incident.message;
  const message = shortMessage([leftoverWords(containers), said].filter((part) => part !== '').join('; '));
  const evidence = {
    trigger_type: incident.trigger_type,
    message,
    incident_id: incident.id,
    estimate_bytes,
    ...(containers === undefined ? {} : { containers }),
  };
  return { type: 'disk_cleanup', node: node.node, service: null, evidence };
}

/** When a clean-up was last done, in whatever life of it: an attempt that failed since has removed nothing. Epoch milliseconds. */
function cleanedAt({ transition_history }: Action): number | null {
  const done = transition_history.findLast(({ from, to }) => to === 'completed' && from !== to);
  return done === undefined ? null : Date.parse(done.at);
}

/** From the end of one to the next, as the class of the node says; its executor counts the same way. */
function tooSoon(action: Action, node: DesiredNode, now: number): Hold | null {
  const atMs = cleanedAt(action);
  const untilMs = (atMs ?? 0) + cleanupRuleOf(node.cleanup_class).intervalMs;
  if (atMs === null || now >= untilMs) return null;
  return { code: 'cleanup_too_soon', why: `cleaned at ${minuteOf(atMs)}; a ${node.cleanup_class} not again before ${minuteOf(untilMs)}`, untilMs };
}

function didNotHelp(action: Action, incident: Incident, now: number): Hold | null {
  const atMs = cleanedAt(action);
  if (atMs === null || !wasFor(incident, action, atMs)) return null;
  const untilMs = atMs + cleanupAgainMs;
  return now >= untilMs
    ? null
    : { code: 'still_open', why: `cleaned at ${minuteOf(atMs)}, and it did not help: not again before ${minuteOf(untilMs)}`, untilMs };
}

/** The document keeps the evidence of the last life only, and a person need not name an incident: then it is the one that was open at the end. */
function wasFor(incident: Incident, { status, evidence }: Action, cleanedAtMs: number): boolean {
  const named = status === 'completed' ? evidence.incident_id : null;
  return named === null ? Date.parse(incident.started_at) <= cleanedAtMs : named === incident.id;
}
