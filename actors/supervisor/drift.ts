/**
 * Whether a desired service has drifted, as the world documents tell it: present, none, or nobody can say.
 *
 * Reads: world and desired documents. Pure. Unknown is not down: every case that is not plainly trouble is named, and
 * trouble without an incident is no drift yet (the grace belongs to the observer).
 */
import type { DecisionCode } from '../../contracts/action.ts';
import type { DesiredService } from '../../contracts/desired.ts';
import type { Incident, IncidentKind } from '../../contracts/incident.ts';
import type { WorldNode, WorldService } from '../../contracts/world.ts';

export type Drift =
  /** `missing_service` or `unhealthy_service`, with the incident that is the evidence. */
  | { readonly state: 'present'; readonly kind: 'missing_service' | 'unhealthy_service'; readonly incident: Incident; readonly why: string }
  /** The service is as it should be. */
  | { readonly state: 'none'; readonly code: DecisionCode; readonly why: string }
  /** Nothing may be concluded, in either direction. `cause`: the incident that explains it. */
  | { readonly state: 'unknown'; readonly code: DecisionCode; readonly why: string; readonly incident?: Incident; readonly cause?: string };

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
  if (deaf !== null) return unknown(...deaf);
  if (world === undefined) return unknown('not_heard', 'the observer has not spoken of it yet');
  switch (world.status) {
    case 'healthy':
    case 'starting':
      return wellOrNot(world, incidents);
    case 'stopped':
      if (desired.origin === 'adopted') return none('let_go', world.reason === 'completed' ? 'its job ended well' : 'stopped by a person');
      return trouble(world, incidents, troubleKinds);
    case 'unhealthy':
    case 'down':
      return trouble(world, incidents, troubleKinds);
    case 'missing':
      if (desired.origin === 'adopted') return unknown('let_go', 'removed; what was only adopted is let go');
      return trouble(world, incidents, ['missing']);
    case 'unknown':
    case 'gone':
      return unknown('state_unknown', `${world.status === 'gone' ? 'the observer let it go' : 'its state is unknown'}: unknown is not down`);
  }
}

/** The engine finds nothing wrong with it. A broker that runs and answers nobody is in trouble all the same. */
function wellOrNot(world: WorldService, incidents: readonly Incident[]): Drift {
  const own = incidents.filter((each) => each.suppressed_by === null);
  const broker = own.find(({ kind }) => kind === 'broker');
  if (broker !== undefined && world.status === 'healthy') {
    // What was said of the container that ran before is history.
    const isHistory = world.started_at !== null && Date.parse(world.started_at) > Date.parse(broker.last_occurrence);
    if (isHistory) return unknown('history', 'was started again since it was said not to answer', { incident: broker });
    return { state: 'present', kind: 'unhealthy_service', incident: broker, why: 'healthy, and answers nobody' };
  }
  // The incident closes a moment after the service does well, or when it has been quiet for a while; until then its proposal stays.
  const open = own.filter((each) => each.kind === 'missing' || troubleKinds.includes(each.kind));
  const flapping = open.find((each) => each.flapping);
  if (flapping !== undefined)
    return unknown('closing', `${world.status} at the moment, and flapping: its incident closes after 10 quiet minutes`, { incident: flapping });
  const [incident] = open;
  return incident === undefined ? none('well', world.status) : unknown('closing', `${world.status}; its incident is still open`, { incident });
}

type Deaf = readonly [code: DecisionCode, why: string];

function whyNodeCannotSay(node: WorldNode | undefined): Deaf | null {
  if (node === undefined) return ['not_heard', 'the observer has not spoken of its node yet'];
  if (node.status === 'unmonitored') return ['node_unmonitored', 'its node runs no node-agent'];
  if (node.status === 'offline' || node.status === 'unknown' || node.status === 'gone')
    return ['node_unknown', `its node is ${node.status}: unknown is not down`];
  if (node.engine !== 'up') return ['node_unknown', `the engine of its node is ${node.engine}: unknown is not down`];
  return null;
}

function trouble(world: WorldService, incidents: readonly Incident[], kinds: readonly IncidentKind[]): Drift {
  const { status } = world;
  const fitting = kinds.flatMap((kind) => incidents.filter((each) => each.kind === kind));
  const [incident] = fitting.filter((each) => each.suppressed_by === null);
  if (incident !== undefined) return { state: 'present', kind: status === 'missing' ? 'missing_service' : 'unhealthy_service', incident, why: status };
  const [explained] = fitting;
  if (explained?.suppressed_by != null)
    return unknown('explained', `${status}, explained by ${explained.suppressed_by}`, { incident: explained, cause: explained.suppressed_by });
  // While its cause stands a consequence has no incident of its own: the observer names the cause in its document.
  if (world.incident_id !== null && !incidents.some(({ id }) => id === world.incident_id))
    return unknown('explained', `${world.status}, explained by ${world.incident_id}`, { cause: world.incident_id });
  return unknown('grace', `${world.status}, no incident: it may pass within its grace`);
}

const none = (code: DecisionCode, why: string): Drift => ({ state: 'none', code, why });
const unknown = (code: DecisionCode, why: string, rest: { readonly incident?: Incident; readonly cause?: string } = {}): Drift => ({
  state: 'unknown',
  code,
  why,
  ...rest,
});
