/**
 * Whether a desired service has drifted, as the world documents tell it: present, none, or nobody can say.
 *
 * Reads: world and desired documents. Pure. Unknown is not down: every case that is not plainly trouble is named, and
 * trouble without an incident is no drift yet (the grace belongs to the observer).
 */
import type { DesiredService } from '../../contracts/desired.ts';
import type { Incident, IncidentKind } from '../../contracts/incident.ts';
import type { WorldNode, WorldService } from '../../contracts/world.ts';

export type Drift =
  /** `missing_service` or `unhealthy_service`, with the incident that is the evidence. */
  | { readonly state: 'present'; readonly kind: 'missing_service' | 'unhealthy_service'; readonly incident: Incident; readonly why: string }
  /** The service is as it should be. */
  | { readonly state: 'none'; readonly why: string }
  /** Nothing may be concluded, in either direction. */
  | { readonly state: 'unknown'; readonly why: string };

export interface ServiceView {
  readonly desired: DesiredService;
  readonly node: WorldNode | undefined;
  readonly world: WorldService | undefined;
  /** Active incidents of this service. */
  readonly incidents: readonly Incident[];
}

/** Kinds that are evidence of `unhealthy_service`, the most telling first: a stopped process explains a failing check. */
const troubleKinds: readonly IncidentKind[] = ['down', 'broker', 'unhealthy'];

export function driftOf({ desired, node, world, incidents }: ServiceView): Drift {
  const deaf = whyNodeCannotSay(node);
  if (deaf !== null) return unknown(deaf);
  if (world === undefined) return unknown('the observer has not spoken of it yet');
  switch (world.status) {
    case 'healthy':
    case 'starting':
      // The incident closes a moment after the service does well; until then its proposal stays.
      return incidents.some((each) => each.suppressed_by === null && (each.kind === 'missing' || troubleKinds.includes(each.kind)))
        ? unknown(`${world.status}; its incident is still open`)
        : none(world.status);
    case 'stopped':
      if (desired.origin === 'adopted') return none(world.reason === 'completed' ? 'its job ended well' : 'stopped by a person');
      return trouble(world.status, incidents, troubleKinds);
    case 'unhealthy':
    case 'down':
      return trouble(world.status, incidents, troubleKinds);
    case 'missing':
      if (desired.origin === 'adopted') return unknown('removed; what was only adopted is let go');
      return trouble(world.status, incidents, ['missing']);
    case 'unknown':
    case 'gone':
      return unknown(`${world.status === 'gone' ? 'the observer let it go' : 'its state is unknown'}: unknown is not down`);
  }
}

function whyNodeCannotSay(node: WorldNode | undefined): string | null {
  if (node === undefined) return 'the observer has not spoken of its node yet';
  if (node.status === 'unmonitored') return 'its node runs no node-agent';
  if (node.status === 'offline' || node.status === 'unknown' || node.status === 'gone') return `its node is ${node.status}: unknown is not down`;
  if (node.engine !== 'up') return `the engine of its node is ${node.engine}: unknown is not down`;
  return null;
}

function trouble(status: string, incidents: readonly Incident[], kinds: readonly IncidentKind[]): Drift {
  const fitting = kinds.flatMap((kind) => incidents.filter((each) => each.kind === kind));
  const [incident] = fitting.filter((each) => each.suppressed_by === null);
  if (incident !== undefined) return { state: 'present', kind: status === 'missing' ? 'missing_service' : 'unhealthy_service', incident, why: status };
  const [explained] = fitting;
  if (explained !== undefined) return unknown(`${status}, explained by ${explained.suppressed_by}`);
  return unknown(`${status}, no incident: it may pass within its grace`);
}

const none = (why: string): Drift => ({ state: 'none', why });
const unknown = (why: string): Drift => ({ state: 'unknown', why });
