/** The ledger's documents: an action and a node's maintenance windows, as everybody else sees them. Pure. */
import type { DocumentBody } from '../../bus/actor.ts';
import type { MaintenanceWindow } from '../../contracts/action.ts';
import type { topics } from '../../contracts/topics.ts';
import { type ActionRecord, epochMs } from './record.ts';
import { clockTime, oneLine, summaryOf } from './wording.ts';

export function actionDocument(record: ActionRecord): DocumentBody<typeof topics.action> {
  const { state, touched_at: _, ...facts } = record;
  return { status: state, summary: summaryOf(record), ...facts };
}

export function maintenanceDocument(node: string, windows: readonly MaintenanceWindow[]): DocumentBody<typeof topics.maintenance> {
  const lines = windows.map(({ service, until, by, reason }) => `${service ?? node} until ${clockTime(until, epochMs(until))} by ${by}: ${reason}`);
  return { status: 'maintenance', summary: oneLine(lines.join('; ')), node, windows: [...windows] };
}
