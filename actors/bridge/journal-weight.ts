/**
 * How much the journal holds, and when it is worth rewriting: also during a cut, when the hub moves no cursor for days and what is given up
 * for lack of room would only pile up in the file. Pure but for the state given.
 */
import { type JournalLine, weightOf } from './journal-line.ts';
import type { BridgeCommand, BridgeState } from './state.ts';

/** A file of less is not worth rewriting. */
const rewriteAfterLines = 1_000;
/** Twice what the queue may weigh (event-queue.ts): few lines can be heavy, and an edge machine has little room. */
const rewriteAfterBytes = 48 * 1024 * 1024;

/** These are at its end now. */
export function grown(state: BridgeState, lines: readonly JournalLine[]): void {
  state.journalLines += lines.length;
  state.journalBytes += weightOf(lines);
}

/** The journal is mostly of what is not held any more. */
export function rewriteDue(state: BridgeState): readonly BridgeCommand[] {
  const isLong = state.journalLines >= Math.max(rewriteAfterLines, 2 * state.queue.backlog);
  if (!isLong && state.journalBytes < rewriteAfterBytes) return [];
  const { positions, events } = state.queue.journal();
  const { dropped } = state.queue;
  const lines: readonly JournalLine[] = [...[...positions].map(([node, reached]) => ({ node, reached })), ...(dropped === 0 ? [] : [{ dropped }]), ...events];
  state.journalLines = lines.length;
  state.journalBytes = weightOf(lines);
  state.droppedKept = dropped;
  return [{ type: 'rewrite', lines }];
}
