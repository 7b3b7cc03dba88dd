/**
 * How the observer's own clock stands to those of the nodes that it hears. Pure.
 *
 * Each stability-agent compares its clock with the observer's (docs/actors/stability-agent.md). If the observer's is the wrong one,
 * all of them would differ from it: with this number each can tell whether it is itself the odd one out, and only that one speaks.
 */
import type { NodeLive, ObserverState } from './state.ts';
import { isOwn } from './status.ts';

/** Of two clocks that differ nobody can say which is wrong. */
const clocksMin = 3;
/** A heartbeat is under way for milliseconds: finer would say something of the network. */
const stepMs = 100;

const isHeard = ({ status }: NodeLive): boolean => status === 'online' || status === 'degraded';

/** Positive: ahead of most of them. The middle one counts; of two the one that thinks better of the observer. null: too few to tell. */
export function observerAheadMs(state: ObserverState): number | null {
  const ahead = [...state.nodes.values()].flatMap((node) => (isOwn(state, node) && isHeard(node) ? (node.observerAheadMs ?? []) : [])).sort((a, b) => a - b);
  if (ahead.length < clocksMin) return null;
  const middle = [ahead[Math.floor((ahead.length - 1) / 2)] as number, ahead[Math.floor(ahead.length / 2)] as number];
  const least = middle.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
  return Math.round(least / stepMs) * stepMs + 0;
}
