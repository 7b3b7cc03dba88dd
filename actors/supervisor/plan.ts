/**
 * The whole judgement, level-triggered: for each desired service of the site what should be proposed, or why nothing is.
 *
 * Reads: Knowledge. Pure; `now` is epoch milliseconds. Never branches on what has just happened: the same knowledge at the
 * same time always gives the same plan.
 */
import { type Action, type ActionType, actionId, type ProposalRequest } from '../../contracts/action.ts';
import { levelPattern } from '../../contracts/common.ts';
import type { DesiredNode, DesiredService } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import { type Drift, driftOf } from './drift.ts';
import { cooldownHold, crashLoopHold, type Hold, isSupervisor, maintenanceHold } from './guards.ts';
import { type Knowledge, serviceKey } from './knowledge.ts';
import { repairFor } from './routing.ts';

export type Proposal = Pick<ProposalRequest, 'type' | 'node' | 'service' | 'evidence'> & { readonly type: ActionType };

export interface Verdict {
  readonly node: string;
  readonly service: string;
  /** nothing: no reason to act; propose: asked for, not shown yet; proposed: open; blocked: a reason to act, and one not to. */
  readonly decision: 'nothing' | 'propose' | 'proposed' | 'blocked';
  readonly why: string;
  readonly actionId: string | null;
  /** Ids that this verdict wants open, or would if nothing held it back. */
  readonly ids: readonly string[];
  readonly drift: Drift['state'];
  /** To be asked for until it is shown. */
  readonly proposal: Proposal | null;
  /** The open one has old evidence. */
  readonly refresh: Proposal | null;
  /** Epoch milliseconds at which the verdict may change by itself. */
  readonly recheckMs: number | null;
}

/** What may not be doubled: while one of these is under way for a service, nothing else is proposed for it. */
const repairs: readonly ActionType[] = ['container_restart', 'redeploy', 'deploy_service', 'rollback'];

/** In stable order: by node, then by service. */
export function plan(knowledge: Knowledge, now: number): readonly Verdict[] {
  const incidents = activeByService(knowledge);
  const underWay = underWayByService(knowledge);
  const verdicts: Verdict[] = [];
  const takenBy = new Map<string, string>();
  for (const node of desiredNodes(knowledge)) {
    for (const service of [...node.services].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const key = serviceKey(node.node, service.name);
      const target = { knowledge, node, service, incidents: incidents.get(key) ?? [], underWay: underWay.get(key) };
      verdicts.push(withoutClash(judge(target, now), takenBy, knowledge));
    }
  }
  return verdicts;
}

/** Desired nodes of this site. */
function desiredNodes(knowledge: Knowledge): readonly DesiredNode[] {
  const nodes = [...knowledge.desired.values()].filter((node) => node !== null && node.site === knowledge.site);
  return (nodes as DesiredNode[]).sort((a, b) => (a.node < b.node ? -1 : 1));
}

function activeByService({ incidents }: Knowledge): ReadonlyMap<string, readonly Incident[]> {
  const byService = new Map<string, Incident[]>();
  for (const incident of incidents.values()) {
    if (incident.status !== 'active' || incident.service === null) continue;
    const key = serviceKey(incident.node, incident.service);
    byService.set(key, [...(byService.get(key) ?? []), incident]);
  }
  return byService;
}

function underWayByService({ actions }: Knowledge): ReadonlyMap<string, Action> {
  const byService = new Map<string, Action>();
  for (const action of actions.values()) {
    const isUnderWay = action.status === 'approved' || action.status === 'running';
    if (isUnderWay && action.service !== null && repairs.includes(action.type)) byService.set(serviceKey(action.node, action.service), action);
  }
  return byService;
}

interface Target {
  readonly knowledge: Knowledge;
  readonly node: DesiredNode;
  readonly service: DesiredService;
  readonly incidents: readonly Incident[];
  readonly underWay: Action | undefined;
}

function judge(target: Target, now: number): Verdict {
  const { knowledge, node, service, incidents } = target;
  const quiet = { node: node.node, service: service.name, actionId: null, ids: [], proposal: null, refresh: null, recheckMs: null };
  if (!service.monitor) return { ...quiet, decision: 'nothing', why: 'not monitored', drift: 'unknown' };
  const world = knowledge.services.get(serviceKey(node.node, service.name));
  const drift = driftOf({ desired: service, node: knowledge.nodes.get(node.node), world, incidents });
  if (drift.state !== 'present') return { ...quiet, decision: 'nothing', why: drift.why, drift: drift.state };
  const hold = maintenanceHold(knowledge.maintenance.get(node.node), service.name, now);
  if (hold !== null)
    return { ...quiet, decision: 'nothing', why: `${drift.why}; ${hold.why}`.slice(0, whyCharsMax), drift: 'unknown', recheckMs: hold.untilMs };
  return judgeDrift(target, drift, now);
}

