/** What goes out next: documents before events, urgent events before info, as much as the window of the link takes. Pure but for the state given. */
import { topics } from '../../contracts/topics.ts';
import type { JournalLine } from './journal-line.ts';
import type { BridgeCommand, BridgeState } from './state.ts';
import { send, windowBytes } from './uplink.ts';

export function pump(state: BridgeState, now: number): readonly BridgeCommand[] {
  return [...journalDue(state), ...(state.far.status === 'up' ? outgoing(state, now) : [])];
}

/** One write at a time: what arrives meanwhile shares the next. */
function journalDue(state: BridgeState): readonly BridgeCommand[] {
  if (state.journalling !== null || state.toJournal.length === 0) return [];
  const { dropped } = state.queue;
  const lines: readonly JournalLine[] = [...state.toJournal.splice(0), ...(dropped === state.droppedKept ? [] : [{ dropped }])];
  state.droppedKept = dropped;
  state.journalling = lines;
  return [{ type: 'journal', lines }];
}

function* outgoing(state: BridgeState, now: number): Generator<BridgeCommand> {
  while (state.bytesInFlight < windowBytes) {
    const document = state.up.next();
    if (document === null) break;
    yield send(state, { ...document, retain: true, document }, now);
  }
  while (state.bytesInFlight < windowBytes) {
    const wasQuiet = state.queue.unconfirmed === 0;
    const found = state.queue.next();
    if (found === null) return;
    const { event } = found;
    if (wasQuiet) {
      // Only an answer that nothing else can have caused says when the hub wrote it.
      state.clockProbe = { node: event.node, source: event.source, lane: event.lane, seq: event.seq, sentMs: now };
      state.confirmedMs = now;
    }
    yield send(state, { topic: topics.events.build({ node: event.node }), text: JSON.stringify(event), retain: false }, now);
  }
}
