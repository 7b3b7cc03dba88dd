/**
 * One desired service: what should be proposed for its container, or why nothing is.
 *
 * Reads: Knowledge. Pure; `now` is epoch milliseconds. One proposal for a root cause: what another incident explains, and what is
 * named in the open restart of what it needs, gets none of its own (docs/decisions/0010).
 */
import { type Action, type ActionType, actionId } from '../../contracts/action.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { composeProjectLabel } from '../../contracts/canonical-name.ts';
import { levelPattern } from '../../contracts/common.ts';
import { dependentsOf } from '../../contracts/dependents.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import { type Drift, driftOf } from './drift.ts';
import { begunAt, cooldownHold, crashLoopHold, isSupervisor, lastMove, maintenanceHold } from './guards.ts';
import { type Knowledge, serviceKey } from './knowledge.ts';
import { repairFor } from './routing.ts';
import { past, type Target, waitsOrRuns } from './target.ts';
import { type Hold, heldBy, isOpen, latest, type Proposal, shortMessage, type Verdict, verdictOf } from './verdict.ts';
import { openWhileItFlaps } from './while-it-flaps.ts';

type Present = Extract<Drift, { readonly state: 'present' }>;

export function judgeService(target: Target, now: number): Verdict {
  const { knowledge, node, service, incidents } = target;
  const subject = { node: node.node, service: service.name, about: 'service' };
  if (!service.monitor) return verdictOf({ ...subject, decision: 'nothing', code: 'not_monitored', why: 'not monitored' });
  const world = knowledge.services.get(serviceKey(node.node, service.name));
  const drift = driftOf({ desired: service, node: knowledge.nodes.get(node.node), world, incidents });
  if (drift.state !== 'present') {
    const nothing = { ...subject, decision: 'nothing', code: drift.code, why: drift.why, ...withoutDrift(knowledge, drift) } as const;
    return verdictOf({ ...nothing, ...openWhileItFlaps(target, drift) });
  }
  const incidentId = drift.incident.id;
  const hold = maintenanceHold(knowledge.maintenance.get(node.node), service.name, now);
  if (hold !== null) return verdictOf({ ...subject, decision: 'nothing', why: `${drift.why}; ${hold.why}`, incidentId, ...heldBy(hold) });
  return judgeDrift(target, drift, now);
}

function withoutDrift({ incidents }: Knowledge, drift: Exclude<Drift, Present>): Partial<Verdict> {
  if (drift.state === 'none') return { drift: 'none' };
  const { incident, cause } = drift;
  const explaining = cause === undefined ? undefined : incidents.get(cause);
  return {
    incidentId: incident?.id ?? null,
    cause: cause ?? null,
    // One proposal, for the cause; unless nobody can say what became of the cause.
    isTakenBack: explaining?.status === 'active' && explaining.service !== null,
  };
}

function judgeDrift(target: Target, drift: Present, now: number): Verdict {
  const { node, service, underWay } = target;
  const causeFirst = causeOf(target);
  const { incident } = drift;
  const { type, why: instead, hold: loop } = actionFor(target, incident, now);
  const idOf = (each: ActionType): string => actionId({ type: each, node: node.node, service: service.name });
  // Where nobody can act the ledger makes a notice of it, under the notice's id.
  const ids = node.agents.includes('executor') && service.repairable !== false ? [idOf(type)] : [idOf(type), idOf('alert_only')];
  const named = ids.flatMap((id) => past(target, id));
  const said = (why: string): string => [`${drift.why} (${incident.trigger_type})`, ...instead, why].join('; ');
  const subject = { node: node.node, service: service.name, about: 'service', incidentId: incident.id, drift: 'present' as const, ids };
  const base = { ...subject, recheckMs: loop?.untilMs ?? null };

  if (underWay !== undefined) return verdictOf({ ...base, decision: 'proposed', ...waitsOrRuns(underWay, said) });
  if (causeFirst !== undefined) {
    const why = said(`${causeFirst.id} is ${causeFirst.status} and comes first`);
    return verdictOf({ ...base, decision: 'blocked', code: 'cause_first', why, cause: causeFirst.id, ids: [], isTakenBack: true });
  }
  const proposal = proposalOf(target, incident, { type, instead });
  const open = named.find(isOpen);
  if (open !== undefined) {
    const refresh = isStale(open, proposal) ? proposal : null;
    return verdictOf({ ...base, decision: 'proposed', ...waitsOrRuns(open, said), refresh });
  }
  if (!levelPattern.test(idOf(type)))
    return verdictOf({ ...base, decision: 'blocked', code: 'id_too_long', why: said('the id of its action would be too long for a topic'), ids: [] });
  const hold = latest([...named.map((action) => cooldownHold(action, incident, now)), brokerOnce(named, incident)]);
  if (hold !== null) return verdictOf({ ...base, decision: 'blocked', why: said(hold.why), ...heldBy(hold), recheckMs: soonest(hold.untilMs, base.recheckMs) });
  return verdictOf({ ...base, decision: 'propose', code: 'asked', why: said(`asks for ${type}`), actionId: idOf(type), proposal });
}

