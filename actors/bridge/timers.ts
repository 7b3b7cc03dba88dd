/**
 * What is due by time alone. Pure but for the state given; each has its cost beside its number.
 */
import { linkHeartbeatMs } from '../../contracts/defaults.ts';
import { bothHeartbeats } from './link-document.ts';
import type { BridgeCommand, BridgeState } from './state.ts';
import { ackDueMs, askAgain, confirmDueMs } from './uplink.ts';

/** A round trip on the local network; 26 kB an hour that never leave the house. */
const nearProbeMs = 10_000;

export function onTime(state: BridgeState, now: number): readonly BridgeCommand[] {
  const commands: BridgeCommand[] = [];
  const ackDue = ackDueMs(state);
  if (ackDue !== null && ackDue <= now && state.far.status !== 'down') return [{ type: 'drop', where: 'far' }, ...nearTime(state, now)];
  if (now >= state.heartbeatMs + linkHeartbeatMs) commands.push(...bothHeartbeats(state, now));
  if (state.far.status === 'up') {
    const confirmDue = confirmDueMs(state);
    if (confirmDue !== null && confirmDue <= now) askAgain(state, now);
    state.tickMs = state.up.tick(now);
  }
  return [...commands, ...nearTime(state, now)];
}

function nearTime(state: BridgeState, now: number): readonly BridgeCommand[] {
  const { near, options } = state;
  if (near.status === 'up' && now >= near.probedMs + nearProbeMs) {
    near.probedMs = now;
    return [{ type: 'probe' }];
  }
  if (options.standbyAfterMs !== null && !state.isStandbyOpen && now >= near.aliveMs + options.standbyAfterMs) {
    state.isStandbyOpen = true;
    // Whatever holds the old connection open, nothing comes through it.
    return [
      { type: 'standby', open: true },
      { type: 'drop', where: 'near' },
    ];
  }
  return [];
}

/** Epoch milliseconds of the next thing that is due by time alone. */
export function wakeAt(state: BridgeState): number | null {
  const times = [
    ackDueMs(state),
    state.heartbeatMs + linkHeartbeatMs,
    ...(state.far.status === 'up' ? [confirmDueMs(state), state.tickMs] : []),
    state.near.status === 'up' ? state.near.probedMs + nearProbeMs : null,
    state.options.standbyAfterMs !== null && !state.isStandbyOpen ? state.near.aliveMs + state.options.standbyAfterMs : null,
  ].filter((atMs) => atMs !== null);
  return times.length === 0 ? null : Math.min(...times);
}
