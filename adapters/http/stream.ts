/**
 * GET /stream: what changes, live, as server-sent events (HTML standard, 9.2). Works through proxies without WebSockets.
 *
 * `bus` at once, as it is now; then `change` {set, gone}, `event`, `bus`, `resync` {}, and `alive` {} when there was nothing else to say. What
 * changed within 100 ms goes out as one; the last message of such a batch carries the cursor as its `id`, so that who reconnects misses nothing.
 * Nothing is queued for anybody: each stream has its place in the log of changes, and a slow reader gets the next batch when the last one has
 * left. Who takes nothing for 30 s is cut off (stream-readers.ts); who has fallen out of the log reads everything again.
 */
import type { ServerResponse } from 'node:http';
import type { Changes, OperatorDesk } from '../../actors/operator-ui/ports.ts';
import type { Log } from '../../bus/log.ts';
import { streamAliveMs } from '../../contracts/defaults.ts';
import { createReaders, type Opening, streamsPerOwnerMax } from './stream-readers.ts';

/** Documents come in bursts; nobody sees a tenth of a second. */
export const gatherMs = 100;
/** A page that reads nothing for so long is asleep or gone; it comes back with its cursor. */
export const slowClientMs = 30_000;
/** Pages open at once: far more than a household has. Each costs a socket and some 20 kB; one person alone cannot take them all (stream-readers.ts). */
export const streamsMax = 100;
/** Changes in one message: 500 documents of 1.5 kB are 750 kB, the most that is ever held for one stream. */
const changesAtOnce = 500;
/** What EventSource waits before it connects again, milliseconds. */
const retryMs = 2_000;

export interface Timing {
  readonly gatherMs: number;
  readonly keepAliveMs: number;
  readonly slowClientMs: number;
}
const usualTiming: Timing = { gatherMs, keepAliveMs: streamAliveMs, slowClientMs };

interface Beginning extends Omit<Opening, 'response' | 'cursor'> {
  readonly headers: Readonly<Record<string, string>>;
  /** The cursor of what is known already; null: only what comes now. */
  readonly after: number | null;
}

export interface Streams {
  /** There is no room for one more of this owner. */
  readonly isFull: (owner: string) => boolean;
  /** Takes over the response. */
  readonly add: (response: ServerResponse, beginning: Beginning) => void;
  readonly count: () => number;
  /** Ends those that are not welcome any more, now. */
  readonly turnAway: () => void;
  readonly close: () => void;
}

export function createStreams(desk: OperatorDesk, log: Log, timing: Timing = usualTiming): Streams {
  let gathering: NodeJS.Timeout | null = null;
  const gather = (): void => {
    gathering ??= setTimeout(pump, timing.gatherMs);
  };
  const readers = createReaders({ log, ...timing, aliveText: message('alive', {}, null), onDrain: gather });
  const pump = (): void => {
    gathering = null;
    // Nothing more leaves for whoever was let in and is not any more.
    readers.turnAway();
    const { cursor: newest } = desk.picture();
    const frames = new Map<number, Frame | null>();
    for (const reader of readers.all) {
      if (reader.stuck !== null || reader.cursor === newest) continue;
      // Those at the same place get the same bytes.
      if (!frames.has(reader.cursor)) frames.set(reader.cursor, frameAfter(desk, reader.cursor));
      // Who has fallen out of the log reads everything again, and goes on from what is newest now.
      const frame = frames.get(reader.cursor) ?? { text: message('resync', {}, newest), cursor: newest };
      reader.cursor = frame.cursor;
      readers.write(reader, frame.text);
    }
    // More than fits one message.
    if ([...readers.all].some(({ cursor, stuck }) => stuck === null && cursor !== newest)) gather();
  };
  const stopListening = desk.onChange(gather);

  return {
    isFull: (owner) => readers.all.size >= streamsMax && readers.countOf(owner) < streamsPerOwnerMax,
    add: (response, { headers, after, ...who }) => {
      response.writeHead(200, { ...headers, ...streamHeaders });
      const reader = readers.add({ ...who, response, cursor: after ?? desk.picture().cursor });
      // Who was away hears first whether what it has may be believed: without an id, since nothing of the log is told by it.
      readers.write(reader, `retry: ${retryMs}\n\n${message('bus', desk.picture().bus, null)}`);
      gather();
    },
    count: () => readers.all.size,
    turnAway: readers.turnAway,
    close: () => {
      stopListening();
      if (gathering !== null) clearTimeout(gathering);
      readers.close();
    },
  };
}

/** Beside those that every answer has. */
export const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Also not to be compressed on the way, which would hold it back.
  'cache-control': 'no-store, no-transform',
  // nginx: pass on what comes, at once.
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
} as const;

interface Frame {
  readonly text: string;
  readonly cursor: number;
}

/** null: the place is no more in the log. */
function frameAfter(desk: OperatorDesk, cursor: number): Frame | null {
  const changes = desk.changesAfter(cursor, changesAtOnce);
  return changes === null ? null : { text: textOf(changes), cursor: changes.cursor };
}

function textOf({ cursor, set, gone, events, bus }: Changes): string {
  const messages: (readonly [string, unknown])[] = [];
  if (bus !== null) messages.push(['bus', bus]);
  if (Object.keys(set).length > 0 || gone.length > 0) messages.push(['change', { set, gone }]);
  for (const event of events) messages.push(['event', event]);
  return messages.map(([name, data], at) => message(name, data, at === messages.length - 1 ? cursor : null)).join('');
}

const message = (name: string, data: unknown, id: number | null): string =>
  `event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
