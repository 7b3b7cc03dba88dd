/**
 * What happens because time passes: approvals expire, leases run out, maintenance ends, closed actions leave the bus,
 * requests for other sites are sent again or grow too old.
 * Runs before every request is judged, so that nothing is judged by what is over already.
 */
import { openStates } from '../../contracts/action.ts';
import { resolvedKeptMs } from '../../contracts/defaults.ts';
import { commit } from './desk-answers.ts';
import { passRelays, relaysDueMs } from './desk-relay.ts';
import type { LedgerCommand, LedgerState } from './desk-state.ts';
import { refreshRecurring, setWindows } from './desk-windows.ts';
import { judge } from './machine.ts';
import { type ActionRecord, epochMs } from './record.ts';

export function passTime(state: LedgerState, now: number, out: LedgerCommand[]): void {
  for (const record of [...state.actions.values()]) {
    // A pending action waits as long as nobody decides: silence is neither yes nor no.
    if (record.state === 'pending') continue;
    if (openStates.includes(record.state)) moveByTime(state, out, now, record);
    else if (now >= epochMs(record.touched_at) + resolvedKeptMs) {
      state.actions.delete(record.id);
      out.push({ type: 'withdraw', node: record.node, id: record.id });
    }
  }
  for (const [node, windows] of [...state.maintenance]) {
    const left = windows.filter((window) => now < epochMs(window.until));
    if (left.length < windows.length) setWindows(state, out, { node, windows: left, what: 'expired', now });
  }
  if (state.recurringChangesMs !== null && now >= state.recurringChangesMs) refreshRecurring(state, out, now);
  passRelays(state, now, out);
}

/** An approved notice is completed in the ledger's own hand at once; also one that a crash left approved. */
export const completeNotice = (state: LedgerState, out: LedgerCommand[], now: number, record: ActionRecord): ActionRecord | null =>
  record.type === 'alert_only' && record.state === 'approved' ? moveByTime(state, out, now, record) : null;

function moveByTime(state: LedgerState, out: LedgerCommand[], now: number, record: ActionRecord): ActionRecord | null {
  const verdict = judge(record, { type: 'time_passed', now });
  if (!verdict.ok || verdict.code === 'unchanged') return null;
  commit(state, out, verdict.code, verdict.record);
  return verdict.record;
}

/** When `passTime` will next have something to do, epoch milliseconds. */
export function nextDeadline(state: LedgerState): number | null {
  let earliest: number | null = null;
  const consider = (ms: number): void => {
    if (earliest === null || ms < earliest) earliest = ms;
  };
  for (const record of state.actions.values()) {
    const touched = epochMs(record.touched_at);
    if (record.state === 'approved') consider(record.type === 'alert_only' || record.expires_at === null ? touched : epochMs(record.expires_at));
    else if (record.state === 'running') consider(record.claim === null ? touched : epochMs(record.claim.lease_until));
    else if (record.state !== 'pending') consider(touched + resolvedKeptMs);
  }
  if (state.recurringChangesMs !== null) consider(state.recurringChangesMs);
  const relaysMs = relaysDueMs(state);
  if (relaysMs !== null) consider(relaysMs);
  for (const windows of state.maintenance.values()) for (const window of windows) consider(epochMs(window.until));
  return earliest;
}
