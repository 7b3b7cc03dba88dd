/**
 * An engine that takes requests and answers none, for minutes: it will not come back by itself. Costs nothing: the node-agent says it
 * in its heartbeat, and opened the incident at once; this makes it louder. Nobody asks the engine a second time.
 */
import { type Check, one } from '../check.ts';

/** A loaded disk can stop dockerd for a minute or two; the incident is open since the first 10 s anyway. */
const hungRaiseAfterMs = 300_000;
/** An answer is an answer. */
const hungClearAfterMs = 0;

export const engineHung: Check = {
  name: 'engine-hung',
  source: 'bus',
  raised: 'engine_hung',
  cleared: 'engine_answering',
  raiseAfterMs: hungRaiseAfterMs,
  clearAfterMs: hungClearAfterMs,
  look: ({ isConnected, health }) => {
    if (health === null || health.doc.engine === 'none') return [];
    if (!isConnected || health.doc.status === 'offline') return 'unknown';
    const { engine, engine_detail: detail } = health.doc;
    // Gone altogether is not hung, and not well either: somebody may be restarting it.
    const sight = engine === 'hung' ? 'critical' : engine === 'up' ? 'well' : 'between';
    return one(sight, engine === 'up' ? 'the container engine answers' : `the container engine hangs${detail === null ? '' : `: ${detail}`}`, { engine });
  },
};
