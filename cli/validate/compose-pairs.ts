/**
 * Which Compose files are put before which docker-compose. Pure.
 *
 * A service's file goes together with each override of a node, and alone where a node has none. Where any node of the
 * homelab declares version 1, every pair must pass version 1: a service may be moved to that node tomorrow.
 */
import { envLines, variablesIn } from '../../actors/inventory/rules/variables.ts';
import { viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree, type MaybeFile, type ReadFile } from '../../actors/inventory/tree.ts';
import type { ComposePair } from '../../adapters/compose/config.ts';
import type { ComposeFile } from '../../contracts/inventory/compose.ts';

export type ComposeMajor = 'v1' | 'v2';

export interface PlannedPair extends ComposePair {
  /** The same, as they were read. */
  readonly read: readonly ReadFile<ComposeFile>[];
  /** Asked one after the other, as long as none refuses: one fault is named once. */
  readonly versions: readonly ComposeMajor[];
}

/** What a host declares; the newer ones where it declares nothing. */
export const composeMajorOf = (tree: DeclaredTree, node: string): ComposeMajor =>
  contentOf(tree.hosts.get(node)?.capabilities ?? 'absent')?.runtime.compose_version?.startsWith('1.') === true ? 'v1' : 'v2';

export function composePairs(tree: DeclaredTree): readonly PlannedPair[] {
  const anyV1 = [...tree.hosts.keys()].some((node) => composeMajorOf(tree, node) === 'v1');
  const pairs = new Map<string, PlannedPair>();
  const add = (service: string, override: MaybeFile<ComposeFile>, own: ComposeMajor): void => {
    const files = tree.services.get(service);
    const base = files?.compose ?? 'absent';
    // A broken file has been named, and docker-compose would only say it again.
    if (base === 'broken' || override === 'broken') return;
    const read = [base, override].filter((file) => typeof file !== 'string');
    if (read.length === 0) return;
    const versions = [...new Set<ComposeMajor>([...(anyV1 ? (['v1'] as const) : []), own])];
    const key = read.map(({ path }) => path).join(' ');
    const known = pairs.get(key);
    pairs.set(key, {
      files: read.map(({ path }) => path),
      read,
      envFile: files?.envExample?.path ?? null,
      env: requiredValues(tree, service, read),
      versions: [...new Set([...(known?.versions ?? []), ...versions])].sort(),
    });
  };
  const { placements } = viewOf(tree);
  for (const { service, node, host, declared } of placements) {
    if (declared.deployment_model === 'docker-compose') add(service, host.overrides.get(service) ?? 'absent', composeMajorOf(tree, node));
  }
  for (const service of tree.services.keys()) {
    if (!placements.some((placement) => placement.service === service)) add(service, 'absent', anyV1 ? 'v1' : 'v2');
  }
  return [...pairs.values()];
}

/** Fits wherever a port, a number or a word may stand. */
const anyValue = '1';

/** Values for variables that must have one (`${NAME:?}`) and that env.example leaves empty, as it should. */
function requiredValues(tree: DeclaredTree, service: string, read: readonly ReadFile<ComposeFile>[]): Readonly<Record<string, string>> {
  const given = new Map(envLines(tree.services.get(service)?.envExample ?? null).map(({ name, value }) => [name, value]));
  // One that env.example does not have is a finding already.
  const required = read.flatMap(({ text }) => variablesIn(text).filter(({ isRequired }) => isRequired));
  return Object.fromEntries(required.filter(({ name }) => (given.get(name) ?? '') === '').map(({ name }) => [name, anyValue]));
}
