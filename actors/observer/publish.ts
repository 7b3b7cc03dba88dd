/** Which documents an input has changed, as one command. Changes what the state remembers as published. */
import { allKeys, documentFor, type ObserverDocument } from './documents.ts';
import { refreshExplained } from './explained.ts';
import { holdServices } from './held.ts';
import { siteDocument } from './site-summary.ts';
import type { NodeLive, ObserverCommand, ObserverState } from './state.ts';

export function publish(state: ObserverState, now: number, isComplete: boolean, commands: ObserverCommand[]): void {
  const set: ObserverDocument[] = [];
  const remove: ObserverDocument[] = [];
  let isChanged = false;
  for (const node of state.nodes.values()) {
    isChanged ||= node.dirty.size > 0;
    holdServices(node, now);
  }
  if (state.hasSynced) {
    if (isChanged) refreshExplained(state);
    for (const node of state.nodes.values()) {
      if (node.dirty.size === 0) continue;
      publishNode(state, node, now, { set, remove });
      state.isSummaryDirty = true;
    }
  }
  if (state.isSummaryDirty) {
    set.push(siteDocument(state));
    state.isSummaryDirty = false;
  }
  if (set.length > 0 || remove.length > 0 || isComplete) commands.push({ type: 'publish', set, remove, isComplete });
}

function publishNode(
  state: ObserverState,
  node: NodeLive,
  now: number,
  { set, remove }: { readonly set: ObserverDocument[]; readonly remove: ObserverDocument[] },
): void {
  const keys = node.dirty.has('all') ? new Set([...allKeys(node), ...node.published.keys()]) : node.dirty;
  // What is said of one service may change what its node points to.
  for (const key of new Set(['node', ...keys, ...subjectsOf(node, keys)])) {
    const document = documentFor(state, node, key, now);
    const before = node.published.get(key);
    if (document !== null) {
      node.published.set(key, document);
      set.push(document);
    } else if (before !== undefined) {
      node.published.delete(key);
      remove.push(before);
    }
  }
  node.dirty.clear();
}

/** A service document names its incident: both change together. */
function subjectsOf(node: NodeLive, keys: ReadonlySet<string>): string[] {
  const subjects: string[] = [];
  for (const key of keys) {
    const service = key.startsWith('incident/') ? node.world.incidents.get(key.slice('incident/'.length))?.service : undefined;
    if (typeof service === 'string') subjects.push(`service/${service}`);
  }
  return subjects;
}
