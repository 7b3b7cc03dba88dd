/**
 * Requests that another site's ledger has authorised and passed on: judged here as our own, with their age.
 *
 * Every request gets one verdict, kept a day: it comes again until its verdict has arrived, and what it did must not be done
 * twice. While nobody can tell how old it is, there is no verdict; it comes again.
 */
import type { Reply } from '../../contracts/action.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import type { RelayedRequest, Verdict } from '../../contracts/link.ts';
import { moverOf, standingOf } from './access.ts';
import { type Case, refuse } from './desk-answers.ts';
import { declareMaintenance } from './desk-maintenance.ts';
import { decideOn } from './desk-moves.ts';
import { propose } from './desk-proposals.ts';
import type { LedgerCommand, LedgerState } from './desk-state.ts';
import type { Mover } from './moves.ts';
import { epochMs, isoOf } from './record.ts';
import { clockOffsetMsMax, forgetVerdicts } from './relay-record.ts';
import { minutes, oneLine } from './wording.ts';

export function judgeRelayed(state: LedgerState, relayed: RelayedRequest, now: number, out: LedgerCommand[]): void {
  // It comes again.
  if (!state.synced) return;
  const hasRoom = forgetVerdicts(state.verdicts, now);
  const given = state.verdicts.get(relayed.relay_id);
  if (given !== undefined) {
    out.push({ type: 'verdict', verdict: given.verdict });
    return;
  }
  const offsetMs = state.links.get(state.site)?.offsetMs ?? null;
  if (offsetMs === null || !hasRoom) return;
  const done: LedgerCommand[] = [];
  const told: Reply[] = [];
  judge(caseOf(state, relayed, { now, out: done, tell: (reply) => told.push(reply) }), relayed, offsetMs);
  const [reply] = told;
  if (reply === undefined || told.length > 1) throw new Error(`a request from ${relayed.site} was answered ${told.length} times`);
  const { ok, code, summary, id } = reply;
  const verdict = { relay_id: relayed.relay_id, ok, code, summary, id };
  state.verdicts.set(verdict.relay_id, { at: isoOf(now), verdict });
  out.push(...withVerdict(done, verdict, now), { type: 'verdict', verdict });
}

interface Hearing {
  readonly now: number;
  readonly out: LedgerCommand[];
  readonly tell: (reply: Reply) => void;
}

/** The role is looked up again: two lists must agree before anybody approves from afar. */
function caseOf(state: LedgerState, { state: asked, login, request }: RelayedRequest, hearing: Hearing): Case {
  // Whether somebody without a login may ask is known where the login is missing.
  const standing = standingOf(login, { access: state.access, anonymousAllowed: true });
  const said = { state: asked === 'maintenance' ? null : asked, requester: login, text: JSON.stringify(request), retained: false };
  return { state, standing, request: said, ...hearing };
}

function judge(desk: Case, relayed: RelayedRequest, offsetMs: number): void {
  const { state, now, standing } = desk;
  const givenMs = epochMs(relayed.received_at) - offsetMs;
  if (!isYoung(desk, relayed, { givenMs, offsetMs })) return;
  const named = moverOf(standing, relayed.request.on_behalf_of);
  if (!named.ok || named.mover.role !== 'person') {
    const [code, why] = named.ok ? ['not_allowed', `${relayed.login} is a program, and only people ask from another site`] : [named.code, named.why];
    refuse(desk, { code, line: `Refused: ${why}.` });
    return;
  }
  const mover: Mover = { ...named.mover, by: nameFromAfar(relayed) };
  if (relayed.state === 'pending') propose(desk, mover, relayed.request);
  else if (relayed.state === 'maintenance') declareMaintenance(desk, mover, relayed.request);
  else {
    const record = state.actions.get(relayed.request.id);
    // Never later than now, or an approval would be valid for longer than if it had been given here.
    if (record !== undefined) decideOn(desk, mover, record, relayed, Math.min(now, givenMs));
    else refuse(desk, { code: 'unknown_action', line: `Refused: ${state.site} knows no action called "${relayed.request.id.slice(0, 100)}".` });
  }
}

/** `givenMs`: when it was asked, by the clock of this machine. */
function isYoung(desk: Case, { site }: RelayedRequest, { givenMs, offsetMs }: { readonly givenMs: number; readonly offsetMs: number }): boolean {
  const { now } = desk;
  // What comes from the future was stamped by a clock that has been set since it was measured.
  if (Math.abs(offsetMs) > clockOffsetMsMax || givenMs - now > clockOffsetMsMax) {
    const off = `the clock of ${site} is more than ${minutes(clockOffsetMsMax)} off from here, so nobody can tell how old this request is`;
    refuse(desk, { code: 'clock_offset_too_large', line: `Refused: ${off}; set the clocks, or ask here.` });
    return false;
  }
  if (now - givenMs < approvalValidMs) return true;
  refuse(desk, { code: 'approval_too_old', line: `Refused: this was asked at ${site} more than ${minutes(approvalValidMs)} ago; ask again.` });
  return false;
}

/** `alice via hub/alice`, `bob via hub/telegram-bot-vps`: neither a site nor a login has a slash in it. */
function nameFromAfar({ by, login, site }: RelayedRequest): string {
  const behind = ` via ${login}`;
  return `${oneLine(by.endsWith(behind) ? by.slice(0, -behind.length) : by)} via ${site}/${login}`;
}

/** On one line with the first thing that it did, or on a line of its own. */
function withVerdict(done: readonly LedgerCommand[], verdict: Verdict, now: number): readonly LedgerCommand[] {
  for (const [at, command] of done.entries()) {
    if (command.type !== 'record') continue;
    const { entry } = command;
    if (entry.kind === 'action' || entry.kind === 'maintenance') return done.with(at, { type: 'record', entry: { ...entry, verdict } });
  }
  return [{ type: 'record', entry: { kind: 'verdict', at: isoOf(now), what: 'judged', verdict } }, ...done];
}
