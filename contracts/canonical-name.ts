/**
 * Which service a container belongs to, in one place for everybody who looks at containers.
 *
 * The name is the label `com.docker.compose.service`, else the container's name without a ghost's prefix. A ghost is
 * what docker-compose 1.29 leaves when a recreate is interrupted: `<first 12 hex of its own id>_<name>`.
 * Two compose projects on one host may both have a `db`: then both are named `<project>-<service>`, because guessing
 * which one is meant could restart the wrong one (docs/decisions/0002).
 */
import { levelPattern } from './common.ts';

export interface NamedContainer {
  /** 64 hex digits. */
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The engine's word: created, running, paused, restarting, removing, exited, dead. */
  readonly status: string;
}

export const composeServiceLabel = 'com.docker.compose.service';
export const composeProjectLabel = 'com.docker.compose.project';
const composeOneOffLabel = 'com.docker.compose.oneoff';

const ghostPrefix = /^([0-9a-f]{12})_(?=.)/;

/** A leftover of an interrupted recreate: its name starts with its own id. */
export const isGhost = (container: Pick<NamedContainer, 'id' | 'name'>): boolean => ghostPrefix.exec(container.name)?.[1] === container.id.slice(0, 12);

const plainName = (container: NamedContainer): string => {
  const name = isGhost(container) ? container.name.replace(ghostPrefix, '') : container.name;
  return container.labels[composeServiceLabel] ?? name;
};

/** A container that can be a service at all: not `created`, not a `compose run` one-off, and nameable in a topic. */
export const isServiceContainer = (container: NamedContainer): boolean =>
  container.status !== 'created' && container.labels[composeOneOffLabel] !== 'True' && levelPattern.test(plainName(container));

/** Groups containers by canonical service name; the containers of a group keep their order, ghosts last. */
export function groupByService<C extends NamedContainer>(containers: readonly C[]): ReadonlyMap<string, readonly C[]> {
  const projectsOf = new Map<string, Set<string>>();
  const candidates = containers.filter(isServiceContainer);
  for (const container of candidates) {
    const name = plainName(container);
    const projects = projectsOf.get(name) ?? new Set<string>();
    projectsOf.set(name, projects.add(container.labels[composeProjectLabel] ?? ''));
  }
  const groups = new Map<string, C[]>();
  for (const container of [...candidates.filter((each) => !isGhost(each)), ...candidates.filter(isGhost)]) {
    const plain = plainName(container);
    const project = container.labels[composeProjectLabel] ?? '';
    const shared = (projectsOf.get(plain)?.size ?? 1) > 1 && project !== '';
    const name = shared ? `${project}-${plain}` : plain;
    // A project label can hold anything; what cannot stand in a topic cannot be a service.
    if (!levelPattern.test(name)) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [container]);
    else group.push(container);
  }
  return groups;
}
