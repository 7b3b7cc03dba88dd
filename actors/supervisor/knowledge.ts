/**
 * What the supervisor knows: the newest document of each topic it reads, of its own site only.
 *
 * Reads: deliveries of documents. Remembers across a restart: nothing, the bus hands everything over again. The maps are
 * mutated in place (copying a thousand keys for every document is too slow).
 */
import type { Delivery } from '../../bus/actor.ts';
import type { Action, Maintenance } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { NodeHealth } from '../../contracts/health.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { StandingContainer } from '../../contracts/removable.ts';
import type { WorldNode, WorldService } from '../../contracts/world.ts';
import type { HaHeard } from './ha-heard.ts';
import { standingOf } from './leftovers.ts';

export interface Knowledge {
  readonly site: string;
  /** null: said to be gone. Absent: never heard of, which proves nothing. */
  readonly desired: Map<string, DesiredNode | null>;
  readonly nodes: Map<string, WorldNode>;
  /** By `serviceKey`. */
  readonly services: Map<string, WorldService>;
  /** By id. */
  readonly incidents: Map<string, Incident>;
  /** By id: ids are unique within a site. */
  readonly actions: Map<string, Action>;
  readonly maintenance: Map<string, Maintenance>;
  /** Newest word of each node-agent; only for what a clean-up would free. */
  readonly health: Map<string, NodeHealth>;
  /** By node and service: what its node-agent says of its container; only for what a clean-up would remove, and whether Compose made it. */
  readonly containers: Map<string, Map<string, StandingContainer>>;
  /** The newest event of each kind about Home Assistant; see ha-heard.ts. */
  readonly haHeard: Map<string, HaHeard>;
}

export const emptyKnowledge = (site: string): Knowledge => ({
  site,
  desired: new Map(),
  nodes: new Map(),
  services: new Map(),
  incidents: new Map(),
  actions: new Map(),
  maintenance: new Map(),
  health: new Map(),
  containers: new Map(),
  haHeard: new Map(),
});

export const serviceKey = (node: string, service: string): string => `${node}/${service}`;

export type DocumentDelivery = Extract<Delivery, { readonly kind: 'document' }>;

/** Takes a document in. Documents of other sites are not kept: their own supervisor judges them. */
export function learn(knowledge: Knowledge, delivery: DocumentDelivery): void {
  const { site } = knowledge;
  switch (delivery.name) {
    case 'desired':
      // Kept whatever its site: a node that moved away must be seen to have moved.
      knowledge.desired.set(delivery.levels.node, delivery.doc);
      return;
    case 'worldNode':
      put(knowledge.nodes, delivery.levels.node, delivery.doc?.site === site ? delivery.doc : null);
      return;
    case 'worldService':
      put(knowledge.services, serviceKey(delivery.levels.node, delivery.levels.service), delivery.doc?.site === site ? delivery.doc : null);
      return;
    case 'incident':
      put(knowledge.incidents, delivery.levels.id, delivery.doc?.site === site ? delivery.doc : null);
      return;
    case 'action':
      put(knowledge.actions, delivery.levels.id, delivery.doc?.site === site ? delivery.doc : null);
      return;
    case 'maintenance':
      put(knowledge.maintenance, delivery.levels.node, delivery.doc);
      return;
    case 'nodeHealth':
      put(knowledge.health, delivery.levels.node, delivery.doc);
      return;
    case 'serviceHealth': {
      const { node, service } = delivery.levels;
      const ofNode = knowledge.containers.get(node) ?? new Map<string, StandingContainer>();
      put(ofNode, service, delivery.doc === null ? null : standingOf(delivery.doc));
      knowledge.containers.set(node, ofNode);
      return;
    }
    default:
  }
}

function put<T>(map: Map<string, T>, key: string, doc: T | null): void {
  if (doc === null) map.delete(key);
  else map.set(key, doc);
}
