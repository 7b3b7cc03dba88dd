/**
 * The whole judgement, level-triggered: for each desired service of the site, for the disks of each node and for what was heard
 * about Home Assistant, what should be proposed, or why nothing is.
 *
 * Reads: Knowledge. Pure; `now` is epoch milliseconds. Never branches on what has just happened: the same knowledge at the
 * same time always gives the same plan.
 */
import type { Action, ActionType } from '../../contracts/action.ts';
import { dependentsOf } from '../../contracts/dependents.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import { judgeDisk } from './judge-disk.ts';
import { type HaRules, judgeHomeAssistant, usualHaRules } from './judge-home-assistant.ts';
import { judgeService } from './judge-service.ts';
import { type Knowledge, serviceKey } from './knowledge.ts';
import { isOpen, shortWhy, type Verdict } from './verdict.ts';

/** What may not be doubled: while one of these is under way for a service, nothing else is proposed for it. */
const repairs: readonly ActionType[] = ['container_restart', 'redeploy', 'deploy_service', 'rollback'];

/** In stable order: services by node and name, then the disks, then Home Assistant. */
export function plan(knowledge: Knowledge, now: number, haRules: HaRules = usualHaRules): readonly Verdict[] {
  const incidents = activeBySubject(knowledge);
  const { underWay, causeFirst } = openByService(knowledge);
  const takenBy = new Map<string, string>();
  const nodes = desiredNodes(knowledge);
  const services = nodes.flatMap((node) =>
    [...node.services]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((service) => {
        const key = serviceKey(node.node, service.name);
        const target = { knowledge, node, service, incidents: incidents.get(key) ?? [], underWay: underWay.get(key), causeFirst: causeFirst.get(key) };
        return withoutClash(judgeService(target, now), takenBy, knowledge);
      }),
  );
  const disks = nodes.map((node) => judgeDisk(knowledge, node, incidents.get(nodeKey(node.node)) ?? [], now));
  const homeAssistant = judgeHomeAssistant(knowledge, haRules, services, now);
  return [...services, ...[...disks, ...homeAssistant].map((verdict) => withoutClash(verdict, takenBy, knowledge))];
}

/** Desired nodes of this site. */
function desiredNodes(knowledge: Knowledge): readonly DesiredNode[] {
  const nodes = [...knowledge.desired.values()].filter((node) => node !== null && node.site === knowledge.site);
  return (nodes as DesiredNode[]).sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** No service has an empty name. */
const nodeKey = (node: string): string => serviceKey(node, '');

function activeBySubject({ incidents }: Knowledge): ReadonlyMap<string, readonly Incident[]> {
  const bySubject = new Map<string, Incident[]>();
  for (const incident of incidents.values()) {
    if (incident.status !== 'active') continue;
    const key = serviceKey(incident.node, incident.service ?? '');
    bySubject.set(key, [...(bySubject.get(key) ?? []), incident]);
  }
  return bySubject;
}

interface OpenActions {
  readonly underWay: ReadonlyMap<string, Action>;
  /** By dependent: the open restart in which it is named. */
  readonly causeFirst: ReadonlyMap<string, Action>;
}

function openByService({ actions, desired }: Knowledge): OpenActions {
  const underWay = new Map<string, Action>();
  const causeFirst = new Map<string, Action>();
  for (const action of actions.values()) {
    if (!isOpen(action) || action.service === null || !repairs.includes(action.type)) continue;
    if (action.status !== 'pending') underWay.set(serviceKey(action.node, action.service), action);
    const { dependents } = action.params;
    const node = desired.get(action.node);
    if (action.type !== 'container_restart' || !Array.isArray(dependents) || node == null) continue;
    // A person may name anything; its executor restarts only what the declaration says.
    for (const name of dependentsOf(node, action.service)) if (dependents.includes(name)) causeFirst.set(serviceKey(action.node, name), action);
  }
  return { underWay, causeFirst };
}

/** Two services whose names give one id (`a-b` + `c`, `a` + `b-c`, `Web` + `web`): only one of them can be meant. */
function withoutClash(verdict: Verdict, takenBy: Map<string, string>, knowledge: Knowledge): Verdict {
  if (verdict.decision !== 'propose' && verdict.decision !== 'proposed') return verdict;
  const key = serviceKey(verdict.node, verdict.service ?? '');
  for (const id of verdict.ids) {
    const action = knowledge.actions.get(id);
    const holder = action !== undefined && isOpen(action) ? serviceKey(action.node, action.service ?? '') : (takenBy.get(id) ?? key);
    if (holder === key) continue;
    const why = shortWhy(`${id} would also mean ${holder}: rename one of them`);
    return { ...verdict, decision: 'blocked', code: 'id_clash', why, actionId: null, ids: [], proposal: null, refresh: null, untilMs: null };
  }
  for (const id of verdict.ids) takenBy.set(id, key);
  return verdict;
}