/** contracts/action.ts, Decisions. */
const whyCharsMax = 200;

function judgeDrift({ knowledge, node, service, underWay }: Target, drift: Extract<Drift, { readonly state: 'present' }>, now: number): Verdict {
  const { incident } = drift;
  const idOf = (type: ActionType): string => actionId({ type, node: node.node, service: service.name });
  const repair = repairFor(service, incident.trigger_type);
  // An action of the same id for another target (see withoutClash) is not this service's past.
  const past = (id: string): readonly Action[] => {
    const action = knowledge.actions.get(id);
    return action !== undefined && action.node === node.node && action.service === service.name ? [action] : [];
  };
  const loop = repair === 'container_restart' ? crashLoopHold(past(idOf(repair))[0], now) : null;
  const type: ActionType = loop === null ? repair : 'collect_diagnostics';
  // Where nobody can act the ledger makes a notice of it, under the notice's id.
  const ids = node.agents.includes('executor') ? [idOf(type)] : [idOf(type), idOf('alert_only')];
  const named = ids.flatMap(past);
  const said = (why: string): string => `${drift.why} (${incident.trigger_type})${loop === null ? '' : `; ${loop.why}`}; ${why}`.slice(0, whyCharsMax);
  const base = { node: node.node, service: service.name, ids, drift: drift.state, proposal: null, refresh: null, recheckMs: loop?.untilMs ?? null };

  if (underWay !== undefined) return { ...base, decision: 'proposed', why: said(`${underWay.id} is ${underWay.status}`), actionId: underWay.id };
  const message = (incident.message === '' ? incident.summary : incident.message).slice(0, messageCharsMax);
  const evidence = {
    trigger_type: incident.trigger_type,
    message: loop === null ? message : `${loop.why}. ${message}`.slice(0, messageCharsMax),
    incident_id: incident.id,
  };
  const proposal: Proposal = { type, node: node.node, service: service.name, evidence };
  const open = named.find(({ status }) => status === 'pending' || status === 'approved' || status === 'running');
  if (open !== undefined) {
    const refresh = isStale(open, incident) ? proposal : null;
    return {
      ...base,
      decision: 'proposed',
      why: said(open.status === 'pending' ? 'waits for a person' : `${open.id} is ${open.status}`),
      actionId: open.id,
      refresh,
    };
  }
  if (!levelPattern.test(idOf(type)))
    return { ...base, decision: 'blocked', why: said('the id of its action would be too long for a topic'), actionId: null, ids: [] };
  const hold = latest(named.map((action) => cooldownHold(action, incident, now)));
  if (hold !== null)
    return { ...base, decision: 'blocked', why: said(hold.why), actionId: null, recheckMs: Math.min(hold.untilMs, base.recheckMs ?? hold.untilMs) };
  return { ...base, decision: 'propose', why: said(`asks for ${type}`), actionId: idOf(type), proposal };
}

/** contracts/action.ts, Evidence. */
const messageCharsMax = 400;

/** Only of proposals by a supervisor: what a person proposed is the person's to explain. */
const isStale = (open: Action, incident: Incident): boolean =>
  open.status === 'pending' && isSupervisor(open.proposed_by) && open.evidence.incident_id !== incident.id;

function latest(holds: readonly (Hold | null)[]): Hold | null {
  return holds.reduce((longest, hold) => (hold !== null && (longest === null || hold.untilMs > longest.untilMs) ? hold : longest), null);
}

/** Two services whose names give one id (`a-b` + `c`, `a` + `b-c`, `Web` + `web`): only one of them can be meant. */
function withoutClash(verdict: Verdict, takenBy: Map<string, string>, knowledge: Knowledge): Verdict {
  if (verdict.decision !== 'propose' && verdict.decision !== 'proposed') return verdict;
  const key = serviceKey(verdict.node, verdict.service);
  for (const id of verdict.ids) {
    const action = knowledge.actions.get(id);
    const holder = action !== undefined && isOpen(action) ? serviceKey(action.node, action.service ?? '') : (takenBy.get(id) ?? key);
    if (holder === key) continue;
    const why = `${id} would also mean ${holder}: rename one of them`.slice(0, whyCharsMax);
    return { ...verdict, decision: 'blocked', why, actionId: null, ids: [], proposal: null, refresh: null };
  }
  for (const id of verdict.ids) takenBy.set(id, key);
  return verdict;
}

const isOpen = ({ status }: Action): boolean => status === 'pending' || status === 'approved' || status === 'running';
