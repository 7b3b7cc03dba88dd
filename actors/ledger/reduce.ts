/**
 * The one desk of a site where requests are judged: who asks, what is meant, and then the machine decides.
 *
 * Reads: requests, the desired state (with the access list), actions of other sites, links and what crosses them, time. Wants
 * done: journal entries, documents, replies, events, clearing of request topics; in that order. Owns and mutates its state (desk-state.ts); the journal alone is
 * what it remembers. A request that can not be judged is answered, and never stops the next one.
 */
import type { Reduction } from '../../bus/reducer.ts';
import { accessListOf } from '../../contracts/access-list.ts';
import { type ProposalRequest, RequestState } from '../../contracts/action.ts';
import { parseActionRequest } from '../../contracts/action-request.ts';
import { nodeAliases, resolveNode } from '../../contracts/node-alias.ts';
import { moverOf, type Standing, standingOf } from './access.ts';
import { type Case, clearTopic, refuse } from './desk-answers.ts';
import { judgeMaintenance } from './desk-maintenance.ts';
import { decide, execute } from './desk-moves.ts';
import { propose } from './desk-proposals.ts';
import { forwardProposal, hearLink, hearVerdict, passRelays, seeLinks } from './desk-relay.ts';
import { seeAction, siteElsewhere } from './desk-seen.ts';
import type { LedgerCommand, LedgerEvent, LedgerState, RequestEvent } from './desk-state.ts';
import { passTime } from './desk-time.ts';
import { judgeRelayed } from './desk-verdicts.ts';
import { publishWindows, refreshRecurring } from './desk-windows.ts';
import { askableBy } from './machine.ts';
import type { Mover, MoverRole } from './moves.ts';

/** Requests that arrive while the access list is still being read; a person sends one, a flood is turned away. */
const heldMax = 100;

const expectedOf: Readonly<Record<RequestState, string>> = {
  pending: '{"type": "container_restart", "node": "vps", "service": "web"}',
  approved: 'the id of an action, or {"id": "...", "note": "..."}',
  rejected: 'the id of an action, or {"id": "...", "note": "..."}',
  cancelled: 'the id of an action, or {"id": "...", "note": "..."}',
  running: '{"id": "...", "attempt": 1, "nonce": "..."}',
  completed: '{"id": "...", "attempt": 1, "nonce": "...", "outcome": {"ok": true, "code": "verified"}}',
  failed: '{"id": "...", "attempt": 1, "nonce": "...", "outcome": {"ok": false, "code": "..."}}',
};

export function reduce(state: LedgerState, event: LedgerEvent): Reduction<LedgerState, LedgerCommand> {
  const out: LedgerCommand[] = [];
  passTime(state, event.now, out);
  switch (event.type) {
    case 'request':
      onRequest(state, event, out);
      break;
    case 'desired':
      if (event.doc === null) state.desired.delete(event.node);
      else state.desired.set(event.node, event.doc);
      state.aliases = nodeAliases(
        state.aliasMap,
        [...state.desired].map(([node, { aliases = [] }]) => ({ node, aliases })),
      );
      refreshRecurring(state, out, event.now);
      state.access = accessListOf([...state.desired.values()].filter((doc) => doc.site === state.site));
      break;
    case 'published':
      seeAction(state, event);
      break;
    case 'link':
      hearLink(state, event);
      passRelays(state, event.now, out);
      break;
    case 'linksSeen':
      seeLinks(state, event);
      break;
    case 'relayed':
      judgeRelayed(state, event.relayed, event.now, out);
      break;
    case 'verdict':
      hearVerdict(state, event, out);
      break;
    case 'synced':
      onSynced(state, event.now, out);
      break;
    case 'disconnected':
      // A request that nobody could judge is dropped, never queued: nobody would expect it to act later.
      state.synced = false;
      state.held.length = 0;
      break;
    case 'wake':
      break;
  }
  return { state, commands: out };
}

/** What it is doing, for its ActorStatus. */
export function mode(state: LedgerState): string {
  if (!state.synced) return 'loading';
  const states = new Set([...state.actions.values()].map((record) => record.state));
  if (states.has('running')) return 'repairing';
  if (states.has('approved')) return 'approved';
  return states.has('pending') ? 'waiting' : 'idle';
}

