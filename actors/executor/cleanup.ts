/**
 * What a clean-up of this node may remove now, and which stopped containers are among it (docs/decisions/0011).
 *
 * Pure. Nothing here comes from the action but that somebody agreed to a clean-up, and which containers that person was shown: it has no
 * parameters.
 */
import { type CleanupKind, cleanupRuleOf } from '../../contracts/cleanup.ts';
import { removableContainers, replacedGhosts } from '../../contracts/removable.ts';
import type { CleanupCandidate } from './ports.ts';
import type { DesiredView } from './view.ts';

export interface CleanupPlan {
  readonly kinds: readonly CleanupKind[];
  /** Whose containers stay, running or not. */
  readonly desired: DesiredView;
  /** First 12 hex digits of the containers that were shown with the proposal: no other one goes. */
  readonly listed: readonly string[];
}

interface Situation {
  readonly listed: readonly string[];
  readonly desired: DesiredView | null;
  /** When a clean-up was begun or completed last, by whoever remembers; null = never. */
  readonly lastAtMs: number | null;
  readonly nowMs: number;
}

/** Without a plan: never on this node, or not yet. */
export type CleanupVerdict = { readonly plan: CleanupPlan } | { readonly plan: null; readonly isTooSoon: boolean; readonly why: string };

export function judgeCleanup({ listed, desired, lastAtMs, nowMs }: Situation): CleanupVerdict {
  const cleanupClass = desired?.cleanup_class;
  if (desired === null || cleanupClass === undefined) return { plan: null, isTooSoon: false, why: 'no clean-up class is declared for this node' };
  const { kinds, intervalMs } = cleanupRuleOf(cleanupClass);
  if (kinds.length === 0) return { plan: null, isTooSoon: false, why: `nothing is ever removed on a node of class ${cleanupClass}` };
  // A mark from further ahead than the interval was written by a clock that was wrong: it must not forbid for years.
  if (lastAtMs !== null && Math.abs(nowMs - lastAtMs) < intervalMs) {
    const why = `a node of class ${cleanupClass} is cleaned once in ${intervalMs / 3_600_000} h; the last time was ${new Date(lastAtMs).toISOString()}`;
    return { plan: null, isTooSoon: true, why };
  }
  return { plan: { kinds, desired, listed } };
}

/** Which of all containers of the engine go: those that whoever agreed was shown, and what interrupted recreates left. */
export function containersToRemove<C extends CleanupCandidate>(all: readonly C[], { desired, listed }: CleanupPlan, nowMs: number): readonly C[] {
  const shown = new Set(listed);
  const ghosts = new Set(replacedGhosts(all, desired.services).map(({ id }) => id));
  return removableContainers(all, desired, nowMs).filter(({ id }) => shown.has(id.slice(0, 12)) || ghosts.has(id));
}
