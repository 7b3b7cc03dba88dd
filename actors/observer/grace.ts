/** How long a trouble may last before it counts, and whether it ever does. Pure. */
import type { IncidentKind } from '../../contracts/incident.ts';
import type { NodeLive, ObserverState } from './state.ts';

/** Kinds that health documents can confirm or refute; the others end only by their own events. */
export const serviceKinds: readonly IncidentKind[] = ['down', 'unhealthy', 'missing'];
export const nodeKinds: readonly IncidentKind[] = ['node_offline', 'engine'];

interface Subject {
  readonly service: string | null;
  readonly kind: IncidentKind;
}

export const graceOfService = (state: ObserverState, node: NodeLive, service: string | null): number =>
  (service === null ? undefined : node.wanted.get(service)?.grace_ms) ?? state.options.graceMs;

/** An absence has already waited its grace before it was called missing. */
export const graceOf = (state: ObserverState, node: NodeLive, { service, kind }: Subject): number =>
  kind === 'missing' ? 0 : graceOfService(state, node, service);

/** A container that nobody ever wanted to run, such as an experiment with `docker run`, may crash. Without any word of what is desired, everything counts. */
export const isNobodysWish = (node: NodeLive, { service, kind }: Subject): boolean =>
  service !== null && serviceKinds.includes(kind) && node.desired !== null && !node.wanted.has(service);
