/** What a disk clean-up may remove on a machine of each class, and how much that is at least (docs/decisions/0011). */
import type { NodeHealth } from './health.ts';
import type { CleanupClass } from './inventory/capabilities.ts';

const cleanupKinds = ['stopped_containers', 'dangling_images', 'build_cache', 'old_events', 'deploy_logs'] as const;
export type CleanupKind = (typeof cleanupKinds)[number];

const hour = 3_600_000;

export interface CleanupRule {
  /** In this order: a stopped container holds its image. Empty: never cleaned. */
  readonly kinds: readonly CleanupKind[];
  /** From the end of one clean-up to the next. */
  readonly intervalMs: number;
}

/** SD cards wear out by writing, and their nodes have little to remove: once a day. The supervisor's cooldowns are enough for the others. */
const cleanupRules: Readonly<Record<CleanupClass, CleanupRule>> = {
  lte_node: { kinds: [], intervalMs: 0 },
  sd_card: { kinds: ['stopped_containers', 'dangling_images'], intervalMs: 24 * hour },
  ai_node: { kinds: ['stopped_containers', 'dangling_images', 'build_cache'], intervalMs: 0 },
  standard: { kinds: cleanupKinds, intervalMs: 0 },
};

/** `undefined`: no class is declared, so nothing may be removed. */
export const cleanupRuleOf = (cleanupClass: CleanupClass | undefined): CleanupRule => cleanupRules[cleanupClass ?? 'lte_node'];

/**
 * What a clean-up would free at least, bytes: the dangling images, which the node-agent measures. Not counted is the rest: older engines
 * tell the size of build cache and containers only while adding up every volume on their disk. null: not measured yet, or nothing may be removed.
 */
export const cleanupEstimate = ({ reclaimable_bytes }: Pick<NodeHealth, 'reclaimable_bytes'>, cleanupClass: CleanupClass | undefined): number | null =>
  cleanupRuleOf(cleanupClass).kinds.includes('dangling_images') ? reclaimable_bytes : null;
