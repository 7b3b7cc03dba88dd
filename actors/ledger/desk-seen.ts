/**
 * What this ledger sees: whose a node is and what is desired there; actions, its own from its journal, and those of other sites
 * from the documents that a bridge put there.
 */
import type { DesiredNode } from '../../contracts/desired.ts';
import { nearestOf } from '../../contracts/inventory/nearest.ts';
import type { ForeignAction, LedgerEvent, LedgerState } from './desk-state.ts';
import type { Named } from './naming.ts';
import type { ActionRecord } from './record.ts';

type Seen = Named & ({ readonly own: ActionRecord; readonly foreign: null } | { readonly own: null; readonly foreign: ForeignAction });

/** The site of a node that is not of this one; null: it is, or nobody knows it. */
export function siteElsewhere({ desired, site }: Pick<LedgerState, 'desired' | 'site'>, node: string): string | null {
  const home = desired.get(node)?.site;
  return home === undefined || home === site ? null : home;
}

/** Why a service cannot be named there, with the one of these names that was most likely meant. */
export function unknownService({ node }: DesiredNode, service: string, names: Iterable<string>): string {
  const nearest = nearestOf(service, names);
  return `"${service}" is not a desired service of ${node}${nearest === null ? '' : `; the nearest name is ${nearest}`}`;
}

/** An id that both have (its node has moved) means our own. */
export function seenActions({ actions, foreign }: Pick<LedgerState, 'actions' | 'foreign'>): readonly Seen[] {
  const own = [...actions.values()].map((record) => ({ id: record.id, state: record.state, own: record, foreign: null }));
  const others = [...foreign.values()].filter(({ id }) => !actions.has(id));
  return [...own, ...others.map((action) => ({ id: action.id, state: action.state, own: null, foreign: action }))];
}

export function seeAction(state: LedgerState, { topic, doc }: Extract<LedgerEvent, { readonly type: 'published' }>): void {
  state.foreign.delete(topic);
  if (doc === null || doc.status === 'gone') return;
  const { id, type, risk, site, node, service, attempt, digest, status } = doc;
  if (site !== state.site) state.foreign.set(topic, { id, type, risk, site, node, service, attempt, digest, state: status });
  // A journal that was lost began at 1 again, and executors would take a new life for one they have already lived.
  else state.attempts.set(id, Math.max(attempt, state.attempts.get(id) ?? 0));
}
