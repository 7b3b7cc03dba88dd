/**
 * Requests for another site, at the ledger where they are asked: authorised here, judged there.
 *
 * Each is stamped, kept in the journal, and sent again under its id while the link is up, until its verdict has come or it is
 * too old; what became of it is told to whoever asked. Two people who ask the same are two requests: the site decides.
 */
import { type DecisionRequest, forwardedCode, type MaintenanceRequest, type ProposalRequest } from '../../contracts/action.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import type { RelayedRequest } from '../../contracts/link.ts';
import { answer, askedLine, type Case, refuse } from './desk-answers.ts';
import type { ForeignAction, LedgerCommand, LedgerEvent, LedgerState, LinkHeard, LinkSeen, LinksSeen, RelayEntry } from './desk-state.ts';
import type { Mover } from './moves.ts';
import { epochMs, isoOf } from './record.ts';
import { type Relay, tooOldMs } from './relay-record.ts';
import { forwardedLine, oneLine, phrase, unansweredLine } from './wording.ts';

/** As actors repeat what nobody has answered. */
const sendAgainMs = 10_000;
/** People ask one at a time; sent again together these are 60 kB, half a second of the slowest uplink. */
const waitingMax = 100;

type Said<T> = T extends unknown ? Omit<T, 'relay_id' | 'by' | 'login' | 'site' | 'received_at'> : never;

export function forwardDecision(
  desk: Case,
  mover: Mover,
  action: ForeignAction,
  { state, request }: { readonly state: 'approved' | 'rejected' | 'cancelled'; readonly request: DecisionRequest },
): void {
  const { id, site, node, attempt, digest } = action;
  // A yes is for what could be seen here when it was given.
  const bound = { attempt, digest, ...request, id };
  forward(desk, mover, { to: site, node, id, what: phrase(action) }, { state, request: bound });
}

export function forwardProposal(desk: Case, mover: Mover, to: string, request: ProposalRequest): void {
  const { type, node, service } = request;
  forward(desk, mover, { to, node, id: null, what: `${type} of ${service === null ? node : `${service} on ${node}`}` }, { state: 'pending', request });
}

export function forwardMaintenance(desk: Case, mover: Mover, to: string, request: MaintenanceRequest): void {
  const { node, service } = request;
  forward(desk, mover, { to, node, id: null, what: `maintenance of ${service === null ? node : `${service} on ${node}`}` }, { state: 'maintenance', request });
}

function forward(desk: Case, mover: Mover, about: Pick<Relay, 'to' | 'node' | 'id' | 'what'>, said: Said<RelayedRequest>): void {
  const { state, now, out, standing } = desk;
  if (state.relays.size >= waitingMax) {
    refuse(desk, { code: 'too_many_waiting', line: `Refused: ${waitingMax} requests wait for the answer of another site already; ask ${about.to} itself.` });
    return;
  }
  const stamp = { relay_id: state.newRelayId(), by: mover.by, login: standing.login, site: state.site, received_at: isoOf(now) };
  const relay: Relay = { ...about, what: oneLine(about.what), requester: desk.request.requester, asked: askedLine(desk), relayed: { ...stamp, ...said } };
  state.relays.set(stamp.relay_id, relay);
  const link = linkTo(state, about.to);
  const summary = forwardedLine({ to: about.to, what: relay.what, link, untilMs: now + approvalValidMs, now });
  out.push({ type: 'record', entry: { kind: 'relay', at: isoOf(now), what: 'forwarded', relay, answer: summary } });
  passRelays(state, now, out);
  answer(desk, { summary, code: forwardedCode, ok: true, id: about.id });
}

function linkTo({ links, downSinceMs }: LedgerState, site: string): LinkSeen | undefined {
  const link = links.get(site);
  return link?.status === 'down' ? { ...link, sinceMs: link.sinceMs ?? downSinceMs.get(site) ?? null } : link;
}