/** Services that need each other: the first by name is the cause, so that they do not give way to each other for ever. */
function causeOf({ node, service, causeFirst }: Target): Action | undefined {
  const isCircle = causeFirst?.service != null && service.name < causeFirst.service && dependentsOf(node, service.name).includes(causeFirst.service);
  return isCircle ? undefined : causeFirst;
}

const soonest = (one: number | null, other: number | null): number | null => (one === null || other === null ? (one ?? other) : Math.min(one, other));

interface Choice {
  readonly type: ActionType;
  /** Why it is not the repair of the routing table; none or one. */
  readonly why: readonly string[];
  readonly hold: Hold | null;
}

/** The repair of the routing table, unless it has shown that it does not help. */
function actionFor(target: Target, incident: Incident, now: number): Choice {
  const { node, service } = target;
  const usual = repairFor(service, incident.trigger_type);
  const isForeign = usual === 'redeploy' && isOutsideCompose(target, incident);
  const type = isForeign ? 'container_restart' : usual;
  const [last] = past(target, actionId({ type, node: node.node, service: service.name }));
  const loop = type === 'container_restart' ? crashLoopHold(last, now) : null;
  if (loop !== null) return { type: 'collect_diagnostics', why: [loop.why], hold: loop };
  const [begunMs] = begunAt(last);
  const didNotHelp = incident.flapping && begunMs !== undefined && begunMs >= Date.parse(incident.started_at);
  if (didNotHelp) return { type: 'collect_diagnostics', why: ['flapping, also after it was repaired'], hold: null };
  return { type, why: isForeign ? ['its container was not made by Compose, so it cannot be redeployed'] : [], hold: null };
}

/** Nobody can say how to make such a container again: a yes to that could only fail. One that is gone is made from the declaration. */
function isOutsideCompose({ knowledge, node, service }: Target, { kind }: Incident): boolean {
  const container = knowledge.containers.get(node.node)?.get(service.name);
  return kind !== 'missing' && container !== undefined && container.labels[composeProjectLabel] === undefined;
}

function proposalOf(
  { node, service }: Target,
  incident: Incident,
  { type, instead }: { readonly type: ActionType; readonly instead: readonly string[] },
): Proposal {
  const message = incident.message === '' ? incident.summary : incident.message;
  const evidence = { trigger_type: incident.trigger_type, message: shortMessage([...instead, message].join('. ')), incident_id: incident.id };
  return { type, node: node.node, service: service.name, ...restartParams(type, node, service.name), evidence };
}

/** Made from the declaration alone, so that evidence which goes on keeps the digest that was approved. */
export function restartParams(type: ActionType, node: DesiredNode, service: string): { readonly params?: Readonly<Record<string, unknown>> } {
  const dependents = type === 'container_restart' ? dependentsOf(node, service) : [];
  return dependents.length === 0 ? {} : { params: { dependents } };
}

/** Only of proposals by a supervisor: what a person proposed is the person's to explain. */
function isStale(open: Action, proposal: Proposal): boolean {
  if (open.status !== 'pending' || !isSupervisor(open.proposed_by)) return false;
  const isOther = open.type === proposal.type && canonicalJson(open.params) !== canonicalJson(proposal.params ?? {});
  return isOther || open.evidence.incident_id !== proposal.evidence.incident_id;
}

/** A broker that was restarted and still answers nobody needs somebody who looks, not the same again. */
function brokerOnce(named: readonly Action[], incident: Incident): Hold | null {
  if (incident.kind !== 'broker') return null;
  // One that was repaired, ended and is back is a trouble that a repair did end.
  const backMs = incident.reopened_at === null ? Number.NEGATIVE_INFINITY : Date.parse(incident.reopened_at);
  const done = named.find(
    (action) =>
      action.evidence.incident_id === incident.id &&
      (action.status === 'completed' || action.status === 'failed') &&
      Date.parse(lastMove(action)?.at ?? action.ts) >= backMs,
  );
  return done === undefined ? null : { code: 'once', why: `${done.id} is ${done.status}: once for each incident of a broker`, untilMs: null };
}
