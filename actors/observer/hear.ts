/** What the observer is told through documents goes into its live state. Each returns the node that is to be looked at; nothing is decided here. */

import { serviceKinds } from './grace.ts';
import type { NodeLive, ObserverInput, ObserverState } from './state.ts';
import { aliasesOf, nodeOf } from './state.ts';
import { ttlMs } from './status.ts';
import { incidentAt, openKey } from './world.ts';

type InputOf<T extends ObserverInput['type']> = Extract<ObserverInput, { readonly type: T }>;

export function hearNodeHealth(state: ObserverState, { node: name, doc, will, retained, now }: InputOf<'nodeHealth'>): NodeLive {
  const node = nodeOf(state, name);
  node.dirty.add('node');
  if (doc === null || doc.status === 'gone') {
    node.health = null;
    node.heardAtMs = null;
    node.dirty.add('all');
    return node;
  }
  const before = node.health?.doc;
  // A will carries no more than its status: what was known of the engine and the services stays known.
  const next = will && before !== undefined ? { ...before, status: doc.status, summary: doc.summary, ts: doc.ts } : doc;
  const engineSinceMs = before?.engine === next.engine && node.health !== null ? node.health.engineSinceMs : now;
  if (before?.engine !== next.engine || before.status !== next.status) node.dirty.add('all');
  node.health = { doc: next, engineSinceMs };
  if (!will) hearWord(state, node, retained ? Date.parse(doc.ts) : now, now);
  if (!will && !retained) node.observerAheadMs = now - Date.parse(doc.ts);
  return node;
}

/** A stored copy is as old as it says, if that can be true at all; then it is worth a live word. */
function hearWord(state: ObserverState, node: NodeLive, atMs: number, now: number): void {
  if (Math.abs(now - atMs) >= ttlMs(state, node)) return;
  node.heardAtMs = Math.max(node.heardAtMs ?? Number.NEGATIVE_INFINITY, Math.min(atMs, now));
}

export function hearServiceHealth(state: ObserverState, { node: name, service, doc, now }: InputOf<'serviceHealth'>): NodeLive {
  const node = nodeOf(state, name);
  node.dirty.add(`service/${service}`);
  if (doc === null || doc.status === 'gone') {
    node.services.delete(service);
    return node;
  }
  const before = node.services.get(service);
  // The counters of a restart loop go on while its reason stays: its incident shows them.
  for (const kind of serviceKinds) {
    const incident = incidentAt(node.world, openKey(service, kind));
    if (incident !== undefined) node.dirty.add(`incident/${incident.id}`);
  }
  const sinceMs = before?.doc.status === doc.status ? before.sinceMs : now;
  node.services.set(service, { doc, sinceMs });
  node.absentSinceMs.delete(service);
  return node;
}

export function hearDesired(state: ObserverState, { node: name, doc }: InputOf<'desired'>): NodeLive {
  const node = nodeOf(state, name);
  const before = node.wanted;
  const isNew = node.desired === null && node.heardAtMs === null && node.published.size === 0;
  node.desired = doc === null || doc.status === 'gone' ? null : doc;
  node.wanted = new Map((node.desired?.services ?? []).map((service) => [service.name, service]));
  for (const service of before.keys()) {
    if (node.wanted.has(service)) continue;
    node.left.add(service);
    node.absentSinceMs.delete(service);
  }
  for (const service of node.wanted.keys()) node.left.delete(service);
  node.needsOthers = [...node.wanted.values()].some(({ depends_on = [] }) => depends_on.some((each) => !each.startsWith(`${name}/`)));
  state.aliases = aliasesOf(state);
  if (isNew) for (const service of node.wanted.keys()) node.dirty.add(`service/${service}`);
  node.dirty.add(isNew ? 'node' : 'all');
  return node;
}

/** null: nothing new. Our own documents come back to us too. */
export function hearWorldNode(state: ObserverState, { node: name, site }: InputOf<'worldNode'>): NodeLive | null {
  const otherSite = site === state.options.site ? null : site;
  if (otherSite === (state.nodes.get(name)?.otherSite ?? null)) return null;
  const node = nodeOf(state, name);
  node.otherSite = otherSite;
  node.dirty.add('all');
  return node;
}

export function hearAction(state: ObserverState, { topic, doc }: InputOf<'action'>): void {
  const isCounted = doc !== null && doc.site === state.options.site && (doc.status === 'pending' || doc.status === 'running');
  if (isCounted) state.actions.set(topic, doc.status);
  else if (!state.actions.delete(topic)) return;
  state.isSummaryDirty = true;
}
