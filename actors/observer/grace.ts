/** How long a trouble may last before it counts, and whether it ever does. Pure. */
import type { IncidentKind } from '../../contracts/incident.ts';
import { uplinkOf } from './links.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';

/** Kinds that health documents can confirm or refute; the others end only by their own events. */
export const serviceKinds: readonly IncidentKind[] = ['down', 'unhealthy', 'missing'];
export const nodeKinds: readonly IncidentKind[] = ['node_offline', 'engine'];
/** All that some document shows for as long as they last. */
export const documentedKinds: readonly IncidentKind[] = [...serviceKinds, ...nodeKinds, 'link_down'];

interface Subject {
  readonly service: string | null;
  readonly kind: IncidentKind;
}

export const graceOfService = (state: ObserverState, node: NodeLive, service: string | null): number =>
  (service === null ? undefined : node.wanted.get(service)?.grace_ms) ?? state.options.graceMs;

/** An absence has already waited its grace before it was called missing. A link may be away for its quiet time. */
export function graceOf(state: ObserverState, node: NodeLive, { service, kind }: Subject): number {
  if (kind === 'missing') return 0;
  const site = kind === 'link_down' ? siteOfNode(node.name) : null;
  return site === null ? graceOfService(state, node, service) : uplinkOf(state, site).quiet_ms;
}

/** The stability-agent tries the broker upstream every 5 min, and takes its word back with the first try that succeeds. */
const upstreamTriedEveryMs = 300_000;

/** How long a consequence may take to recover once its cause is over. */
export const recoveryOf = (state: ObserverState, node: NodeLive, { service, kind }: Subject): number =>
  graceOfService(state, node, service) + (kind === 'upstream' ? upstreamTriedEveryMs : 0);

/** A container that nobody ever wanted to run, such as an experiment with `docker run`, may crash. Without any word of what is desired, everything counts. */
export const isNobodysWish = (node: NodeLive, { service, kind }: Subject): boolean =>
  service !== null && serviceKinds.includes(kind) && node.desired !== null && !node.wanted.has(service);
