/**
 * Which containers of a machine without an inventory are taken for services: what was seen running and is meant to stay.
 *
 * Reads: health documents of the own node. Pure. A person's `docker stop` keeps a service adopted; its removal, or a job
 * that ended well, lets it go.
 */
import type { ServiceHealth } from '../../contracts/health.ts';

const isSeenRunning = ({ status }: ServiceHealth): boolean => status === 'healthy' || status === 'starting' || status === 'unhealthy';

/** Somebody wrote it down in a compose file, or told the engine to keep it up; a bare `docker run` is an experiment. */
const isMeantToStay = ({ project, restart_policy }: ServiceHealth): boolean => project !== null || (restart_policy !== 'no' && restart_policy !== '');

const hasEndedWell = ({ status, reason }: ServiceHealth): boolean => status === 'stopped' && reason === 'completed';

export interface AdoptionView {
  /** Newest health document of each service of the own node. */
  readonly health: ReadonlyMap<string, ServiceHealth>;
  /** Services the node-agent says it has, all of them; null = it does not say so for sure. */
  readonly existing: ReadonlySet<string> | null;
  /** false: there is, or may be, an inventory for this node. Then nothing new is adopted, and what goes is still let go. */
  readonly mayAdopt: boolean;
}

/** In alphabetical order. */
export function adoptedNow(before: Iterable<string>, { health, existing, mayAdopt }: AdoptionView): readonly string[] {
  const adopted = new Set([...before].filter((name) => existing?.has(name) ?? true));
  for (const [name, doc] of health) {
    if (hasEndedWell(doc)) adopted.delete(name);
    else if (mayAdopt && isSeenRunning(doc) && isMeantToStay(doc)) adopted.add(name);
  }
  return [...adopted].sort();
}
