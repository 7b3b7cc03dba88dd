/**
 * `pending`: from what somebody proposes to the action that would be done, with everything filled in that nobody who
 * asks may state (id, risk, digest, verify window), or the reason why it can not be proposed.
 */
import { type ActionType, actionTypes, openStates, type ProposalRequest, riskOf } from '../../contracts/action.ts';
import { paramsProblem, proposalId, RestartParams } from '../../contracts/action-params.ts';
import { actionRules } from '../../contracts/action-rules.table.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { levelPattern } from '../../contracts/common.ts';
import { dependentsOf } from '../../contracts/dependents.ts';
import type { DesiredNode, DesiredService } from '../../contracts/desired.ts';
import { resolveNode } from '../../contracts/node-alias.ts';
import { answer, type Case, commit, refuse } from './desk-answers.ts';
import { unknownService } from './desk-seen.ts';
import { digestOf } from './digest.ts';
import { begin, judge } from './machine.ts';
import type { Mover } from './moves.ts';
import type { Proposal } from './record.ts';
import { changeLine, oneLine, phrase, refusalLine } from './wording.ts';

/** Parameters go into a document that aims below 1.5 kB; the largest known use is an image reference and a revision. */
const paramsCharsMax = 1_000;

/** A longer verify window than a day is a mistake; it would also make leases that no clock can hold. */
const verifyWindowMsMax = 24 * 3_600_000;

/** A homelab of 20 nodes with 25 services each, all in trouble at once. */
const openActionsMax = 500;

type Checked = { readonly ok: true; readonly proposal: Proposal } | { readonly ok: false; readonly code: string; readonly why: string };
const no = (code: string, why: string): Checked => ({ ok: false, code, why });

export function propose(desk: Case, mover: Mover, request: ProposalRequest): void {
  const { state, now, out } = desk;
  const checked = checkProposal(desk, mover, request);
  if (!checked.ok) {
    refuse(desk, { code: checked.code, line: `Refused: ${checked.why}.` });
    return;
  }
  const { proposal } = checked;
  const event = { type: 'pending', mover, now, note: oneLine(request.note ?? ''), proposal } as const;
  const known = state.actions.get(proposal.id);
  if (known !== undefined && (known.node !== proposal.node || known.service !== proposal.service)) {
    refuse(desk, { code: 'id_collision', line: `Refused: ${proposal.id} is the name of "${phrase(known)}" already.`, record: known });
    return;
  }
  if (known === undefined) {
    const record = begin(event, (state.attempts.get(proposal.id) ?? 0) + 1);
    commit(state, out, 'proposed', record);
    answer(desk, { summary: changeLine('proposed', record, now), code: 'proposed', ok: true, id: record.id });
    return;
  }
  const verdict = judge(known, event);
  if (!verdict.ok) {
    refuse(desk, { code: verdict.code, line: refusalLine(verdict.code, known, { by: mover.by, state: 'pending', now }), record: known });
    // Who asks has not seen how it ended.
    if (verdict.code === 'cooling_down') out.push({ type: 'publish', record: known, always: true });
    return;
  }
  if (verdict.code !== 'unchanged') commit(state, out, verdict.code, verdict.record);
  answer(desk, { summary: changeLine(verdict.code, verdict.record, now), code: verdict.code, ok: true, id: known.id });
}

