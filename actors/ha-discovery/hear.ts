/** What a delivery changes in what ha-discovery knows. Changes the maps of the state; says whether devices may look different now. */
import type { Delivery } from '../../bus/actor.ts';
import { topics } from '../../contracts/topics.ts';
import type { WorldNode, WorldService } from '../../contracts/world.ts';
import { idOf } from './names.ts';
import type { DiscoveryState } from './state.ts';

/** Under which the observer keeps the troubles of a site itself: no machine. */
const reserved = /^site-/;

type Document = Extract<Delivery, { readonly kind: 'document' }>;

export function hearDocument(state: DiscoveryState, delivery: Document): boolean {
  switch (delivery.name) {
    case 'worldNode':
      return hearNode(state, delivery.levels.node, delivery.doc);
    case 'worldService':
      return hearService(state, delivery.topic, delivery.levels, delivery.doc);
    case 'site':
      return hearSite(state, delivery.levels.site, delivery.doc !== null);
    case 'link':
      return noteIn(state.links, delivery.levels.site, delivery.doc !== null);
    case 'desired':
      return noteAt(state.areas, delivery.levels.node, delivery.doc?.location);
    case 'actorStatus':
      return hearActor(state, delivery.levels, delivery.doc !== null);
    case 'manifest':
      return hearManifest(state, delivery.levels.node, delivery.doc?.topics ?? null);
    case 'action':
      if (delivery.doc?.status === 'pending') state.pending.set(delivery.topic, delivery.doc);
      else state.pending.delete(delivery.topic);
      return false;
    default:
      return false;
  }
}

function hearSite(state: DiscoveryState, site: string, isThere: boolean): boolean {
  const isOver = noteEnd(state, idOf(state.options.maker.root, 'site', site), !isThere);
  return noteIn(state.sites, site, isThere) || isOver;
}

function hearNode(state: DiscoveryState, node: string, doc: WorldNode | null): boolean {
  if (reserved.test(node)) return false;
  const isOver = noteEnd(state, idOf(state.options.maker.root, 'node', node), doc === null);
  const isMonitored = doc?.status !== 'unmonitored';
  const before = state.nodes.get(node);
  if (doc === null) return state.nodes.delete(node) || isOver;
  if (before !== undefined && before.site === doc.site && before.isMonitored === isMonitored) return false;
  state.nodes.set(node, { site: doc.site, isMonitored });
  return true;
}

/** What nobody declared or adopted is somebody's experiment: it comes and goes, and Home Assistant would remember each. */
function hearService(
  state: DiscoveryState,
  topic: string,
  { node, service }: { readonly node: string; readonly service: string },
  doc: WorldService | null,
): boolean {
  const isWanted = doc !== null && doc.desired !== 'no';
  const isOver = noteEnd(state, idOf(state.options.maker.root, 'service', node, service), !isWanted);
  if (!isWanted) return state.services.delete(topic) || isOver;
  if (state.services.get(topic)?.site === doc.site) return false;
  state.services.set(topic, { node, service, site: doc.site });
  return true;
}

function hearActor(state: DiscoveryState, { node, actor }: { readonly node: string; readonly actor: string }, isThere: boolean): boolean {
  if (actor === 'ledger') return noteIn(state.ledgers, node, isThere);
  return actor === 'bridge' && noteIn(state.bridges, node, isThere);
}

/** Of what there are devices for; incidents come and go with every trouble, and change none. */
const shown = [topics.worldService, topics.worldNode, topics.site] as const;

function hearManifest(state: DiscoveryState, node: string, listed: readonly string[] | null): boolean {
  if (listed === null) return state.manifests.delete(node);
  const now = new Set(listed.filter((topic) => shown.some((row) => row.match(topic) !== null)));
  const before = state.manifests.get(node);
  state.manifests.set(node, now);
  return before === undefined || before.size !== now.size || [...now].some((topic) => !before.has(topic));
}

/** Its device is to go, or not any more; true: it may be to go and nobody of this life knew it. */
function noteEnd({ ended, announced }: DiscoveryState, id: string, isOver: boolean): boolean {
  if (isOver) ended.add(id);
  else ended.delete(id);
  return isOver && announced.has(id);
}

function noteIn(set: Set<string>, name: string, isThere: boolean): boolean {
  if (set.has(name) === isThere) return false;
  if (isThere) set.add(name);
  else set.delete(name);
  return true;
}

function noteAt(map: Map<string, string>, name: string, value: string | undefined): boolean {
  if (map.get(name) === value) return false;
  if (value === undefined) map.delete(name);
  else map.set(name, value);
  return true;
}

/** Node of the observer of each site: it lists the summary of its site as its own. */
export function observersOf({ manifests }: DiscoveryState): ReadonlyMap<string, string> {
  const observers = new Map<string, string>();
  for (const [node, listed] of manifests) {
    for (const topic of listed) {
      const site = topics.site.match(topic)?.site;
      if (site !== undefined) observers.set(site, node);
    }
  }
  return observers;
}
