/**
 * The maintenance windows in force: those that people asked for, which the journal keeps, and the recurring ones that are open
 * now. Both are published as one list, so that nobody else has to know time zones.
 */
import type { MaintenanceWindow } from '../../contracts/action.ts';
import type { LedgerCommand, LedgerState } from './desk-state.ts';
import { isoOf } from './record.ts';
import { nextChangeMs, openWindows } from './recurring.ts';

interface WindowsChange {
  readonly node: string;
  readonly windows: readonly MaintenanceWindow[];
  readonly what: 'begun' | 'ended' | 'expired';
  readonly now: number;
}

/** Sets what people asked for. */
export function setWindows(state: LedgerState, out: LedgerCommand[], { node, windows, what, now }: WindowsChange): void {
  if (windows.length === 0) state.maintenance.delete(node);
  else state.maintenance.set(node, windows);
  out.push({ type: 'record', entry: { kind: 'maintenance', at: isoOf(now), what, node, windows } });
  publishWindows(state, out, node);
}

export function publishWindows(state: LedgerState, out: LedgerCommand[], node: string): void {
  out.push({ type: 'publishMaintenance', node, windows: [...(state.maintenance.get(node) ?? []), ...(state.recurring.get(node) ?? [])] });
}

/** Brings the recurring windows up to date with what is desired and with the time, and says what has changed. */
export function refreshRecurring(state: LedgerState, out: LedgerCommand[], now: number): void {
  let changesMs: number | null = null;
  const open = new Map<string, readonly MaintenanceWindow[]>();
  for (const [node, doc] of state.desired) {
    if (doc.site !== state.site) continue;
    for (const window of doc.maintenance ?? []) changesMs = Math.min(changesMs ?? Number.POSITIVE_INFINITY, nextChangeMs(window, now));
    const windows = openWindows(doc, now);
    if (windows.length > 0) open.set(node, windows);
  }
  state.recurringChangesMs = changesMs;
  const changed = [...new Set([...state.recurring.keys(), ...open.keys()])].filter(
    (node) => JSON.stringify(state.recurring.get(node)) !== JSON.stringify(open.get(node)),
  );
  state.recurring.clear();
  for (const [node, windows] of open) state.recurring.set(node, windows);
  for (const node of changed) publishWindows(state, out, node);
}