function checkProposal({ state }: Case, mover: Mover, asked: ProposalRequest): Checked {
  const request = { ...asked, node: resolveNode(asked.node, state.aliases) };
  const type = actionTypes.find((each) => each === request.type);
  if (type === undefined) return no('unknown_type', `there is no action type "${request.type}"; there are ${actionTypes.join(', ')}`);
  const desired = state.desired.get(request.node);
  if (desired === undefined) return no('unknown_node', `no node is called "${request.node}"${knownNodes(state.desired)}`);
  if (desired.site !== state.site) return no('other_site', `${request.node} belongs to the site ${desired.site}; ask there`);
  const names = desired.services.map(({ name }) => name);
  const target = actionRules[type];
  if (target.unsupported !== null) return no('not_supported', `${type} cannot be asked for: ${target.unsupported}`);
  if (target.service === 'needed' && request.service === null) return no('service_needed', `${type} needs a "service"`);
  if (target.service === 'none' && request.service !== null) return no('bad_request', `${type} is about a node, not about a service`);
  if (request.service !== null && !target.undeclared && !names.includes(request.service)) {
    return no('unknown_service', unknownService(desired, request.service, names));
  }
  if (canonicalJson(request.params).length > paramsCharsMax) return no('bad_request', `"params" has more than ${paramsCharsMax} characters`);
  const problem = paramsProblem(type, request.params);
  if (problem !== null) return no('bad_request', problem);
  const stranger = mover.role === 'person' && type === 'container_restart' ? whyNoDependents(desired, request) : null;
  if (stranger !== null) return no('bad_request', stranger);
  const proposal = fillIn(request, type, { desired, verifyWindowMs: state.verifyWindowMs });
  if (!levelPattern.test(proposal.id)) return no('bad_request', `the name ${proposal.id.slice(0, 60)}… is longer than a topic level may be`);
  if (!state.actions.has(proposal.id) && openCount(state.actions.values()) >= openActionsMax)
    return no('too_many_open', `${openActionsMax} actions are open already`);
  return { ok: true, proposal };
}

/** Programs name them by the declaration. What a person names beyond it would be restarted by a yes for something else. null: they all are. */
function whyNoDependents(desired: DesiredNode, { service, params }: ProposalRequest): string | null {
  if (service === null) return null;
  const declared = dependentsOf(desired, service);
  const strangers = (RestartParams.safeParse(params).data?.dependents ?? []).filter((each) => !declared.includes(each));
  const known = declared.length === 0 ? 'nothing' : declared.join(', ');
  return strangers.length === 0 ? null : `by the declaration ${known} may be restarted after ${service} on ${desired.node}, not ${strangers.join(', ')}`;
}

const knownNodes = (desired: ReadonlyMap<string, DesiredNode>): string =>
  desired.size === 0 ? '; nothing is desired yet' : `; there are ${[...desired.keys()].sort().join(', ')}`;

function openCount(records: Iterable<{ readonly state: (typeof openStates)[number] }>): number {
  let count = 0;
  for (const { state } of records) if (openStates.includes(state)) count += 1;
  return count;
}

function fillIn(
  request: ProposalRequest,
  wanted: ActionType,
  { desired, verifyWindowMs }: { readonly desired: DesiredNode; readonly verifyWindowMs: number },
): Proposal {
  const { node, service } = request;
  const declared = desired.services.find((each) => each.name === service);
  const obstacle = wanted === 'alert_only' ? null : whyUndoable(desired, declared);
  // Nobody there could do it: a person is told instead, and does it by hand.
  const type = obstacle === null ? wanted : 'alert_only';
  const params = obstacle === null ? request.params : { wanted };
  const { code: _notTheirs, ...given } = request.evidence;
  const evidence =
    obstacle === null
      ? given
      : { ...given, code: 'no_executor', message: oneLine(`${obstacle}; by hand: ${phrase({ type: wanted, node, service })}. ${given.message}`) };
  const risk = riskOfRepair(type, declared);
  const window = declared?.verify_window_ms ?? verifyWindowMs;
  const verify_window_ms = Math.min(window, verifyWindowMsMax);
  const digest = digestOf({ type, node, service, params, risk });
  return { id: proposalId({ type, node, service, params }), type, risk, site: desired.site, node, service, params, digest, evidence, verify_window_ms };
}

/** null: an executor can do it. */
function whyUndoable({ node, agents }: DesiredNode, service: DesiredService | undefined): string | null {
  if (!agents.includes('executor')) return `no executor on ${node}`;
  return service?.repairable === false ? `${service.name} on ${node} is not run by docker-compose` : null;
}

/** A restart is as risky as its service says; every other type has the risk of its kind. */
const riskOfRepair = (type: ActionType, service: DesiredService | undefined): 'low' | 'guarded' =>
  type === 'container_restart' && service?.repair_risk === 'guarded' ? 'guarded' : riskOf[type];
