/** The inbox of this broker: what waits for a yes, in one document that Home Assistant shows as a number and its attributes. Pure. */
import type { Action } from '../../contracts/action.ts';
import { type InboxEntry, inboxListed } from '../../contracts/home-assistant.ts';
import type { InboxBody } from './state.ts';

/** Named in the line for people. */
const namedMax = 3;
/** As the contract allows. */
const whyChars = 160;
const summaryChars = 400;

export function inboxOf(site: string, pending: Iterable<Action>): InboxBody {
  const oldestFirst = [...pending].sort((a, b) => (a.proposed_at === b.proposed_at ? (a.id < b.id ? -1 : 1) : a.proposed_at < b.proposed_at ? -1 : 1));
  const count = oldestFirst.length;
  return {
    status: count === 0 ? 'empty' : count === 1 ? 'one' : 'several',
    summary: summaryOf(oldestFirst).slice(0, summaryChars),
    site,
    count,
    actions: oldestFirst.slice(0, inboxListed).map(entryOf),
  };
}

const entryOf = ({ id, type, risk, site, node, service, attempt, digest, evidence, summary, proposed_at }: Action): InboxEntry => ({
  ...{ id, type, risk, site, node, service, attempt, digest },
  why: (evidence.message === '' ? summary : evidence.message).slice(0, whyChars),
  since: proposed_at,
});

function summaryOf(actions: readonly Action[]): string {
  const [only] = actions;
  if (only === undefined) return 'nothing waits for a yes';
  if (actions.length === 1) return `${only.id} waits for a yes (${only.risk} risk): ${entryOf(only).why}`;
  const named = actions.slice(0, namedMax).map(({ id }) => id);
  const more = actions.length > namedMax ? ` and ${actions.length - namedMax} more` : '';
  return `${actions.length} wait for a yes: ${named.join(', ')}${more}`;
}