/** Sends again what is due, and ends what is too old. Nothing is told without a connection, so nothing ends without one. */
export function passRelays(state: LedgerState, now: number, out: LedgerCommand[]): void {
  if (!state.synced) return;
  for (const [id, relay] of [...state.relays]) {
    if (now >= tooOldMs(relay.relayed)) {
      const unanswered = { ok: false, code: 'approval_too_old', summary: unansweredLine(relay) };
      end(state, out, { relay, verdict: unanswered, what: 'too_old', now });
    } else if (now >= sendDueMs(state, id, relay)) {
      state.sentMs.set(id, now);
      out.push({ type: 'relay', site: relay.to, relayed: relay.relayed });
    }
  }
}

/** Epoch milliseconds; never as long as the link is down. */
function sendDueMs({ links, sentMs }: LedgerState, id: string, { to }: Relay): number {
  const status = links.get(to)?.status;
  if (status !== 'up' && status !== 'degraded') return Number.POSITIVE_INFINITY;
  return (sentMs.get(id) ?? Number.NEGATIVE_INFINITY) + sendAgainMs;
}

/** When `passRelays` will next have something to do. */
export function relaysDueMs(state: LedgerState): number | null {
  if (!state.synced || state.relays.size === 0) return null;
  return Math.min(...[...state.relays].map(([id, relay]) => Math.max(0, Math.min(tooOldMs(relay.relayed), sendDueMs(state, id, relay)))));
}

interface Ending {
  readonly relay: Relay;
  readonly verdict: { readonly ok: boolean; readonly code: string; readonly summary: string; readonly id?: string | null };
  readonly what: Exclude<RelayEntry['what'], 'forwarded'>;
  readonly now: number;
}

/** Told first, then put on record as over: after a crash in between it is told twice, which is better than never. */
function end(state: LedgerState, out: LedgerCommand[], { relay, verdict, what, now }: Ending): void {
  const { relay_id, request } = relay.relayed;
  const { ref } = request;
  const reply = {
    summary: oneLine(verdict.summary),
    code: verdict.code.slice(0, codeCharsMax),
    ok: verdict.ok,
    id: verdict.id ?? relay.id,
    request: relay.asked,
    ...(ref === undefined ? {} : { ref }),
    ts: isoOf(now),
  };
  out.push({ type: 'reply', requester: relay.requester, reply });
  out.push({ type: 'record', entry: { kind: 'relay', at: isoOf(now), what, relay, answer: reply.summary } });
  state.relays.delete(relay_id);
  state.sentMs.delete(relay_id);
}

/** `code` of a reply (contracts/action.ts); a site may run another version. */
const codeCharsMax = 64;

/** A site speaks for itself alone. */
export function hearVerdict(state: LedgerState, { site, verdict, now }: Extract<LedgerEvent, { readonly type: 'verdict' }>, out: LedgerCommand[]): void {
  const relay = state.relays.get(verdict.relay_id);
  // Before everything is read nobody can be told: it is asked for again.
  if (state.synced && relay?.to === site) end(state, out, { relay, verdict, what: 'answered', now });
}

export function hearLink(state: LedgerState, { site, doc, will, retained, now }: LinkHeard): void {
  if (doc === null) {
    state.links.delete(site);
    return;
  }
  const { status, since, ts, clock_offset_ms: offsetMs } = doc;
  const before = state.links.get(site);
  const isSame = before?.status === status;
  // The words of a will were written when the connection began: only who hears it fire knows when that was.
  const firstHeardMs = will ? (retained ? null : now) : epochMs(ts);
  state.links.set(site, { status, offsetMs, sinceMs: since === undefined ? (isSame ? before.sinceMs : firstHeardMs) : epochMs(since) });
  // What was sent before may have got lost on the way, or nobody there could tell how old it was.
  const isCompared = before?.offsetMs === null && offsetMs !== null;
  if (!isSame || isCompared) for (const [id, { to }] of state.relays) if (to === site) state.sentMs.delete(id);
}

export function seeLinks(state: LedgerState, { links }: LinksSeen): void {
  state.downSinceMs.clear();
  for (const { site, downSinceMs } of links) if (downSinceMs !== null) state.downSinceMs.set(site, downSinceMs);
}
