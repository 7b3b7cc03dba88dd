/**
 * Which stopped containers a clean-up of a node would remove now, for whoever is asked to agree to it: from what the node-agent says of each
 * of its containers, and what is desired. Pure.
 *
 * One container is told for each service name; of several under one name the others are listed by a later clean-up.
 */
import { type Evidence, listedContainersMax, namedContainersMax } from '../../contracts/action.ts';
import { composeProjectLabel, composeServiceLabel } from '../../contracts/canonical-name.ts';
import { cleanupRuleOf } from '../../contracts/cleanup.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { ServiceHealth } from '../../contracts/health.ts';
import { removableContainers, type StandingContainer } from '../../contracts/removable.ts';

export type Leftovers = NonNullable<Evidence['containers']>;

/** Names of containers may be as long as anybody likes; a document is small. */
const nameCharsMax = 40;

/** Reasons of a container that has a process, or gets one again by itself. */
const notOver: readonly string[] = ['paused', 'restarting'];

/** What the engine says of the container, as far as its document tells. null: nobody can say. */
export function standingOf(doc: ServiceHealth): StandingContainer | null {
  const { container_id, container, service, project, status, reason, finished_at, restart_policy } = doc;
  if (container_id === null || container === null) return null;
  const isOver = (status === 'stopped' || status === 'down') && !notOver.includes(reason) && finished_at !== null;
  return {
    id: container_id,
    name: container,
    labels: project === null ? {} : { [composeServiceLabel]: service, [composeProjectLabel]: project },
    status: isOver ? 'exited' : 'running',
    stoppedAtMs: isOver ? Date.parse(finished_at) : null,
    restartPolicy: restart_policy,
  };
}

/** undefined: a clean-up of this node removes no containers at all. */
export function leftoversOf(containers: Iterable<StandingContainer>, node: DesiredNode, now: number): Leftovers | undefined {
  if (!cleanupRuleOf(node.cleanup_class).kinds.includes('stopped_containers')) return undefined;
  const all = [...containers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const listed = removableContainers(all, node, now).slice(0, listedContainersMax);
  return { names: listed.slice(0, namedContainersMax).map(({ name }) => name.slice(0, nameCharsMax)), ids: listed.map(({ id }) => id.slice(0, 12)) };
}

/** `2 stopped containers would go: a, b`; empty where nobody was shown any. */
export function leftoverWords(leftovers: Leftovers | undefined): string {
  if (leftovers === undefined) return '';
  const { names, ids } = leftovers;
  if (ids.length === 0) return 'no stopped container would go';
  const more = ids.length > names.length ? ` and ${ids.length - names.length} more` : '';
  return `${ids.length} stopped ${ids.length === 1 ? 'container' : 'containers'} would go: ${names.join(', ')}${more}`;
}