function onSynced(state: LedgerState, now: number, out: LedgerCommand[]): void {
  state.synced = true;
  for (const record of state.actions.values()) out.push({ type: 'publish', record, always: false });
  for (const node of new Set([...state.maintenance.keys(), ...state.recurring.keys()])) publishWindows(state, out, node);
  out.push({ type: 'documentsComplete' });
  passRelays(state, now, out);
  for (const request of state.held.splice(0)) onRequest(state, { ...request, now }, out);
}

function onRequest(state: LedgerState, request: RequestEvent, out: LedgerCommand[]): void {
  // Empty is what clearing a topic looks like, ours or a person's.
  if (request.text === '') return;
  const { requester, now, anonymousAllowed } = request;
  const tell: Case['tell'] = (reply) => out.push({ type: 'reply', requester, reply });
  const desk: Case = { state, request, standing: standingOf(requester, { access: state.access, anonymousAllowed }), now, out, tell };
  if (!state.synced && state.held.length < heldMax) {
    state.held.push(request);
    return;
  }
  if (!state.synced) refuse(desk, { code: 'busy', line: 'Refused: the ledger is starting and has too many requests already; ask again in a moment.' });
  else if (request.retained) {
    const line =
      'Refused: this request was stored by the broker (published with the retain flag), so nobody knows how old it is. It is deleted now; ask again without retain.';
    refuse(desk, { code: 'retained_request', line });
  } else if (desk.standing.kind === 'stranger') refuse(desk, { code: 'not_allowed', line: `Refused: ${desk.standing.why}.` });
  else if (request.state === null) judgeMaintenance(desk);
  else judgeRequest(desk, request.state, desk.standing);
  clearTopic(desk, request.topic);
}

function judgeRequest(desk: Case, asked: string, standing: Standing): void {
  const { data: wanted } = RequestState.safeParse(asked);
  if (wanted === undefined) {
    refuse(desk, { code: 'bad_state', line: `Refused: nobody can ask for "${asked.slice(0, 40)}"; ask for ${RequestState.options.join(', ')}.` });
    return;
  }
  const role = roleOf(standing);
  if (!askableBy[wanted].includes(role)) {
    refuse(desk, { code: 'not_allowed', line: `Refused: ${standing.login} may not ask for "${wanted}": ${whyNot(standing, wanted)}.` });
    return;
  }
  const parsed = parseActionRequest(wanted, desk.request.text);
  if (!parsed.ok) {
    refuse(desk, { code: 'bad_request', line: `Refused: ${parsed.detail}; expected ${expectedOf[wanted]}.` });
    return;
  }
  const named = moverOf(standing, 'on_behalf_of' in parsed.request ? parsed.request.on_behalf_of : undefined);
  if (!named.ok) {
    refuse(desk, { code: named.code, line: `Refused: ${named.why}.` });
    return;
  }
  if (parsed.state === 'pending') proposeWhereItIs(desk, named.mover, parsed.request);
  else if (parsed.state === 'running' || parsed.state === 'completed' || parsed.state === 'failed') execute(desk, named.mover, parsed);
  else decide(desk, named.mover, parsed);
}

/** What a person asks for on a node of another site is that site's to judge; programs ask at their own. */
function proposeWhereItIs(desk: Case, mover: Mover, request: ProposalRequest): void {
  const node = resolveNode(request.node, desk.state.aliases);
  const site = mover.role === 'person' ? siteElsewhere(desk.state, node) : null;
  if (site === null) propose(desk, mover, request);
  else forwardProposal(desk, mover, site, { ...request, node });
}

function roleOf(standing: Standing): MoverRole {
  if (standing.kind === 'program') return standing.mover.role;
  return standing.kind === 'person' && standing.role !== 'reader' ? 'person' : 'none';
}

function whyNot(standing: Standing, wanted: RequestState): string {
  if (standing.kind === 'program') return wanted === 'approved' || wanted === 'rejected' ? 'a program never decides' : 'that is not its business';
  return roleOf(standing) === 'none' ? 'it may only read' : 'only the executor of the node does';
}
