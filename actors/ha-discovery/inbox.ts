/** The inbox of this broker: what waits for a yes, in one document that Home Assistant shows as a number and its attributes. Pure. */
import { createHash } from 'node:crypto';
import type { Action } from '../../contracts/action.ts';
import { type InboxEntry, inboxListed } from '../../contracts/home-assistant.ts';
import type { InboxBody } from './state.ts';

/** Named in the line for people. */
const namedMax = 3;
/** As the contract allows. */
const whyChars = 160;
const summaryChars = 400;

/** Under which a button means the same: what its yes would bind to. null: none or several wait. */
export function onlyOne(pending: ReadonlyMap<string, Action>): string | null {
  const [only] = pending.values();
  return only === undefined || pending.size > 1 ? null : `${only.id} ${only.attempt} ${only.digest}`;
}

/** `isOffered`: the only one that waits has been the same for long enough for a button to mean it. */
export function inboxOf(site: string, pending: Iterable<Action>, isOffered: boolean): InboxBody {
  const oldestFirst = [...pending].sort((a, b) => (a.proposed_at === b.proposed_at ? (a.id < b.id ? -1 : 1) : a.proposed_at < b.proposed_at ? -1 : 1));
  const count = oldestFirst.length;
  const only = count === 1 ? oldestFirst[0] : undefined;
  return {
    status: count === 0 ? 'empty' : count === 1 ? 'one' : 'several',
    summary: summaryOf(oldestFirst).slice(0, summaryChars),
    site,
    count,
    offered: only !== undefined && isOffered ? entryOf(only) : null,
    actions: oldestFirst.slice(0, inboxListed).map(entryOf),
  };
}

const entryOf = ({ id, type, risk, site, node, service, attempt, digest, evidence, summary, proposed_at }: Action): InboxEntry => ({
  ...{ id, type, risk, site, node, service, attempt, digest },
  code: codeOf({ id, attempt, digest }),
  why: (evidence.message === '' ? summary : evidence.message).slice(0, whyChars),
  since: proposed_at,
});

/**
 * Four digits that a number pad can type. Not a secret: they show that somebody has read the line they stand on, and of twenty that are
 * listed two are alike once in fifty lists, which then count for neither.
 */
function codeOf({ id, attempt, digest }: Pick<Action, 'id' | 'attempt' | 'digest'>): string {
  const [first = 0, second = 0] = createHash('sha256').update(`${id} ${attempt} ${digest}`).digest();
  return String((first * 256 + second) % 10_000).padStart(4, '0');
}

function summaryOf(actions: readonly Action[]): string {
  const [only] = actions;
  if (only === undefined) return 'nothing waits for a yes';
  if (actions.length === 1) return `${only.id} waits for a yes (${only.risk} risk): ${entryOf(only).why}`;
  const named = actions.slice(0, namedMax).map(({ id }) => id);
  const more = actions.length > namedMax ? ` and ${actions.length - namedMax} more` : '';
  return `${actions.length} wait for a yes: ${named.join(', ')}${more}`;
}
