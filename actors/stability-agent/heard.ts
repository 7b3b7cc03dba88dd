/** What documents on the bus tell goes into what was seen. Nothing is judged here: they are looked at with the next round. Pure. */
import { clockSample, heartbeatOf, withClockSample } from './clock-samples.ts';
import type { Seen } from './seen.ts';
import type { Fact, State } from './state.ts';

type Document = Extract<Fact, { readonly type: 'desired' | 'node_health' | 'service_health' | 'world_node' | 'zigbee_bridge' }>;

export const withSeen = (state: State, changes: Partial<Seen>): State => ({ ...state, seen: { ...state.seen, ...changes } });

export function heard(state: State, fact: Document): State {
  switch (fact.type) {
    case 'desired':
      return withSeen(state, { desired: fact.doc });
    case 'node_health':
      return heardHealth(state, fact);
    case 'service_health': {
      const services = new Map(state.seen.services);
      if (fact.doc === null) services.delete(fact.service);
      else services.set(fact.service, fact.doc);
      return withSeen(state, { services });
    }
    case 'world_node':
      return heardObserver(state, fact);
    case 'zigbee_bridge':
      return withSeen(state, { zigbeeBridge: fact.state });
  }
}

function heardHealth(state: State, { doc, isWill, isLive, now }: Extract<Fact, { readonly type: 'node_health' }>): State {
  if (doc === null) return withSeen({ ...state, heartbeat: null }, { health: null });
  const { health } = state.seen;
  // A will carries no more than its status.
  if (isWill) return withSeen(state, { health: { doc: { ...(health?.doc ?? doc), status: doc.status }, heardMs: health?.heardMs ?? null } });
  const heardMs = isLive ? now : (health?.heardMs ?? null);
  return withSeen({ ...state, heartbeat: isLive ? heartbeatOf(doc) : state.heartbeat }, { health: { doc, heardMs } });
}

function heardObserver(state: State, { doc, isLive, now }: Extract<Fact, { readonly type: 'world_node' }>): State {
  if (doc === null) return { ...state, worldNode: null };
  const sample = isLive ? clockSample(state.heartbeat, state.worldNode, doc, now) : null;
  const { clockSamples, observerHeardMs } = state.seen;
  return withSeen(
    { ...state, worldNode: doc },
    { observerHeardMs: isLive ? now : observerHeardMs, clockSamples: sample === null ? clockSamples : withClockSample(clockSamples, sample) },
  );
}
