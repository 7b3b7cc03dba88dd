/**
 * A clock that is set back, as when a machine without one of its own hears the time: what is due would wait until it has caught up, so the
 * hub would hear no heartbeat and call the link dead. Pure but for the state given. A clock that is set on only makes things due early.
 */
import type { BridgeState } from './state.ts';

/** All that is remembered in times of the old clock moves with it; nothing else passes between two events that is worth counting. */
export function followClock(state: BridgeState, now: number): void {
  const byMs = now - state.nowMs;
  state.nowMs = now;
  if (byMs >= 0) return;
  const { near, far } = state;
  near.sinceMs += byMs;
  near.aliveMs += byMs;
  near.probedMs += byMs;
  far.sinceMs += byMs;
  state.confirmedMs += byMs;
  state.heartbeatMs += byMs;
  state.linkSinceMs += byMs;
  if (state.lostMs !== null) state.lostMs += byMs;
  if (state.tickMs !== null) state.tickMs += byMs;
  state.up.clockSet(byMs);
  for (const ticket of state.tickets.values()) ticket.sentMs += byMs;
  // The hub's clock was not set: it is ahead by so much more now.
  state.samples = state.samples.map(({ atMs, offsetMs, errorMs }) => ({ atMs: atMs + byMs, offsetMs: offsetMs - byMs, errorMs }));
  state.clockProbe = null;
}
