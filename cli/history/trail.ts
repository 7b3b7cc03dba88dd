/** The audit log of actions as rows: who, when, from where, and on what evidence. From lines of the ledger's journal, or from documents. Pure. */
import type { LedgerEntry } from '../../actors/ledger/desk-state.ts';
import type { Action, Transition } from '../../contracts/action.ts';
import { actorOfLogin } from '../../contracts/actor-names.ts';

export interface Row {
  /** ISO 8601, by the clock of the ledger. */
  readonly at: string;
  /** Id of the action, or `maintenance-<node>`. */
  readonly id: string;
  readonly node: string;
  readonly site: string | null;
  /** Life of the id; null: not known, or not an action. */
  readonly attempt: number | null;
  /** null: nothing before. */
  readonly from: string | null;
  readonly to: string;
  /** The person, or the program, that moved it. */
  readonly who: string;
  /** Its broker login; of a person behind a front end that front end's. */
  readonly login: string | null;
  /** telegram-bot, operator-ui, homeassistant; null: straight to the broker. */
  readonly front_end: string | null;
  /** The site where it was asked, when that is another one. */
  readonly asked_at: string | null;
  readonly note: string;
  readonly evidence: { readonly trigger_type: string; readonly message: string; readonly incident_id: string | null } | null;
}

type From = Pick<Row, 'who' | 'login' | 'front_end' | 'asked_at'>;

/** `alice via telegram-bot-vps`, `alice via hub/telegram-bot-vps`, `anna for the night shift`, `supervisor-vps`: as the ledger writes them (actors/ledger/access.ts, desk-verdicts.ts). */
export function fromWhere(by: string): From {
  const [, person, site = null, login] = /^(.+) via (?:([^\s/]+)\/)?([^\s/]+)$/.exec(by) ?? [];
  if (person !== undefined && login !== undefined) return { who: person, login, front_end: frontEndOf(login, person), asked_at: site };
  const [, operator] = /^(\S+) for .+$/.exec(by) ?? [];
  // The ledger's own moves have no login.
  return { who: by, login: by === 'ledger' ? null : (operator ?? by), front_end: null, asked_at: null };
}

const frontEndOf = (login: string, person: string): string | null => (login === person ? null : (actorOfLogin(login)?.actor ?? null));

const evidenceOf = ({ trigger_type, message, incident_id }: Action['evidence']): Row['evidence'] => ({ trigger_type, message, incident_id });

/** null: it says nothing that another row does not say. */
export function rowOfEntry(entry: LedgerEntry): Row | null {
  switch (entry.kind) {
    case 'action':
      return rowOfAction(entry);
    case 'maintenance':
      return rowOfMaintenance(entry);
    case 'relay':
      return rowOfRelay(entry);
    case 'verdict':
      return null;
  }
}

type EntryOf<K> = Extract<LedgerEntry, { readonly kind: K }>;

function rowOfAction({ action, at, what }: EntryOf<'action'>): Row {
  const last = action.transition_history.at(-1);
  const said = { at, id: action.id, node: action.node, site: action.site, attempt: action.attempt, evidence: evidenceOf(action.evidence) };
  // Evidence that goes on is not always noted in the history of the action.
  if (last === undefined || last.at !== at) return { ...said, from: action.state, to: action.state, ...fromWhere(action.proposed_by), note: what };
  return { ...said, ...moveOf(last) };
}

function rowOfMaintenance({ at, node, what, windows }: EntryOf<'maintenance'>): Row {
  const newest = windows.at(-1);
  const nobody = { login: null, front_end: null, asked_at: null };
  const by = what === 'begun' && newest !== undefined ? fromWhere(newest.by) : { who: what === 'expired' ? 'ledger' : 'a person', ...nobody };
  const note = windows.map(({ service, until, reason }) => `${service ?? node} until ${until}: ${reason}`).join('; ');
  return { at, id: `maintenance-${node}`, node, site: null, attempt: null, from: null, to: what, ...by, note, evidence: null };
}

/** What a person asks of another site, and what that site said; what it did is in its own journal. */
function rowOfRelay({ at, what, relay: { to, node, id, relayed }, answer }: EntryOf<'relay'>): Row {
  const about = relayed.state === 'pending' || relayed.state === 'maintenance' ? `${relayed.state}-${node}` : relayed.request.id;
  const attempt = 'attempt' in relayed.request ? (relayed.request.attempt ?? null) : null;
  const moved =
    what === 'forwarded' ? { from: null, to: `forwarded: ${relayed.state}` } : { from: 'forwarded', to: what === 'answered' ? 'answered' : 'too old' };
  const who = what === 'answered' ? { who: `the ledger of ${to}`, login: null, front_end: null, asked_at: null } : fromWhere(relayed.by);
  return { at, id: id ?? about, node, site: to, attempt, ...moved, ...who, note: answer, evidence: null };
}

const moveOf = ({ from, to, by, note }: Transition): Pick<Row, 'from' | 'to' | 'note'> & From => ({ from, to, note, ...fromWhere(by) });

/** A document keeps the newest 20 moves, and only the evidence of now. */
export function rowsOfDocument(action: Action): readonly Row[] {
  const { id, node, site, attempt, transition_history } = action;
  const begins = transition_history.findLastIndex(({ to, from }) => to === 'pending' && from !== 'pending');
  return transition_history.map((move, at) => ({
    at: move.at,
    id,
    node,
    site,
    attempt: at >= begins ? attempt : null,
    evidence: at >= begins ? evidenceOf(action.evidence) : null,
    ...moveOf(move),
  }));
}

/** A journal that was put away repeats its last lines at the beginning of the next. */
export const rowKey = ({ at, id, attempt, from, to, who, note }: Row): string => JSON.stringify([at, id, attempt, from, to, who, note]);

export interface Page {
  /** Newest first. */
  readonly rows: readonly Row[];
  /** What to say as `--before` for the next page; null: there is no older row. */
  readonly before: string | null;
}

/** The newest `limit` rows before a time, with all that share the moment of the last: so that no page leaves one out. */
export function pageOf(rows: readonly Row[], { limit, before }: { readonly limit: number; readonly before: string | null }): Page {
  const older = rows.filter(({ at }) => before === null || at < before);
  // The sort is stable: of one moment what was written later stays in front.
  const newestFirst = [...older].reverse().sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1));
  const last = newestFirst[limit - 1];
  const page = last === undefined ? newestFirst : newestFirst.filter(({ at }, index) => index < limit || at === last.at);
  return { rows: page, before: page.length < newestFirst.length ? (last?.at ?? null) : null };
}
