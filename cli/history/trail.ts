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
  readonly note: string;
  readonly evidence: { readonly trigger_type: string; readonly message: string; readonly incident_id: string | null } | null;
}

type From = Pick<Row, 'who' | 'login' | 'front_end'>;

/** `alice via telegram-bot-vps`, `anna for the night shift`, `supervisor-vps`: as the ledger writes them (actors/ledger/access.ts). */
export function fromWhere(by: string): From {
  const [, person, login] = /^(.+) via (\S+)$/.exec(by) ?? [];
  if (person !== undefined && login !== undefined) return { who: person, login, front_end: actorOfLogin(login)?.actor ?? null };
  const [, operator] = /^(\S+) for .+$/.exec(by) ?? [];
  // The ledger's own moves have no login.
  return { who: by, login: by === 'ledger' ? null : (operator ?? by), front_end: null };
}

const evidenceOf = ({ trigger_type, message, incident_id }: Action['evidence']): Row['evidence'] => ({ trigger_type, message, incident_id });

export function rowOfEntry(entry: LedgerEntry): Row {
  if (entry.kind === 'maintenance') {
    const newest = entry.windows.at(-1);
    const by =
      entry.what === 'begun' && newest !== undefined
        ? fromWhere(newest.by)
        : { who: entry.what === 'expired' ? 'ledger' : 'a person', login: null, front_end: null };
    const note = entry.windows.map(({ service, until, reason }) => `${service ?? entry.node} until ${until}: ${reason}`).join('; ');
    return {
      at: entry.at,
      id: `maintenance-${entry.node}`,
      node: entry.node,
      site: null,
      attempt: null,
      from: null,
      to: entry.what,
      ...by,
      note,
      evidence: null,
    };
  }
  const { action, at, what } = entry;
  const last = action.transition_history.at(-1);
  const said = { at, id: action.id, node: action.node, site: action.site, attempt: action.attempt, evidence: evidenceOf(action.evidence) };
  // Evidence that goes on is not always noted in the history of the action.
  if (last === undefined || last.at !== at) return { ...said, from: action.state, to: action.state, ...fromWhere(action.proposed_by), note: what };
  return { ...said, ...moveOf(last) };
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
export const rowKey = ({ at, id, attempt, from, to, note }: Row): string => JSON.stringify([at, id, attempt, from, to, note]);

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
