/**
 * What a clean-up of this node may remove now, and which stopped containers are among it (docs/decisions/0011).
 *
 * Pure. Nothing here comes from the action but that somebody agreed to a clean-up: it has no parameters.
 */
import { composeProjectLabel, groupByService, isGhost } from '../../contracts/canonical-name.ts';
import { type CleanupKind, cleanupRuleOf } from '../../contracts/cleanup.ts';
import type { CleanupCandidate } from './ports.ts';
import type { DesiredView } from './view.ts';

export interface CleanupPlan {
  readonly kinds: readonly CleanupKind[];
  /** Whose containers stay, running or not. */
  readonly desired: DesiredView;
}

interface Situation {
  readonly desired: DesiredView | null;
  /** When a clean-up was begun or completed last, by whoever remembers; null = never. */
  readonly lastAtMs: number | null;
  readonly nowMs: number;
}

/** Without a plan: never on this node, or not yet. */
export type CleanupVerdict = { readonly plan: CleanupPlan } | { readonly plan: null; readonly isTooSoon: boolean; readonly why: string };

export function judgeCleanup({ desired, lastAtMs, nowMs }: Situation): CleanupVerdict {
  const cleanupClass = desired?.cleanup_class;
  if (desired === null || cleanupClass === undefined) return { plan: null, isTooSoon: false, why: 'no clean-up class is declared for this node' };
  const { kinds, intervalMs } = cleanupRuleOf(cleanupClass);
  if (kinds.length === 0) return { plan: null, isTooSoon: false, why: `nothing is ever removed on a node of class ${cleanupClass}` };
  // A mark from further ahead than the interval was written by a clock that was wrong: it must not forbid for years.
  if (lastAtMs !== null && Math.abs(nowMs - lastAtMs) < intervalMs) {
    const why = `a node of class ${cleanupClass} is cleaned once in ${intervalMs / 3_600_000} h; the last time was ${new Date(lastAtMs).toISOString()}`;
    return { plan: null, isTooSoon: true, why };
  }
  return { plan: { kinds, desired } };
}

/** A recreate in progress, a job whose output somebody still reads, a crash that is being diagnosed: all of it is younger. */
export const stoppedForMs = 3_600_000;

/** Which of all containers of the engine may be removed. */
export function removableContainers<C extends CleanupCandidate>(all: readonly C[], { desired }: Pick<CleanupPlan, 'desired'>, nowMs: number): readonly C[] {
  // Where nothing is desired nobody has said yet what belongs here: then everything may.
  if (desired.services.length === 0) return [];
  const names = new Set(desired.services.flatMap(({ name, stack }) => (stack === undefined ? [name] : [name, stack])));
  const groups = [...groupByService(all)].filter(([name]) => names.has(name)).map(([, containers]) => containers);
  const ours = new Set(groups.flat().map(({ id }) => id));
  const projects = new Set([...names, ...groups.flat().flatMap(({ labels }) => labels[composeProjectLabel] ?? [])]);
  const replaced = new Set(groups.filter((containers) => !containers.every(isGhost)).flatMap((containers) => containers.filter(isGhost).map(({ id }) => id)));
  return all.filter((container) => {
    const isOver =
      container.stoppedAtMs !== null && (container.status === 'exited' || container.status === 'dead') && nowMs - container.stoppedAtMs > stoppedForMs;
    if (!isOver) return false;
    // Another container stands for its service: what an interrupted recreate left is nobody's any more.
    if (replaced.has(container.id)) return true;
    return !ours.has(container.id) && !names.has(container.name) && !projects.has(container.labels[composeProjectLabel] ?? '') && isNotKept(container);
  });
}

/** A restart policy says that somebody wants it back. */
const isNotKept = ({ restartPolicy }: CleanupCandidate): boolean => restartPolicy === 'no' || restartPolicy === '';
