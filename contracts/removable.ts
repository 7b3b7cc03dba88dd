/**
 * Which stopped containers a clean-up may remove (docs/decisions/0011): the supervisor lists them for whoever says yes, the executor goes by the
 * same rule again when it acts.
 */
import { composeProjectLabel, groupByService, isGhost, type NamedContainer } from './canonical-name.ts';
import type { DesiredService } from './desired.ts';

export interface StandingContainer extends NamedContainer {
  /** When it stopped, epoch milliseconds; null = it runs, or never ran. */
  readonly stoppedAtMs: number | null;
  /** The engine's word; `no` = it is not started again. */
  readonly restartPolicy: string;
}

/** A recreate in progress, a job whose output somebody still reads, a crash that is being diagnosed: all of it is younger. */
export const stoppedForMs = 3_600_000;

/** What an interrupted recreate left of a service for which another container stands: nobody's any more. */
export const replacedGhosts = <C extends StandingContainer>(all: readonly C[], services: readonly Pick<DesiredService, 'name' | 'stack'>[]): readonly C[] =>
  groupsOf(all, services).flatMap((containers) => (containers.every(isGhost) ? [] : containers.filter(isGhost)));

/** Of all containers of an engine, those that stopped long enough ago and belong to nothing that is desired. */
export function removableContainers<C extends StandingContainer>(
  all: readonly C[],
  { services }: { readonly services: readonly Pick<DesiredService, 'name' | 'stack'>[] },
  nowMs: number,
): readonly C[] {
  // Where nothing is desired nobody has said yet what belongs here: then everything may.
  if (services.length === 0) return [];
  const names = namesOf(services);
  const groups = groupsOf(all, services);
  const ours = new Set(groups.flat().map(({ id }) => id));
  const projects = new Set([...names, ...groups.flat().flatMap(({ labels }) => labels[composeProjectLabel] ?? [])]);
  const replaced = new Set(replacedGhosts(all, services).map(({ id }) => id));
  return all.filter((container) => {
    const isOver =
      container.stoppedAtMs !== null && (container.status === 'exited' || container.status === 'dead') && nowMs - container.stoppedAtMs > stoppedForMs;
    if (!isOver) return false;
    if (replaced.has(container.id)) return true;
    return !ours.has(container.id) && !names.has(container.name) && !projects.has(container.labels[composeProjectLabel] ?? '') && isNotKept(container);
  });
}

const namesOf = (services: readonly Pick<DesiredService, 'name' | 'stack'>[]): ReadonlySet<string> =>
  new Set(services.flatMap(({ name, stack }) => (stack === undefined ? [name] : [name, stack])));

/** The containers of each desired service. */
function groupsOf<C extends StandingContainer>(all: readonly C[], services: readonly Pick<DesiredService, 'name' | 'stack'>[]): readonly (readonly C[])[] {
  const names = namesOf(services);
  return [...groupByService(all)].filter(([name]) => names.has(name)).map(([, containers]) => containers);
}

/** A restart policy says that somebody wants it back. */
const isNotKept = ({ restartPolicy }: StandingContainer): boolean => restartPolicy === 'no' || restartPolicy === '';
