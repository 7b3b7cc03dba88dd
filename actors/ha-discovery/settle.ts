/**
 * Compares the devices that there should be with those that the broker holds, and says what to announce and what to take away. Pure,
 * but for the maps of the state.
 *
 * Taken away is only what is known to be no more: its document ended in this life, or the observer of its site is there and does not
 * list it. A broker that came back empty says nothing, and takes nobody's devices from Home Assistant.
 */
import { topics } from '../../contracts/topics.ts';
import type { Device } from './device.ts';
import { observersOf } from './hear.ts';
import type { Announced } from './memory.ts';
import { idOf, isOwnId } from './names.ts';
import { nodeDevice } from './node-device.ts';
import { serviceDevice } from './service-device.ts';
import { siteDevice } from './site-device.ts';
import type { Directory } from './sources.ts';
import type { DiscoveryCommand, DiscoveryState } from './state.ts';

/** After the empty announcement; what was on its way meanwhile has come by then, and it is seen whether something stands there again. */
export const leftAfterMs = 2_000;

interface Wanted extends Announced {
  readonly device: Device;
}

function directoryOf(state: DiscoveryState): Directory {
  const { maker, site, node } = state.options;
  const ofOwnSite = (names: ReadonlySet<string>): string | null =>
    [...names].sort().find((each) => each === node || state.nodes.get(each)?.site === site) ?? null;
  return {
    ...{ maker, site, self: node },
    observers: observersOf(state),
    ledger: ofOwnSite(state.ledgers),
    bridge: ofOwnSite(state.bridges),
    sites: state.sites,
    nodes: state.nodes,
    links: state.links,
  };
}

/** In the order in which devices hang on each other. */
function* wantedDevices(state: DiscoveryState): Generator<Wanted> {
  const at = directoryOf(state);
  const { root } = at.maker;
  for (const site of state.sites) yield { id: idOf(root, 'site', site), topic: topics.site.build({ site }), site, device: siteDevice(at, site) };
  for (const [node, { site, isMonitored }] of state.nodes) {
    const device = nodeDevice(at, { node, site, isMonitored, area: state.areas.get(node) });
    yield { id: idOf(root, 'node', node), topic: topics.worldNode.build({ node }), site, device };
  }
  for (const [topic, { node, service, site }] of state.services) {
    const isNodeMonitored = state.nodes.get(node)?.isMonitored !== false;
    const device = serviceDevice(at, { node, service, site, isNodeMonitored, area: state.areas.get(node) });
    yield { id: idOf(root, 'service', node, service), topic, site, device };
  }
}

/** `again`: also what the broker holds already, for a Home Assistant that has just started. */
export function settle(state: DiscoveryState, now: number, { again }: { readonly again: boolean }): readonly DiscoveryCommand[] {
  const wanted = new Map([...wantedDevices(state)].map((each) => [each.id, each]));
  const announce: DiscoveryCommand[] = [];
  let isNew = false;
  for (const { id, topic, site, device } of wanted.values()) {
    if (state.declined.has(id)) continue;
    const known = state.announced.get(id);
    if (known?.topic !== topic || known.site !== site) {
      state.announced.set(id, { id, topic, site });
      isNew = true;
    }
    state.leaving.delete(id);
    const text = JSON.stringify(device);
    if (!again && state.there.get(id) === text) continue;
    state.there.set(id, text);
    announce.push({ type: 'announce', id, payload: { ...device } });
  }
  const leavers = leaversOf(state, new Set(wanted.keys()));
  for (const id of leavers) state.leaving.set(id, now + leftAfterMs);
  return [...(isNew ? [remember(state)] : []), ...announce, ...leavers.map((id) => takeAway(state, id))];
}

/** Those that are to go and have not been told yet. */
function leaversOf(state: DiscoveryState, wanted: ReadonlySet<string>): readonly string[] {
  const { root } = state.options.maker;
  const candidates = new Set([...state.announced.keys(), ...[...state.there.keys()].filter((id) => isOwnId(root, id))]);
  return [...candidates].filter((id) => !wanted.has(id) && !state.leaving.has(id) && isOver(state, id));
}

function isOver(state: DiscoveryState, id: string): boolean {
  if (state.ended.has(id)) return true;
  const observers = observersOf(state);
  const subject = state.announced.get(id) ?? subjectOf(state, state.there.get(id));
  if (subject === null) return false;
  const judges = subject.site === null ? [state.options.site, ...state.sites] : [subject.site];
  if (!judges.every((site) => observers.has(site))) return false;
  return ![...state.manifests.values()].some((listed) => listed.has(subject.topic));
}

/** What a device of an earlier life stands for, where that life's memory is lost: its main entity reads the document. */
function subjectOf({ options }: DiscoveryState, text: string | undefined): { readonly topic: string; readonly site: null } | null {
  const prefix = `${options.maker.root}/`;
  try {
    const { origin, components } = JSON.parse(text ?? '') as {
      readonly origin?: { readonly name?: unknown };
      readonly components?: { readonly status?: { readonly state_topic?: unknown } };
    };
    const topic = components?.status?.state_topic;
    if (origin?.name !== 'homelab' || typeof topic !== 'string' || !topic.startsWith(prefix)) return null;
    return { topic: topic.slice(prefix.length), site: null };
  } catch {
    return null;
  }
}

/** Those whose time is over: forgotten, or, where something stands there again, taken away again. */
export function seeOff(state: DiscoveryState, now: number): readonly DiscoveryCommand[] {
  const due = [...state.leaving].filter(([, atMs]) => atMs <= now).map(([id]) => id);
  if (due.length === 0) return [];
  const back = due.filter((id) => state.there.has(id));
  for (const id of due) {
    if (back.includes(id)) {
      state.leaving.set(id, now + leftAfterMs);
      continue;
    }
    state.leaving.delete(id);
    state.announced.delete(id);
    state.ended.delete(id);
  }
  return [...(back.length < due.length ? [remember(state)] : []), ...back.map((id) => takeAway(state, id))];
}

export function takeAway(state: DiscoveryState, id: string): DiscoveryCommand {
  state.there.delete(id);
  state.ownEchoes.set(id, (state.ownEchoes.get(id) ?? 0) + 1);
  return { type: 'take_away', id };
}

export const remember = (state: DiscoveryState): DiscoveryCommand => ({ type: 'remember', announced: [...state.announced.values()] });
