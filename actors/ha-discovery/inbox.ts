/** The inbox of this broker: what waits for a yes, in one document that Home Assistant shows as a number and its attributes. Pure. */
import type { Action } from '../../contracts/action.ts';
import { type Confirm, type InboxEntry, inboxListed } from '../../contracts/home-assistant.ts';
import { meansSame } from './first-press.ts';
import type { FirstPress, InboxBody } from './state.ts';

/** Named in the line for people. */
const namedMax = 3;
/** As the contract allows. */
const whyChars = 160;
const summaryChars = 400;

export const oldestFirst = (pending: ReadonlyMap<string, Action>): readonly Action[] =>
  [...pending.values()].sort((a, b) => (a.proposed_at === b.proposed_at ? (a.id < b.id ? -1 : 1) : a.proposed_at < b.proposed_at ? -1 : 1));

/** Under which a button means the same: what its yes would bind to. */
export const keyOf = ({ id, attempt, digest }: Action): string => `${id} ${attempt} ${digest}`;

interface Buttons {
  /** The only one that waits has been the same for long enough for a button to mean it. */
  readonly isOffered: boolean;
  /** The same of the oldest that waits. */
  readonly isAsked: boolean;
  readonly pressed: FirstPress | null;
}

export function inboxOf(site: string, waiting: readonly Action[], { isOffered, isAsked, pressed }: Buttons): InboxBody {
  const [oldest] = waiting;
  const count = waiting.length;
  // One tap is enough for what is of low risk and waits alone: then what it means cannot be mistaken.
  const isEnough = count === 1 && oldest?.risk === 'low';
  const confirm = pressed === null ? null : confirmOf(waiting, pressed);
  return {
    status: count === 0 ? 'empty' : count === 1 ? 'one' : 'several',
    summary: `${confirm === null ? '' : `${confirm.by} wants to approve ${confirm.id}, and has a minute to confirm it; `}${summaryOf(waiting)}`.slice(
      0,
      summaryChars,
    ),
    site,
    count,
    offered: oldest !== undefined && count === 1 && isOffered ? entryOf(oldest) : null,
    asks: oldest !== undefined && isAsked && !isEnough ? entryOf(oldest) : null,
    confirm,
    actions: waiting.slice(0, inboxListed).map(entryOf),
  };
}

function confirmOf(waiting: readonly Action[], pressed: FirstPress): Confirm | null {
  const meant = waiting.find((each) => meansSame(each, pressed));
  return meant === undefined ? null : { ...entryOf(meant), by: pressed.by, at: pressed.at };
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
