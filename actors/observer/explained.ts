/**
 * Which incident each trouble of the site hangs on, for the documents: causes with their consequences. Pure.
 *
 * Worked out anew from all worlds whenever something is published (a site has few troubles), and compared with what was
 * published, so that a cause is shown with what it takes with it whichever of them changed.
 */
import { type Consequence, consequencesListed, type IncidentKind } from '../../contracts/incident.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { canSpeak, isOwn, serviceView } from './status.ts';
import { activeIncidents, badEntry, type Entry, entries, isIncident } from './world.ts';

export interface Consequences {
  readonly listed: readonly Consequence[];
  readonly count: number;
}

export interface Explained {
  /** Id of an incident → id of the one at its root. */
  readonly suppressedBy: ReadonlyMap<string, string>;
  /** By id of the cause. */
  readonly consequences: ReadonlyMap<string, Consequences>;
  /** `<node>/<service>` → id of the cause. */
  readonly services: ReadonlyMap<string, string>;
}

export const nothingExplained: Explained = { suppressedBy: new Map(), consequences: new Map(), services: new Map() };

/** Longer than any chain of causes in a homelab; it only has to end. */
const chainMax = 32;

interface Subject {
  readonly node: string;
  readonly service: string | null;
  readonly kind: IncidentKind;
}

interface Root extends Subject {
  readonly id: string;
}

/** The incident at the end of a chain of causes; null: the cause has ended, or has no incident yet. */
function rootOf(state: ObserverState, { node, service, kind }: Subject, depth = 0): Root | null {
  const world = state.nodes.get(node)?.world;
  const entry = world === undefined ? undefined : badEntry(world, service, kind);
  if (entry === undefined || depth >= chainMax) return null;
  const above = entry.cause === null ? null : rootOf(state, entry.cause, depth + 1);
  return above ?? (isIncident(entry) ? { id: entry.id, node, service, kind } : null);
}

function explain(state: ObserverState): Explained {
  const suppressedBy = new Map<string, string>();
  const services = new Map<string, string>();
  const found = new Map<string, Map<string, string>>();
  const add = (root: Root, node: NodeLive, service: string | null, status: string): void => {
    const what = service === null ? node.name : `${node.name}/${service}`;
    if (service !== null) services.set(what, root.id);
    // Another kind of trouble of the same service is no further consequence.
    if (service !== null && service === root.service && node.name === root.node) return;
    found.set(root.id, (found.get(root.id) ?? new Map<string, string>()).set(what, status));
  };
  for (const node of state.nodes.values()) {
    if ((node.world.troubles.size === 0 && node.world.active.size === 0) || !isOwn(state, node)) continue;
    for (const entry of entries(node.world)) {
      if (entry.cause === null) continue;
      const root = rootOf(state, entry.cause);
      const by = root?.id ?? entry.cause.id;
      if (isIncident(entry) && by !== null) suppressedBy.set(entry.id, by);
      if (root !== null) add(root, node, entry.service, statusOf(node, entry));
    }
    const root = blindedBy(state, node);
    if (root === null) continue;
    for (const [service, { monitor }] of node.wanted) if (monitor && serviceView(node, service).status === 'unknown') add(root, node, service, 'unknown');
  }
  return { suppressedBy, services, consequences: new Map([...found].map(([root, whats]) => [root, consequencesOf(whats)])) };
}

/** Nothing of a node is known because of this incident. */
function blindedBy(state: ObserverState, node: NodeLive): Root | null {
  if (canSpeak(node)) return null;
  return rootOf(state, { node: node.name, service: null, kind: 'node_offline' }) ?? rootOf(state, { node: node.name, service: null, kind: 'engine' });
}

function statusOf(node: NodeLive, { service, kind }: Entry): string {
  if (service === null) return kind;
  const { status } = serviceView(node, service);
  return status === 'healthy' || status === 'starting' ? kind : status;
}

const consequencesOf = (whats: ReadonlyMap<string, string>): Consequences => ({
  count: whats.size,
  listed: [...whats.keys()]
    .sort()
    .slice(0, consequencesListed)
    .map((what) => ({ what, status: whats.get(what) as string })),
});

/** Marks the documents that say something else now. */
export function refreshExplained(state: ObserverState): void {
  const before = state.explained;
  const after = explain(state);
  state.explained = after;
  if (before.suppressedBy.size + before.services.size + before.consequences.size + after.suppressedBy.size + after.consequences.size === 0) return;
  const changed = new Set([...differing(before.suppressedBy, after.suppressedBy), ...differing(before.consequences, after.consequences)]);
  if (changed.size > 0)
    for (const node of state.nodes.values()) for (const { id } of activeIncidents(node.world)) if (changed.has(id)) node.dirty.add(`incident/${id}`);
  for (const what of differing(before.services, after.services)) {
    const slash = what.indexOf('/');
    state.nodes.get(what.slice(0, slash))?.dirty.add(`service/${what.slice(slash + 1)}`);
  }
}

function differing(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key) && JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key)));
}

/** What a document says of an incident. */
export const consequencesFor = ({ explained }: ObserverState, id: string): Consequences => explained.consequences.get(id) ?? { listed: [], count: 0 };

/** The incident that a service's document points to: its own, or the one that explains what is wrong with it. */
export function incidentOfService({ explained }: ObserverState, node: NodeLive, service: string): string | null {
  const cause = explained.services.get(`${node.name}/${service}`);
  if (cause !== undefined) return cause;
  for (const { id, service: about } of activeIncidents(node.world)) if (about === service) return id;
  return null;
}

export const isConsequence = ({ explained }: ObserverState, id: string): boolean => explained.suppressedBy.has(id);
