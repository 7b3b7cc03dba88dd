/**
 * Which action is meant by what somebody typed: an exact id, a prefix that reaches past the type, or `next`.
 *
 * Reads the records; remembers nothing. Every way of not finding one says what to do about it.
 */
import { openStates, typeSlugs } from '../../contracts/action.ts';
import type { ActionRecord } from './record.ts';

/** As much of an action as its name is found by: a record here, a document elsewhere. */
export type Named = Pick<ActionRecord, 'id' | 'state'>;

export type Resolved<R extends Named> =
  | { readonly ok: true; readonly record: R }
  | { readonly ok: false; readonly code: 'unknown_action' | 'ambiguous'; readonly why: string };

/**
 * Why a yes by the bare word `next` does not count; null: it does. A fixed button of a phone sends it, so what is guarded takes more than
 * that: its name, or from a front end the digest of what was shown. A no needs no second thought.
 */
export function whyNamed(
  asked: { readonly state: string; readonly name: string; readonly digest?: string | undefined },
  { id, risk }: Pick<ActionRecord, 'id' | 'risk'>,
): string | null {
  const isBare = asked.name.trim().toLowerCase() === 'next' && asked.digest === undefined;
  return asked.state === 'approved' && isBare && risk !== 'low' ? `${id} is ${risk}, and "next" is too short a yes for that: say its name` : null;
}

/** A person reads this on a phone. */
const candidatesNamedMax = 3;

const unknown = (why: string): Resolved<never> => ({ ok: false, code: 'unknown_action', why });

export function resolveName<R extends Named>(name: string, records: Iterable<R>): Resolved<R> {
  const wanted = name.trim().toLowerCase();
  const all = [...records];
  if (wanted === 'next') return resolveNext(all.filter((record) => record.state === 'pending'));
  const exact = all.find((record) => record.id === wanted);
  if (exact !== undefined) return { ok: true, record: exact };
  if (!typeSlugs.some((slug) => wanted.startsWith(`${slug}-`) && wanted.length > slug.length + 1)) {
    return unknown(`no action is called "${shown(wanted)}"; a short name must reach past the type, like container-restart-vps-w`);
  }
  const fitting = all.filter((record) => record.id.startsWith(wanted));
  const open = fitting.filter((record) => openStates.includes(record.state));
  const candidates = open.length > 0 ? open : fitting;
  const [only] = candidates;
  if (only === undefined) return unknown(`no action is called "${shown(wanted)}"`);
  return candidates.length === 1 ? { ok: true, record: only } : ambiguous(`"${shown(wanted)}"`, candidates);
}

function resolveNext<R extends Named>(pending: readonly R[]): Resolved<R> {
  const [only] = pending;
  if (only === undefined) return unknown('nothing waits for a yes');
  return pending.length === 1 ? { ok: true, record: only } : ambiguous('"next"', pending);
}

function ambiguous(name: string, candidates: readonly Named[]): Resolved<never> {
  const ids = candidates.map((record) => record.id).sort();
  const more = ids.length > candidatesNamedMax ? ` and ${ids.length - candidatesNamedMax} more` : '';
  return { ok: false, code: 'ambiguous', why: `${name} could be ${ids.slice(0, candidatesNamedMax).join(', ')}${more}; say which` };
}

const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
